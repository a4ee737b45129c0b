"""One life of the monitor, from its database to its last order, which can be stopped at any of its waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from trafico_monitor.control import decisions
from trafico_monitor.daemon.executor import Executor
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import Finding, FindingKind
from trafico_monitor.model.incident import Event, Incident
from trafico_monitor.model.task import RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.repair.atomic_copy import sweep
from trafico_monitor.repair.dispatcher import Dispatcher
from trafico_monitor.store.repository import Store

from .place import Place, as_monitor

LATE = 0.05
LIMITS = Limits(backoff=(0.01,), server_interval=0.01, late=(LATE,))
SECONDS = 120.0
Done = tuple[TaskResult, Verdict]
# What changes a file, or has one changed; renameat2 is called by ctypes, which tells nobody: what stands
# around it is caught.
_CHANGES = frozenset(
    {"os.mkdir", "os.chmod", "os.chown", "os.remove", "os.rename", "os.link", "os.rmdir", "subprocess.Popen"}
)

Begin = Callable[[Pipeline], ChangeSet]  # of a function: a child process has to find it
First = Callable[[Pipeline], ChangeSet]
At = Callable[[int], bool]


class Stepped:
    """Awaits `work` and calls `at` whenever that gets on: at the end of each single wait of its own."""

    def __init__(self, work: Coroutine[Any, Any, Done], at: Callable[[], None]) -> None:
        self._work, self._at = work, at

    def __await__(self) -> Generator[Any, Any, Done]:
        inner = self._work.__await__()
        error: BaseException | None = None
        while True:
            try:
                awaited = inner.send(None) if error is None else inner.throw(error)
            except StopIteration as ended:
                return ended.value  # type: ignore[no-any-return]
            error = None
            try:
                yield awaited
            except BaseException as thrown:
                error = thrown
            else:
                self._at()


class Life:
    """`begin` is what happens where nothing has been stored yet. At each wait whose number (1 for the
    first of all orders) `at` picks, `then` is called. `first` is what a person asks for at its start."""

    def __init__(self, place: Place, begin: Begin, at: At, then: Callable[[Life], None], first: First | None) -> None:
        self.place, self._begin, self._at, self._then, self._first = place, begin, at, then, first
        self.told: list[str] = []  # codes of notices
        self.waits = 0
        self.torn: list[str] = []  # orders that were cancelled while they were carried out
        self.together = 0  # the most orders that were carried out at one time
        self._now: set[str] = set()
        self._left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until no order is left, or `leave` was called."""
        sweep(self.place.site, time.time())
        self._store = await Store.open(self.place.home / "state")
        try:
            async with asyncio.timeout(SECONDS):
                await self._run()
        finally:
            await self._store.close()

    async def _run(self) -> None:
        self.pipeline = Pipeline(Detector(load({})), Tracker(), LIMITS, "es")
        saved = await self._store.load()
        self.pipeline.restore(saved)
        self._repairs = Executor(lambda: self.place.site, _server)
        self._dispatcher = Dispatcher(self._repair, self._done, self.pipeline.begin_task, time.time)
        self._dispatcher.give(saved.orders, inherited=True)
        if not await self._store.records_after(0):
            await self.keep(self._begin(self.pipeline))
        if self._first is not None:
            await self.keep(self._first(self.pipeline))
        while (self.pipeline.orders or self._dispatcher.under_way or self._tasks) and not self._left.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await self._left.wait()
        await self._dispatcher.stop(SECONDS)

    async def keep(self, changes: ChangeSet) -> None:
        await self._store.commit(changes)
        self.told += [notice.code for notice in changes.notices]
        if not self._left.is_set():
            self._dispatcher.cancel(changes.finished)
            self._dispatcher.give(changes.orders)

    def observe(self, finding: Finding) -> None:
        """The journal tells more, between two steps of an order."""
        self.spawn(self.keep(self.pipeline.observe((finding,), time.time())))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def leave(self) -> None:
        """The service is stopped at this very wait; what is under way stays stored."""
        self._left.set()
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def _repair(self, order: RepairTask, inherited: bool) -> Done:
        self._now.add(order.id)
        self.together = max(self.together, len(self._now))
        try:
            return await Stepped(self._repairs.carry_out(order, inherited), self._waited)
        except asyncio.CancelledError:
            self.torn.append(order.id)
            raise
        finally:
            self._now.discard(order.id)

    def _waited(self) -> None:
        self.waits += 1
        if self._at(self.waits):
            self._then(self)

    async def _done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        now = time.time()
        if order.kind is TaskKind.ASSIGN:
            changes = decisions.assigned(self.pipeline, order, None, result, verdict, now).changes
            await self.keep(changes or ChangeSet())
        else:
            await self.keep(self.pipeline.finish_task(order, result, verdict, now))


async def _server() -> Finding:
    return Finding(FindingKind.SERVER, time.time(), code="up", message="HTTP 404")


def never(wait: int) -> bool:
    return False


def live(
    place: Place,
    begin: Begin,
    at: At = never,
    then: Callable[[Life], None] = Life.leave,
    first: First | None = None,
) -> Life:
    """One life to its end, as the monitor's user."""

    async def whole() -> Life:
        life = Life(place, begin, at, then, first)
        await life.run()
        return life

    with as_monitor():
        return asyncio.run(whole())


def kill_at_wait(place: Place, begin: Begin, at: int) -> None:
    """A life in this process, which dies at the wait number `at` (for a child: nothing comes back)."""
    live(place, begin, at.__eq__, lambda _: os.kill(os.getpid(), signal.SIGKILL))


def kill_at_change(place: Place, begin: Begin, at: int) -> None:
    """A life in this process, which dies right before its change number `at`."""
    seen = 0

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        made = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if (event in _CHANGES or made) and not str(arguments[0]).startswith(str(place.home / "state")):
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)
    live(place, begin)


def incidents(place: Place) -> tuple[Incident, ...]:
    """What is stored."""
    return _stored(place, Store.load).incidents


def records(place: Place) -> list[Event]:
    return [one.record for one in _stored(place, lambda store: store.records_after(0))]


def _stored(place: Place, ask: Callable[[Store], Awaitable[Any]]) -> Any:
    async def look() -> Any:
        store = await Store.open(place.home / "state")
        try:
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(look())
