"""What one step of the pipeline wants kept: written in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .alert import Alert, Notification, Silence
from .finding import Finding, UnknownKind
from .incident import Event, Incident
from .task import RepairTask, TaskStat


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """`finished` are ids of orders that need not run any more. `alarms` and `silences` are as they
    stand now; `held` are notices kept back until a maintenance ends, `unheld` the (key, thread)
    of those that are not kept back any more. `cursor` is that of the last entry taken in; `memory`
    is the JSON-able state of detection and of the conditions (open tracebacks, context of downloads
    under way): restoring both is going on where one was."""

    incidents: tuple[Incident, ...] = ()
    records: tuple[Event, ...] = ()
    orders: tuple[RepairTask, ...] = ()
    finished: tuple[str, ...] = ()
    notices: tuple[Notification, ...] = ()
    unknown: tuple[UnknownKind, ...] = ()  # kinds of errors that no rule knows, as they stand now
    alarms: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()  # begun, or changed: one that is ended has its `until` now
    held: tuple[Notification, ...] = ()
    unheld: tuple[tuple[str, int], ...] = ()
    attempts: tuple[TaskStat, ...] = ()  # for the ledger
    arrived: tuple[Finding, ...] = ()  # downloads that the bot's own process has brought to their places
    cursor: str | None = None
    memory: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is read back at start: open incidents and those closed in the last hour, orders that
    were given and not finished, alarms, silences that have not been reported as ended, notices
    held back, and the memory and cursor of the last transaction."""

    incidents: tuple[Incident, ...] = ()
    orders: tuple[RepairTask, ...] = ()
    cursor: str = ""
    memory: Mapping[str, object] | None = None
    unknown: tuple[UnknownKind, ...] = ()
    alarms: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    held: tuple[Notification, ...] = ()

    def part(self, name: str) -> Mapping[str, object]:
        """What one stage has put into the memory; {} when nothing."""
        value = (self.memory or {}).get(name)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to one channel. `version` counts what it should say, so that a message that
    changed while it was being sent is edited afterwards; `message_id` is the channel's own. Before
    `hold` it must not ring; with `only_edit` it is worth no message of its own, now that it has
    been told. `instead_of` is the channel that could not take it, "" when none."""

    id: int
    notice: Notification
    version: int = 1
    message_id: str | None = None
    attempts: int = 0
    hold: float = 0.0
    only_edit: bool = False
    instead_of: str = ""
