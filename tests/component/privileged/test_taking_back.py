"""What was granted is written down and can be taken back when the package goes."""

from __future__ import annotations

import os
import subprocess

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, TOKEN, World, acl, as_user
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
