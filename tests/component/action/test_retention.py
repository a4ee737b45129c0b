"""What leaves the quarantine: only what is not needed any more, only in its time, nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journal_fixtures import wait_until
from trafico_monitor.action.quarantine import quarantine
from trafico_monitor.action.retention import Expired, Known, expire, kept
from trafico_monitor.action.tools import Tools
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.order import OrderKind
from trafico_monitor.model.site import Site

from .conftest import order, snapshot

DAY = 86400.0
KEEP = 14 * DAY


@pytest.fixture
async def aside(site: Site, tools: Tools, video: Path) -> Path:
    """A file that the monitor itself has put aside, as of today."""
    (site.models / "victor" / "a.mp4").write_bytes(video.read_bytes()[:9000])
    wanted = order(OrderKind.QUARANTINE, modelo="victor", video="a.mp4")
    result = await quarantine(wanted, site, replace(tools, now=time.time))
    return Path(str(result.quarantined))


def known(estado: Estado | None, closed_at: float | None = None) -> Known:
    """The incident i1 as it stands; nothing of any other."""

    async def ask(name: str) -> Incident | None:
        if name != "i1" or estado is None:
            return None
        return Incident("i1", ErrorType.CORRUPTO, 0.0, 0.0, estado, closed_at=closed_at)

    return ask


async def run(site: Site, tools: Tools, ask: Known, *, days: float, keep_unsolved: bool = True) -> tuple[Expired, ...]:
    later = replace(tools, now=lambda: time.time() + days * DAY)
    return await expire(site, later, keep=KEEP, keep_unsolved=keep_unsolved, known=ask)


async def test_a_solved_one_goes_when_its_time_is_over_and_not_before(site: Site, tools: Tools, aside: Path) -> None:
    before = snapshot(site.models)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=13.9) == ()
    assert snapshot(site.models) == before
    gone = await run(site, tools, known(Estado.SOLUCIONADO), days=14.1)
    assert [(one.path, one.incident, one.size, one.why) for one in gone] == [(aside, "i1", 9000, "solved")]
    assert list(aside.parent.iterdir()) == []


async def test_one_whose_place_has_a_whole_video_again_goes(
    site: Site, tools: Tools, aside: Path, video: Path
) -> None:
    half = Path(shutil.copy(aside, site.models / "victor" / "a.mp4"))
    assert await run(site, tools, known(None), days=15) == ()
    shutil.copy(video, half)
    assert [one.why for one in await run(site, tools, known(None), days=15)] == ["replaced"]
    assert half.read_bytes() == video.read_bytes()


@pytest.mark.parametrize("estado", [None, *(each for each in Estado if each is not Estado.SOLUCIONADO)])
async def test_the_only_copy_of_an_unsolved_one_stays_for_good(
    estado: Estado | None, site: Site, tools: Tools, aside: Path
) -> None:
    before = snapshot(site.models)
    assert await run(site, tools, known(estado, time.time()), days=3650) == ()
    assert snapshot(site.models) == before


async def test_it_goes_only_where_the_operator_says_so_and_as_late_as_was_told(
    site: Site, tools: Tools, aside: Path
) -> None:
    """A failure of the 13th day was told: until the 27th."""
    failed = known(Estado.FALLIDO, time.time() + 13 * DAY)
    assert await run(site, tools, failed, days=26.9, keep_unsolved=False) == ()
    waiting = known(Estado.PENDIENTE)
    assert await run(site, tools, waiting, days=3650, keep_unsolved=False) == ()
    assert [one.why for one in await run(site, tools, failed, days=27.1, keep_unsolved=False)] == ["unsolved"]


async def test_what_is_healthy_after_all_is_never_deleted(site: Site, tools: Tools, aside: Path, video: Path) -> None:
    shutil.copy(video, aside)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert aside.read_bytes() == video.read_bytes()


async def test_what_no_note_of_the_monitor_tells_of_stays(site: Site, tools: Tools, aside: Path) -> None:
    folder = aside.parent
    (folder / "mine.mp4").write_bytes(b"mine")
    (folder / "other.mp4").write_bytes(b"other")
    (folder / "other.mp4.json").write_text("{}")
    (folder / "notes.json").write_text('{"timestamp": "2000-01-01T00:00:00+00:00"}')
    (folder / "bad.json").write_text("[" * 100_000)
    await run(site, tools, known(Estado.SOLUCIONADO), days=15)
    assert {path.name for path in folder.iterdir()} == {
        "mine.mp4", "other.mp4", "other.mp4.json", "notes.json", "bad.json",
    }  # fmt: skip


async def test_a_note_that_was_left_alone_goes_after_the_same_time(site: Site, tools: Tools, aside: Path) -> None:
    aside.unlink()
    await run(site, tools, known(None), days=13)
    assert len(list(aside.parent.iterdir())) == 1
    await run(site, tools, known(None), days=15)
    assert list(aside.parent.iterdir()) == []


async def test_a_note_set_back_in_time_lets_nothing_go_earlier(site: Site, tools: Tools, aside: Path) -> None:
    note = aside.with_name(aside.name + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "timestamp": "2000-01-01T00:00:00+00:00"}))
    os.utime(aside, (0, 0))
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=1) == ()
    assert aside.exists()


@pytest.mark.parametrize("original", ["/etc/passwd", "../../x", "", "_cuarentena/x", "victor/../../../x", "victor"])
async def test_a_hostile_note_proves_nothing(
    original: str, site: Site, tools: Tools, aside: Path, video: Path
) -> None:
    note = aside.with_name(aside.name + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "original": original}))
    shutil.copy(video, site.models / "_cuarentena" / "x")
    assert await run(site, tools, known(None), days=15) == ()
    assert aside.exists()


async def test_the_quarantined_file_itself_is_no_replacement(site: Site, tools: Tools, aside: Path) -> None:
    os.link(aside, site.models / "victor" / "a.mp4")
    always = replace(tools, is_good=_always)
    assert await run(site, always, known(None), days=15) == ()


async def _always(path: Path, size: int | None) -> bool | None:
    return path.parent.name == "victor"


async def test_links_lead_nowhere(site: Site, tools: Tools, aside: Path) -> None:
    secret = site.models.parents[1] / "secret"
    secret.mkdir(exist_ok=True)
    for path in aside.parent.iterdir():
        shutil.copy(path, secret)
    (site.models / "luna").mkdir()
    (site.models / "luna" / "_cuarentena").symlink_to(secret)
    (aside.parent / "link").symlink_to(secret / aside.name)
    shutil.copy(aside.with_name(aside.name + ".json"), aside.parent / "link.json")
    before = snapshot(secret)
    gone = await run(site, tools, known(Estado.SOLUCIONADO), days=15)
    assert [one.path for one in gone] == [aside]
    assert snapshot(secret) == before


async def test_a_quarantine_that_is_a_link_is_not_looked_into(site: Site, tools: Tools, aside: Path) -> None:
    moved = shutil.move(aside.parent, site.models.parents[1] / "moved-quarantine")
    aside.parent.symlink_to(moved)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert len(list(Path(moved).iterdir())) == 2


async def test_a_modelo_with_a_disk_of_its_own_is_put_in_order_too(
    site: Site, tools: Tools, video: Path, aside: Path
) -> None:
    own = site.models / "luna"
    own.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", own], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    try:
        (own / "b.mp4").write_bytes(video.read_bytes()[:9000])
        wanted = order(OrderKind.QUARANTINE, modelo="luna", video="b.mp4")
        await quarantine(wanted, site, replace(tools, now=time.time))
        assert {one.path.parent for one in kept(site)} == {own / "_cuarentena", site.models / "_cuarentena"}
        assert len(await run(site, tools, known(Estado.SOLUCIONADO), days=15)) == 2
    finally:
        subprocess.run(["umount", own], check=True, timeout=20)


ATTACKER = """
import os, sys
folder, name, secret = sys.argv[1:]
os.chdir(folder)
print("ready", flush=True)
while True:
    for make in (os.symlink, os.link):
        try:
            make(secret, "new")
            os.rename("new", name)
        except OSError:
            pass
    try:
        os.rename(folder, folder + ".away")
        os.symlink(os.path.dirname(secret), folder)
        os.unlink(folder)
        os.rename(folder + ".away", folder)
    except OSError:
        pass
"""


async def test_names_that_are_exchanged_all_the_time_cost_nobody_a_file(site: Site, tools: Tools, aside: Path) -> None:
    """The secret has the same name in a folder that the quarantine is exchanged for."""
    vault = site.models.parents[1] / "vault"
    vault.mkdir()
    secret = Path(shutil.copy(aside, vault / aside.name))
    shutil.copy(aside.with_name(aside.name + ".json"), vault)
    before = (snapshot(vault), secret.stat().st_ino)
    argv = [sys.executable, "-c", ATTACKER, str(aside.parent), aside.name, str(secret)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as attacker:
        try:
            assert attacker.stdout is not None and attacker.stdout.readline() == b"ready\n"
            for _ in range(60):
                await run(site, tools, known(Estado.SOLUCIONADO), days=15)
                wait_until(lambda: attacker.poll() is None, "the attacker goes on", 20)
        finally:
            attacker.kill()
    assert (snapshot(vault), secret.stat().st_ino) == before
