"""Only what was shown to be corrupt is put aside, and it can always come back."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.action.quarantine import drop, quarantine, restore
from trafico_monitor.action.tools import Tools
from trafico_monitor.errors import PathRefused
from trafico_monitor.model.order import Order, OrderKind
from trafico_monitor.model.result import Outcome
from trafico_monitor.model.site import Site

from .conftest import order, snapshot


@pytest.fixture
def bad(site: Site, video: Path) -> Path:
    path = site.models / "victor" / "a.mp4"
    path.write_bytes(video.read_bytes()[:9000])
    return path


def suspect(**more: object) -> Order:
    return order(OrderKind.QUARANTINE, **{"modelo": "victor", "video": "a.mp4", **more})


async def test_a_corrupt_file_goes_to_the_quarantine_with_a_note(site: Site, tools: Tools, bad: Path) -> None:
    content, inode = bad.read_bytes(), bad.stat().st_ino
    result = await quarantine(suspect(), site, tools)
    aside = site.models / "_cuarentena" / "victor__a.mp4.i1"
    assert (result.outcome, result.reason, result.quarantined) == (Outcome.DONE, "quarantined", str(aside))
    assert (aside.read_bytes(), aside.stat().st_ino) == (content, inode)
    assert not bad.exists()
    note = json.loads(aside.with_name("victor__a.mp4.i1.json").read_text())
    assert (note["incidente"], note["original"]) == ("i1", "victor/a.mp4")


async def test_the_same_order_after_a_crash_finds_what_it_did(site: Site, tools: Tools, bad: Path) -> None:
    first = await quarantine(suspect(), site, tools)
    once = snapshot(site.models)
    assert await quarantine(suspect(), site, tools) == first
    assert snapshot(site.models) == once


async def test_a_second_bad_file_of_one_incident_gets_a_number(site: Site, tools: Tools, bad: Path) -> None:
    shutil.copy(bad, bad.with_name("b.mp4"))
    first = await quarantine(suspect(), site, tools)
    shutil.copy(bad.with_name("b.mp4"), bad)
    second = await quarantine(suspect(), site, tools)
    assert [Path(str(r.quarantined)).name for r in (first, second)] == ["victor__a.mp4.i1", "victor__a.mp4.i1.2"]


@pytest.mark.parametrize("size", [None, 1, 10**9])
async def test_a_healthy_file_stays_whatever_the_line_says(
    size: int | None, site: Site, tools: Tools, bad: Path, video: Path
) -> None:
    shutil.copy(video, bad)
    before = snapshot(site.models)
    result = await quarantine(suspect(size=size), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "file_is_healthy")
    assert snapshot(site.models) == before


async def test_what_cannot_be_looked_at_is_not_moved(site: Site, tools: Tools, bad: Path) -> None:
    async def blind(path: Path, size: int | None) -> bool | None:
        return None

    result = await quarantine(suspect(), site, replace(tools, is_good=blind))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "cannot_judge")
    assert bad.exists()


async def test_nothing_there_and_nothing_named(site: Site, tools: Tools) -> None:
    assert (await quarantine(suspect(), site, tools)).reason == "nothing_there"
    assert (await quarantine(order(OrderKind.QUARANTINE), site, tools)).reason == "no_safe_path"
    hostile = order(OrderKind.QUARANTINE, destination="/etc/passwd", modelo="../..", video="x")
    assert (await quarantine(hostile, site, tools)).outcome is Outcome.REFUSED
    assert not (site.models / "_cuarentena").exists()


async def test_long_names_still_fit(site: Site, tools: Tools, bad: Path) -> None:
    long = "ñ" * 120 + ".mp4"
    bad.rename(bad.with_name(long))
    result = await quarantine(suspect(video=long), site, tools)
    assert result.reason == "quarantined"


async def test_restore_puts_it_back_but_never_over_anything(site: Site, tools: Tools, bad: Path) -> None:
    content = bad.read_bytes()
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    bad.write_text("new")
    with pytest.raises(FileExistsError):
        await restore(aside, site)
    bad.unlink()
    assert await restore(aside, site) == bad
    assert bad.read_bytes() == content
    assert list((site.models / "_cuarentena").iterdir()) == []


async def test_restore_believes_no_note_that_leads_elsewhere(site: Site, tools: Tools, bad: Path) -> None:
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    note = aside.with_name(aside.name + ".json")
    for original in ("../main.py", "/etc/cron.d/x", "_rescatados/x", "", 7):
        note.write_text(json.dumps({"original": original}))
        with pytest.raises(PathRefused):
            await restore(aside, site)
    assert aside.exists()


async def test_the_quarantined_file_goes_only_when_the_new_one_is_whole(
    site: Site, tools: Tools, bad: Path, video: Path
) -> None:
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    dropping = replace(suspect(), kind=OrderKind.DROP_QUARANTINE, quarantined=str(aside))
    assert (await drop(dropping, site, tools)).reason == "not_replaced"
    bad.write_bytes(b"still bad")
    assert (await drop(dropping, site, tools)).reason == "not_replaced"
    assert aside.exists()
    shutil.copy(video, bad)
    assert (await drop(dropping, site, tools)).reason == "quarantine_dropped"
    assert list((site.models / "_cuarentena").iterdir()) == []
    assert (await drop(dropping, site, tools)).outcome is Outcome.DONE


async def test_nothing_outside_the_quarantine_is_ever_deleted(
    site: Site, tools: Tools, bad: Path, video: Path, ground: Path
) -> None:
    shutil.copy(video, bad)
    precious = ground / "precious"
    precious.write_text("precious")
    (site.models / "_cuarentena" / "sub").mkdir(parents=True)
    (site.models / "_cuarentena" / "sub" / "x").write_text("x")
    before = snapshot(ground)
    root = site.models / "_cuarentena"
    for path in (bad, precious, root / "sub" / "x", root / ".." / "victor" / "a.mp4", root, root / "sub"):
        dropping = replace(suspect(), kind=OrderKind.DROP_QUARANTINE, quarantined=str(path))
        assert (await drop(dropping, site, tools)).outcome is not Outcome.DONE
    assert snapshot(ground) == before


async def test_a_modelo_with_a_disk_of_its_own_has_its_own_quarantine(site: Site, tools: Tools, bad: Path) -> None:
    broken = bad.read_bytes()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", bad.parent], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    try:
        bad.write_bytes(broken)
        result = await quarantine(suspect(), site, tools)
        assert result.outcome is Outcome.DONE
        assert Path(str(result.quarantined)).parent == bad.parent / "_cuarentena"
        assert Path(str(result.quarantined)).read_bytes() == broken
        assert await restore(Path(str(result.quarantined)), site) == bad
    finally:
        subprocess.run(["umount", bad.parent], check=True, timeout=20)
