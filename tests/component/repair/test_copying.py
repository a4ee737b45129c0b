"""A copy is whole and in its place, or nothing has changed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.planting import LEVELS, clear, dig
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome
from trafico_monitor.repair import atomic_copy
from trafico_monitor.repair.atomic_copy import copy_file, sweep
from trafico_monitor.repair.ports import Tools

from .conftest import BOT, INCIDENT, order, snapshot

AsNobody = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def destination(site: Installation) -> Path:
    return site.models / "victor" / "20251225_143020_a3f2b1.mp4"


@pytest.fixture
def small(site: Installation) -> Iterator[Installation]:
    """The models directory on a real file system of 1 MiB."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", site.models], timeout=20)
    if mounted.returncode != 0:
        pytest.fail("this test mounts a tmpfs: run it as root")
    (site.models / "victor").mkdir()
    yield site
    subprocess.run(["umount", site.models], check=True, timeout=20)


async def test_a_copy_has_the_content_the_owner_and_a_readable_mode(
    site: Installation, tools: Tools, source: Path, destination: Path
) -> None:
    result = await copy_file(order(), source, destination, site, tools, source.stat().st_size)
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "copied", str(destination))
    assert destination.read_bytes() == source.read_bytes()
    seen = destination.stat()
    assert (seen.st_uid, seen.st_gid, seen.st_mode & 0o777) == (BOT, os.getegid(), 0o644)
    assert [path.name for path in destination.parent.iterdir()] == [destination.name]


async def test_the_same_order_again_touches_nothing(
    site: Installation, tools: Tools, source: Path, destination: Path
) -> None:
    await copy_file(order(), source, destination, site, tools, None)
    before = destination.stat()
    again = await copy_file(order(), source, destination, site, tools, None)
    assert (again.outcome, again.reason) == (Outcome.DONE, "already_there")
    after = destination.stat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


async def test_a_good_video_is_never_replaced_by_another(
    site: Installation, tools: Tools, source: Path, destination: Path, another: Path
) -> None:
    shutil.copy(another, destination)
    result = await copy_file(order(), source, destination, site, tools, source.stat().st_size)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "destination_taken")
    assert destination.read_bytes() == another.read_bytes()


async def test_without_an_announced_size_another_good_video_is_not_taken_for_it(
    site: Installation, tools: Tools, source: Path, destination: Path, another: Path
) -> None:
    shutil.copy(another, destination)
    assert (await copy_file(order(), source, destination, site, tools, None)).reason == "destination_taken"


async def test_half_a_video_gives_way_and_is_kept(
    site: Installation, tools: Tools, source: Path, destination: Path
) -> None:
    half = source.read_bytes()[:9000]
    destination.write_bytes(half)
    result = await copy_file(order(), source, destination, site, tools, source.stat().st_size)
    assert result.reason == "copied"
    assert destination.read_bytes() == source.read_bytes()
    assert result.quarantined is not None
    aside = Path(result.quarantined)
    assert aside.read_bytes() == half
    assert aside.name == f"victor__{destination.name}.{INCIDENT}"
    assert json.loads(aside.with_name(aside.name + ".json").read_text())["original"] == f"victor/{destination.name}"


@pytest.mark.parametrize("before", [None, b"half a video"])
async def test_an_incomplete_source_replaces_nothing(
    before: bytes | None, site: Installation, tools: Tools, source: Path, destination: Path
) -> None:
    whole = source.stat().st_size
    os.truncate(source, whole - 5000)
    if before:
        destination.write_bytes(before)
    untouched = snapshot(site.models)
    told = await copy_file(order(), source, destination, site, tools, whole)
    untold = await copy_file(order(), source, destination, site, tools, None)
    assert (told.outcome, told.reason) == (Outcome.FAILED, "source_incomplete")
    assert (untold.outcome, untold.reason) == (Outcome.FAILED, "source_corrupt")
    assert snapshot(site.models) == untouched


async def test_what_could_not_be_looked_at_displaces_nothing(
    site: Installation, tools: Tools, source: Path, destination: Path
) -> None:
    async def blind(path: Path, size: int | None) -> bool | None:
        return None

    destination.write_bytes(b"who knows")
    result = await copy_file(order(), source, destination, site, replace(tools, is_good=blind), None)
    assert result.reason == "destination_taken"
    assert destination.read_bytes() == b"who knows"


async def test_a_missing_source_is_said(site: Installation, tools: Tools, source: Path, destination: Path) -> None:
    source.unlink()
    result = await copy_file(order(), source, destination, site, tools, None)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_missing")
    assert not destination.exists()


async def test_a_source_that_may_not_be_read_is_a_matter_of_the_owner(
    site: Installation, tools: Tools, source: Path, destination: Path, as_nobody: AsNobody
) -> None:
    source.chmod(0)
    with as_nobody():
        result = await copy_file(order(), source, destination, site, tools, None)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_OWNER, "source_unreadable")


async def test_a_folder_that_may_not_be_written_is_a_matter_of_the_owner(
    site: Installation, tools: Tools, source: Path, destination: Path, as_nobody: AsNobody
) -> None:
    destination.parent.chmod(0o555)
    source.chmod(0o644)
    with as_nobody():
        result = await copy_file(order(), source, destination, site, tools, None)
    destination.parent.chmod(0o755)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_OWNER, "not_permitted")


async def test_without_root_the_helper_gives_the_copy_away_before_it_is_seen(
    site: Installation, tools: Tools, source: Path, destination: Path, as_nobody: AsNobody, given: list[Path]
) -> None:
    destination.parent.chmod(0o777)
    source.chmod(0o644)
    other = replace(site, uid=4321)
    with as_nobody():
        result = await copy_file(order(), source, destination, other, tools, None)
    assert result.reason == "copied"
    assert [(path.parent, path.suffix) for path in given] == [(destination.parent, ".part")]


async def test_a_full_disk_is_no_failed_attempt(small: Installation, tools: Tools, source: Path) -> None:
    destination = small.models / "victor" / "a.mp4"
    with source.open("ab") as stream:
        stream.truncate(3_000_000)
    result = await copy_file(order(), source, destination, small, tools, None)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_SPACE, "no_space")
    assert list(destination.parent.iterdir()) == []


async def test_a_disk_that_fills_up_while_copying_is_left_as_it_was(
    small: Installation, tools: Tools, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_copy, "_leave_room", lambda *_: None)
    destination = small.models / "victor" / "a.mp4"
    with source.open("ab") as stream:
        stream.truncate(3_000_000)
    result = await copy_file(order(), source, destination, small, tools, None)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_SPACE, "no_space")
    assert list(destination.parent.iterdir()) == []


async def test_a_source_that_changes_meanwhile_is_not_taken(
    site: Installation, tools: Tools, source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sendfile = os.sendfile

    def growing(out: int, into: int, offset: int, count: int) -> int:
        with source.open("ab") as stream:
            stream.write(b"more")
        return sendfile(out, into, offset, count)

    monkeypatch.setattr(os, "sendfile", growing)
    result = await copy_file(order(), source, destination, site, tools, None)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_changing")
    assert list(destination.parent.iterdir()) == []


async def test_a_cancelled_copy_stops_and_leaves_nothing(
    site: Installation, tools: Tools, source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
    held = threading.Event()
    write = atomic_copy._write_part

    def slow(out: int, into: int, offset: int, count: int) -> int:
        loop.call_soon_threadsafe(begun.set)
        held.wait(10)
        os.lseek(into, offset, os.SEEK_SET)
        return os.write(out, os.read(into, 1))

    def watched(*given: object) -> object:
        try:
            return write(*given)  # type: ignore[arg-type]
        finally:
            loop.call_soon_threadsafe(ended.set)

    monkeypatch.setattr(os, "sendfile", slow)
    monkeypatch.setattr(atomic_copy, "_write_part", watched)
    task = asyncio.create_task(copy_file(order(), source, destination, site, tools, None))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    held.set()
    await asyncio.wait_for(ended.wait(), 10)
    assert list(destination.parent.iterdir()) == []


async def test_a_copy_that_hangs_ends_at_its_deadline(
    site: Installation, tools: Tools, source: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    monkeypatch.setattr(os, "sendfile", lambda *_: held.wait(10) and 1)
    result = await copy_file(order(), source, destination, site, replace(tools, patience=0.1), None)
    held.set()
    assert (result.outcome, result.reason) == (Outcome.FAILED, "timeout")


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from trafico_monitor.repair import atomic_copy
from trafico_monitor.model.installation import Installation
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
source, folder = map(Path, sys.argv[1:])
site = Installation(models=folder.parent, bot_api=source.parent, uid=os.geteuid(), gid=os.getegid())
import threading
atomic_copy._write_part(source, folder, site, threading.Event())
"""


def test_what_a_killed_copy_left_is_swept_and_nothing_else(
    site: Installation, source: Path, destination: Path
) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, source, destination.parent], timeout=30)
    assert died.returncode == -signal.SIGKILL
    left = [path.name for path in destination.parent.iterdir()]
    assert len(left) == 1 and left[0].startswith(".trafico-")
    keep = (".trafico-notes.part", ".trafico-0123.part", "a.part")
    for name in keep:
        (destination.parent / name).write_text("mine")
    (destination.parent / ".trafico-0123456789abcdef.part").symlink_to(source)
    began = time.time() + 1
    dig(destination.parent, b"d", LEVELS)
    try:
        assert sweep(site, began) == 1
    finally:
        clear(destination.parent / "d")
    assert sorted(p.name for p in destination.parent.iterdir()) == sorted((*keep, ".trafico-0123456789abcdef.part"))


def test_a_copy_that_is_under_way_is_not_swept(site: Installation, destination: Path) -> None:
    """A reload prepares the folders again while copies go on."""
    part = destination.parent / ".trafico-0123456789abcdef.part"
    part.write_bytes(b"half")
    assert sweep(site, time.time() - 1) == 0
    assert part.exists()


async def test_two_gigabytes_have_time_and_need_no_memory(tools: Tools) -> None:
    assert tools.seconds_for(2_000_000_000) == tools.patience + 400
