"""Access is opened with real ACLs, and taken back exactly: what others did meanwhile stays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from trafico_monitor.setup import acl as access

from ..privileged.conftest import API, BOT, MONITOR, STRANGER, TOKEN, World, acl, as_user
from ..privileged.deep import entries, levels
from ..privileged.snapshot import snapshot

BOTH = (BOT.pw_uid, MONITOR.pw_uid)


@pytest.fixture
def env(world: World) -> Path:
    world.folder(world.project / "src", mode=0o700)
    return world.file(world.project / "src/.env", uid=BOT.pw_uid, mode=0o600, gid=BOT.pw_gid)


def whole(folder: Path) -> dict[Path, set[str]]:
    return {path: acl(path) for path in (folder, *sorted(folder.rglob("*")))}


def test_the_bot_can_read_what_the_server_has_fetched_and_will_fetch(world: World) -> None:
    old = world.file(world.videos / "file_1.mp4")
    assert not as_user(BOT.pw_uid, "cat", old)
    access.grant("bot_api", str(world.bot_api), world.places)
    new = world.videos / "file_2.mp4"
    subprocess.run(["setpriv", f"--reuid={API}", f"--regid={API}", "--clear-groups", "sh", "-c",
                    f"umask 027; echo video > {new}"], check=True, timeout=10)  # fmt: skip
    for path in (old, new):
        for uid in BOTH:
            assert as_user(uid, "cat", path)
        assert not as_user(STRANGER, "cat", path)
        assert path.stat().st_uid == API


def test_the_monitor_can_write_where_the_models_are(world: World) -> None:
    access.grant("models", str(world.models), world.places)
    assert as_user(MONITOR.pw_uid, "touch", world.models / "ana" / "new.mp4")
    assert as_user(BOT.pw_uid, "sh", "-c", f"echo x >> {world.models}/ana/new.mp4")


def test_the_env_is_opened_for_reading_and_its_closed_folder_by_its_own_name(world: World, env: Path) -> None:
    access.grant("env", str(env), world.places)
    assert not as_user(MONITOR.pw_uid, "cat", env), "nobody was asked about the folder"
    assert access.way(str(env), *BOTH).own == (str(env.parent),)
    access.grant("passage", str(env.parent), world.places)
    assert access.way(str(env), *BOTH) == access.Way()
    assert as_user(MONITOR.pw_uid, "cat", env)
    assert not as_user(MONITOR.pw_uid, "sh", "-c", f"echo x >> {env}")
    assert not as_user(STRANGER, "cat", env)


def place_of(world: World, env: Path, name: str) -> str:
    return str({"models": world.models, "bot_api": world.bot_api, "env": env, "passage": env.parent}[name])


@pytest.mark.parametrize("name", ("models", "bot_api", "env", "passage"))
def test_opened_once_there_is_nothing_left_to_open(world: World, env: Path, name: str) -> None:
    path = place_of(world, env, name)
    assert not access.is_open(name, path, world.places)
    access.grant(name, path, world.places)
    assert access.is_open(name, path, world.places)
    assert access.grant(name, path, world.places) == {}


@pytest.mark.parametrize("name", ("models", "bot_api", "env", "passage"))
def test_taken_back_all_is_as_before(world: World, env: Path, name: str) -> None:
    world.file(world.videos / "file_1.mp4")
    path = place_of(world, env, name)
    was = whole(world.base)
    before = access.survey(name, path, world.places)
    after = access.grant(name, path, world.places)
    assert whole(world.base) != was
    assert access.take_back(before, after, BOTH) == []
    assert whole(world.base) | {world.base / "granted/granted": set()} == was | {world.base / "granted/granted": set()}


def test_killed_half_way_it_is_taken_back_all_the_same(world: World) -> None:
    """The ledger has what was before, and nobody knows how far it came."""
    was = whole(world.bot_api)
    before = access.survey("bot_api", str(world.bot_api), world.places)
    access.grant("bot_api", str(world.bot_api), world.places)
    assert access.take_back(before, None, BOTH) == []
    assert whole(world.bot_api) == was


def test_what_an_administrator_has_granted_since_stays(world: World) -> None:
    before = access.survey("models", str(world.models), world.places)
    after = access.grant("models", str(world.models), world.places)
    subprocess.run(["setfacl", "-m", f"u:{STRANGER}:rx", world.models], check=True, timeout=10)
    assert access.take_back(before, after, BOTH) == [str(world.models)]
    assert f"user:{STRANGER}:r-x" in acl(world.models)
    assert f"user:{MONITOR.pw_uid}:rwx" not in acl(world.models)


def test_what_is_made_since_loses_the_monitors_entry(world: World) -> None:
    access.grant("models", str(world.models), world.places)
    made = world.folder(world.models / "luna")
    assert f"user:{MONITOR.pw_uid}:rwx" in acl(made)
    access.sweep(str(world.models), MONITOR.pw_uid)
    assert not any(f"user:{MONITOR.pw_uid}:" in line for line in acl(made))


@pytest.mark.parametrize("trick", ["link", "hard_link", "stranger", "roots"])
def test_a_env_that_is_not_the_projects_own_is_refused(world: World, env: Path, trick: str) -> None:
    secret = world.file(world.base / "secret", uid=STRANGER, mode=0o600)
    env.unlink()
    os.chown(env.parent, 0, 0)  # as it is where root has made the folder
    match trick:
        case "link":
            env.symlink_to(secret)
        case "hard_link":
            env.hardlink_to(secret)
        case "stranger":
            world.file(env, uid=STRANGER, mode=0o600)
        case "roots":
            secret = world.file(env, uid=0, mode=0o600)
    with pytest.raises(access.Stop):
        access.grant("env", str(env), world.places)
    assert not as_user(MONITOR.pw_uid, "cat", secret)


def test_a_folder_that_the_configuration_does_not_name_is_refused(world: World) -> None:
    other = world.folder(world.base / "other")
    with pytest.raises(access.Stop):
        access.grant("models", str(other), world.places)
    assert acl(other) == {"user::rwx", "group::r-x", "other::r-x"}


def test_a_link_among_the_models_is_passed_over(world: World) -> None:
    outside = world.folder(world.base / "outside")
    (world.models / "trap").symlink_to(outside)
    access.grant("models", str(world.models), world.places)
    assert acl(outside) == {"user::rwx", "group::r-x", "other::r-x"}


def test_many_folders_take_few_descriptors(world: World) -> None:
    for number in range(1500):  # more than a process may have open
        world.folder(world.bot_api / TOKEN / f"d{number}", API)
    assert len(access.grant("bot_api", str(world.bot_api), world.places)) > 1500


def test_the_removal_of_the_package_takes_it_back_too(world: World, env: Path) -> None:
    access.grant("passage", str(env.parent), world.places)
    access.grant("env", str(env), world.places)
    access.grant("models", str(world.models), world.places)
    world.run("--undo")
    assert acl(env) == {"user::rw-", "group::---", "other::---"}
    assert acl(env.parent) == {"user::rwx", "group::---", "other::---"}
    assert not as_user(MONITOR.pw_uid, "cat", env)
    assert not any(f"user:{MONITOR.pw_uid}:" in line for line in acl(world.models))


# --- folders above: only the bot user's own, and only for the monitor ------------------------------


def _closed_above(world: World, uid: int, mode: int) -> Path:
    """The project and the Bot API directory below a closed folder of that user."""
    closed = world.folder(world.base / "closed", uid, mode)
    for folder in (world.project, world.bot_api):
        folder.rename(closed / folder.name)
    project, bot_api = closed / "project", closed / "bot-api"
    world.configure(f'[project]\ndir = "{project}"\nowner = "{BOT.pw_name}"\n[bot_api]\nhost_dir = "{bot_api}"\n')
    return closed


@pytest.mark.parametrize(("uid", "mode"), [(0, 0o710), (0, 0o700), (STRANGER, 0o700)])
def test_a_closed_folder_of_somebody_else_is_opened_to_nobody(world: World, uid: int, mode: int) -> None:
    closed = _closed_above(world, uid, mode)
    neighbour = world.file(closed / "neighbour", uid, 0o644)
    before = snapshot(closed)
    for name, path in (("models", "project/modelos"), ("bot_api", "bot-api")):
        assert access.way(str(closed / path), *BOTH) == access.Way(foreign=(str(closed),))
        with pytest.raises(access.Stop, match="parent_closed"):
            access.grant(name, str(closed / path), world.places)
    with pytest.raises(access.Stop, match="wrong_owner"):
        access.grant("passage", str(closed), world.places)
    assert snapshot(closed) == before
    assert not any(as_user(user, "cat", neighbour) for user in BOTH)


def test_the_bots_own_closed_home_is_named_and_opened_for_the_monitor_alone(world: World) -> None:
    closed = _closed_above(world, BOT.pw_uid, 0o700)
    for path in ("project/modelos", "bot-api"):
        assert access.way(str(closed / path), *BOTH) == access.Way(own=(str(closed),))
    access.grant("bot_api", str(closed / "bot-api"), world.places)
    assert acl(closed) == {"user::rwx", "group::---", "other::---"}, "nobody was asked about it"
    access.grant("passage", str(closed), world.places)
    assert acl(closed) == {"user::rwx", f"user:{MONITOR.pw_uid}:--x", "group::---", "mask::--x", "other::---"}


def test_roots_models_folder_with_a_file_of_his_is_not_opened(world: World) -> None:
    os.chown(world.models, 0, 0)
    keys = world.file(world.models / "keys.tar", 0, 0o600)
    with pytest.raises(access.Stop, match="roots_own"):
        access.grant("models", str(world.models), world.places)
    assert not as_user(BOT.pw_uid, "rm", "-f", keys)


# --- what is planted does not keep the rest from being taken back ----------------------------------


def test_1200_levels_are_swept_as_far_as_a_path_goes_and_the_rest_is_said(world: World) -> None:
    access.grant("models", str(world.models), world.places)
    zoe = world.folder(world.models / "zoe")
    with levels(world.models / "ana", 1200, BOT.pw_uid):
        left = access.sweep(str(world.models), MONITOR.pw_uid)
        assert len(left) == 1 and left[0].startswith(f"{world.models}/ana/d/d/")
        assert f"user:{MONITOR.pw_uid}:" not in str([acl(world.models), acl(zoe), acl(world.models / "ana/d/d")])


@pytest.mark.slow
def test_100000_videos_are_no_hindrance(world: World) -> None:
    entries(world.models / "ana", 100_000)
    before = access.survey("models", str(world.models), world.places)
    after = access.grant("models", str(world.models), world.places)
    assert set(after) == {str(world.models), str(world.models / "ana")}
    assert access.take_back(before, after, BOTH) == []
    assert access.sweep(str(world.models), MONITOR.pw_uid) == []


@pytest.mark.parametrize("path", ["/\ud800", "relative", "/a/../b", ""])
def test_an_entry_of_the_book_that_is_no_path_does_not_hold_the_others(world: World, path: str) -> None:
    was = whole(world.models)
    before = access.survey("models", str(world.models), world.places)
    after = access.grant("models", str(world.models), world.places)
    state: list[str | None] = next(iter(before.values()))
    damaged = {path: state} | before | {f"{path} ": state}
    left = access.take_back(damaged, after, BOTH)
    assert set(left) == {path, f"{path} "}
    assert whole(world.models) == was
