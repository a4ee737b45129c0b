"""The end of real processes in a real control group, as the kernel tells of it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journal_fixtures import cgroup_of
from trafico_monitor.daemon import process_watch
from trafico_monitor.daemon.process_watch import ProcessWatch
from trafico_monitor.health.processes import is_in_unit, unit_processes

UNIT = "trafico-lifetimes.service"


@dataclass
class Group:
    """A unit's control group, and the processes that were put into it."""

    place: Path
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def process(self, *, inside: bool = True) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
        self.children.append(child)
        if inside:
            (self.place / "cgroup.procs").write_text(str(child.pid))
        return child


@pytest.fixture
def group() -> Iterator[Group]:
    place = cgroup_of(UNIT)
    place.mkdir(parents=True, exist_ok=True)
    group = Group(place)
    yield group
    for child in group.children:
        child.kill()
        child.wait(10)
    with contextlib.suppress(OSError):
        place.rmdir()


@dataclass
class Watching:
    """Lifetimes that run, with what they have told."""

    under_way: set[int] = field(default_factory=set)
    ended: list[tuple[int, bool]] = field(default_factory=list)
    began: list[int] = field(default_factory=list)
    fail: int = 0

    def __post_init__(self) -> None:
        self.lifetimes = ProcessWatch(lambda: UNIT, lambda: self.under_way, self._ended, self._began, time.time)

    async def _ended(self, pid: int, at: float, last: bool) -> None:
        assert abs(at - time.time()) < 5
        if self.fail:
            self.fail -= 1
            raise RuntimeError("the records are full")
        self.ended.append((pid, last))
        self.under_way.discard(pid)

    async def _began(self, pid: int, at: float) -> None:
        self.began.append(pid)

    def hear(self, *children: subprocess.Popen[bytes]) -> None:
        self.lifetimes.heard(frozenset(child.pid for child in children))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.lifetimes.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, RuntimeError):
                await task


@pytest.fixture
def here(group: Group, monkeypatch: pytest.MonkeyPatch) -> Watching:
    """Where systemctl says which group the unit has."""

    async def look(unit: str) -> object:
        from trafico_monitor.health.unit import UnitState

        return UnitState(unit, known=True, control_group=f"/system.slice/{UNIT}")

    monkeypatch.setattr(process_watch, "query_unit", look)
    return Watching()


async def until(done: object, seconds: float = 10.0) -> None:
    assert callable(done)
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.005)


async def test_the_end_is_told_as_it_happens_and_the_last_one_as_such(group: Group, here: Watching) -> None:
    one, other = group.process(), group.process()
    async with here.running():
        here.hear(one, other)
        await until(lambda: len(here.lifetimes._watched) == 2)
        assert len(here.began) == 1
        for child, last in ((one, False), (other, True)):
            child.kill()
            killed = time.monotonic()
            await until(lambda child=child, last=last: (child.pid, last) in here.ended)
            assert time.monotonic() - killed < 1.0
            child.wait(10)
        here.hear(one, other)  # their last lines come late
        third = group.process()
        here.hear(third)
        await until(lambda: here.began[-1] == third.pid)
    assert len(here.ended) == 2


async def test_one_that_ended_before_anybody_looked_is_told_and_is_never_the_last(
    group: Group, here: Watching
) -> None:
    gone, stranger = group.process(), group.process(inside=False)
    gone.kill()
    gone.wait(10)
    here.under_way = {gone.pid, stranger.pid}
    async with here.running():
        here.lifetimes.heard(frozenset())
        await until(lambda: len(here.ended) == 2)
    assert here.ended == [(gone.pid, False), (stranger.pid, False)] or set(here.ended) == {
        (gone.pid, False),
        (stranger.pid, False),  # lives, but not in this unit: it is somebody else with that number
    }


async def test_without_systemds_word_a_process_of_another_unit_is_not_watched(group: Group) -> None:
    here, inside, stranger = Watching(), group.process(), group.process(inside=False)
    assert (is_in_unit(inside.pid, UNIT), is_in_unit(stranger.pid, UNIT), is_in_unit(2**30, UNIT)) == (
        True,
        False,
        None,
    )
    async with here.running():
        here.hear(stranger)
        here.hear(inside)
        await until(lambda: here.began)
        assert set(here.lifetimes._watched) == {inside.pid}
        stranger.kill()
        inside.kill()
        await until(lambda: here.ended)
    assert here.ended == [(inside.pid, True)]


async def test_what_could_not_be_kept_is_told_again_and_the_others_stay_watched(group: Group, here: Watching) -> None:
    one, other = group.process(), group.process()
    here.fail = 1
    async with here.running():
        here.hear(one, other)
        await until(lambda: len(here.lifetimes._watched) == 2)
        one.kill()
        await until(lambda: not here.fail)
    async with here.running():  # the supervisor begins it again
        await until(lambda: here.ended)
        other.kill()
        await until(lambda: len(here.ended) == 2)
    assert here.ended == [(one.pid, False), (other.pid, True)]


async def test_no_more_descriptors_than_a_bot_has_processes(
    group: Group, here: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_watch, "MOST_WATCHED", 4)
    monkeypatch.setattr(process_watch, "MOST_KNOWN", 8)
    children = [group.process() for _ in range(20)]
    async with here.running():
        for child in children:
            here.hear(child)
            await until(lambda child=child: child.pid in here.lifetimes._known)
        assert len(here.lifetimes._watched) == 4 and len(here.lifetimes._known) <= 8
    assert here.lifetimes._watched == {}


def test_numbers_of_another_namespace_mean_nothing(tmp_path: Path) -> None:
    base = (str(tmp_path),)
    folder = tmp_path / "system.slice" / UNIT
    (folder / "worker").mkdir(parents=True)
    assert unit_processes(f"/system.slice/{UNIT}", base) is None, "no such file"
    (folder / "cgroup.procs").write_text("12\n")
    (folder / "worker" / "cgroup.procs").write_text("13\n")
    assert unit_processes(f"/system.slice/{UNIT}", base) == {12, 13}
    (folder / "worker" / "cgroup.procs").write_text("0\n13\n")
    assert unit_processes(f"/system.slice/{UNIT}", base) is None
    assert unit_processes("/../etc", base) is unit_processes("", base) is unit_processes("system.slice", base) is None
