"""Programs with the real libraries in venvs of their own, a Bot API server, and an ear at journald's place."""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control

ROOT = Path(__file__).resolve().parents[3]
INSTRUMENT = ROOT / "trafico_monitor" / "instrument"
BOTS = Path(__file__).parent / "bots"
CACHE = ROOT / ".cache" / "instrument"
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
DEADLINE = 120.0  # seconds
PTB = ("20.8", "21.10", "22.5")

Event = dict[str, str]


def venv(name: str, *requirements: str, python: str = sys.executable) -> str:
    """The python of a venv with `requirements`, made once and kept under .cache."""
    folder = CACHE / name
    if not (folder / ".ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True, timeout=DEADLINE)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True, timeout=600)
        (folder / ".ready").touch()
    return str(folder / "bin/python")


def interpreters() -> dict[str, str]:
    """Version → path of each CPython from 3.9 that is installed here."""
    folders = [Path(entry) for entry in os.environ["PATH"].split(os.pathsep)]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin"))
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for minor in range(9, 14):
        for path in (folder / f"python3.{minor}" for folder in folders if "shims" not in folder.parts):
            if path.exists():
                found.setdefault(f"3.{minor}", str(path))
    return found


class Ear:
    """Stands where journald's socket is, and reads its protocol: `with Ear() as ear`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ear-"))
        self._folder.chmod(0o755)
        self.path = self._folder / "socket"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.path.chmod(0o777)
        self._heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        """The kernel's queue holds a few datagrams only (net.unix.max_dgram_qlen)."""
        while data := self._socket.recv(1 << 22):
            self._heard.put(data)

    def events(self) -> list[Event]:
        """What was sent since the last call."""
        self._send(b"-")
        found = []
        while (data := self._heard.get(timeout=DEADLINE)) != b"-":
            found.append(decoded(data))
        return found

    def _send(self, data: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(data, str(self.path))

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self._send(b"")
        self._thread.join(DEADLINE)
        self._socket.close()
        shutil.rmtree(self._folder)


def decoded(data: bytes) -> Event:
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = struct.unpack("<Q", data[:8])[0]
            value, data = data[8 : 8 + size], data[9 + size :]
        fields[name.decode()] = value.decode("utf-8", "surrogateescape")
    return fields


@pytest.fixture
def ear() -> Iterator[Ear]:
    with Ear() as there:
        yield there


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    events: list[Event]

    def said(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, file_id: str) -> list[Event]:
        """The events of the downloads of one file."""
        downloads = {e["TRAFICO_DESCARGA"] for e in self.events if e.get("TRAFICO_FILE_ID") == file_id}
        return [e for e in self.events if e.get("TRAFICO_DESCARGA") in downloads]


def instrumented(ear: Path, models: Path, folder: Path = INSTRUMENT) -> dict[str, str]:
    return {
        "PYTHONPATH": str(folder),
        "TRAFICO_MODELS_DIR": str(models),
        "TRAFICO_JOURNAL_SOCKET": str(ear),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(
    command: Sequence[str], ear: Ear | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Done:
    """Run a program to its end, with nothing of the tests' environment in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        list(command),
        env={**kept, **(env or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr, ear.events() if ear is not None else [])


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A directory that another user can enter too (pytest's own are 0700)."""
    directory = Path(tempfile.mkdtemp(prefix="instrument-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def server(ground: Path) -> Iterator[BotApiServer]:
    with BotApiServer(ground / "telegram-bot-api") as server:
        yield server


@pytest.fixture(scope="session")
def control(server: BotApiServer) -> Control:
    return Control(server.control_url)


@pytest.fixture(scope="session", params=PTB)
def ptb(request: pytest.FixtureRequest) -> str:
    """The python of each version of python-telegram-bot."""
    return venv(f"telegram-{request.param}", f"python-telegram-bot=={request.param}")
