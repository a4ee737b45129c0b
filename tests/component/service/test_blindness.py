"""What the running service says when it cannot see, and when the bot does not speak."""

from __future__ import annotations

import grp
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, Line, private_journald, wait_until, write_journal

from .running import RunningService

pytestmark = pytest.mark.slow

NAME = f"tmblind{os.getpid()}"
POLL = 'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getUpdates "HTTP/1.1 200 OK"'
NOBODY = 65534
# Stands in for a systemd that is not PID 1 here: the unit runs, and has for an hour.
SYSTEMCTL = """#!/bin/sh
case "$*" in *trafico-main.service*) ;; *) exit 1 ;; esac
echo LoadState=loaded; echo ActiveState=active; echo SubState=running; echo MainPID=4242
echo ExecMainStartTimestampMonotonic=1
"""


def test_dropped_lines_are_recorded_counted_and_shown(tmp_path: Path) -> None:
    with (
        private_journald(NAME, rate_limit=50) as journald,
        BotProcess(journald) as bot,
        RunningService(tmp_path, NAME) as service,
    ):
        assert service.status()["blindness"] == {"since": None, "reasons": [], "suppressed": 0}
        bot.say(*(f"{n}" for n in range(3000)))

        def recorded() -> bool:  # journald says it with the first line after the interval
            bot.say("later")
            return "límite de velocidad" in service.log

        wait_until(recorded, "the loss is recorded")
        wait_until(lambda: service.reasons() == ["suppressed"], "it is shown")
        shown = service.status()["blindness"]
        assert shown["suppressed"] > 0 and shown["since"] > 0 and shown["reasons"][0]["count"] >= 1
        assert f"{shown['suppressed']} líneas descartadas" in service.command("status")


def test_a_journal_that_may_not_be_read_any_more_is_said_and_its_end(tmp_path: Path) -> None:
    group = grp.getgrnam("systemd-journal").gr_gid
    alone = ("setpriv", f"--reuid={NOBODY}", f"--regid={group}", "--clear-groups")
    with (
        tempfile.TemporaryDirectory(prefix=NAME) as home,  # pytest's own is closed to other accounts
        private_journald(NAME) as journald,
        BotProcess(journald) as bot,
    ):
        bot.say(POLL)
        journald.sync()
        files = [file for folder in journald.folders for file in folder.glob("*.journal")]
        for file in files:
            os.chown(file, 0, group)
            file.chmod(0o640)
        for folder in journald.folders:
            os.chown(folder, 0, group)
            folder.chmod(0o750)
        os.chown(home, NOBODY, group)
        with RunningService(Path(home), NAME, prefix=alone) as service:
            for file in files:
                file.chmod(0o600)
            wait_until(lambda: service.reasons() == ["no_access"], "it is said")
            assert service.log.count("el journal no se puede leer") == 1
            for file in files:
                file.chmod(0o640)
            wait_until(lambda: "vuelve a ver las líneas" in service.log, "its end is said")
            wait_until(lambda: service.reasons() == [], "and shown")


def test_a_silent_bot_is_told_until_it_speaks(tmp_path: Path) -> None:
    script = tmp_path / "systemctl"
    script.write_text(SYSTEMCTL)
    script.chmod(0o755)
    bound = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/bin/systemctl && exec "$@"', str(script))
    with (
        private_journald(NAME) as journald,
        BotProcess(journald) as bot,
        RunningService(tmp_path, NAME, checks="interval = 1\nunit_silence = 2", prefix=bound) as service,
    ):
        wait_until(lambda: service.reasons() == ["unit_silent"], "it is said")
        assert service.log.count("el bot no escribe nada") == 1
        bot.say(POLL)
        wait_until(lambda: "el bot vuelve a escribir" in service.log, "its end is said")


def test_a_stopped_reader_that_comes_back_says_nothing_false(tmp_path: Path) -> None:
    """SIGSTOP while lines come: after it the backlog is read, and no silence was invented."""
    with private_journald(NAME) as journald, BotProcess(journald) as bot, RunningService(tmp_path, NAME) as service:
        bot.say("INFO:__main__:📥 Copiando desde: /srv/videos/file_3.mp4")
        service.process.send_signal(signal.SIGSTOP)
        bot.say(*(f"line {n}" for n in range(20_000)), "INFO:__main__:✅ Archivo copiado exitosamente: 5 bytes")
        journald.sync()
        service.process.send_signal(signal.SIGCONT)
        wait_until(lambda: "Descarga exitosa" in service.log, "the end of the download is seen")
        assert "timeout" not in service.log
        wait_until(lambda: service.status()["lag"] == 0.0, "it has caught up")


def test_a_reader_that_is_behind_is_told_and_its_end(tmp_path: Path) -> None:
    """A backlog of an hour ago, of lines that cost work, and rounds in quick succession."""
    journal, begin = tmp_path / "journal", time.time() - 3600
    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", begin)])
    with RunningService(tmp_path, directory=journal, checks="interval = 0.05"):
        pass
    backlog = [
        Line(
            f"INFO:__main__:🔍 DEBUG: file_path=http://127.0.0.1:8081/file/bot/videos/file_{n}.mp4",
            begin + 1 + n / 1000,
        )
        for n in range(30_000)
    ]
    write_journal(journal / "b.journal", backlog, boot="d" * 32)
    with RunningService(tmp_path, directory=journal, checks="interval = 0.05") as service:
        wait_until(lambda: "por detrás de lo que escribe el bot" in service.log, "it is said")
        wait_until(lambda: "vuelve a ver las líneas" in service.log, "its end is said")
        assert service.log.count("⚠️ El monitor no ve") == 1
        wait_until(lambda: service.reasons() == [] and service.status()["lag"] == 0.0, "and shown")


@pytest.fixture(autouse=True)
def _as_root() -> None:
    if os.geteuid() != 0:
        raise RuntimeError("a private journald needs root: run the tests with sudo")
