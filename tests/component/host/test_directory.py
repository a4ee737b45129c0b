"""Whose directory it is, and whether somebody else could exchange it: one component after the other."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.host import directory
from trafico_monitor.host.directory import DirectoryRefused, Trust

BOT, STRANGER = 33, 9  # www-data, news: users that every Debian has


@pytest.fixture
def place() -> Iterator[Path]:
    """Every user can pass through it, as through /home, and only root write to it."""
    with tempfile.TemporaryDirectory(prefix="trafico-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        (Path(name) / "a/b/logs").mkdir(parents=True)
        yield Path(name)


def code(path: Path, trust: Trust | None = None) -> str:
    found = directory.refusal(path, trust or directory.ours())
    return found.code if found else ""


def test_roots_own_is_fine_and_made_when_it_is_missing(place: Path) -> None:
    assert code(place / "a/b/logs") == ""
    assert code(place / "a/b/not/yet") == ""
    with directory.opened(place / "a/b/not/yet", directory.ours(), make=True) as folder:
        assert os.path.samestat(os.fstat(folder), (place / "a/b/not/yet").stat())
    with pytest.raises(FileNotFoundError), directory.opened(place / "c/d", directory.ours()):
        pass


@pytest.mark.parametrize("component", ["a", "a/b", "a/b/logs"])
def test_every_component_is_judged(place: Path, component: str) -> None:
    os.chown(place / component, BOT, BOT)
    refused = directory.refusal(place / "a/b/logs", directory.ours())
    assert refused is not None and refused.code == "owner"
    assert refused.place == str(place / component) and refused.owner == "www-data"
    assert code(place / "a/b/logs/not-yet") == "owner"
    assert code(place / "a/b/logs", directory.ours().with_owner(BOT)) == ""
    assert code(place / "a/b/logs", directory.ours().with_owner(STRANGER)) == "owner"
    os.chown(place / component, 0, 0)
    (place / component).chmod(0o777)
    assert code(place / "a/b/logs") == code(place / "a/b/logs", directory.ours().with_owner(BOT)) == "writable"
    (place / component).chmod(0o1777)  # as /tmp: fine on the way, and nothing for files of one's own
    assert code(place / "a/b/logs") == ("writable" if component.endswith("logs") else "")


def test_a_group_is_judged_by_who_it_is_and_an_acl_by_whom_it_names(place: Path) -> None:
    logs = place / "a/b/logs"
    logs.chmod(0o775)
    assert code(logs) == ""  # root's own group
    os.chown(logs, 0, BOT)
    assert code(logs) == "writable"
    assert code(logs, directory.ours().with_owner(STRANGER)) == ""  # his groups are his business
    os.chown(logs, 0, 0)
    logs.chmod(0o755)
    for entry, expected in ((f"u:{BOT}:rwx", "writable"), (f"u:{BOT}:r-x", ""), (f"g:{BOT}:rwx", "writable")):
        subprocess.run(["setfacl", "-b", "-m", entry, logs], check=True, timeout=10)
        assert code(logs) == expected, entry


def test_what_nobody_can_reach_may_be_open(place: Path) -> None:
    """A small file system that is mounted below a closed directory has mode 1777 by default."""
    (place / "a/b/logs").chmod(0o1777)
    assert code(place / "a/b/logs") == "writable"
    (place / "a").chmod(0o700)
    assert code(place / "a/b/logs") == ""
    subprocess.run(["setfacl", "-m", f"u:{BOT}:x", place / "a"], check=True, timeout=10)
    assert code(place / "a/b/logs") == "writable"


def test_only_roots_links_in_roots_directories_are_followed(place: Path) -> None:
    (place / "disk/logs").mkdir(parents=True)
    (place / "absolute").symlink_to(place / "disk")
    (place / "a/relative").symlink_to("../disk")
    for way in ("absolute/logs", "a/relative/logs"):
        with directory.opened(place / way, directory.ours()) as folder:
            assert os.path.samestat(os.fstat(folder), (place / "disk/logs").stat())
    os.chown(place / "absolute", BOT, BOT, follow_symlinks=False)
    assert code(place / "absolute/logs") == "link"
    os.chown(place / "a", BOT, BOT)  # root's link, and he could have moved it there
    assert code(place / "a/relative/logs", directory.ours().with_owner(BOT)) == "link"
    with pytest.raises(DirectoryRefused), directory.opened(place / "a/relative/logs", None):
        pass


def test_links_that_lead_round_in_a_circle_end(place: Path) -> None:
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links"), directory.opened(place / "one/x", directory.ours()):
        pass
    (place / "deep").symlink_to("/".join(["."] * 1000))
    assert code(place / "deep/a") == ""
