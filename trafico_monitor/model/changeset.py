"""All changes of one pipeline step: stored in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .alert import Alert, Notification, Silence
from .finding import Finding, UnknownKind
from .incident import Event, Incident
from .prediction import SaidPrediction, Samples
from .task import RepairTask, TaskStat


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """`finished` are ids of tasks that need not run any more. `alarms` and `silences` have their current state;
    `held` are notifications deferred until a maintenance ends, `unheld` the (key, thread) of those no longer
    deferred. `cursor` is that of the last processed entry. `memory` is the JSON-serialisable state of detection and
    conditions (open tracebacks, downloads in progress); restoring both resumes processing."""

    incidents: tuple[Incident, ...] = ()
    records: tuple[Event, ...] = ()
    orders: tuple[RepairTask, ...] = ()
    finished: tuple[str, ...] = ()
    notices: tuple[Notification, ...] = ()
    unknown: tuple[UnknownKind, ...] = ()  # current kinds of errors that no rule matches
    alarms: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()  # started or changed; an ended one has `until` = now
    held: tuple[Notification, ...] = ()
    unheld: tuple[tuple[str, int], ...] = ()
    attempts: tuple[TaskStat, ...] = ()  # for the repair statistics
    arrived: tuple[Finding, ...] = ()  # downloads completed by the bot's own process
    predictions: tuple[SaidPrediction, ...] = ()  # said or judged
    samples: Samples = field(default_factory=Samples)  # of what predictions are made from
    foresight: Mapping[str, object] | None = None  # state of the predictors, JSON-serialisable; None: unchanged
    cursor: str | None = None
    memory: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State read at start: open incidents and those closed in the last hour, unfinished tasks, alerts, silences
    whose end was not announced, deferred notifications, and the memory and cursor of the last transaction."""

    incidents: tuple[Incident, ...] = ()
    orders: tuple[RepairTask, ...] = ()
    cursor: str = ""
    memory: Mapping[str, object] | None = None
    unknown: tuple[UnknownKind, ...] = ()
    alarms: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    held: tuple[Notification, ...] = ()
    predictions: tuple[SaidPrediction, ...] = ()  # not judged, and the last judged ones of each kind
    samples: Samples = field(default_factory=Samples)  # free space of 28 days; the rest since `foresight` was stored
    foresight: Mapping[str, object] | None = None

    def part(self, name: str) -> Mapping[str, object]:
        """The memory of one stage; {} if there is none."""
        value = (self.memory or {}).get(name)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to one channel. `version` counts changes of its content, so that a message changed while it is
    being sent is edited afterwards; `message_id` is the channel's identifier. The message has no sound before
    `hold`; with `only_edit` it is not sent as a new message. `instead_of` is the channel that it replaces, or ""."""

    id: int
    notice: Notification
    version: int = 1
    message_id: str | None = None
    attempts: int = 0
    hold: float = 0.0
    only_edit: bool = False
    instead_of: str = ""
