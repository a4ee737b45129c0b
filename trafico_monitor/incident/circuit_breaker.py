"""Circuit breaker: stops repairs that never succeed. Pure.

After a failure for some reason, nothing is repeated if the last `TRIES` tasks of that kind, for that error type, all
failed for the same reason within `DAYS` and none has succeeded since. The first attempt is always made; a success
closes the breaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.finding import ErrorType
from ..model.incident import Incident
from ..model.task import Outcome, RepairTask, TaskKind, TaskResult, TaskStat, Verdict

TRIES = 10
SECONDS = 7 * 24 * 3600.0

_CUT_SHORT = (Outcome.BLOCKED_BY_SPACE, Outcome.BLOCKED_BY_SERVER)
_Key = tuple[str, str, str]  # error_type, order, reason


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Times (seconds since the epoch) of the failures since an order last worked, newest last."""

    failures: Mapping[_Key, tuple[float, ...]] = field(default_factory=dict)

    def hopeless(self, error_type: ErrorType, kind: TaskKind, reason: str, now: float) -> bool:
        """Whether another try after a failure for `reason` has been of no use, always, lately."""
        times = self.failures.get((error_type.value, kind.value, reason), ())
        return sum(0 <= now - at <= SECONDS for at in times) >= TRIES

    def with_attempt(self, attempt: TaskStat) -> CircuitBreaker:
        """The ledger after `attempt`."""
        if attempt.worked:
            own = (attempt.error_type.value, attempt.kind.value)
            return CircuitBreaker({key: times for key, times in self.failures.items() if key[:2] != own})
        key = (attempt.error_type.value, attempt.kind.value, attempt.reason)
        times = (*self.failures.get(key, ()), attempt.at)[-TRIES:]
        kept = {one: old for one, old in self.failures.items() if attempt.at - old[-1] <= SECONDS}
        return CircuitBreaker({**kept, key: times})

    def snapshot(self) -> dict[str, object]:
        """JSON-able."""
        return {" ".join(key): list(times) for key, times in self.failures.items()}

    @classmethod
    def restored(cls, memory: Mapping[str, object]) -> CircuitBreaker:
        """Restores a `snapshot`; invalid parts are ignored."""
        found: dict[_Key, tuple[float, ...]] = {}
        for name, times in memory.items():
            match name.split(" "), times:
                case [error_type, kind, reason], [_, *_]:
                    found[error_type, kind, reason] = tuple(float(at) for at in times if isinstance(at, int | float))
        return cls({key: times for key, times in found.items() if times})


def attempt_of(
    incident: Incident, order: RepairTask, result: TaskResult, verdict: Verdict, now: float
) -> TaskStat | None:
    """Classifies a finished task as an attempt; None if another cause interrupted it. Quarantining succeeds by
    being done; everything else by its proof."""
    if result.outcome in _CUT_SHORT or result.retry_after:
        return None
    worked = verdict.proven or (order.kind is TaskKind.QUARANTINE and result.outcome is Outcome.DONE)
    if worked:
        return TaskStat(incident.error_type, order.kind, now, True, seconds=max(0.0, now - incident.opened_at))
    return TaskStat(incident.error_type, order.kind, now, False, reason_of(result, verdict))


def reason_of(result: TaskResult, verdict: Verdict) -> str:
    """Returns the reason of a failure: from the action, or from the verification of its result."""
    return result.reason if result.outcome is not Outcome.DONE else (verdict.reason or result.reason)
