"""Everything that a decision depends on besides the incident: one frozen value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.finding import ErrorType
from ..model.task import TaskKind
from .circuit_breaker import CircuitBreaker
from .late_attempts import LateHistory

_WRITES = frozenset({TaskKind.RETRY_DOWNLOAD, TaskKind.CREATE_FOLDER})


@dataclass(frozen=True, slots=True)
class Limits:
    """`backoff` are the seconds before attempt 1, 2, 3 …; the last one repeats. `late` are the seconds before each
    further attempt of a download that a passing cause ended (`late_attempts.py`). An original in quarantine that was
    never replaced goes after `keep_unsolved` seconds; None: it stays."""

    max_attempts: int = 3
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0)
    server_attempts: int = 3
    server_interval: float = 10.0
    keep_unsolved: float | None = None
    late: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that suspend repairs. `refusal` is the code of a setting without which no repair is possible (""
    for none), explained by `missing.<code>` in messages/."""

    disk_full: bool = False
    server_down: bool = False
    refusal: str = ""

    def cause_for(self, kind: TaskKind) -> ErrorType | None:
        """The condition that makes an order of `kind` pointless now, or None."""
        if self.disk_full and kind in _WRITES:
            return ErrorType.DISCO_LLENO
        if self.server_down and kind is TaskKind.RETRY_DOWNLOAD:
            return ErrorType.SERVIDOR_CAIDO
        return None


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """`now` is in seconds since the epoch."""

    now: float
    conditions: Conditions = field(default_factory=Conditions)
    limits: Limits = field(default_factory=Limits)
    ledger: CircuitBreaker = field(default_factory=CircuitBreaker)
    late: LateHistory = field(default_factory=LateHistory)
