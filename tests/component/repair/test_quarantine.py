"""Only what was shown to be corrupt is put aside, and it can always come back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.errors import PathRefused
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind
from trafico_monitor.repair.actions.quarantine import quarantine, restore
from trafico_monitor.repair.ports import Tools

from .conftest import order, snapshot


@pytest.fixture
def bad(site: Installation, video: Path) -> Path:
    path = site.models / "victor" / "a.mp4"
    path.write_bytes(video.read_bytes()[:9000])
    return path


def suspect(**more: object) -> RepairTask:
    return order(TaskKind.QUARANTINE, **{"modelo": "victor", "video": "a.mp4", **more})


async def test_a_corrupt_file_goes_to_the_quarantine_with_a_note(site: Installation, tools: Tools, bad: Path) -> None:
    content, inode = bad.read_bytes(), bad.stat().st_ino
    result = await quarantine(suspect(), site, tools)
    aside = site.models / "_cuarentena" / "victor__a.mp4.i1"
    assert (result.outcome, result.reason, result.quarantined) == (Outcome.DONE, "quarantined", str(aside))
    assert (aside.read_bytes(), aside.stat().st_ino) == (content, inode)
    assert not bad.exists()
    note = json.loads(aside.with_name("victor__a.mp4.i1.json").read_text())
    assert (note["incidente"], note["original"]) == ("i1", "victor/a.mp4")


async def test_the_same_order_after_a_crash_finds_what_it_did(site: Installation, tools: Tools, bad: Path) -> None:
    first = await quarantine(suspect(), site, tools)
    once = snapshot(site.models)
    assert await quarantine(suspect(), site, tools) == first
    assert snapshot(site.models) == once


async def test_a_second_bad_file_of_one_incident_gets_a_number(site: Installation, tools: Tools, bad: Path) -> None:
    shutil.copy(bad, bad.with_name("b.mp4"))
    first = await quarantine(suspect(), site, tools)
    shutil.copy(bad.with_name("b.mp4"), bad)
    second = await quarantine(suspect(), site, tools)
    assert [Path(str(r.quarantined)).name for r in (first, second)] == ["victor__a.mp4.i1", "victor__a.mp4.i1.2"]


@pytest.mark.parametrize("size", [None, 1, 10**9])
async def test_a_healthy_file_stays_whatever_the_line_says(
    size: int | None, site: Installation, tools: Tools, bad: Path, video: Path
) -> None:
    shutil.copy(video, bad)
    before = snapshot(site.models)
    result = await quarantine(suspect(size=size), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "file_is_healthy")
    assert snapshot(site.models) == before


async def test_what_cannot_be_looked_at_is_not_moved(site: Installation, tools: Tools, bad: Path) -> None:
    async def blind(path: Path, size: int | None) -> bool | None:
        return None

    result = await quarantine(suspect(), site, replace(tools, is_good=blind))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "cannot_judge")
    assert bad.exists()


async def test_nothing_there_and_nothing_named(site: Installation, tools: Tools) -> None:
    assert (await quarantine(suspect(), site, tools)).reason == "nothing_there"
    assert (await quarantine(order(TaskKind.QUARANTINE), site, tools)).reason == "no_safe_path"
    hostile = order(TaskKind.QUARANTINE, destination="/etc/passwd", modelo="../..", video="x")
    assert (await quarantine(hostile, site, tools)).outcome is Outcome.REFUSED
    assert not (site.models / "_cuarentena").exists()


async def test_long_names_still_fit(site: Installation, tools: Tools, bad: Path) -> None:
    long = "ñ" * 120 + ".mp4"
    bad.rename(bad.with_name(long))
    result = await quarantine(suspect(video=long), site, tools)
    assert result.reason == "quarantined"


async def test_restore_puts_it_back_but_never_over_anything(site: Installation, tools: Tools, bad: Path) -> None:
    content = bad.read_bytes()
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    bad.write_text("new")
    with pytest.raises(FileExistsError):
        await restore(aside, site)
    bad.unlink()
    assert await restore(aside, site) == bad
    assert bad.read_bytes() == content
    assert list((site.models / "_cuarentena").iterdir()) == []


async def test_restore_believes_no_note_that_leads_elsewhere(site: Installation, tools: Tools, bad: Path) -> None:
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    note = aside.with_name(aside.name + ".json")
    for original in ("../main.py", "/etc/cron.d/x", "_rescatados/x", "", 7):
        note.write_text(json.dumps({"original": original}))
        with pytest.raises(PathRefused):
            await restore(aside, site)
    assert aside.exists()


def settled(site: Installation) -> Installation:
    """As it is installed: what was written in the last two minutes is left alone."""
    return replace(site, min_age=120.0)


@pytest.mark.parametrize(("age", "moved"), [(0.0, False), (100.0, False), (130.0, True)])
async def test_what_was_written_in_the_last_minutes_is_not_moved(
    age: float, moved: bool, site: Installation, tools: Tools, bad: Path
) -> None:
    os.utime(bad, (0, 0))  # a time of modification says nothing: anybody may set it
    before = snapshot(site.models)
    later = replace(tools, now=lambda: time.time() + age)
    result = await quarantine(suspect(), settled(site), later)
    assert (result.reason == "quarantined") is moved
    if not moved:
        assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_young")
        assert 119 - age < result.retry_after <= 121 - age
        assert snapshot(site.models) == before


async def test_young_files_are_not_shown_to_any_judge(site: Installation, tools: Tools, bad: Path) -> None:
    async def never(path: Path, size: int | None) -> bool | None:
        raise AssertionError(path)

    young = replace(tools, is_good=never, now=time.time)
    assert (await quarantine(suspect(), settled(site), young)).reason == "file_is_young"


@pytest.mark.parametrize("mode", ["r+b", "ab"])
@pytest.mark.parametrize("as_owner", [True, False])
async def test_what_a_program_has_open_for_writing_is_not_moved(
    mode: str, as_owner: bool, site: Installation, tools: Tools, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells its owner; for another's file the processes are looked through."""
    if not as_owner:
        monkeypatch.setattr("trafico_monitor.repair.at_rest.fcntl.F_SETLEASE", -1)
    with bad.open("rb"):  # reading is no harm
        with bad.open(mode):
            result = await quarantine(suspect(), site, tools)
            assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_open")
            assert result.retry_after > 0 and bad.exists()
        assert (await quarantine(suspect(), site, tools)).reason == "quarantined"


@pytest.mark.parametrize("change", ["grows", "is exchanged"])
async def test_what_changes_while_it_is_looked_at_goes_back(
    change: str, site: Installation, tools: Tools, bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bad.read_bytes()

    def meanwhile(file: int, stop: object) -> str:
        if change == "grows":
            with bad.open("ab") as stream:
                stream.write(b"more")
        else:
            bad.rename(bad.with_name("elsewhere"))
            bad.write_bytes(content)
        return "0" * 64

    monkeypatch.setattr("trafico_monitor.repair.actions.quarantine.digest", meanwhile)
    result = await quarantine(suspect(), site, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_changing")
    assert bad.exists() and list((site.models / "_cuarentena").iterdir()) == []


async def test_the_note_tells_which_file_it_was(site: Installation, tools: Tools, bad: Path) -> None:
    seen, content = bad.stat(), bad.read_bytes()
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    note = json.loads(aside.with_name(aside.name + ".json").read_text())
    assert note["identity"] == {
        "device": seen.st_dev,
        "inode": seen.st_ino,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


async def test_a_note_that_a_crash_left_is_not_taken_for_another_file(
    site: Installation, tools: Tools, bad: Path
) -> None:
    aside = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    note = aside.with_name(aside.name + ".json").read_text()
    content = aside.read_bytes()
    aside.unlink()
    bad.write_bytes(content[:-1] + b"?")
    again = Path(str((await quarantine(suspect(), site, tools)).quarantined))
    assert again.name == f"{aside.name}.2" and aside.with_name(aside.name + ".json").read_text() == note


async def test_one_judge_is_not_enough(site: Installation, tools: Tools, video: Path, bad: Path) -> None:
    """The structure says that it is cut (the last box is), and the decoder plays all of it."""
    bad.write_bytes(video.read_bytes() + (100_000).to_bytes(4, "big") + b"mdat")
    before = snapshot(site.models)
    result = await quarantine(suspect(), site, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "cannot_judge")
    assert snapshot(site.models) == before


async def test_a_modelo_with_a_disk_of_its_own_has_its_own_quarantine(
    site: Installation, tools: Tools, bad: Path
) -> None:
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
