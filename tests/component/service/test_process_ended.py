"""kill -9 of the bot in the middle of a copy, as the running service sees it: real processes, a real journald."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from tests.standin import media
from tests.standin.bot_api import BotApiServer

from .running import RunningService

pytestmark = pytest.mark.slow

NAME = "trafico-ended"
SECONDS = 30.0
VIDEO = "20260101_101010_abcdef.mp4"
NOBODY = pwd.getpwnam("nobody")
SYSTEMCTL = """#!/bin/sh
case "$*" in *trafico-main.service*) ;; *) exit 1 ;; esac
echo LoadState=loaded; echo ActiveState=active; echo SubState=running; echo MainPID=4242
echo ControlGroup=/system.slice/trafico-main.service
"""
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.video(tmp_path_factory.mktemp("film"), seconds=2)


@dataclass
class Scene:
    """A file of the Bot API server that a bot is about to copy into a modelo's folder."""

    home: Path
    film: Path
    url: str

    def running(self) -> RunningService:
        script = self.home / "systemctl"
        script.write_text(SYSTEMCTL)
        script.chmod(0o755)
        bound = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/bin/systemctl && exec "$@"', str(script))
        return RunningService(self.home, NAME, url=self.url, prefix=bound)

    @property
    def source(self) -> Path:
        return self.home / "api" / TOKEN / "videos" / "file_3.mp4"

    @property
    def destination(self) -> Path:
        return self.home / "project" / "modelos" / "luna" / VIDEO

    def lay_out(self) -> None:
        for folder in (self.source.parent, self.destination.parent):
            folder.mkdir(parents=True)
        shutil.copy(self.film, self.source)
        # The home stays root's: below another user's the monitor keeps no records.
        for top in (self.home / "api", self.home / "project"):
            for path in (top, *top.rglob("*")):
                os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)

    def begin(self, bot: BotProcess) -> None:
        """The bot has begun to copy, and half of it is there under its good name."""
        size = str(self.film.stat().st_size)
        told = {"EVENTO": "inicio", "MODELO": "luna", "VIDEO": VIDEO, "FILE_SIZE": size, "DESTINO": self.destination}
        said = [("MESSAGE", f"⏬ Descargando: {VIDEO}")]
        bot.send([*said, *((f"TRAFICO_{name}", str(value)) for name, value in told.items())])
        bot.say(f"INFO:__main__:📥 Copiando desde: {self.source}")
        self.destination.write_bytes(self.film.read_bytes()[: self.film.stat().st_size // 2])
        os.chown(self.destination, NOBODY.pw_uid, NOBODY.pw_gid)

    def end(self, bot: BotProcess) -> None:
        shutil.copy(self.film, self.destination)
        told = {"EVENTO": "fin", "MODELO": "luna", "VIDEO": VIDEO, "DESTINO": self.destination}
        said = [("MESSAGE", f"✅ Descarga completa: {VIDEO}")]
        bot.send([*said, *((f"TRAFICO_{name}", str(value)) for name, value in told.items())])

    @property
    def records(self) -> list[dict[str, object]]:
        file = self.home / "logs" / "descarga_errors.json"
        return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []

    @property
    def states(self) -> list[object]:
        return [one["estado"] for one in self.records]

    @property
    def incidents(self) -> set[object]:
        return {one["incidente"] for one in self.records}

    def whole(self) -> bool:
        return self.destination.exists() and self.destination.read_bytes() == self.film.read_bytes()


@pytest.fixture
def scene(film: Path) -> Iterator[Scene]:
    with tempfile.TemporaryDirectory() as home:  # pytest's own folders are closed to the bot's user
        Path(home).chmod(0o755)
        with BotApiServer(Path(home) / "files", control_port=0) as server:
            scene = Scene(Path(home), film, server.url)
            scene.lay_out()
            yield scene


def test_the_half_copy_is_replaced_by_the_whole_video_at_its_place(scene: Scene, journald: PrivateJournald) -> None:
    with scene.running() as service, BotProcess(journald) as bot:
        scene.begin(bot)
        wait_until(lambda: bot.pid in watched(service), "the process is watched", SECONDS)
        bot.kill()
        killed = time.monotonic()
        wait_until(lambda: scene.records, "an incident", SECONDS)
        assert time.monotonic() - killed < 5.0
        wait_until(lambda: "solucionado" in scene.states, "proven", SECONDS)
        assert scene.whole()
        first = scene.records[0]
        assert (first["error_type"], first["modelo"], first["video"]) == ("otro", "luna", VIDEO)
        assert f"proceso {bot.pid} del bot terminó" in str(first["error_message"])
        assert scene.destination.stat().st_uid == NOBODY.pw_uid
        assert len(scene.incidents) == 1
        wait_until(lambda: "su unidad sigue en marcha" in service.log, "and the end of the process is told", SECONDS)


def test_a_monitor_that_was_killed_meanwhile_does_it_once(scene: Scene, journald: PrivateJournald) -> None:
    with BotProcess(journald) as bot:
        with scene.running() as service:
            scene.begin(bot)
            wait_until(lambda: bot.pid in watched(service), "the process is watched", SECONDS)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(10)
        bot.kill()
        with BotProcess(journald) as other:  # somebody of the unit still lives: no PID 1 tells of an end
            other.say("INFO:__main__:bot")
            with scene.running():
                wait_until(lambda: "solucionado" in scene.states, "proven", SECONDS)
            with scene.running():
                pass
    assert scene.whole() and len(scene.incidents) == 1
    assert scene.states.count("solucionado") == 1


def test_what_the_restarted_bot_takes_up_and_ends_is_done_once(scene: Scene, journald: PrivateJournald) -> None:
    with scene.running() as service, BotProcess(journald) as bot:
        scene.begin(bot)
        wait_until(lambda: bot.pid in watched(service), "the process is watched", SECONDS)
        with BotProcess(journald) as again:
            bot.kill()
            scene.begin(again)
            scene.end(again)
            wait_until(lambda: "Descarga exitosa" in service.log, "its success is read", SECONDS)
            wait_until(lambda: scene.states.count("detectado") == scene.states.count("solucionado"), "none is open")
    assert scene.whole() and len(scene.incidents) <= 1
    assert [path.name for path in scene.destination.parent.iterdir()] == [VIDEO]


def watched(service: RunningService) -> set[int]:
    """The processes that the service holds a pidfd of."""
    found = set()
    for info in Path(f"/proc/{service.process.pid}/fdinfo").iterdir():
        try:
            said = dict(line.split(":\t") for line in info.read_text().splitlines() if ":\t" in line)
        except OSError:  # closed meanwhile
            continue
        found.add(int(said.get("Pid", 0)))
    return found
