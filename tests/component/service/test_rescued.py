"""A video that lands in `_rescatados`: told with the modelos to choose from, and put where a person says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.repair.conftest import film
from tests.journal_fixtures import Line, wait_until, write_journal
from tests.standin.bot_api import BotApiServer

from .running import RunningService

pytestmark = pytest.mark.slow

BOT_TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT_TOKEN = "2234567890:AAExampleExampleExampleExampleExampl"
ADMIN, OWNER = 123456789, 65534
SECONDS = 60.0


class Machine:
    """A journal that the bot writes to, and an alert bot that is answered."""

    def __init__(self, home: Path, server: BotApiServer) -> None:
        self.home, self.server, self.files = home, server, 0
        self.models, self.served = home / "project/modelos", home / f"api/{BOT_TOKEN}/videos"
        self.served.mkdir(parents=True)
        for name in ("luna", "noa"):
            (self.models / name).mkdir(parents=True)
        for folder in (home / "project", self.models, *self.models.iterdir()):
            os.chown(folder, OWNER, OWNER)
        (home / "conf.d").mkdir()
        (home / "conf.d/alerts.toml").write_text(
            f"[telegram]\nadmin_id = '{ADMIN}'\nalert_token = '{ALERT_TOKEN}'\napi_url = '{server.url}'\n"
        )
        self.say("INFO:__main__:bot")

    def say(self, *lines: str) -> None:
        self.files += 1
        now = time.time()
        said = [Line(one, now + n / 1000) for n, one in enumerate(lines)]
        write_journal(self.home / f"journal/{self.files}.journal", said, boot=f"{self.files:032x}")

    def fail(self, name: str, video: str = "film.mp4") -> None:
        """The bot cannot read what the server has fetched, and says of nobody that it is theirs."""
        path = shutil.copy(self.home / video, self.served / name)
        os.chown(path, OWNER, OWNER)
        self.say(
            f"INFO:__main__:📥 Copiando desde: {path}",
            "ERROR:__main__:❌ Error al copiar archivo: Timed out",
        )

    def running(self) -> RunningService:
        return RunningService(self.home, directory=self.home / "journal", url=self.server.url)

    def messages(self, words: str, method: str = "sendMessage") -> list[dict[str, Any]]:
        sent = [one for one in self.server.api.messages if one["method"] == method]
        return [one for one in sent if words in one["rendered"]]

    def told(self, words: str, method: str = "sendMessage") -> dict[str, Any]:
        wait_until(lambda: self.messages(words, method), words, SECONDS)
        return self.messages(words, method)[0]

    def buttons(self, message_id: int) -> dict[str, str]:
        markup = self.server.api.shown[ALERT_TOKEN, message_id]["markup"]
        rows = json.loads(markup)["inline_keyboard"] if markup else []
        return {one["text"]: one["callback_data"] for row in rows for one in row}

    def press(self, wanted: str, message_id: int) -> None:
        """The button of that modelo, or one whose data are kept."""
        data = self.buttons(message_id).get(wanted, wanted)
        self.server.api.queue_callback({"from": {"id": ADMIN}, "data": data, "message_id": message_id})

    def get(self, path: str) -> str:
        argv = ["curl", "-sS", "--unix-socket", str(self.home / "state/api.sock"), f"http://monitor{path}"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout

    def toasts(self) -> list[str]:
        return [one["text"] for one in self.server.api.standing.answers]


@pytest.fixture
def machine() -> Iterator[Machine]:
    home = Path(tempfile.mkdtemp(prefix="trafico-rescued-"))
    home.chmod(0o755)
    film(home / "film.mp4", 3)
    film(home / "other.mp4", 2)
    with BotApiServer(home / "files", control_port=0) as server:
        server.api.add_chat({"id": ADMIN})
        yield Machine(home, server)
    shutil.rmtree(home)


def test_it_is_told_with_buttons_and_one_press_puts_it_to_its_modelo(machine: Machine) -> None:
    with machine.running() as service:
        machine.fail("file_16.mp4")
        alert = machine.told("espera en _rescatados")
        words = alert["rendered"]
        assert "file_16.mp4" in words and "Incidente: timeout #" in words
        assert "no dicen de qué modelo es" in words and "sudo trafico-monitor assign file_16.mp4 MODELO" in words
        assert set(machine.buttons(alert["message_id"])) == {"luna", "noa"}
        assert (machine.models / "_rescatados/file_16.mp4").exists()
        machine.press("luna", alert["message_id"])
        there = machine.models / "luna/file_16.mp4"
        edited = machine.told(str(there), "editMessageText")
        assert edited["message_id"] == alert["message_id"] and machine.buttons(alert["message_id"]) == {}
        assert there.read_bytes() == (machine.home / "film.mp4").read_bytes()
        assert list((machine.models / "_rescatados").iterdir()) == []
        wait_until(lambda: f"telegram:{ADMIN} asigna file_16.mp4 al modelo luna" in service.log, "recorded", SECONDS)


def test_it_waits_for_a_channel_that_is_away_also_over_a_restart(machine: Machine) -> None:
    fault = machine.server.api.add_fault({"method": "sendMessage", "kind": "status", "status": 502})
    with machine.running() as service:
        machine.fail("file_16.mp4")
        wait_until(lambda: (machine.models / "_rescatados/file_16.mp4").exists(), "rescued", SECONDS)
        wait_until(lambda: "Solucionado" in service.log, "and recorded", SECONDS)
        assert machine.messages("espera en _rescatados") == []
    assert fault is not None
    machine.server.api.clear_faults({})
    with machine.running():
        alert = machine.told("espera en _rescatados")
        machine.press("noa", alert["message_id"])
        machine.told(str(machine.models / "noa/file_16.mp4"), "editMessageText")


def test_what_was_assigned_by_command_or_taken_by_hand_is_said_by_its_message(machine: Machine) -> None:
    with machine.running() as service:
        machine.fail("file_16.mp4")
        first = machine.told("file_16.mp4")
        data = machine.buttons(first["message_id"])["luna"]
        assert json.loads(service.command("assign", "file_16.mp4", "noa", "--json"))["code"] == "assigned"
        machine.told(str(machine.models / "noa/file_16.mp4"), "editMessageText")
        machine.press(data, first["message_id"])  # from a phone that has not seen the edit
        wait_until(lambda: machine.toasts(), "answered", SECONDS)
        assert "ya se asignó al modelo noa" in machine.toasts()[-1]
        machine.fail("file_17.mp4", "other.mp4")
        second = machine.told("file_17.mp4")
        (machine.models / "_rescatados/file_17.mp4").rename(machine.models / "noa/a.mp4")
        machine.press("luna", second["message_id"])
        machine.told("se ha movido o borrado a mano", "editMessageText")
        wait_until(lambda: len(machine.toasts()) == 2, "answered", SECONDS)
        assert "no está en _rescatados" in machine.toasts()[-1] and machine.buttons(second["message_id"]) == {}
        assert list((machine.models / "luna").iterdir()) == []


def test_what_waits_is_counted_wherever_people_look(machine: Machine) -> None:
    folder = machine.models / "_rescatados"
    with machine.running() as service:
        machine.fail("file_16.mp4")
        machine.told("espera en _rescatados")
        by_hand = folder / "-rf '; x.mp4"
        by_hand.write_bytes(b"x" * 1000)
        size = 1000 + (folder / "file_16.mp4").stat().st_size
        command = """sudo trafico-monitor assign '_rescatados/-rf '"'"'; x.mp4' MODELO"""
        wait_until(lambda: (service.status()["rescued"] or {}).get("files") == 2, "counted", SECONDS)
        found = service.status()["rescued"]
        assert (found["bytes"], found["complete"], found["fix"]) == (size, True, command)
        assert time.time() - 120 < found["oldest"] <= time.time()
        assert "te espera videos en _rescatados: 2" in " ".join(service.command("status").split())
        for words in ("status", "incidents", "report"):
            shown = " ".join(service.command(words).split())
            assert "2 videos" in shown and command in shown, shown
        assert "📦 2 videos" in service.command("report", "--format", "html")
        lines = service.command("incidents", "--json").splitlines()
        assert lines and all("id" in json.loads(line) for line in lines), "each line is an incident"
        assert json.loads(service.command("report", "--json"))["rescued"]["bytes"] == size
        (check,) = [
            one for one in json.loads(service.command("check", "--json"))["findings"] if one["code"] == "rescued"
        ]
        assert (check["numbers"]["files"], check["numbers"]["bytes"], check["fix"]) == (2, size, command)
        assert command in service.command("check")
        metrics = machine.get("/metrics")
        assert "trafico_monitor_rescued_files 2" in metrics and f"trafico_monitor_rescued_bytes {size}" in metrics
        for path in list(folder.iterdir()):
            path.unlink()
        wait_until(lambda: service.status()["rescued"]["files"] == 0, "and no longer", SECONDS)
        assert "rescatados" not in service.command("status")
