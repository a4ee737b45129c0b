"""Supervisor of all background tasks: their exceptions are logged, alerted, and survived.

A failed task restarts after a pause that doubles. One that keeps failing is alerted once, and once more on recovery.
Only the ingest loop is outside: if it cannot continue, the service ends, and systemd restarts it from the stored
state.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..host.redact import redact
from ..messages.format import printable

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.5  # seconds before a task begins again; less than a third of WatchdogSec for many failures in a row
LONGEST_PAUSE = 60.0
QUIET_SECONDS = 600.0  # a task that has not failed for so long is well
TOLD_AFTER = 3  # failures in a row: one may be an accident
STOP_SECONDS = 3.0  # for a message under way to be finished
TELLING = "telling"  # the task that tells of the others: nobody tells of it, the log has it
_MOST_TEXTS = 100  # remembered, so that each is logged once
_LOG_SECONDS = 1.0  # between two texts of one task: a text may hold what somebody else has chosen
_TEXT = 300
_FRAMES = 12  # a recursion that has met its limit has a thousand
_LINES = 60

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A task that fails again and again. `since` is in seconds since the epoch; `error` is the last one in
    one line, redacted."""

    task: str
    failures: int
    since: float
    error: str


# Tells of a trouble, or of its end.
Tell = Callable[[Trouble, bool], Awaitable[None]]


class Supervisor:
    """Owns tasks given to `start` until `stop`. All methods must be called in the loop's own thread."""

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.time) -> None:
        self._tell = tell
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: dict[str, Trouble] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._logged: dict[str, None] = {}
        self._logged_at: dict[str, float] = {}
        self._stopping = asyncio.Event()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """The tasks that have failed TOLD_AFTER times or more, and not been well since."""
        return tuple(one for one in self._failing.values() if one.failures >= TOLD_AFTER)

    def start(self, name: str, work: Work) -> asyncio.Task[None]:
        """A task that does `work()` until it has returned. `name` is that of `task.<name>` in messages/; what
        follows a blank in it is shown as it is."""
        task = asyncio.create_task(self.see_through(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def see_through(self, name: str, work: Work) -> None:
        """Do `work()`, and again for as long as it raises. Raises nothing but the caller's own cancellation."""
        while True:
            try:
                await work()
            except Exception as error:
                failure: BaseException = error
            except asyncio.CancelledError as error:
                # Somebody else's, that `work` has waited for: this task is to go on.
                if self._stopping.is_set() or (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                failure = error
            else:
                self._well(name)
                return
            if await self._stopped_within(self._failed(name, failure)):
                return

    def attempt(self, name: str, work: Callable[[], None]) -> None:
        """Runs `work()` once, now: an exception is logged and counted as a failure of `name`, and the caller
        continues."""
        try:
            work()
        except Exception as error:
            self._failed(name, error)

    def begin_no_more(self) -> None:
        """The service ends: failed tasks are not restarted any more."""
        self._stopping.set()
        for timer in self._timers.values():
            timer.cancel()

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Cancel all tasks, and give them so long to end."""
        self.begin_no_more()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def _failed(self, name: str, error: BaseException) -> float:
        """Note one failure; the seconds until the next attempt."""
        try:
            words = _in_one_line(error)
            before = self._failing.get(name)
            failures = before.failures + 1 if before else 1
            now = Trouble(name, failures, before.since if before else self._clock(), words)
            self._failing[name] = now
            self._log(name, words, error)
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 20))
            self._await_quiet(name, pause + QUIET_SECONDS)
            if failures == TOLD_AFTER:
                self._start_telling(now, False)
        except Exception:  # no memory left, say: what keeps the others going has to go on itself
            return LONGEST_PAUSE
        return pause

    def _await_quiet(self, name: str, seconds: float) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        if not self._stopping.is_set():
            self._timers[name] = asyncio.get_running_loop().call_later(seconds, self._well, name)

    def _well(self, name: str) -> None:
        """`name` has come to its end, or has been quiet for long enough."""
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()
        was = self._failing.pop(name, None)
        if was is not None and was.failures >= TOLD_AFTER:
            self._start_telling(was, True)

    def _start_telling(self, trouble: Trouble, over: bool) -> None:
        if trouble.task != TELLING and not self._stopping.is_set():
            self.start(TELLING, lambda: self._tell(trouble, over))

    def _log(self, name: str, words: str, error: BaseException) -> None:
        """Each distinct text once, with where it came from."""
        said, now = f"{name}: {words}", time.monotonic()
        if said in self._logged or now - self._logged_at.get(name, -_LOG_SECONDS) < _LOG_SECONDS:
            return
        self._logged_at[name] = now
        while len(self._logged) >= _MOST_TEXTS:
            del self._logged[next(iter(self._logged))]
        self._logged[said] = None
        lines = "".join(traceback.format_exception(error, limit=-_FRAMES)).splitlines()
        logger.error("task %s failed: %s\n%s", name, words, "\n".join(lines[-_LINES:]))

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


def _in_one_line(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:
        said = ""
    shown = printable(redact(said[: 10 * _TEXT])[:_TEXT])
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__
