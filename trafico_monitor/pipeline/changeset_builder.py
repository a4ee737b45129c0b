"""Collects the changes of one pipeline step for one transaction. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.alert import Alert, Notification, NotificationCode, Severity, Silence
from ..model.changeset import ChangeSet
from ..model.finding import Finding, UnknownKind
from ..model.incident import Event, Incident
from ..model.prediction import SaidPrediction, Samples, joined
from ..model.task import RepairTask, TaskStat
from ..notify.engine import AlertChanges
from . import events


@dataclass(slots=True)
class ChangeSetBuilder:
    """The last state of an incident wins. `language` is that of the records."""

    language: str
    incidents: dict[str, Incident] = field(default_factory=dict)
    records: list[Event] = field(default_factory=list)
    orders: dict[str, RepairTask] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    notices: list[Notification] = field(default_factory=list)
    unknown: dict[int, UnknownKind] = field(default_factory=dict)
    attempts: list[TaskStat] = field(default_factory=list)
    arrived: list[Finding] = field(default_factory=list)
    predictions: dict[str, SaidPrediction] = field(default_factory=dict)
    samples: list[Samples] = field(default_factory=list)
    foresight: Mapping[str, object] | None = None
    alarms: dict[str, Alert] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    held: dict[tuple[str, int], Notification] = field(default_factory=dict)
    unheld: list[tuple[str, int]] = field(default_factory=list)
    remembers: bool = False  # something else of the memory is another one

    def event(self, event: str, at: float, priority: int, code: str = "", **fields: str) -> None:
        """Adds a service event to the records."""
        self.records.append(events.service_event(event, at, self.language, priority, code, **fields))

    def tell(self, key: str, code: NotificationCode, severity: Severity, finding: Finding, thread: int) -> None:
        """Adds a notification about `finding`."""
        fields = {"texto": finding.message, "unidad": finding.rule or ""}
        self.notices.append(Notification(key, code, severity, finding.at, thread, fields=fields))

    def take_in(self, told: AlertChanges, now: float) -> None:
        """Adds the results of the alert engine."""
        self.notices += told.notifications
        self.alarms |= told.alerts
        self.silences |= told.silences
        self.unheld += told.released
        self.held = {place: one for place, one in self.held.items() if place not in told.released} | told.deferred
        self.records += [events.alert_event(event, now, self.language) for event in told.events]

    @property
    def memorable(self) -> bool:
        """Whether the memory of the stages may be another one after this step."""
        return self.remembers or bool(self.incidents or self.records or self.orders or self.finished or self.unknown)

    def changes(self, cursor: str | None, memory: dict[str, object] | None) -> ChangeSet:
        """Returns the change set, with the reader's position and the stages' memory (None: unchanged)."""
        return ChangeSet(
            incidents=tuple(self.incidents.values()),
            records=tuple(self.records),
            orders=tuple(self.orders.values()),
            finished=tuple(self.finished),
            notices=tuple(self.notices),
            unknown=tuple(self.unknown.values()),
            alarms=tuple(self.alarms.values()),
            silences=tuple(self.silences.values()),
            held=tuple(self.held.values()),
            unheld=tuple(self.unheld),
            attempts=tuple(self.attempts),
            arrived=tuple(self.arrived),
            predictions=tuple(self.predictions.values()),
            samples=joined(self.samples),
            foresight=self.foresight,
            cursor=cursor,
            memory=memory,
        )
