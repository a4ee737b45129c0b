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
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Answer, Media, TaskKind
from trafico_monitor.repair.actions.quarantine import quarantine
from trafico_monitor.repair.ports import Tools
from trafico_monitor.repair.quarantine_retention import Expired, Known, expire, kept
from trafico_monitor.verification.media import check_media

from .conftest import order, snapshot

DAY = 86400.0
KEEP = 14 * DAY


@pytest.fixture
async def aside(site: Installation, tools: Tools, video: Path) -> Path:
    """A file that the monitor itself has put aside, as of today."""
    (site.models / "victor" / "a.mp4").write_bytes(video.read_bytes()[:9000])
    wanted = order(TaskKind.QUARANTINE, modelo="victor", video="a.mp4")
    result = await quarantine(wanted, site, replace(tools, now=time.time))
    return Path(str(result.quarantined))


def known(estado: Estado | None, closed_at: float | None = None) -> Known:
    """The incident i1 as it stands; nothing of any other."""

    async def ask(name: str) -> Incident | None:
        if name != "i1" or estado is None:
            return None
        return Incident("i1", ErrorType.CORRUPTO, 0.0, 0.0, estado, closed_at=closed_at)

    return ask


async def run(
    site: Installation, tools: Tools, ask: Known, *, days: float, keep_unsolved: bool = True
) -> tuple[Expired, ...]:
    later = replace(tools, now=lambda: time.time() + days * DAY)
    return await expire(site, later, keep=KEEP, keep_unsolved=keep_unsolved, known=ask)


@pytest.fixture
def replaced(site: Installation, video: Path, aside: Path) -> Path:
    """A whole video is where the bad one lay."""
    return Path(shutil.copy(video, site.models / "victor" / "a.mp4"))


async def test_a_replaced_one_goes_when_its_time_is_over_and_not_before(
    site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    before = snapshot(site.models)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=13.9) == ()
    assert snapshot(site.models) == before
    gone = await run(site, tools, known(Estado.SOLUCIONADO), days=14.1)
    assert [(one.path, one.incident, one.size, one.why) for one in gone] == [(aside, "i1", 9000, "replaced")]
    assert list(aside.parent.iterdir()) == [] and replaced.exists()


@pytest.mark.parametrize("keep_unsolved", [True, False])
async def test_a_solved_incident_alone_deletes_nothing(
    keep_unsolved: bool, site: Installation, tools: Tools, aside: Path
) -> None:
    """1.0.0 said `solucionado` without proof when the site was unknown, and then deleted the only copy."""
    before = snapshot(site.models)
    solved = known(Estado.SOLUCIONADO, closed_at=0.0)
    assert await run(site, tools, solved, days=3650, keep_unsolved=keep_unsolved) == ()
    assert snapshot(site.models) == before


async def test_one_whose_place_has_a_whole_video_again_goes(
    site: Installation, tools: Tools, aside: Path, video: Path
) -> None:
    half = Path(shutil.copy(aside, site.models / "victor" / "a.mp4"))
    assert await run(site, tools, known(None), days=15) == ()
    shutil.copy(video, half)
    assert [one.why for one in await run(site, tools, known(None), days=15)] == ["replaced"]
    assert half.read_bytes() == video.read_bytes()


@pytest.mark.parametrize("announced", [True, False])
async def test_less_than_was_announced_replaces_nothing(
    announced: bool, site: Installation, tools: Tools, video: Path, another: Path
) -> None:
    """`another` is whole and plays half as long as `video`."""
    content, size = video.read_bytes(), video.stat().st_size
    (site.models / "victor" / "a.mp4").write_bytes(content[: size // 2])
    wanted = order(TaskKind.QUARANTINE, modelo="victor", video="a.mp4", size=size if announced else None)
    aside = Path(str((await quarantine(wanted, site, replace(tools, now=time.time))).quarantined))
    place = Path(shutil.copy(another, site.models / "victor" / "a.mp4"))
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert aside.exists()
    shutil.copy(video, place)
    assert [one.why for one in await run(site, tools, known(Estado.SOLUCIONADO), days=15)] == ["replaced"]


async def test_a_stub_that_only_looks_whole_replaces_nothing(
    site: Installation, tools: Tools, aside: Path, video: Path
) -> None:
    """An index with some KiB of video behind it: 1.0.0 took it for the video and deleted the original."""
    content = video.read_bytes()
    behind = content.index(b"mdat") + 2000
    (site.models / "victor" / "a.mp4").write_bytes(content[:behind])
    before = snapshot(site.models)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert snapshot(site.models) == before


@pytest.mark.parametrize("what", ["rewritten in place", "another file", "grown"])
async def test_what_is_not_the_file_that_was_put_aside_any_more_stays(
    what: str, site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    content = aside.read_bytes()
    if what == "another file":
        aside.rename(aside.with_name("kept-elsewhere"))
        aside.write_bytes(content)
    else:
        with aside.open("r+b" if what == "rewritten in place" else "ab") as stream:
            stream.write(b"the bot goes on writing")
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert aside.exists()


@pytest.mark.parametrize("identity", [None, 7, {}, {"inode": 1}, {"inode": "1", "size": 9000, "sha256": "x"}, "gone"])
async def test_what_nobody_knows_the_identity_of_stays(
    identity: object, site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    """A note of 1.0.0 does not say which file it was."""
    note = aside.with_name(aside.name + ".json")
    said = {**json.loads(note.read_text()), "identity": identity}
    if identity == "gone":
        del said["identity"]
    note.write_text(json.dumps(said))
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert aside.exists()


HOSTILE_NOTES = {
    "a surrogate": '{"timestamp": "2026-01-01T00:00:00+00:00", "original": "\\ud800"}',
    "nested": '{"timestamp": "2026-01-01T00:00:00+00:00", "original": ' + "[" * 30_000 + "]" * 30_000 + "}",
    "huge": '{"original": "' + "x" * 20_000_000 + '"}',
    "a number of many digits": '{"timestamp": "2026-01-01T00:00:00+00:00", "original": "a", "size": '
    + "9" * 30_000
    + "}",
    "not UTF-8": b'{"original": "\xff\xfe"}',
    "far in the future": '{"timestamp": "9999-12-31T23:59:59-23:59", "original": "victor/a.mp4"}',
    "a NUL": '{"timestamp": "2026-01-01T00:00:00+00:00", "original": "victor/\\u0000"}',
    "no table": "[1]",
}


@pytest.mark.parametrize("what", HOSTILE_NOTES)
async def test_no_note_that_somebody_left_keeps_the_others_from_their_end(
    what: str, site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    said = HOSTILE_NOTES[what]
    (aside.parent / "x").write_bytes(b"x")
    (aside.parent / "x.json").write_bytes(said if isinstance(said, bytes) else said.encode())
    (aside.parent / b"\xff\xfe".decode("utf-8", "surrogateescape")).write_bytes(b"x")
    (aside.parent / b"\xff\xfe.json".decode("utf-8", "surrogateescape")).write_text("{}")
    assert aside in [one.path for one in kept(site)]
    assert [one.path for one in await run(site, tools, known(None), days=15)] == [aside]
    assert (aside.parent / "x").exists()


async def test_a_tool_that_fails_on_one_is_told_and_the_next_one_looked_at(
    site: Installation, tools: Tools, aside: Path, replaced: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (site.models / "victor" / "b.mp4").write_bytes(b"no video")
    wanted = order(TaskKind.QUARANTINE, modelo="victor", video="b.mp4")
    await quarantine(wanted, site, replace(tools, now=time.time))
    shutil.copy(replaced, site.models / "victor" / "b.mp4")

    async def fails(path: Path, size: int | None) -> Media:
        if path.name == "a.mp4":
            raise OSError(5, "Input/output error")
        return await check_media(path, size)

    gone = await run(site, replace(tools, examine=fails), known(None), days=15)
    assert [one.path.name for one in gone] == ["victor__b.mp4.i1"]
    assert "Input/output error" in caplog.text


@pytest.mark.parametrize("estado", [None, *(each for each in Estado if each is not Estado.SOLUCIONADO)])
async def test_the_only_copy_of_an_unsolved_one_stays_for_good(
    estado: Estado | None, site: Installation, tools: Tools, aside: Path
) -> None:
    before = snapshot(site.models)
    assert await run(site, tools, known(estado, time.time()), days=3650) == ()
    assert snapshot(site.models) == before


async def test_it_goes_only_where_the_operator_says_so_and_as_late_as_was_told(
    site: Installation, tools: Tools, aside: Path
) -> None:
    """A failure of the 13th day was told: until the 27th."""
    failed = known(Estado.FALLIDO, time.time() + 13 * DAY)
    assert await run(site, tools, failed, days=26.9, keep_unsolved=False) == ()
    waiting = known(Estado.PENDIENTE)
    assert await run(site, tools, waiting, days=3650, keep_unsolved=False) == ()
    assert [one.why for one in await run(site, tools, failed, days=27.1, keep_unsolved=False)] == ["unsolved"]


async def test_what_is_healthy_after_all_is_never_deleted(
    site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    """By a judge that knows better than the one of that day; the file is the same."""
    assert await run(site, replace(tools, is_good=_always), known(Estado.SOLUCIONADO), days=15) == ()
    assert aside.exists()


async def test_what_no_note_of_the_monitor_tells_of_stays(
    site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
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


async def test_a_note_that_was_left_alone_goes_after_the_same_time(
    site: Installation, tools: Tools, aside: Path
) -> None:
    aside.unlink()
    await run(site, tools, known(None), days=13)
    assert len(list(aside.parent.iterdir())) == 1
    await run(site, tools, known(None), days=15)
    assert list(aside.parent.iterdir()) == []


async def test_a_note_set_back_in_time_lets_nothing_go_earlier(
    site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
    note = aside.with_name(aside.name + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "timestamp": "2000-01-01T00:00:00+00:00"}))
    os.utime(aside, (0, 0))
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=1) == ()
    assert aside.exists()


@pytest.mark.parametrize("original", ["/etc/passwd", "../../x", "", "_cuarentena/x", "victor/../../../x", "victor"])
async def test_a_hostile_note_proves_nothing(
    original: str, site: Installation, tools: Tools, aside: Path, video: Path
) -> None:
    note = aside.with_name(aside.name + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "original": original}))
    shutil.copy(video, site.models / "_cuarentena" / "x")
    assert await run(site, tools, known(None), days=15) == ()
    assert aside.exists()


async def test_the_quarantined_file_itself_is_no_replacement(site: Installation, tools: Tools, aside: Path) -> None:
    os.link(aside, site.models / "victor" / "a.mp4")
    assert await run(site, replace(tools, examine=_whole), known(None), days=15) == ()


async def _always(path: Path, size: int | None) -> bool | None:
    return True


async def _whole(path: Path, size: int | None) -> Media:
    return Media(Answer.WHOLE)


async def test_links_lead_nowhere(site: Installation, tools: Tools, aside: Path, replaced: Path) -> None:
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


async def test_a_quarantine_that_is_a_link_is_not_looked_into(site: Installation, tools: Tools, aside: Path) -> None:
    moved = shutil.move(aside.parent, site.models.parents[1] / "moved-quarantine")
    aside.parent.symlink_to(moved)
    assert await run(site, tools, known(Estado.SOLUCIONADO), days=15) == ()
    assert len(list(Path(moved).iterdir())) == 2


async def test_a_modelo_with_a_disk_of_its_own_is_put_in_order_too(
    site: Installation, tools: Tools, video: Path, aside: Path
) -> None:
    own = site.models / "luna"
    own.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", own], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    try:
        (own / "b.mp4").write_bytes(video.read_bytes()[:9000])
        wanted = order(TaskKind.QUARANTINE, modelo="luna", video="b.mp4")
        await quarantine(wanted, site, replace(tools, now=time.time))
        shutil.copy(video, own / "b.mp4")
        shutil.copy(video, site.models / "victor" / "a.mp4")
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


@pytest.mark.slow
async def test_names_that_are_exchanged_all_the_time_cost_nobody_a_file(
    site: Installation, tools: Tools, aside: Path, replaced: Path
) -> None:
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
