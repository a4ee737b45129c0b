"""What a test leaves behind in the process that runs the tests: asyncio tasks, threads, file descriptors and
child processes. The next test would share the machine with them, and fail in their place."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# A thread that was told to end, or a killed process that was not waited for yet, may need this long when the
# machine is busy. Nothing is waited for when nothing is left.
GRACE_SECONDS = 15.0
_PACE_SECONDS = 0.02

# asyncio cancels in silence what still runs when a loop is closed: noted here instead.
_cancelled: list[str] = []


@dataclass(frozen=True)
class Resources:
    """The threads, descriptors and children of this process; `-` gives those that the other one has not."""

    threads: frozenset[threading.Thread] = frozenset()
    descriptors: frozenset[tuple[int, str]] = frozenset()
    children: frozenset[int] = frozenset()

    def __sub__(self, other: Resources) -> Resources:
        pools = {_pool(thread) for thread in other.threads if _pool(thread)}
        return Resources(
            frozenset(thread for thread in self.threads - other.threads if _pool(thread) not in pools),
            self.descriptors - other.descriptors,
            self.children - other.children,
        )

    def __or__(self, other: Resources) -> Resources:
        return Resources(
            self.threads | other.threads,
            self.descriptors | other.descriptors,
            self.children | other.children,
        )

    def __bool__(self) -> bool:
        return bool(self.threads or self.descriptors or self.children)

    def told(self) -> list[str]:
        return [
            *(f"thread {thread.name}" for thread in self.threads),
            *(f"descriptor {number} of {target}" for number, target in sorted(self.descriptors)),
            *(f"child process {pid}: {_command(pid)}" for pid in sorted(self.children)),
        ]


@dataclass
class _Told:
    """Leftovers that have failed a test: the wider scopes do not fail on them again."""

    resources: Resources = Resources()


_told = _Told()


def held() -> Resources:
    """The resources that this process holds now."""
    return Resources(frozenset(threading.enumerate()), frozenset(_descriptors()), frozenset(_children()))


def watched(known: Callable[[], Resources]) -> Iterator[None]:
    """The body of a fixture, which fails on what is held at the end, and neither was at the start nor is `known`
    (fixtures of a wider scope made it meanwhile)."""
    before = held()
    _cancelled.clear()
    yield
    tasks = _cancelled.copy()
    _cancelled.clear()
    deadline = time.monotonic() + GRACE_SECONDS
    while (left := held() - before - known() - _told.resources) and time.monotonic() < deadline:
        time.sleep(_PACE_SECONDS)
    _told.resources |= left
    if tasks or left:
        pytest.fail("left behind by the test or by its fixtures: " + "; ".join([*tasks, *left.told()]), pytrace=False)


def note_cancelled_tasks() -> None:
    """Makes asyncio's runners note the tasks that they have to cancel when they close a loop."""
    cancel = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]

    def noting(loop: asyncio.AbstractEventLoop) -> None:
        # The loop itself closes a generator that nobody has read to its end, in a task of its own.
        own = "async_generator_athrow"
        _cancelled.extend(f"task {task!r}" for task in asyncio.all_tasks(loop) if own not in repr(task))
        cancel(loop)

    asyncio.runners._cancel_all_tasks = noting  # type: ignore[attr-defined]


def _pool(thread: threading.Thread) -> str:
    """The name of the executor that the thread belongs to: one that was there before may have grown."""
    name, _, number = thread.name.rpartition("_")
    return name if number.isdigit() else ""


def _descriptors() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists, or one that a thread has just closed
            yield int(entry.name), str(entry.readlink())


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            yield from map(int, (task / "children").read_text().split())


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip() or "ended, not waited for"
    return "ended"
