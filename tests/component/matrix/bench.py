"""One monitor with everything around it: private journald, Bot API server, Telegram, disk.

The service is the real `python -m trafico_monitor run`. Several cells are played on one bench,
each by a bot process of its own; stories see its records and messages through `Bench`.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checker import Entry, Offered, sha256, snapshot
from tests.journal_fixtures import BotProcess, PrivateJournald
from tests.standin.bot_api import BotApiServer
from tests.standin.faults import Fault
from trafico_monitor.bot import download

Json = dict[str, Any]
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT_TOKEN = "9876543210:AAExampleAlertExampleAlertExampleAl"
ADMIN = 4242
OWNER = pwd.getpwnam("nobody")
DISK_MEGABYTES = 24
_STOP_SECONDS = 20.0
_MISSION = ("TELEGRAM_TOKEN", "ADMIN_ID", "USE_LOCAL_BOT_API", "TELEGRAM_BOT_API_LOCAL_URL")
_CONFIG = """
[project]
dir = "{home}/project"
owner = "nobody"
[bot]
unit = "{unit}"
[journal]
namespace = "{namespace}"
[retry]
backoff = {backoff}
late = {late}
[quarantine]
min_age = 0
[checks]
interval = {interval}
disk_warning = "4MB"
disk_critical = "3MB"
server_interval = {server_interval}
[bot_api]
url = "{url}"
container = ""
host_dir = "{home}/api"
[telegram]
admin_id = "{admin}"
token = "{token}"
alert_token = "{alert_token}"
api_url = "{alerts}"
[paths]
state = "{home}/state"
logs = "{home}/logs"
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is shortened by configuration; None of it is what the cells are about."""

    backoff: tuple[float, ...] = (0.3, 3.0, 3.0)
    late: tuple[float, ...] = ()
    interval: float = 5.0
    server_interval: float = 0.5


class Bench:
    """`small_disk` puts the models directory on a file system of its own, of DISK_MEGABYTES."""

    def __init__(self, name: str, journald: PrivateJournald, videos: Path, pace: Pace, small_disk: bool) -> None:
        self.name = name
        self.home = Path(tempfile.mkdtemp(prefix=f"matrix-{name}-"))
        self.home.chmod(0o755)  # the bot's user must be able to get to its own files
        self.journald = journald
        self.unit = f"matrix-{name}.service"
        self._originals = videos
        self.small_disk = small_disk
        for folder in ("project/modelos", "project/src", "api", "state", "logs"):
            (self.home / folder).mkdir(parents=True)
        if small_disk:
            options = f"size={DISK_MEGABYTES}m,mode=755"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.models], check=True, timeout=20)
        for folder in ("project", "project/modelos", "project/src"):
            os.chown(self.home / folder, OWNER.pw_uid, OWNER.pw_gid)
        self.local = BotApiServer(self.home / "api", control_port=0)
        self.telegram = BotApiServer(self.home / "telegram")
        self.offered: list[Offered] = []
        self.outages: list[list[float]] = []
        self.starts = 0
        self.exits: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._pace = pace
        self._bots: list[BotProcess] = []
        self.begun = False  # everything is prepared: the bots may fail
        self.turned = False  # what the bench does once has been done: kill, free, bring back
        self.records: list[Json] = []
        self.messages: list[Json] = []

    @property
    def models(self) -> Path:
        return self.home / "project" / "modelos"

    # -- the monitor

    def open(self) -> None:
        self.local.start()
        self.telegram.start()
        self.telegram.api.add_chat({"id": ADMIN})
        (self.home / "config.toml").write_text(
            _CONFIG.format(
                home=self.home,
                unit=self.unit,
                namespace=self.journald.name,
                backoff=list(self._pace.backoff),
                late=list(self._pace.late),
                interval=self._pace.interval,
                server_interval=self._pace.server_interval,
                url=self.local.url,
                alerts=self.telegram.url,
                admin=ADMIN,
                token=TOKEN,
                alert_token=ALERT_TOKEN,
            )
        )
        self.start()

    def start(self) -> None:
        self.starts += 1
        command = [sys.executable, "-m", "trafico_monitor", "run", "--config", str(self.home / "config.toml")]
        environment = {name: value for name, value in os.environ.items() if name not in _MISSION}
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
            )

    @property
    def watches(self) -> bool:
        """True once the monitor has its place in the journal, for each time that it was started,
        and its first round has seen the server: what goes wrong from now on, the bot sees first."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self.home / "output").read_text(errors="replace"))
        return self.log.count("👀") >= self.starts and self.local.api.strays > 0

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(_STOP_SECONDS)

    def look_now(self) -> None:
        """Bring the next periodic look forward, as a reload does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it in good order; what it has to tell is told then."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self.exits.append(self._process.wait(_STOP_SECONDS))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
            raise

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
        for bot in self._bots:
            bot.close()
        self.local.stop()
        self.telegram.stop()
        if self.small_disk:
            subprocess.run(["umount", "-l", self.models], check=False, timeout=20)
        shutil.rmtree(self.home, ignore_errors=True)

    # -- what it has written and told

    @property
    def log(self) -> str:
        file = self.home / "logs" / "monitor.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def read(self) -> None:
        """Take in descarga_errors.json, which is valid at every moment, and what Telegram took."""
        file = self.home / "logs" / "descarga_errors.json"
        self.records = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        self.messages = list(self.telegram.api.messages)

    @property
    def all_marked(self) -> bool:
        """What Telegram took is marked as taken. Killed in between, the monitor sends it again: an
        alert told twice is better than one lost (notify/delivery/worker.py)."""
        with sqlite3.connect(f"file:{self.home}/state/monitor.db?mode=ro", uri=True) as database:
            [[waiting]] = database.execute("SELECT count(*) FROM outbox WHERE version > sent_version")
        database.close()
        return bool(waiting == 0)

    # -- the bot and its server

    def bot(self) -> BotProcess:
        started = BotProcess(self.journald, unit=self.unit)
        self._bots.append(started)
        return started

    def offer(self, number: int, modelo: str, video: str, *, repeatable: bool = True) -> tuple[str, bytes]:
        """A user of `modelo` has sent a video like no other; its file_id and its bytes."""
        content = self._originals.read_bytes() + _free_box(f"{self.name} {modelo} {video}")
        original = self.home / "original.mp4"
        original.write_bytes(content)
        file_id = f"BAACAg{modelo.upper()}{number:04}"
        order: Json = {"file_id": file_id, "path": str(original), "number": number, "mode": 0o644}
        self.local.api.files.register(order)
        self.offered.append(Offered(modelo, video, sha256(original), len(content), repeatable))
        return file_id, content

    def deliver(self, file_id: str, *, keep: int | None = None) -> None:
        """The server puts the file into its directory; only its first `keep` bytes when given."""
        fault = None if keep is None else Fault("getFile", "truncate", keep=keep)
        self.local.api.files.get_file(TOKEN, file_id, fault)

    def fault(self, kind: str, file_id: str, **more: Any) -> None:
        self.local.api.add_fault({"method": "getFile", "kind": kind, "where": {"file_id": file_id}, **more})

    def server_down(self) -> None:
        self.local.listen({"open": False})
        self.outages.append([time.time(), float("inf")])

    def server_up(self) -> None:
        self.outages[-1][1] = time.time()
        self.local.listen({"open": True})

    def answered(self, at: float) -> bool:
        return not any(since <= at < until for since, until in self.outages)

    # -- the disk

    def fill(self) -> None:
        """Leave less than the critical limit, and yet room for what a bot puts there itself."""
        ballast = self.models / ".ballast"
        free = os.statvfs(self.models)
        ballast.write_bytes(b"\1" * max(0, free.f_bavail * free.f_frsize - 2_600_000))

    def free(self) -> None:
        (self.models / ".ballast").unlink()

    def put(self, path: Path, content: bytes) -> None:
        """A file of the bot's own."""
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        for each in (path.parent, path):
            os.chown(each, OWNER.pw_uid, OWNER.pw_gid)

    def look(self) -> dict[str, Entry]:
        return snapshot(self.models)


def _free_box(text: str) -> bytes:
    """An mp4 box that every player skips, so that each video's bytes are its own."""
    data = text.encode()
    return struct.pack(">I4s", 8 + len(data), b"free") + data


class Reporter:
    """One download told by the real `trafico_monitor.bot`; what that sends goes on as the bot's
    process, because journald asks the kernel who has sent an entry."""

    def __init__(self, bot: BotProcess, folder: Path, **fields: Any) -> None:
        self._bot = bot
        path = folder / f"report-{bot.pid}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(10)
        self._download = download(**fields, socket_path=str(path))

    def begins(self) -> None:
        self._download.__enter__()
        self._relay()

    def fails(self, error: Exception) -> None:
        self._download.__exit__(type(error), error, None)
        self._relay()

    def ends(self) -> None:
        self._download.__exit__(None, None, None)
        self._relay()

    def close(self) -> None:
        self._socket.close()

    def _relay(self) -> None:
        self._bot.relay(self._socket.recv(65536))
