"""Folders above the two directories: nobody gets a right on one that is not the bot user's own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, STRANGER, World, acl, as_user
from .snapshot import snapshot


def _docker_volume(world: World) -> tuple[Path, Path]:
    """/var/lib/docker as Docker makes it: the Bot API directory, and another container's secret."""
    docker = world.folder(world.base / "docker", 0, 0o710)
    volumes = world.folder(docker / "volumes", 0, 0o701)
    for name in ("telegram", "other"):
        world.folder(volumes / name, 0, 0o701)
    secret = world.file(world.folder(volumes / "other/_data", 0) / "env", 0, 0o644)
    world.bot_api.rename(volumes / "telegram/_data")
    world.configure(text=_settings(world, volumes / "telegram/_data"))
    return volumes / "telegram/_data", secret


def _another_home(world: World) -> tuple[Path, Path]:
    """The Bot API directory below another person's home, and what that home keeps closed."""
    home = world.folder(world.base / "ana", STRANGER, 0o700)
    secret = world.file(home / "notes", STRANGER, 0o644)
    world.bot_api.rename(home / "bot-api")
    world.configure(text=_settings(world, home / "bot-api"))
    return home / "bot-api", secret


def _settings(world: World, bot_api: Path) -> str:
    return f'[project]\ndir = "{world.project}"\nowner = "{BOT.pw_name}"\n[bot_api]\nhost_dir = "{bot_api}"\n'


Layout = Callable[[World], tuple[Path, Path]]
LAYOUTS: list[Layout] = [_docker_volume, _another_home]


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.__name__[1:] for layout in LAYOUTS])
def test_a_closed_folder_of_somebody_else_stays_closed(world: World, layout: Layout) -> None:
    bot_api, secret = layout(world)
    token = next(bot_api.iterdir())
    video = world.file(token / "videos/file_9.mp4")
    before = snapshot(world.base, contents=("granted",))
    for path in (bot_api, video, token):
        said = world.run(path)
        assert (said.status, said.code) == (chown.REFUSED, "parent_closed"), said.line
    assert snapshot(world.base, contents=("granted",)) == before
    for uid in (BOT.pw_uid, MONITOR.pw_uid):
        assert not as_user(uid, "cat", secret)
    assert not (world.base / "granted/granted").exists(), "nothing was granted"


def test_the_refusal_names_the_folder(world: World) -> None:
    bot_api, _ = _docker_volume(world)
    assert f"{world.base}/docker" in world.run(bot_api).line.split()


def test_models_below_a_closed_folder_of_roots_are_refused_too(world: World) -> None:
    closed = world.folder(world.base / "closed", 0, 0o700)
    world.project.rename(closed / "project")
    world.configure(dir=str(closed / "project"))
    before = snapshot(closed)
    assert world.run(closed / "project/modelos").code == "parent_closed"
    assert snapshot(closed) == before


def test_a_folder_that_an_administrator_has_opened_is_passed_and_left_as_it_is(world: World) -> None:
    bot_api, _ = _docker_volume(world)
    folders = (world.base / "docker", world.base / "docker/volumes", bot_api.parent)
    for uid in (BOT.pw_uid, MONITOR.pw_uid):
        subprocess.run(["setfacl", "-m", f"u:{uid}:x", *folders], check=True, timeout=10)
    before = [acl(folder) for folder in folders]
    assert world.run(bot_api).status == chown.DONE
    assert [acl(folder) for folder in folders] == before
    assert as_user(BOT.pw_uid, "ls", bot_api)


def test_the_bots_own_closed_home_lets_the_monitor_through_and_nobody_else(world: World) -> None:
    world.project.chmod(0o700)
    assert world.run(world.models).status == chown.DONE
    assert acl(world.project) == {"user::rwx", f"user:{MONITOR.pw_uid}:--x", "group::---", "mask::--x", "other::---"}
    noted = [json.loads(line) for line in (world.base / "granted/granted").read_text().splitlines()]
    assert {"one": str(world.project), "uid": MONITOR.pw_uid} in noted
    assert world.run("--undo").status == chown.DONE
    assert acl(world.project) == {"user::rwx", "group::---", "other::---"}


def test_a_single_file_opens_no_folder_above(world: World) -> None:
    world.project.chmod(0o700)
    video = world.file(world.models / "ana/v.mp4", API)
    assert world.run(video).status == chown.DONE
    assert acl(world.project) == {"user::rwx", "group::---", "other::---"}


def test_who_may_pass_is_what_the_kernel_says(world: World) -> None:
    """Owner, named user, group class, mask and others, each way round."""
    folder = world.folder(world.base / "gate", 0)
    inside = world.file(folder / "x", 0, 0o644)
    group = BOT.pw_gid
    answers = set()
    for owner in (0, BOT.pw_uid):
        for gid in (0, group):
            for mode in (0o000, 0o100, 0o010, 0o001, 0o101, 0o011, 0o110):
                for entries in ("", f"u:{BOT.pw_uid}:x", f"u:{BOT.pw_uid}:-", f"g:{group}:x,g:0:-", f"g:{group}:-",
                                f"u:{BOT.pw_uid}:x,m::-", f"u:9:x,g:{group}:x,m::x"):  # fmt: skip
                    subprocess.run(["setfacl", "-b", folder], check=True, timeout=10)
                    os.chown(folder, owner, gid)
                    folder.chmod(mode)
                    if entries:
                        subprocess.run(["setfacl", "-m", entries, folder], check=True, timeout=10)
                    with chown.Tree() as tree:
                        steps = tree.descend(tree.top(), chown.components(bytes(folder)))
                        may = not chown.closed_to(steps, BOT.pw_uid)
                    assert may == as_user(BOT.pw_uid, "cat", inside), (owner, gid, oct(mode), entries)
                    answers.add(may)
    assert answers == {True, False}


# --- what 1.0.0 has given -----------------------------------------------------------------------


def _as_1_0_0_left_it(world: World) -> tuple[Path, Path, list[Path]]:
    """Its helper let the bot's user and the monitor through, and noted the monitor alone."""
    bot_api, secret = _docker_volume(world)
    folders = [world.base / "docker", world.base / "docker/volumes", bot_api.parent]
    for uid in (BOT.pw_uid, MONITOR.pw_uid):
        subprocess.run(["setfacl", "-m", f"u:{uid}:x", *folders[:1]], check=True, timeout=10)
    lines = [{"tree": str(bot_api)}, {"one": str(folders[0])}]
    granted = world.base / "granted/granted"
    granted.write_text("".join(json.dumps(line | {"uid": MONITOR.pw_uid}) + "\n" for line in lines))
    granted.chmod(0o600)
    assert as_user(BOT.pw_uid, "cat", secret)
    return bot_api, secret, folders


def test_undo_takes_the_bots_entry_back_as_well(world: World) -> None:
    _, secret, folders = _as_1_0_0_left_it(world)
    assert world.run("--undo").status == chown.DONE
    assert acl(folders[0]) == {"user::rwx", "group::--x", "other::---"}
    for uid in (BOT.pw_uid, MONITOR.pw_uid):
        assert not as_user(uid, "cat", secret)


def test_an_upgrade_takes_the_bots_entry_back_and_leaves_the_monitors_work_alone(world: World) -> None:
    _, secret, folders = _as_1_0_0_left_it(world)
    listed = (world.base / "granted/granted").read_text()
    said = world.run("--close-parents")
    assert (said.status, said.code) == (chown.DONE, "changed"), said.line
    assert f"user:{BOT.pw_uid}:--x" not in acl(folders[0])
    assert f"user:{MONITOR.pw_uid}:--x" in acl(folders[0])
    assert not as_user(BOT.pw_uid, "cat", secret)
    assert (world.base / "granted/granted").read_text() == listed, "the package's removal takes the rest back"
    assert world.run("--close-parents").code == "already_right"
    assert world.run("--close-parents", through_sudo=True).code == "undo_through_sudo"


def test_more_than_passing_was_somebody_elses_gift(world: World) -> None:
    _, _, folders = _as_1_0_0_left_it(world)
    subprocess.run(["setfacl", "-m", f"u:{BOT.pw_uid}:rx", folders[0]], check=True, timeout=10)
    assert world.run("--undo").status == chown.DONE
    assert f"user:{BOT.pw_uid}:r-x" in acl(folders[0])


def test_the_bots_own_folders_are_not_closed_to_him(world: World) -> None:
    world.project.chmod(0o700)
    world.run(world.models)
    subprocess.run(["setfacl", "-m", f"u:{BOT.pw_uid}:x", world.project], check=True, timeout=10)
    world.run("--undo")
    assert f"user:{BOT.pw_uid}:--x" in acl(world.project)
