"""One task that raises, whatever it raises: logged once, told after some, begun again after longer pauses."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from trafico_monitor.daemon import supervisor
from trafico_monitor.daemon.supervisor import Supervisor, Trouble

SECONDS = 10.0  # for anything that is waited for
NOW = 1_766_700_000.0
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


class Watched:
    """A supervisor, and all that it has told."""

    def __init__(self) -> None:
        self.told: list[tuple[Trouble, bool]] = []
        self.heard = asyncio.Event()
        self.supervisor = Supervisor(self._tell, lambda: NOW)

    async def _tell(self, trouble: Trouble, over: bool) -> None:
        self.told.append((trouble, over))
        self.heard.set()

    async def hear(self) -> tuple[Trouble, bool]:
        """What is told next."""
        async with asyncio.timeout(SECONDS):
            await self.heard.wait()
        self.heard.clear()
        return self.told[-1]


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "_LOG_SECONDS", 0.0)
    here = Watched()
    yield here
    await here.supervisor.stop()


def recursion() -> None:
    def one(depth: int) -> int:
        return other(depth + 1)

    def other(depth: int) -> int:
        return one(depth + 1)

    one(0)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError


def raiser(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


FAULTS: dict[str, Callable[[], object]] = {
    "recursion": recursion,
    "surrogate": lambda: "\ud800".encode(),
    "memory": raiser(MemoryError()),
    "group": raiser(ExceptionGroup("several", [OSError(5, "one"), KeyError("two")])),
    "unspeakable": raiser(Unspeakable()),
    "cancelled by somebody else": raiser(asyncio.CancelledError()),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_it_raises_it_begins_again(
    watched: Watched, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun, back = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun <= 4:
            FAULTS[fault]()
        back.set()
        await asyncio.Event().wait()

    task = watched.supervisor.start("tidying", work)
    async with asyncio.timeout(SECONDS):
        await back.wait()
    assert not task.done()
    (trouble, over) = await watched.hear()
    assert (trouble.task, trouble.failures, trouble.since, over) == ("tidying", supervisor.TOLD_AFTER, NOW, False)
    assert [one.failures for one in watched.supervisor.troubles] == [4]
    said = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert len(said) == 1, "the same text is logged once"
    assert "task tidying failed" in said[0].getMessage() and len(said[0].getMessage().splitlines()) <= 61


async def test_each_distinct_text_is_logged_and_holds_no_token(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    texts = iter(["one", "two", "one", f"{TOKEN}\n\x1b[31m" + "x" * 5000])

    async def work() -> None:
        for said in texts:
            raise OSError(said)

    await asyncio.wait_for(watched.supervisor.start("room", work), SECONDS)
    shown = [one.getMessage().splitlines()[0] for one in caplog.records]
    assert [line.partition(": ")[2][:12] for line in shown] == ["OSError: one", "OSError: two", "OSError: <TO"]
    assert all(line.isprintable() and TOKEN not in line and len(line) < 400 for line in shown)


async def test_the_pauses_double_up_to_a_bound(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.05)
    begins: list[float] = []

    async def work() -> None:
        begins.append(asyncio.get_running_loop().time())
        if len(begins) < 8:
            raise RuntimeError

    await asyncio.wait_for(watched.supervisor.start("upkeep", work), SECONDS)
    gaps = [later - earlier for earlier, later in itertools.pairwise(begins)]
    assert gaps[0] >= 0.01 and gaps[1] >= 0.02 and gaps[2] >= 0.04 and min(gaps[3:]) >= 0.05


async def test_a_quiet_time_ends_the_trouble(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "QUIET_SECONDS", 0.1)
    begun, again = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun in (1, 2, 3):
            raise RuntimeError
        if begun == 4:
            await again.wait()
            raise RuntimeError
        await asyncio.Event().wait()

    watched.supervisor.start("exports", work)
    assert (await watched.hear())[1] is False
    assert (await watched.hear())[1] is True
    assert watched.supervisor.troubles == ()
    again.set()
    async with asyncio.timeout(SECONDS):
        while begun < 5:
            await asyncio.sleep(0)
    assert watched.supervisor.troubles == () and len(watched.told) == 2, "one failure is not told"


async def test_what_ends_is_over(watched: Watched) -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun <= 3:
            raise RuntimeError

    await asyncio.wait_for(watched.supervisor.start("prepare", work), SECONDS)
    assert await watched.hear() and watched.supervisor.troubles == ()


async def test_a_teller_that_breaks_is_told_of_by_nobody() -> None:
    async def tell(_: Trouble, __: bool) -> None:
        raise RuntimeError

    here = Supervisor(tell, lambda: NOW)
    for _ in range(5):
        here.attempt("tally", raiser(RuntimeError()))
    await asyncio.sleep(0)
    assert {one.get_name() for one in asyncio.all_tasks()} >= {supervisor.TELLING}
    assert [one.task for one in here.troubles] == ["tally"]
    await asyncio.wait_for(here.stop(), SECONDS)


@pytest.mark.parametrize("when", ["at work", "in a pause", "inside another's call"])
async def test_a_stop_is_prompt(watched: Watched, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 3600.0)
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        if when == "at work":
            await asyncio.Event().wait()
        raise RuntimeError

    def begin() -> Awaitable[None]:
        if when == "inside another's call":
            return asyncio.shield(watched.supervisor.see_through("orders", work))
        return watched.supervisor.start("time", work)

    waiting = asyncio.ensure_future(begin())
    async with asyncio.timeout(SECONDS):
        await begun.wait()
        await watched.supervisor.stop()
        await asyncio.wait([waiting])


async def test_a_cancelled_task_ends(watched: Watched) -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    task = watched.supervisor.start("companions", work)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, SECONDS)
