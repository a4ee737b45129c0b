"""Recovery order once a cause clears: oldest first, a few at a time. Pure.

The next ones resume only as earlier ones end, so that a disk which fills up again affects a handful. An incident that
meets the cause again goes to the back of the queue with increasing delays, so one file that does not fit cannot block
the rest or loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..model.finding import ErrorType
from ..model.incident import Incident
from ..model.task import RepairTask, TaskKind

AT_ONCE = 3  # as many as the dispatcher carries out side by side
SOON = 60.0  # an order that is due later than this keeps nobody waiting
PAUSE, LONGEST_PAUSE = 30.0, 3600.0
# A server that every look finds alive and that fails one download so often is not down for it.
MET_TOO_OFTEN = 6
_CAUSES = (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO)
_REPAIRS = frozenset({TaskKind.RETRY_DOWNLOAD, TaskKind.CREATE_FOLDER, TaskKind.QUARANTINE, TaskKind.FIX_OWNER})


class RecoveryQueue:
    def __init__(self) -> None:
        self._met: dict[str, tuple[int, float]] = {}  # incident → how often it met its cause, when last

    def met(self, incident_id: str, now: float) -> int:
        """An order of this incident ran into a cause that was thought to be gone; how often it
        has by now."""
        number = self._met.get(incident_id, (0, 0.0))[0] + 1
        self._met[incident_id] = (number, now)
        return number

    def next(self, waiting: Sequence[Incident], orders: Iterable[RepairTask], now: float) -> tuple[Incident, ...]:
        """Returns those of `waiting` (their cause has cleared) that may resume now, in order, while `orders` are
        running. One that only waits for the end of the cause needs no slot."""
        busy = sum(order.kind in _REPAIRS and order.due_at - now < SOON for order in orders)
        idle = [one for one in waiting if _needs_nothing(one)]
        ready = [one for one in waiting if not _needs_nothing(one) and now >= self._not_before(one.id)]
        ready.sort(key=lambda one: (self._met.get(one.id, (0, 0.0))[0], one.opened_at, one.id))
        return (*idle, *ready[: max(0, AT_ONCE - busy)])

    def snapshot(self) -> dict[str, object]:
        return {name: list(met) for name, met in self._met.items()}

    def restore(self, memory: Mapping[str, object]) -> None:
        self._met = {}
        for name, met in memory.items():
            match met:
                case [int(number), int() | float() as at]:
                    self._met[name] = (number, float(at))

    def ended(self, incident_id: str) -> None:
        self._met.pop(incident_id, None)

    def _not_before(self, name: str) -> float:
        """The first time may have been the very moment in which the cause began: no pause then."""
        number, at = self._met.get(name, (0, 0.0))
        return at + min(LONGEST_PAUSE, PAUSE * 2.0 ** min(number - 2, 20)) if number > 1 else 0.0


def _needs_nothing(incident: Incident) -> bool:
    return incident.error_type in _CAUSES and not incident.actionable.known
