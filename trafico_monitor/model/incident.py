"""Incidents, the filter that selects them, and the events of the monitor's own timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .download import Download
from .finding import Cause, ErrorType
from .task import Evidence


class Estado(str, Enum):
    """The mission's states."""

    DETECTADO = "detectado"
    PENDIENTE = "pendiente"
    REINTENTANDO = "reintentando"
    SOLUCIONADO = "solucionado"
    FALLIDO = "fallido"


CLOSED = frozenset({Estado.SOLUCIONADO, Estado.FALLIDO})


@dataclass(frozen=True, slots=True)
class Incident:
    """`download` is what the lines say: recorded and told. Tasks work on `actionable` alone, the part of it
    that more than one error record names (design document, section 4).

    `step` counts the orders given; `attempt` only those that burn one of `max_attempts`.

    `accion` is a code of messages/ with its parameters already in text form; `reason` a code.
    Times are seconds since the epoch. `first` and `last` are journal cursors. `asked` counts how
    often a person has had it tried again (`asked_by` last); each time begins without an
    acknowledgement, which is about the failure that was shown. `success` is another sending of the same
    file that, as the bot says, has ended well.
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
    waiting_for: ErrorType | None = None  # the cause that holds this one back
    quarantined: str | None = None  # where the bad file was put
    evidence: tuple[Evidence, ...] = ()
    closed_at: float | None = None
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    asked: int = 0
    asked_by: str = ""
    actionable: Download = field(default_factory=Download)
    cause: Cause = Cause.NONE
    exception: str = ""  # class with its module, where the bot's process has told it
    not_before: float = 0.0  # no attempt before this time; 0.0: at once
    success: Download | None = None
    bot_fix: bool = False  # known from the bot's announcement of a repair of its own

    @property
    def open(self) -> bool:
        return self.estado not in CLOSED


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; None for any. `after` is (opened_at, id) of the last one already seen.
    Times in seconds since the epoch; `modelo` "" is that which the lines did not name."""

    since: float | None = None
    until: float | None = None
    error_type: str | None = None
    estado: str | None = None
    modelo: str | None = None
    open: bool | None = None
    after: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the line as `monitor.log`, the terminal and the journal show it (no timestamp).

    With an `incident` (a snapshot) the record also goes into `descarga_errors.json`, `accion`
    being the mission's key of that name. `event` is a code that has a MESSAGE_ID of its own;
    `priority` is syslog's (2 critical … 6 info).
    """

    at: float
    event: str
    text: str
    priority: int = 6
    accion: str = ""
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
