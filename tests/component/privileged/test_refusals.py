"""What the helper must not touch. Every refusal leaves the tree as it was."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, STRANGER, World, acl, as_user
from .snapshot import snapshot

Make = Callable[[World], Path]


def _link(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


def _file_link(world: World) -> Path:
    return _link(world.models / "ana" / "v.mp4", world.file(world.base / "secret", API))


def _folder_link(world: World) -> Path:
    world.file(world.folder(world.base / "outside", API) / "v.mp4", API)
    return _link(world.models / "eva", world.base / "outside") / "v.mp4"


def _link_inside(world: World) -> Path:
    world.file(world.models / "ana" / "v.mp4", API)
    return _link(world.models / "eva", world.models / "ana") / "v.mp4"


def _linked_root(world: World) -> Path:
    world.models.rename(world.base / "real")
    _link(world.models, world.base / "real")
    return world.file(world.base / "real/ana/v.mp4", API) and world.models / "ana/v.mp4"


def _linked_parent(world: World) -> Path:
    world.project.rename(world.base / "real")
    _link(world.project, world.base / "real")
    return world.models / "ana"


def _dotdot(world: World) -> Path:
    world.file(world.project / "v.mp4", API)
    return world.models / "ana/../../v.mp4"


def _outside(world: World) -> Path:
    return world.file(world.project / "v.mp4", API)


def _sibling(world: World) -> Path:
    return world.folder(world.project / "modelos-2", API)


def _hard_link(world: World) -> Path:
    os.link(world.file(world.base / "secret", API), world.models / "ana/v.mp4")
    return world.models / "ana/v.mp4"


def _fifo(world: World) -> Path:
    os.mkfifo(world.models / "ana/v.mp4")
    os.chown(world.models / "ana/v.mp4", API, API)
    return world.models / "ana/v.mp4"


def _device(world: World) -> Path:
    os.mknod(world.models / "ana/v.mp4", 0o020600, os.makedev(1, 3))
    os.chown(world.models / "ana/v.mp4", API, API)
    return world.models / "ana/v.mp4"


def _socket(world: World) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(world.models / "ana/v.mp4"))
    os.chown(world.models / "ana/v.mp4", API, API)
    return world.models / "ana/v.mp4"


def _setuid(world: World) -> Path:
    return world.file(world.models / "ana/v.mp4", API, 0o4755)


def _sticky(world: World) -> Path:
    return world.file(world.models / "ana/v.mp4", API, 0o1644)


def _stranger(world: World) -> Path:
    return world.file(world.models / "ana/v.mp4", STRANGER, 0o644)


def _strangers_folder(world: World) -> Path:
    return world.folder(world.models / "eva", STRANGER)


def _roots_private_file(world: World) -> Path:
    return world.file(world.models / "ana/v.mp4", 0, 0o600)


def _roots_empty_private_file(world: World) -> Path:
    path = _roots_private_file(world)
    path.write_bytes(b"")
    return path


def _roots_private_folder(world: World) -> Path:
    world.file(world.folder(world.models / "eva", 0, 0o700) / "x", 0, 0o644)
    return world.models / "eva"


def _roots_folder_with_his_private_file(world: World) -> Path:
    world.file(world.folder(world.models / "backup", 0, 0o755) / "keys.tar", 0, 0o600)
    return world.models / "backup"


def _roots_folder_with_his_open_file(world: World) -> Path:
    """Whoever owns the folder could remove it, or put another in its place."""
    world.file(world.folder(world.models / "backup", 0, 0o755) / "LEEME", 0, 0o644)
    return world.models / "backup"


def _roots_folder_with_his_folder(world: World) -> Path:
    world.folder(world.folder(world.models / "backup", 0, 0o755) / "x", 0, 0o700)
    return world.models / "backup"


def _roots_folder_with_a_strangers_file(world: World) -> Path:
    world.file(world.folder(world.models / "backup", 0, 0o755) / "x.mp4", STRANGER, 0o644)
    return world.models / "backup"


def _servers_folder_with_roots_file(world: World) -> Path:
    world.file(world.folder(world.models / "backup", API, 0o755) / "keys.tar", 0, 0o600)
    return world.models / "backup"


def _roots_models_with_his_private_file(world: World) -> Path:
    world.file(world.models / "keys.tar", 0, 0o600)
    os.chown(world.models, 0, 0)
    return world.models


def _roots_closed_folder_with_the_servers_file(world: World) -> Path:
    """What root keeps behind a closed door may be open further in."""
    world.file(world.folder(world.models / "backup", 0, 0o700) / "x.mp4", API, 0o644)
    return world.models / "backup"


def _roots_file_in_bot_api(world: World) -> Path:
    return world.file(world.videos / "file_1.mp4", 0, 0o644)


def _through_a_file(world: World) -> Path:
    return world.file(world.models / "ana/v.mp4", API) / "x"


CASES: list[tuple[Make, str]] = [
    (_file_link, "link_in_path"),
    (_folder_link, "link_in_path"),
    (_link_inside, "link_in_path"),
    (_linked_root, "link_in_path"),
    (_linked_parent, "link_in_path"),
    (_dotdot, "path_strange"),
    (_outside, "outside_roots"),
    (_sibling, "outside_roots"),
    (_hard_link, "hard_link"),
    (_fifo, "not_regular"),
    (_device, "not_regular"),
    (_socket, "not_regular"),
    (_setuid, "special_mode"),
    (_sticky, "special_mode"),
    (_stranger, "wrong_owner"),
    (_strangers_folder, "wrong_owner"),
    (_roots_private_file, "roots_own"),
    (_roots_empty_private_file, "roots_own"),
    (_roots_private_folder, "roots_own"),
    (_roots_folder_with_his_private_file, "roots_own"),
    (_roots_folder_with_his_open_file, "roots_own"),
    (_roots_folder_with_his_folder, "roots_own"),
    (_roots_folder_with_a_strangers_file, "wrong_owner"),
    (_servers_folder_with_roots_file, "roots_own"),
    (_roots_models_with_his_private_file, "roots_own"),
    (_roots_closed_folder_with_the_servers_file, "roots_own"),
    (_roots_file_in_bot_api, "roots_own"),
    (_through_a_file, "not_a_folder"),
]


@pytest.mark.parametrize(("make", "code"), CASES, ids=[make.__name__[1:] for make, _ in CASES])
def test_refused_and_nothing_changed(world: World, make: Make, code: str) -> None:
    path = make(world)
    before = snapshot(world.base, contents=("granted",))
    said = world.run(path)
    assert (said.status, said.code) == (chown.REFUSED, code), said.line
    assert snapshot(world.base, contents=("granted",)) == before


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc", "/proc/self/mem", "/dev/sda", "/usr/bin/sudo"])
def test_the_system_is_outside(world: World, path: str) -> None:
    assert world.run(path).code == "outside_roots"


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("relative/x",), ("",), ("--help",), ("-R", "/srv")])
def test_anything_but_one_absolute_path_is_a_usage_error(world: World, arguments: tuple[str, ...]) -> None:
    assert world.run(*arguments).status == chown.USAGE


def test_what_is_not_there_failed_and_was_not_refused(world: World) -> None:
    said = world.run(world.models / "ana/nada.mp4")
    assert (said.status, said.code) == (chown.FAILED, "not_found")


@contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"uid={API}", "tmpfs", folder], check=True, timeout=10)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True, timeout=10)


def test_a_modelo_may_have_a_disk_of_its_own(world: World) -> None:
    with mounted(world.folder(world.models / "montado")) as mount:
        video = world.file(mount / "v.mp4", API)
        assert world.run(video).status == chown.DONE
        assert video.stat().st_uid == BOT.pw_uid


def test_a_file_system_below_the_servers_directory_is_not_entered(world: World) -> None:
    with mounted(world.folder(world.bot_api / "montado")) as mount:
        assert world.run(world.file(mount / "v.mp4", API)).code == "other_filesystem"


def test_what_any_user_can_mount_is_known_by_its_type() -> None:
    told = "98 1 8:1 / / rw - ext4 /dev/sda1 rw\n99 98 0:77 / /home/x/mnt rw - fuse.sshfs x rw\n"
    assert chown.mount_type(told, 99) == "fuse.sshfs"
    assert chown.mount_type(told, 98) == "ext4"
    assert chown.mount_type(told, 9) == ""


def test_an_overlay_whose_layers_lie_on_two_disks_is_one_place(world: World) -> None:
    """There a file has the device of its layer, and not that of its folder."""
    lower, upper = world.folder(world.base / "lower"), world.folder(world.base / "upper")
    with mounted(upper):
        for part in ("up", "work"):
            (upper / part).mkdir()
        layers = f"lowerdir={lower},upperdir={upper / 'up'},workdir={upper / 'work'},xino=off"
        target = world.folder(world.models / "capas")
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", target], check=True, timeout=10)
        try:
            video = world.file(target / "v.mp4", API)
            assert world.run(video).status == chown.DONE
        finally:
            subprocess.run(["umount", target], check=True, timeout=10)


def _roots_servers_video(world: World) -> Path:
    """A server that runs as root in its container."""
    world.folder(world.bot_api, 0)
    return world.file(world.folder(world.bot_api / "x", 0) / "v.mp4", 0, 0o600)


@pytest.mark.parametrize("place", ["/srv"], indirect=True)
def test_what_only_root_can_have_put_there_is_handed_over(world: World) -> None:
    video = _roots_servers_video(world)
    assert world.run(video).status == chown.DONE
    assert video.stat().st_uid == BOT.pw_uid


@pytest.mark.parametrize("place", ["/srv"], indirect=True)
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_but_among_the_models_roots_private_things_stay_roots(world: World, mode: int) -> None:
    """Nobody but root can have put them there; a line of the log may name them all the same."""
    for folder in (world.project, world.models):
        os.chown(folder, 0, 0)
    backup = world.folder(world.models / "backup", 0, mode)
    keys = world.file(backup / "keys.tar", 0, 0o600)
    before = snapshot(world.base, contents=("granted",))
    for path in (keys, backup, world.models):
        assert world.run(path).code == "roots_own"
    assert snapshot(world.base, contents=("granted",)) == before


def test_a_way_through_roots_folder_does_not_open_it_for_writing(world: World) -> None:
    """The models directory is root's and holds a file of his: its ACL would let both remove that file."""
    os.chown(world.models, 0, 0)
    keys = world.file(world.models / "keys.tar", 0, 0o600)
    before = acl(world.models)
    assert world.run(world.file(world.models / "ana/v.mp4", API)).status == chown.DONE
    assert acl(world.models) == before
    for uid in (BOT.pw_uid, MONITOR.pw_uid):
        assert not as_user(uid, "rm", "-f", keys)


def test_the_folder_that_every_disk_has_does_not_count(world: World) -> None:
    os.chown(world.models, 0, 0)
    world.folder(world.models / "lost+found", 0, 0o700)
    assert world.run(world.models).status == chown.DONE
    assert world.models.stat().st_uid == BOT.pw_uid


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_root_puts_into_it_meanwhile_is_seen(world: World, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Root's own program writes into its folder between the look and the change of hands."""
    backup = world.folder(world.models / "backup", 0, 0o755)
    real = os.fchown

    def fchown(fd: int, uid: int, gid: int) -> None:
        first = not (backup / "keys.tar").exists()
        if first and when == "before":
            world.file(backup / "keys.tar", 0, 0o600)
        real(fd, uid, gid)
        if first and when == "after":
            world.file(backup / "keys.tar", 0, 0o600)

    monkeypatch.setattr(os, "fchown", fchown)
    said = world.run(backup)
    assert (said.status, said.code) == (chown.REFUSED, "roots_own"), said.line
    status = backup.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, 0o755)
    assert acl(backup) == {"user::rwx", "group::r-x", "other::r-x"}
    assert not as_user(BOT.pw_uid, "rm", "-f", backup / "keys.tar")


@pytest.mark.parametrize("uid", [999, 62222])
def test_the_server_may_run_as_another_user_than_101(world: World, uid: int) -> None:
    world.folder(world.bot_api, uid)
    video = world.file(world.videos / "v.mp4", uid)
    assert world.run(video).status == chown.DONE
    assert video.stat().st_uid == BOT.pw_uid


def test_another_persons_folder_is_no_bot_api_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = pwd.struct_passwd(("ana", "x", 61001, 61001, "", "/home/ana", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: person)
    world.folder(world.bot_api, 61001)
    assert world.run(world.file(world.videos / "v.mp4", 61001)).code == "wrong_owner"
    assert world.run(world.bot_api).code == "wrong_owner"


def test_where_others_can_exchange_names_roots_file_stays(world: World) -> None:
    """Beneath /tmp anybody may have made that directory."""
    assert world.run(_roots_servers_video(world)).code == "roots_own"


def test_not_as_somebody_else(world: World) -> None:
    os.seteuid(BOT.pw_uid)
    try:
        status = chown.run([b"/srv/x"], world.places, through_sudo=False)
    finally:
        os.seteuid(0)
    assert status == chown.FAILED
