"""What one step of the pipeline has gathered, to be kept in one transaction. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import chronicle
from ..model.alarm import Alarm
from ..model.attempt import Attempt
from ..model.changes import Changes
from ..model.finding import Finding
from ..model.incident import Incident
from ..model.notice import Notice, Severity
from ..model.order import Order
from ..model.record import Record
from ..model.silence import Silence
from ..model.unknown import UnknownKind
from ..notify.alerting import Told


@dataclass(slots=True)
class Step:
    """The last state of an incident wins. `language` is that of the records."""

    language: str
    incidents: dict[str, Incident] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unknown: dict[int, UnknownKind] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    arrived: list[Finding] = field(default_factory=list)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    held: dict[tuple[str, int], Notice] = field(default_factory=dict)
    unheld: list[tuple[str, int]] = field(default_factory=list)
    remembers: bool = False  # something else of the memory is another one

    def event(self, event: str, at: float, priority: int, code: str = "", **fields: str) -> None:
        """An event of the service goes on record (`chronicle.of_event`)."""
        self.records.append(chronicle.of_event(event, at, self.language, priority, code, **fields))

    def tell(self, key: str, code: str, severity: Severity, finding: Finding, thread: int) -> None:
        """Somebody is to be told what `finding` says."""
        fields = {"texto": finding.message, "unidad": finding.rule or ""}
        self.notices.append(Notice(key, code, severity, finding.at, thread, fields=fields))

    def take_in(self, told: Told, now: float) -> None:
        """What became of notices; those that were given are told for."""
        self.notices += told.notices
        self.alarms |= told.alarms
        self.silences |= told.silences
        self.unheld += told.unheld
        self.held = {place: one for place, one in self.held.items() if place not in told.unheld} | told.held
        self.records += [chronicle.of_alerting(event, now, self.language) for event in told.events]

    @property
    def memorable(self) -> bool:
        """Whether the memory of the stages may be another one after this step."""
        return self.remembers or bool(self.incidents or self.records or self.orders or self.finished or self.unknown)

    def changes(self, cursor: str | None, memory: dict[str, object] | None) -> Changes:
        """All of it, with where the reader is and what the stages remember (None: as before)."""
        return Changes(
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
            cursor=cursor,
            memory=memory,
        )
