"""Several channels, escalation and maintenance in the running service, told by PID 1's own lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import UNIT, Line, manager_line, wait_until, write_journal
from tests.standin.bot_api import BotApiServer
from trafico_monitor.model.alert import Alert, Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.store.repository import Store

from .running import RunningService

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ADMIN, SUPERVISOR = 123456789, 555
STOPPING = ("de5b426a63be47a7b6ac3eaac82e2f6f", f"Stopping {UNIT} - main.py...")
STOPPED = ("9d1aaa27d60140bd96365438aad20286", f"Stopped {UNIT} - main.py.")
STARTED = ("39f53479d3a045ac8e11786248231fbf", f"Started {UNIT} - main.py.")
FAILED = ("d9b373ed55a64feb8242e02dbe79a49c", f"{UNIT}: Failed with result 'exit-code'.")
SECONDS = 60.0


class Machine:
    """A journal that PID 1 writes to, the Bot API server, and a configuration of two chats."""

    def __init__(self, home: Path, server: BotApiServer) -> None:
        self.home, self.server, self.files = home, server, 0
        self.journal = home / "journal"
        self.write(Line("INFO:__main__:bot", time.time() - 60))
        (home / "conf.d").mkdir()
        (home / "conf.d" / "alerts.toml").write_text(
            f"[telegram]\ntoken = '{TOKEN}'\nadmin_id = {ADMIN}\n"
            f"[channels.supervisor]\nchat = {SUPERVISOR}\n"
            "[alerts]\nescalate_to = ['supervisor']\nescalate_after = [2]\nremind_every = 0\nmaintenance = 600\n"
            "unit_settled = 3\n"
        )

    def write(self, *lines: Line) -> None:
        self.files += 1
        write_journal(self.journal / f"{self.files}.journal", lines, boot=f"{self.files:032x}")

    def manager(self, *said: tuple[str, str]) -> None:
        now = time.time()
        self.write(*(manager_line(words, now + n / 1000, MESSAGE_ID=kind) for n, (kind, words) in enumerate(said)))

    def running(self) -> RunningService:
        return RunningService(self.home, directory=self.journal, url=self.server.url)

    def told(self, chat: int) -> str:
        return "\n".join(m["rendered"] for m in self.server.api.messages if m["chat_id"] == chat)

    def rung(self, chat: int) -> str:
        """What came as a message of its own, edits left out."""
        sent = [m for m in self.server.api.messages if m["chat_id"] == chat and m["method"] == "sendMessage"]
        return "\n".join(m["rendered"] for m in sent)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with BotApiServer(tmp_path / "files", control_port=0) as server:
        server.api.add_chat({"id": ADMIN})
        server.api.add_chat({"id": SUPERVISOR})
        yield Machine(tmp_path, server)


def test_a_death_that_nobody_answers_goes_to_the_supervisor_and_its_end_to_both(machine: Machine) -> None:
    with machine.running() as service:
        machine.manager(FAILED)
        wait_until(lambda: "se detuvo inesperadamente" in machine.told(ADMIN), "told", SECONDS)
        wait_until(lambda: "se detuvo inesperadamente" in machine.told(SUPERVISOR), "escalated", SECONDS)
        assert "Sin respuesta desde hace" in machine.told(SUPERVISOR)
        wait_until(lambda: "Sin respuesta: pasa al canal supervisor" in service.log, "recorded", SECONDS)
        wait_until(lambda: service.status()["unanswered"] == ["unit"], "shown", SECONDS)
        assert "te espera alarmas sin respuesta: 1" in " ".join(service.command("status").split())
        machine.manager(STARTED)
        for chat in (ADMIN, SUPERVISOR):
            wait_until(lambda chat=chat: "vuelve a funcionar" in machine.told(chat), "both hear of the end", SECONDS)
        wait_until(lambda: service.status()["unanswered"] == [], "nothing stands", SECONDS)


def test_an_alarm_of_the_unit_is_acknowledged_by_its_name_also_over_a_restart(machine: Machine) -> None:
    with machine.running() as service:
        machine.manager(FAILED)
        wait_until(lambda: "Sin respuesta: pasa al canal supervisor" in service.log, "escalated", SECONDS)
        assert "unit (El bot se detuvo inesperadamente): enterado" in service.command("ack", "unit")
        for chat in (ADMIN, SUPERVISOR):
            wait_until(lambda chat=chat: "👤 Enterado: cli:" in machine.told(chat), "their message says who", SECONDS)
            assert machine.rung(chat).count("se detuvo inesperadamente") == 1, "by an edit: no phone rings"
        wait_until(lambda: service.status()["alarms"][0]["acknowledged_by"], "shown", SECONDS)
        assert service.log.count("se da por enterado: El bot se detuvo inesperadamente · unit") == 1
    with machine.running() as service:
        wait_until(lambda: "ya se dio por enterado" in service.command("ack", "unit"), "still known", SECONDS)
        said = service.status()
        assert [(one["id"], one["code"]) for one in said["alarms"]] == [("unit", "unit_died")]
        assert said["alarms"][0]["acknowledged_by"].startswith("cli:") and said["unanswered"] == []
        assert "enterado: cli:" in service.command("status")
        machine.manager(STARTED)
        wait_until(lambda: service.status()["alarms"] == [], "over", SECONDS)
        assert "no hay ninguna alarma activa «unit»" in json.loads(service.command("ack", "unit", "--json"))["text"]


async def test_a_lost_video_waits_for_a_person_until_one_has_acknowledged_it(machine: Machine) -> None:
    now, lost = time.time(), "ABCDEF23"
    incident = Incident(lost, ErrorType.TIMEOUT, now, now, Estado.FALLIDO, accion="given_up", closed_at=now)
    failed = Notification(lost, NotificationCode.FAILED, Severity.RECOVERABLE, now, incident=incident)
    store = await Store.open(machine.home / "state")
    await store.commit(ChangeSet(incidents=(incident,), alarms=(Alert(lost, failed, now, now),)))
    await store.close()
    with machine.running() as service:
        wait_until(lambda: service.status().get("lost") == [lost], "known", SECONDS)
        shown = " ".join(service.command("status").split())
        assert f"te espera fallidos sin respuesta: 1 (#{lost})" in shown
        service.command("ack", lost)
        wait_until(lambda: service.status()["lost"] == [], "acknowledged", SECONDS)
        assert "te espera" not in service.command("status")


def test_when_a_channel_last_took_a_message_is_known_after_a_restart(machine: Machine) -> None:
    with machine.running() as service:
        machine.manager(FAILED)
        wait_until(lambda: "se detuvo inesperadamente" in machine.told(ADMIN), "told", SECONDS)
        wait_until(lambda: service.status()["channels"][0]["last_success"], "shown", SECONDS)
        taken = service.status()["channels"][0]["last_success"]
    for method in ("sendMessage", "editMessageText"):
        machine.server.api.add_fault({"method": method, "kind": "status", "status": 500})
    restarted = time.time()
    with machine.running() as service:
        wait_until(lambda: service.status()["started_at"] >= restarted, "its own word", SECONDS)
        wait_until(lambda: service.status()["channels"][0]["last_success"], "still known", SECONDS)
        assert taken <= service.status()["channels"][0]["last_success"] <= restarted


def test_a_stop_by_a_person_is_no_crash_also_over_a_restart_of_the_monitor(machine: Machine) -> None:
    with machine.running() as service:
        machine.manager(STOPPING, STOPPED)
        wait_until(lambda: "Alguien está deteniendo" in service.log, "known as one", SECONDS)
        wait_until(lambda: len(service.status()["silences"]) == 1, "shown", SECONDS)
        (planned,) = service.status()["silences"]
        assert (planned["scope"], planned["value"]) == ("maintenance", UNIT)
        assert "mantenimiento" in service.command("status")
    with machine.running() as service:
        wait_until(lambda: len(service.status()["silences"]) == 1, "still known", SECONDS)
        assert service.log.count("Alguien está deteniendo") == 1
        machine.manager(STARTED, FAILED)  # on its way up it died: that is one
        wait_until(lambda: "se detuvo inesperadamente" in machine.told(ADMIN), "told", SECONDS)
        wait_until(lambda: service.status()["silences"] == [], "and the maintenance is over", SECONDS)


def test_when_the_administrator_has_blocked_the_bot_the_supervisor_is_told(machine: Machine) -> None:
    where = {"chat_id": str(ADMIN)}
    machine.server.api.add_fault({"method": "sendMessage", "kind": "status", "status": 403, "where": where})
    with machine.running() as service:
        machine.manager(FAILED)
        wait_until(lambda: "se detuvo inesperadamente" in machine.told(SUPERVISOR), "told by the other", SECONDS)
        assert "«admin» no está disponible" in machine.told(SUPERVISOR)
        assert machine.rung(SUPERVISOR).count("se detuvo inesperadamente") == 1
        wait_until(lambda: "NO ENTREGA" in service.command("status"), "status says so", SECONDS)
        assert "no entrega: " in service.command("check")
        assert machine.told(ADMIN) == ""
