"""The demo's components: journald, the two servers, the bot, the six original videos."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journal_fixtures import PrivateJournald
from tests.standin import media
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from tests.standin.project import FIRST_USER_ID

from . import world
from .enter import STAGE
from .programs import Bot, Cgroup

CONTAINER_DIR = "/var/lib/telegram-bot-api"
READ_TIMEOUT = 2  # seconds that the bot waits for an answer; 120 in reality
SCENES = 6
_VIDEO_SECONDS = 3
_BALLAST = world.MODELS / "ballast"
_LEFT = 200_000  # bytes that the ballast leaves: less than any of the videos


@dataclass
class Stage:
    """`server` is the local Bot API server, `telegram` stands in for api.telegram.org."""

    server: BotApiServer
    telegram: BotApiServer
    journald: PrivateJournald
    cgroup: Cgroup
    originals: list[Path]
    bot: Bot | None = None
    sent: int = 0

    @property
    def control(self) -> Control:
        return Control(self.server.control_url)

    def run_bot(self) -> None:
        """Starts the bot, polling, under the instrumentation."""
        self.bot = Bot(self.cgroup, self.journald.run_dir, STANDIN_READ_TIMEOUT=str(READ_TIMEOUT))
        until(lambda: self.control.calls("getUpdates"), 15.0)

    def send(self, modelo: str, mode: int = 0o644) -> Path:
        """Sends the next original as a user; returns it. `mode` is that of the server's copy."""
        self.sent += 1
        original, file_id = self.originals[self.sent - 1], f"example-file-{self.sent}"
        uid = world.CONTAINER_UID
        self.control.file(file_id, original, number=self.sent, uid=uid, gid=uid, mode=mode)
        user = FIRST_USER_ID + world.MODELOS.index(modelo)
        self.control.video(file_id, user, modelo.capitalize(), token=world.BOT_TOKEN)
        return original

    def close(self) -> None:
        if self.bot is not None:
            self.bot.stop()

    def fill_disk(self) -> None:
        free = os.statvfs(world.MODELS)
        with _BALLAST.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - _LEFT)

    def free_disk(self) -> None:
        _BALLAST.unlink(missing_ok=True)

    def told(self) -> list[dict[str, Any]]:
        """Returns every message to the administrator through the alert token, sent or edited, oldest first."""
        return Control(self.telegram.control_url).messages(world.ADMIN_ID, world.ALERT_TOKEN)


@contextlib.contextmanager
def servers() -> Iterator[tuple[BotApiServer, BotApiServer]]:
    """Starts the local Bot API server and the stand-in for api.telegram.org."""
    local = BotApiServer(world.BOT_API_DIR, port=_port(8081), control_port=0, container_dir=CONTAINER_DIR)
    public = BotApiServer(world.SCRATCH / "telegram", local=False)
    with local, public:
        Control(public.control_url).chat(world.ADMIN_ID)
        Control(local.control_url).chat(world.ADMIN_ID)
        yield local, public


def _port(wanted: int) -> int:
    """Returns `wanted` if it is free, else 0: any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def originals() -> list[Path]:
    with ThreadPoolExecutor(2) as workers:
        jobs = [
            workers.submit(media.video, STAGE / "originals", seed=seed, seconds=_VIDEO_SECONDS)
            for seed in range(1, SCENES + 1)
        ]
        return [job.result() for job in jobs]


def until(done: Callable[[], object], seconds: float) -> bool:
    """Waits until `done()`, at most `seconds`; returns whether it happened."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
