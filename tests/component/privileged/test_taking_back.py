"""What was granted is written down and can be taken back when the package goes."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, TOKEN, World, acl, as_user
from .deep import entries, levels
from .snapshot import snapshot


def test_everything_of_the_monitors_goes_and_the_rest_stays(world: World) -> None:
    world.project.chmod(0o700)
    video = world.file(world.models / "ana/v.mp4", BOT.pw_uid, 0o640)
    before = snapshot(world.models) | {"project": (world.project.stat().st_mode, frozenset(acl(world.project)))}
    world.run(world.models)
    world.run(video)
    subprocess.run(["setfacl", "-m", "u:9:r", video], check=True, timeout=10)
    new = world.models / "ana/nuevo.mp4"
    assert as_user(MONITOR.pw_uid, "touch", new)
    said = world.run("--undo")
    assert (said.status, said.code) == (chown.DONE, "changed")
    assert f"user:{MONITOR.pw_uid}" not in str([acl(each) for each in (world.models, new, video, world.project)])
    assert "user:9:r--" in acl(video), "an entry that somebody else made"
    after = {"project": (world.project.stat().st_mode, frozenset(acl(world.project)))}
    assert after["project"] == before["project"]
    assert not as_user(MONITOR.pw_uid, "ls", world.models)


def test_the_bots_user_keeps_its_access_to_the_bot_api_directory(world: World) -> None:
    world.run(world.bot_api)
    world.run("--undo")
    assert f"user:{BOT.pw_uid}:r-x" in acl(world.videos)
    assert f"user:{MONITOR.pw_uid}:r-x" not in acl(world.videos)


def test_the_list_names_each_directory_once_and_holds_no_token(world: World) -> None:
    for number in range(5):
        world.run(world.file(world.videos / f"file_{number}.mp4"))
        world.run(world.file(world.models / "ana" / f"v{number}.mp4", BOT.pw_uid))
    granted = world.base / "granted/granted"
    assert len(granted.read_text().splitlines()) == 2
    assert TOKEN not in granted.read_text()
    assert granted.stat().st_mode & 0o777 == 0o600


def test_nothing_to_take_back_is_fine(world: World) -> None:
    assert (world.run("--undo").status, world.run("--undo").code) == (chown.DONE, "already_right")


def test_not_through_sudo(world: World) -> None:
    world.run(world.models)
    said = world.run("--undo", through_sudo=True)
    assert (said.status, said.code) == (chown.REFUSED, "undo_through_sudo")
    assert f"user:{MONITOR.pw_uid}:rwx" in acl(world.models)


def test_links_and_other_peoples_things_in_the_tree_are_passed_over(world: World) -> None:
    world.run(world.models)
    outside = world.file(world.base / "outside", API)
    subprocess.run(["setfacl", "-m", f"u:{MONITOR.pw_uid}:r", outside], check=True, timeout=10)
    (world.models / "ana/link").symlink_to(outside)
    os.mkfifo(world.models / "ana/fifo")
    assert world.run("--undo").status == chown.DONE
    assert f"user:{MONITOR.pw_uid}:r--" in acl(outside)


def test_a_list_that_is_damaged_or_not_roots(world: World) -> None:
    granted = world.base / "granted/granted"
    granted.write_text('x\n{"tree": 3}\n{"tree": "/srv/../etc", "uid": 5}\n{"one": "/no/such", "uid": 5}\n')
    granted.chmod(0o600)
    said = world.run("--undo")
    assert said.status == chown.DONE and "list_damaged" in said.line and "passed_over_not_found" in said.line
    os.chown(granted, MONITOR.pw_uid, -1)
    assert world.run("--undo").status == chown.REFUSED


def test_a_list_that_cannot_be_written_does_not_stop_the_repair(world: World) -> None:
    os.chown(world.base / "granted", MONITOR.pw_uid, -1)
    video = world.file(world.videos / "v.mp4")
    said = world.run(video)
    assert said.status == chown.DONE and "not_recorded" in said.line
    assert video.stat().st_uid == BOT.pw_uid


# --- nothing that is planted in a tree keeps the rest from being taken back ------------------------


def _named(folder: Path) -> int:
    """How many of the entries of `folder` name the monitor."""
    wanted = MONITOR.pw_uid.to_bytes(4, "little")
    acls = (os.getxattr(entry.path, chown.ACCESS) for entry in os.scandir(folder) if os.listxattr(entry.path))
    return sum(wanted in each for each in acls)


def _behind(world: World) -> Path:
    """A folder that comes after `ana` by its name, in its place in the directory, and on the list."""
    zoe = world.folder(world.models / "zoe")
    world.run(world.models)
    world.run(world.bot_api)
    return zoe


def _taken_back(world: World, *folders: Path) -> None:
    for folder in (world.models, world.bot_api, world.videos, *folders):
        assert not any(f"user:{MONITOR.pw_uid}:" in line for line in acl(folder)), folder
    assert (world.base / "granted/granted").read_text() == ""


def test_1200_levels_are_gone_down_as_far_as_a_path_goes_and_the_rest_is_said(world: World) -> None:
    zoe = _behind(world)
    with levels(world.models / "ana", 1200, BOT.pw_uid):
        said = world.run("--undo")
        assert (said.status, said.code) == (chown.FAILED, "some_left"), said.line
        assert "too_deep=" in said.line
        within = world.models.joinpath("ana", *["d"] * 50)
        assert f"user:{MONITOR.pw_uid}:" in str(acl(within.joinpath(*["d"] * 50)))
        _taken_back(world, zoe, world.models / "ana", within)
    assert world.run("--undo").code == "already_right"


@pytest.mark.slow
def test_100000_entries_are_taken_back(world: World) -> None:
    zoe = _behind(world)
    entries(world.models / "ana", 100_000)
    assert _named(world.models / "ana") == 100_000
    began = time.process_time()
    assert world.run(world.models).code == "already_right"
    assert time.process_time() - began < 2, "opening, which has 8 seconds, does not look at each video"
    said = world.run("--undo")
    assert said.status == chown.DONE, said.line
    assert _named(world.models / "ana") == 0
    _taken_back(world, zoe)


def test_more_than_that_are_left_and_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chown, "MOST_ENTRIES", 50)
    zoe = _behind(world)
    deep = world.folder(world.models / "ana/x")
    entries(deep, 100)
    said = world.run("--undo")
    assert (said.status, said.code) == (chown.FAILED, "some_left"), said.line
    assert f"too_many_entries={deep}" in said.line
    assert 0 < _named(deep) < 100, "folders near the root come first"
    _taken_back(world, zoe, world.models / "ana", deep)


@contextmanager
def _silent(folder: Path, more: str = ",allow_other") -> Iterator[None]:
    """A file system that any user may have mounted (FUSE), and nobody answers for; without `more`
    it shuts even root out."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={BOT.pw_uid},group_id={BOT.pw_gid}{more}"
    assert libc.mount(b"silent", bytes(folder), b"fuse", 0, options.encode()) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        libc.umount2(bytes(folder), 2)  # MNT_DETACH
        os.close(device)


def test_a_file_system_that_does_not_answer_is_passed_over(world: World) -> None:
    zoe = _behind(world)
    trap = world.folder(world.models / "ana/trap")
    with _silent(trap):
        assert world.run("--undo").status == chown.DONE
        _taken_back(world, zoe, world.models / "ana")


def test_a_folder_with_what_root_cannot_look_at_is_not_opened_and_holds_no_other(world: World) -> None:
    zoe = world.folder(world.models / "zoe")
    os.chown(world.models / "ana", MONITOR.pw_uid, -1)
    with _silent(world.folder(world.models / "ana/trap"), more=""):
        assert world.run(world.models).status == chown.DONE
        assert world.run(world.models / "ana").status == chown.FAILED
    assert f"user:{MONITOR.pw_uid}:rwx" in acl(zoe)
    assert (world.models / "ana").stat().st_uid == MONITOR.pw_uid
    assert world.run(world.models / "ana").status == chown.DONE


def test_a_place_on_the_list_that_does_not_answer_does_not_hold_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chown, "UNDO_SECONDS", 8)
    trap = world.folder(world.base / "trap")
    granted = world.base / "granted/granted"
    granted.write_text(f'{{"tree": "{trap}/x", "uid": {MONITOR.pw_uid}}}\n')
    granted.chmod(0o600)
    zoe = _behind(world)
    with _silent(trap):
        said = world.run("--undo")
        assert (said.status, said.code) == (chown.FAILED, "some_left"), said.line
        assert f"no_answer={trap}/x" in said.line
        _taken_back(world, zoe)


SENSELESS = ("[" * 100_000, '{"tree": "/\\ud800", "uid": 5}', '{"tree": "/a/b", "uid": 1e400}', "5")


@pytest.mark.parametrize("line", SENSELESS, ids=range(len(SENSELESS)))
def test_a_line_that_makes_no_sense_does_not_hold_the_others(world: World, line: str) -> None:
    granted = world.base / "granted/granted"
    granted.write_text(f"{line}\n")
    granted.chmod(0o600)
    zoe = _behind(world)
    said = world.run("--undo")
    assert said.status == chown.DONE and "list_damaged" in said.line, said.line
    _taken_back(world, zoe)


def test_a_name_like_the_words_for_a_token_is_only_a_name(world: World) -> None:
    """`<TOKEN>` as an argument stands for another entry; met in a walk it is itself."""
    odd = world.folder(world.bot_api / "<TOKEN>", API, 0o750)
    world.run(world.bot_api)
    assert f"user:{MONITOR.pw_uid}:r-x" in acl(odd)
    world.run("--undo")
    _taken_back(world, odd)
