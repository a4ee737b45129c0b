"""What a person assigns ends in the modelo's folder, and nothing else is ever moved."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journal_fixtures import wait_until
from trafico_monitor.daemon.executor import Executor
from trafico_monitor.model.finding import Finding, FindingKind
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, TaskResult
from trafico_monitor.repair.actions.assign import assign
from trafico_monitor.repair.actions.retry_download import retry_download
from trafico_monitor.repair.ports import Tools

from .conftest import BOT, order, snapshot

INCIDENT = "ABCDEF23"


@pytest.fixture
async def rescued(site: Installation, tools: Tools, source: Path) -> Path:
    """A video that the monitor itself has rescued, with its note."""
    asked = replace(order(source=str(source), size=source.stat().st_size), incident_id=INCIDENT)
    result = await retry_download(asked, site, tools)
    assert result.rescued and result.path
    return Path(result.path)


async def test_it_is_moved_to_the_modelo_and_its_note_is_taken_away(
    site: Installation, tools: Tools, rescued: Path
) -> None:
    inode, content = rescued.stat().st_ino, rescued.read_bytes()
    result = await assign(rescued.name, "victor", site, tools)
    place = site.models / "victor" / "file_16.mp4"
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "assigned", str(place))
    assert result.order_id == INCIDENT
    assert (place.stat().st_ino, place.stat().st_uid, place.read_bytes()) == (inode, BOT, content)
    assert list(rescued.parent.iterdir()) == []


@pytest.mark.parametrize("form", ["{name}", "_rescatados/{name}", "modelos/_rescatados/{name}", "{path}"])
async def test_the_ways_to_name_it(form: str, site: Installation, tools: Tools, rescued: Path) -> None:
    result = await assign(form.format(name=rescued.name, path=rescued), "victor", site, tools)
    assert result.reason == "assigned"


async def test_it_gets_the_name_that_the_bot_gave_it(site: Installation, tools: Tools, rescued: Path) -> None:
    note = rescued.with_name(rescued.name + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "video": "20251225_143020_a3f2b1.mp4"}))
    result = await assign(rescued.name, "victor", site, tools)
    assert result.path == str(site.models / "victor" / "20251225_143020_a3f2b1.mp4")


async def test_without_a_note_it_keeps_its_name(site: Installation, tools: Tools, rescued: Path) -> None:
    rescued.with_name(rescued.name + ".json").unlink()
    result = await assign(rescued.name, "nueva", site, tools)
    assert (result.reason, result.order_id) == ("assigned", "")
    assert (site.models / "nueva" / rescued.name).stat().st_uid == BOT


async def test_another_healthy_video_of_that_name_is_left_alone(
    site: Installation, tools: Tools, rescued: Path, another: Path
) -> None:
    taken = Path(shutil.copy(another, site.models / "victor" / rescued.name))
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.reason, result.path) == ("assigned", str(taken.with_name("file_16-2.mp4")))
    assert taken.read_bytes() == another.read_bytes()


async def test_the_very_same_video_is_not_kept_twice(site: Installation, tools: Tools, rescued: Path) -> None:
    there = Path(shutil.copy(rescued, site.models / "victor" / rescued.name))
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "already_there", str(there))
    assert list(rescued.parent.iterdir()) == []


async def test_half_a_video_gives_way_and_is_kept(site: Installation, tools: Tools, rescued: Path) -> None:
    half, whole = rescued.read_bytes()[:9000], rescued.read_bytes()
    place = site.models / "victor" / rescued.name
    place.write_bytes(half)
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.reason, result.path) == ("assigned", str(place))
    assert place.read_bytes() == whole
    assert Path(str(result.quarantined)).read_bytes() == half


async def test_a_folder_that_has_the_name_stays(site: Installation, tools: Tools, rescued: Path) -> None:
    (site.models / "victor" / rescued.name).mkdir()
    result = await assign(rescued.name, "victor", site, tools)
    assert result.path == str(site.models / "victor" / "file_16-2.mp4")
    assert (site.models / "victor" / rescued.name).is_dir()


async def test_what_is_corrupt_is_not_given_to_anybody(site: Installation, tools: Tools, rescued: Path) -> None:
    os.truncate(rescued, 9000)
    before = snapshot(site.models)
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_corrupt")
    assert snapshot(site.models) == before


HOSTILE_FILES = [
    "", ".", "..", "/", "/etc/passwd", "../victor/a.mp4", "_rescatados/../victor/a.mp4", "_cuarentena/x",
    "/etc/../{models}/_rescatados/x", "a\nb", "a\0b", "x" * 300, ".trafico-0123456789abcdef.part", "\udcff",
    "{models}/victor/a.mp4", "{models}/_rescatados/sub/x",
]  # fmt: skip


@pytest.mark.parametrize("file", HOSTILE_FILES)
async def test_no_other_file_than_a_rescued_one(
    file: str, site: Installation, tools: Tools, rescued: Path, video: Path
) -> None:
    shutil.copy(video, site.models / "victor" / "a.mp4")
    before = snapshot(site.models.parents[1])
    result = await assign(file.replace("{models}", str(site.models)), "victor", site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "not_rescued")
    assert snapshot(site.models.parents[1]) == before


@pytest.mark.parametrize(
    "modelo", ["", ".", "..", "../x", "/etc", "a/b", "_cuarentena", ".ssh", "a\nb", " a", "x" * 300]
)
async def test_no_folder_outside_models(modelo: str, site: Installation, tools: Tools, rescued: Path) -> None:
    before = snapshot(site.models.parents[1])
    result = await assign(rescued.name, modelo, site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "modelo_strange")
    assert snapshot(site.models.parents[1]) == before


async def test_links_pipes_and_second_names_are_refused(
    site: Installation, tools: Tools, rescued: Path, video: Path
) -> None:
    folder = rescued.parent
    (folder / "link.mp4").symlink_to(video)
    os.mkfifo(folder / "pipe.mp4")
    os.link(shutil.copy(video, site.models.parents[1] / "precious.mp4"), folder / "second.mp4")
    before = snapshot(site.models)
    reasons = [
        (await assign(f"{name}.mp4", "victor", site, tools)).reason for name in ("link", "pipe", "second", "gone")
    ]
    assert reasons == ["path_link", "path_special", "hard_link", "source_missing"]
    assert snapshot(site.models) == before


async def test_linked_folders_are_not_followed(site: Installation, tools: Tools, rescued: Path) -> None:
    elsewhere = site.models.parents[1] / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (site.models / "evil").symlink_to(elsewhere)
    assert (await assign(rescued.name, "evil", site, tools)).reason == "path_link"
    moved = rescued.parent.rename(rescued.parent.with_name("moved"))
    rescued.parent.symlink_to(moved)
    assert (await assign(rescued.name, "victor", site, tools)).reason == "path_link"
    assert list(elsewhere.iterdir()) == []


async def test_a_hostile_note_changes_neither_folder_nor_name(site: Installation, tools: Tools, rescued: Path) -> None:
    note = rescued.with_name(rescued.name + ".json")
    note.write_text(
        json.dumps({"video": "../../x", "size": "9", "incidente": "../../etc", "error_type": [], "modelo": "otra"})
    )
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.path, result.order_id) == (str(site.models / "victor" / rescued.name), "")


@pytest.fixture
def own_disk(site: Installation) -> Iterator[Path]:
    """The modelo's folder as a file system of its own."""
    folder = site.models / "victor"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", folder], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    yield folder
    subprocess.run(["umount", folder], check=True, timeout=20)


async def test_onto_another_file_system_it_is_copied_and_compared_first(
    site: Installation, tools: Tools, rescued: Path, own_disk: Path
) -> None:
    content = rescued.read_bytes()
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.reason, result.path) == ("assigned", str(own_disk / rescued.name))
    assert (own_disk / rescued.name).read_bytes() == content
    assert list(rescued.parent.iterdir()) == []


async def test_a_full_file_system_leaves_it_where_it_was(
    site: Installation, tools: Tools, rescued: Path, own_disk: Path
) -> None:
    (own_disk / "fill").write_bytes(b"x" * 1_040_000)
    result = await assign(rescued.name, "victor", site, tools)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_SPACE, "no_space")
    assert rescued.exists() and rescued.with_name(rescued.name + ".json").exists()


async def test_what_is_not_the_bots_own_is_given_to_him_by_the_helper(
    site: Installation, tools: Tools, rescued: Path, given: list[Path]
) -> None:
    result = await assign(rescued.name, "victor", replace(site, uid=4321), tools)
    assert (result.reason, given) == ("assigned", [rescued])


ATTACKER = """
import os, sys
folder, secret, video = sys.argv[1:]
print("ready", flush=True)
name = os.path.join(folder, "file_16.mp4")
while True:
    for make in (lambda n: os.symlink(secret, n), lambda n: os.link(secret, n), lambda n: os.link(video, n)):
        try:
            make(name + ".new")
            os.rename(name + ".new", name)
        except OSError:
            pass
"""


async def test_names_that_are_exchanged_all_the_time_give_nobody_a_foreign_file(
    site: Installation, tools: Tools, rescued: Path, video: Path
) -> None:
    """Whatever happens, what is not beneath models keeps content, owner and mode."""
    secret, spare = site.models.parents[1] / "secret.mp4", site.models / "spare.mp4"
    shutil.copy(video, secret)
    shutil.copy(video, spare)
    secret.chmod(0o600)
    before = (secret.read_bytes(), secret.stat().st_uid, secret.stat().st_mode, secret.stat().st_ino)
    argv = [sys.executable, "-c", ATTACKER, str(rescued.parent), str(secret), str(spare)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as attacker:
        try:
            assert attacker.stdout is not None and attacker.stdout.readline() == b"ready\n"
            results: list[TaskResult] = []
            for number in range(40):
                results.append(await assign("file_16.mp4", f"m{number}", site, tools))
                wait_until(lambda: os.path.lexists(rescued), "the attacker goes on", 20)
        finally:
            attacker.kill()
    assert (secret.read_bytes(), secret.stat().st_uid, secret.stat().st_mode, secret.stat().st_ino) == before
    for result in results:
        assert result.outcome is not Outcome.BLOCKED_BY_SPACE
        if result.outcome is Outcome.DONE:
            assert Path(str(result.path)).parent.parent == site.models


class TestProof:
    async def test_what_was_moved_is_looked_at(self, site: Installation, rescued: Path) -> None:
        result, verdict = await repairs(site).assign(rescued.name, "victor")
        assert (result.reason, verdict.proven) == ("assigned", True)
        assert [each.what for each in verdict.evidence] == ["file", "size", "media", "owner"]

    async def test_what_was_not_moved_proves_nothing(self, site: Installation, rescued: Path) -> None:
        result, verdict = await repairs(site).assign("/etc/passwd", "victor")
        assert (result.outcome, verdict.proven, verdict.reason) == (Outcome.REFUSED, False, "not_rescued")


def repairs(site: Installation) -> Executor:
    async def never() -> Finding:
        return Finding(FindingKind.SERVER, 0.0, code="down")

    return Executor(lambda: site, never)
