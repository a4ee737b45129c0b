"""Incidents, the filter that selects them, and the events of the monitor's timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .download import Download, meant
from .finding import Cause, ErrorType
from .task import Evidence


class Estado(str, Enum):
    """The states defined by the mission."""

    DETECTADO = "detectado"
    PENDIENTE = "pendiente"
    REINTENTANDO = "reintentando"
    SOLUCIONADO = "solucionado"
    FALLIDO = "fallido"


CLOSED = frozenset({Estado.SOLUCIONADO, Estado.FALLIDO})
LATE = "late"  # the `accion` while a late attempt is awaited


@dataclass(frozen=True, slots=True)
class Incident:
    """`download` is the description in the log: recorded and alerted. Tasks use `actionable` only, the part named by
    more than one error record (design document, section 4).

    `step` counts the tasks; `attempt` counts only those that use up one of `max_attempts`. `accion` is a code of
    messages/ with its parameters as text; `reason` is a code. Times are seconds since the epoch. `first` and `last`
    are journal cursors. `asked` counts retries by operators (`asked_by`: the last one); each retry clears the
    acknowledgement, which concerned the earlier failure. `success` is another message with the same file that,
    according to the bot, completed.
    """

    id: str
    error_type: ErrorType
    opened_at: float
    updated_at: float
    estado: Estado = Estado.DETECTADO
    download: Download = field(default_factory=Download)
    error_message: str = ""
    lines: tuple[str, ...] = ()
    rule: str = ""
    pid: int = 0
    first: str = ""
    last: str = ""
    count: int = 1
    attempt: int = 0
    max_attempts: int = 3
    step: int = 0
    accion: str = ""
    reason: str = ""
    recovered_by_bot: bool = False
    waiting_for: ErrorType | None = None  # the cause that this one waits for
    quarantined: str | None = None  # path of the quarantined file
    evidence: tuple[Evidence, ...] = ()
    closed_at: float | None = None
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    asked: int = 0
    asked_by: str = ""
    actionable: Download = field(default_factory=Download)
    cause: Cause = Cause.NONE
    exception: str = ""  # class with its module, if the bot's process reported it
    not_before: float = 0.0  # no attempt before this time; 0.0: at once
    success: Download | None = None
    bot_fix: bool = False  # opened by the bot's announcement of its own repair
    lost: bool = False  # the traceback of a handler: a download ended by it, though nothing names it
    seen_at: float = 0.0  # the last line about it; 0.0: stored by 1.0.0
    late: int = 0  # late attempts that are over, ordered or left out
    late_at: float = 0.0  # when the last ordered late attempt is due
    machine: str = ""  # on a hub: the machine that it is of; never stored

    @property
    def next_attempt_at(self) -> float | None:
        """When the late attempt that it waits for is due; None while it waits for none."""
        return self.late_at if self.accion == LATE and self.estado is Estado.PENDIENTE else None

    @property
    def awaited(self) -> bool:
        """True if a video must arrive before this is over: a server that answers brings none, nor does free space."""
        return self.lost or meant(self.download)

    @property
    def of_machine(self) -> bool:
        """True for a full disk or a dead server as such: no video belongs to it."""
        return self.error_type in (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO) and not self.awaited

    @property
    def open(self) -> bool:
        return self.estado not in CLOSED


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Selection of incidents; None matches any. `after` is (opened_at, id) of the last one seen, `after_machine` its
    machine. Times in seconds since the epoch; `modelo` "" matches an unknown modelo. `video` is a part of the name of
    the video or of the server's file, or of the id, in any case of letters. `machine` is for a hub."""

    since: float | None = None
    until: float | None = None
    error_type: str | None = None
    estado: str | None = None
    modelo: str | None = None
    open: bool | None = None
    video: str | None = None
    after: tuple[float, str] | None = None
    machine: str | None = None
    after_machine: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the line in `monitor.log`, on the terminal and in the journal (without timestamp).

    With an `incident` (a snapshot), the record is also written to `descarga_errors.json`, with `accion` as the
    mission's key of that name. `event` is a code with its own MESSAGE_ID; `priority` is a syslog level (2 critical … 6
    info).
    """

    at: float
    event: str
    text: str
    priority: int = 6
    accion: str = ""
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""  # on a hub: the machine that has sent it; never stored
