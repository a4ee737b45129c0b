"""Runs tasks when they are due: a few concurrently, never two on one file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import weakref
from collections.abc import Awaitable, Callable, Iterable

from ..model.task import Outcome, RepairTask, TaskResult, Verdict

logger = logging.getLogger(__name__)

SIDE_BY_SIDE = 3  # one disk and one local server: more would only share the bandwidth

Repair = Callable[[RepairTask, bool], Awaitable[tuple[TaskResult, Verdict]]]
Report = Callable[[RepairTask, TaskResult, Verdict], Awaitable[None]]
# The current task, which can no longer be superseded; None for a superseded one.
Begin = Callable[[RepairTask], RepairTask | None]


class Dispatcher:
    """Owns one asyncio task per repair task, from its creation until its result is reported.

    A started task runs to its end: only a waiting one can be cancelled. A task interrupted by a kill (`inherited`) is
    verified before it is repeated: `repair(order, True)` verifies first.
    """

    def __init__(self, repair: Repair, report: Report, begin: Begin, clock: Callable[[], float]) -> None:
        self._repair = repair
        self._report = report
        self._begin = begin
        self._clock = clock
        self._stopped = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)
        # A lock lives as long as some task holds or awaits it.
        self._files: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def give(self, orders: Iterable[RepairTask], *, inherited: bool = False) -> None:
        """Accepts tasks that are already stored; each runs when it is due, after a stop not before the next start."""
        for order in orders:
            if self._stopped or order.id in self._tasks:
                continue
            task = asyncio.create_task(self._carry_out(order, inherited), name=order.id)
            self._tasks[order.id] = task
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task.get_name(), None)
        self._begun.discard(task.get_name())

    def cancel(self, order_ids: Iterable[str]) -> None:
        """Cancels tasks that are finished or superseded, if they have not started."""
        for order_id in order_ids:
            task = self._tasks.get(order_id)
            if task is not None and order_id not in self._begun:
                task.cancel()

    async def stop(self, seconds: float) -> None:
        """Stops all work within `seconds`; interrupted tasks stay stored as unfinished."""
        self._stopped = True  # a check that is under way may still order something
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def _carry_out(self, order: RepairTask, inherited: bool) -> None:
        await asyncio.sleep(_wait(order, self._clock()))
        lock = self._files.setdefault(_file_of(order), asyncio.Lock())
        async with lock, self._places:
            current = self._begin(order)
            if current is None:
                return
            self._begun.add(order.id)
            result, verdict = await self._attempt(current, inherited)
        # Results are reported even while the service stops.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._report(current, result, verdict))

    async def _attempt(self, order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        try:
            return await self._repair(order, inherited)
        except Exception as error:  # a failing task must not affect the others
            logger.exception("order %s (%s) broke", order.id, order.kind.value)
            detail = f"{type(error).__name__}: {error}"
            return TaskResult(order.id, Outcome.FAILED, "internal", detail), Verdict(False, reason="internal")


def _wait(order: RepairTask, now: float) -> float:
    """Returns the seconds until the task is due; never more than the wait planned when it was created."""
    meant = order.due_at - order.made_at if order.made_at else math.inf
    return max(0.0, min(order.due_at - now, meant))


def _file_of(order: RepairTask) -> str:
    download = order.download
    if download.modelo and download.video:
        return f"{download.modelo}/{download.video}"
    return download.destination or download.source or download.file_id or order.incident_id
