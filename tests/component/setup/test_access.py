"""Access is opened with real ACLs, and taken back exactly: what others did meanwhile stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from trafico_monitor.setup import access

from ..privileged.conftest import API, BOT, MONITOR, STRANGER, TOKEN, World, acl, as_user

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


def test_the_env_is_opened_for_reading_through_its_closed_folder(world: World, env: Path) -> None:
    access.grant("env", str(env), world.places)
    assert as_user(MONITOR.pw_uid, "cat", env)
    assert not as_user(MONITOR.pw_uid, "sh", "-c", f"echo x >> {env}")
    assert not as_user(STRANGER, "cat", env)


@pytest.mark.parametrize("name", ["models", "bot_api", "env"])
def test_opened_once_there_is_nothing_left_to_open(world: World, env: Path, name: str) -> None:
    path = str({"models": world.models, "bot_api": world.bot_api, "env": env}[name])
    assert not access.is_open(name, path, world.places)
    access.grant(name, path, world.places)
    assert access.is_open(name, path, world.places)
    assert access.grant(name, path, world.places) == {}


@pytest.mark.parametrize("name", ["models", "bot_api", "env"])
def test_taken_back_all_is_as_before(world: World, env: Path, name: str) -> None:
    world.file(world.videos / "file_1.mp4")
    path = str({"models": world.models, "bot_api": world.bot_api, "env": env}[name])
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


@pytest.mark.parametrize("trick", ["link", "hard_link", "stranger"])
def test_a_env_that_is_not_the_projects_own_is_refused(world: World, env: Path, trick: str) -> None:
    secret = world.file(world.base / "secret", uid=STRANGER, mode=0o600)
    env.unlink()
    match trick:
        case "link":
            env.symlink_to(secret)
        case "hard_link":
            env.hardlink_to(secret)
        case "stranger":
            world.file(env, uid=STRANGER, mode=0o600)
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
    access.grant("env", str(env), world.places)
    access.grant("models", str(world.models), world.places)
    world.run("--undo")
    assert not as_user(MONITOR.pw_uid, "cat", env)
    assert not any(f"user:{MONITOR.pw_uid}:" in line for line in acl(world.models))
