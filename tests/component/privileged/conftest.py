"""A small machine to repair: a project, a Bot API directory, a configuration that is root's.

Existing system users stand in for the three parties, so that no account has to be made:
`www-data` for the bot's user, `games` for the monitor's, 101 for the Bot API server's.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trafico_monitor.privileged import chown

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
API = 101
BOT = pwd.getpwnam("www-data")
MONITOR = pwd.getpwnam("games")
STRANGER = pwd.getpwnam("news").pw_uid


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            if "component/privileged" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="the root helper can only be tried as root"))


@dataclass(slots=True)
class Said:
    """The end of one run of the helper."""

    status: int
    line: str
    journal: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.line.split(" ", 2)[1] if " " in self.line else ""


@dataclass(slots=True)
class World:
    base: Path
    capture: pytest.CaptureFixture[str]
    places: chown.Places
    journal: socket.socket

    @property
    def project(self) -> Path:
        return self.base / "project"

    @property
    def models(self) -> Path:
        return self.project / "modelos"

    @property
    def bot_api(self) -> Path:
        return self.base / "bot-api"

    @property
    def videos(self) -> Path:
        return self.bot_api / TOKEN / "videos"

    def configure(self, text: str = "", **changes: str) -> None:
        keys = {"dir": self.project, "owner": BOT.pw_name} | changes
        lines = [f'{key} = "{value}"' for key, value in keys.items()]
        text = text or "\n".join(["[project]", *lines, "[bot_api]", f'host_dir = "{self.bot_api}"'])
        (self.base / "etc/config.toml").write_text(text)

    def file(self, path: Path, uid: int = API, mode: int = 0o640, gid: int | None = None) -> Path:
        path.write_bytes(b"video")
        os.chown(path, uid, uid if gid is None else gid)
        path.chmod(mode)
        return path

    def folder(self, path: Path, uid: int = BOT.pw_uid, mode: int = 0o755) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, uid, uid)
        path.chmod(mode)
        return path

    def run(self, *arguments: str | bytes | Path, through_sudo: bool = False) -> Said:
        given = [os.fsencode(each) for each in arguments]
        self.capture.readouterr()
        status = chown.run(given, self.places, through_sudo=through_sudo)
        entry = dict(line.split("=", 1) for line in self.journal.recv(65536).decode().splitlines())
        lines = self.capture.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        return Said(status, lines[0], entry)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory that every user can pass through, as pytest's own are not; in /srv, where only
    root can put things, when the test is marked so by its parameter."""
    with tempfile.TemporaryDirectory(prefix="trafico-", dir=getattr(request, "param", None)) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def world(place: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[World]:
    base = place
    for name in ("etc/conf.d", "granted"):
        (base / name).mkdir(parents=True, mode=0o755)
    (base / "granted").chmod(0o700)
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(str(base / "journal"))
    places = chown.Places(
        config=str(base / "etc"),
        granted=str(base / "granted"),
        docker=str(base / "docker.sock"),
        journal=str(base / "journal"),
        systemctl="/bin/false",
        monitor=MONITOR.pw_name,
    )
    world = World(base, capfd, places, journal)
    world.folder(world.project)
    world.folder(world.models)
    world.folder(world.models / "ana")
    world.folder(world.bot_api, API, 0o750)
    world.folder(world.bot_api / TOKEN, API, 0o750)
    world.folder(world.videos, API, 0o750)
    world.configure()
    yield world
    journal.close()


def acl(path: Path) -> set[str]:
    """What getfacl says, without its comments."""
    shown = subprocess.run(["getfacl", "-cpn", path], capture_output=True, text=True, check=True, timeout=10)
    return {line.split("\t")[0] for line in shown.stdout.splitlines() if line}


def as_user(uid: int, *argv: str | Path) -> bool:
    """Whether that user can run it: the kernel's word on who may do what."""
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--", *argv]
    return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
