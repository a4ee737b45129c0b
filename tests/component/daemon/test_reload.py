"""SIGHUP: the rules are read again, and nothing that is open is lost. The service itself runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from trafico_monitor.errors import StoreError
from trafico_monitor.store.read_repository import Queries

FRAMES = ['  File "/home/ana/trafico/src/project/bot_central.py", line 9, in guardar', "    copiar()"]
RULE = """[[rule]]
name = "{name}"
error_type = "corrupto"
literals = ["{words}"]
matches = ["ERROR:__main__: {words}"]
"""
STRANGE = "ERROR:__main__: el vídeo se quedó mustio"


@dataclass
class Monitor:
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        file = self.folder / "logs" / "monitor.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def reload(self) -> str:
        """What the log says of it."""
        before = len(self.log)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "ecarga" in self.log[before:], f"reloaded: {self.log}")
        return self.log[before:]

    def incidents(self) -> list[tuple[str, str, str | None]]:
        """(id, error_type, rule) of what the lines told, the oldest first."""
        try:
            with Queries(self.folder / "state") as records:
                return [
                    (i.id, i.error_type.value, i.rule)
                    for i in reversed(records.incidents())
                    if i.rule != "health_server"
                ]
        except StoreError:
            return []

    def open(self) -> set[str]:
        """Ids of the open incidents."""
        with Queries(self.folder / "state") as records:
            return {incident.id for incident in records.incidents() if incident.open}

    def rule(self, name: str, words: str) -> None:
        content = RULE.format(name=name, words=words)
        (self.folder / "rules.d" / f"{name}.toml").write_text(content, encoding="utf-8")


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"reload{os.getpid()}") as running:
        yield running


@pytest.fixture
def monitor(tmp_path: Path, journald: PrivateJournald) -> Iterator[Monitor]:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "project" / "modelos").mkdir(parents=True)
    (tmp_path / "api").mkdir()
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
[project]
dir = "{tmp_path / "project"}"
owner = "nobody"
[journal]
namespace = "{journald.name}"
[bot_api]
url = "http://127.0.0.1:9"
host_dir = "{tmp_path / "api"}"
[paths]
state = "{tmp_path / "state"}"
logs = "{tmp_path / "logs"}"
"""
    )
    command = [sys.executable, "-m", "trafico_monitor", "run", "--config", str(config)]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    running = Monitor(tmp_path, process)
    try:
        wait_until(lambda: "Iniciando" in running.log, "the service has started", 30.0)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_a_reload_keeps_what_is_open_and_takes_the_new_rules(monitor: Monitor, journald: PrivateJournald) -> None:
    with BotProcess(journald) as other, BotProcess(journald) as bot:
        other.say("ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'")
        wait_until(lambda: len(monitor.incidents()) == 1, "the first incident")
        first = monitor.incidents()[0]
        bot.say("INFO:__main__:otra cosa", STRANGE, "INFO:__main__:sigue")
        wait_until(lambda: "ninguna regla conoce" in monitor.log, "the unknown error is told")

        # A traceback is half printed when the rules change.
        bot.say("ERROR:__main__:❌ No se pudo guardar", "Traceback (most recent call last):", *FRAMES)
        monitor.rule("mustio", "mustio")
        # Nothing listens at the Bot API server's address: that incident stays open.
        wait_until(lambda: monitor.open() - {first[0]}, "an incident that is open")
        before = monitor.open() - {first[0]}
        assert "recargadas" in monitor.reload()
        assert monitor.incidents()[0] == first and before <= monitor.open()
        bot.say("ErrorDeVideo: quedó mustio", "INFO:__main__:sigue")
        wait_until(lambda: len(monitor.incidents()) == 2, "the traceback is finished under the new rule")
        assert monitor.incidents()[1][1:] == ("corrupto", "mustio")


def test_a_broken_rule_file_is_refused_and_the_old_rules_stay(monitor: Monitor, journald: PrivateJournald) -> None:
    monitor.rule("mustio", "mustio")
    assert "recargadas" in monitor.reload()
    (monitor.folder / "rules.d" / "rota.toml").write_text(
        RULE.format(name="rota", words="x" * 5) + 'pattern = "(a+)+"\n'
    )
    said = [line for line in monitor.reload().splitlines() if "Recarga rechazada" in line]
    assert len(said) == 1 and "rota.toml: rota" in said[0]
    with BotProcess(journald) as bot:
        bot.say(STRANGE)
        wait_until(lambda: [found[2] for found in monitor.incidents()] == ["mustio"], "the old rules still work")
    file = monitor.folder / "logs" / "descarga_errors.json"
    wait_until(lambda: "corrupto" in [one["error_type"] for one in json.loads(file.read_text())], "it is exported")


def test_a_reload_applies_who_the_bot_is_and_no_line_is_lost(monitor: Monitor, journald: PrivateJournald) -> None:
    """`bot.process` as the header of config.toml promises it; what was read before is read by the old name."""
    (monitor.folder / "conf.d").mkdir()
    said = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/{}/a.mp4'"
    with BotProcess(journald) as before, BotProcess(journald, process="otro_bot.py") as after:
        after.say(said.format("sol"))
        before.say(said.format("luna"))
        wait_until(lambda: len(monitor.incidents()) == 1, "that of the bot of now")
        (monitor.folder / "conf.d" / "bot.toml").write_text('[bot]\nprocess = "otro_bot.py"\n')
        assert "recargadas" in monitor.reload()
        for number in range(3):
            after.say(said.format(f"mar{number}"))
        wait_until(lambda: len(monitor.incidents()) == 4, "those of the bot of then")
        before.say(said.format("nube"))
        after.say(said.format("rio"))
        wait_until(lambda: len(monitor.incidents()) == 5, "the other is the bot no more")
    with Queries(monitor.folder / "state") as records:
        named = {incident.download.modelo for incident in records.incidents()} - {None}
    assert named == {"luna", "mar0", "mar1", "mar2", "rio"}


def test_a_reload_names_what_waits_for_a_restart(monitor: Monitor) -> None:
    (monitor.folder / "conf.d").mkdir()
    more = monitor.folder / "conf.d" / "more.toml"
    more.write_text('[retention]\nlog_files = 7\n[web]\nlisten = ""\n[checks]\ninterval = 5\n')
    told = monitor.reload()
    assert "esperan a un reinicio: retention.log_files, web.listen (sudo systemctl restart trafico-monitor)" in told
    more.unlink()
    assert "esperan a un reinicio" not in monitor.reload(), "nothing differs from the start any more"


def test_the_status_says_how_old_it_is_and_is_complete_once_the_bot_was_heard(
    monitor: Monitor, journald: PrivateJournald
) -> None:
    def status() -> str:
        command = [sys.executable, "-m", "trafico_monitor", "status", "--config", str(monitor.folder / "config.toml")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={"LANG": "es_ES.UTF-8"}).stdout

    wait_until(lambda: "visibilidad" in status(), "there is a status", 60.0)
    assert "visibilidad  no se ha oído nada del bot desde que arrancó el monitor" in status()
    assert "completa" not in status()
    assert re.search(r"en marcha desde .* · dato de hace ", status().splitlines()[0])
    wait_until(
        lambda: re.search(r"comprobado +bot, servidor y disco, hace ", status()),
        "the checks say how old they are",
        60.0,
    )
    with BotProcess(journald) as bot:
        bot.say("INFO:__main__:aquí estoy")
        wait_until(lambda: "visibilidad  completa; última línea del bot: " in status(), "it was heard", 60.0)
