"""A crash loop is foreseen by the running service: told once, though it is killed before, and closed afterwards."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journal_fixtures import wait_until
from tests.standin.bot_api import BotApiServer

from .running import RunningService
from .test_alerts import ADMIN, SECONDS, STARTED, Machine
from .test_crash_loop import SCHEDULED, SUCCEEDED

pytestmark = pytest.mark.slow

LOOP = "el bot se reinicia en bucle"
JUDGED_SECONDS = 150.0  # it is judged once a minute


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with BotApiServer(tmp_path / "files", control_port=0) as server:
        server.api.add_chat({"id": ADMIN})
        made = Machine(tmp_path, server)
        (tmp_path / "conf.d" / "predict.toml").write_text("[predict]\nshadow_days = 0\n")
        yield made


def dies(machine: Machine, service: RunningService, times: int) -> None:
    for _ in range(times):
        before = service.log.count("nadie lo detuvo")
        machine.manager(STARTED, SUCCEEDED, SCHEDULED)
        wait_until(lambda before=before: service.log.count("nadie lo detuvo") > before, "on record", SECONDS)


def stored(home: Path) -> list[tuple[str, int, str | None]]:
    with closing(sqlite3.connect(home / "state" / "monitor.db")) as connection:
        return connection.execute("SELECT kind, told, outcome FROM predictions").fetchall()


def test_it_is_told_once_though_the_service_is_killed_before_and_closed_when_it_came_true(machine: Machine) -> None:
    machine.server.api.add_fault({"method": "sendMessage", "kind": "status", "status": 502})
    service = machine.running()
    dies(machine, service, 4)
    wait_until(lambda: stored(machine.home) == [("loop", 1, None)], "said, and not sent", SECONDS)
    service.process.send_signal(signal.SIGKILL)
    service.process.wait(SECONDS)
    service.stop()
    assert LOOP not in machine.told(ADMIN)
    machine.server.api.clear_faults({})
    with machine.running() as service:
        wait_until(lambda: LOOP in machine.rung(ADMIN), "told by the next one", SECONDS)
        shown = machine.rung(ADMIN)
        assert "Probabilidad: muy probable (95 %)" in shown and "Por qué: 4 muertes seguidas" in shown
        assert "journalctl -u de su unidad" in shown
        wait_until(lambda: LOOP in service.status().get("forecast", {}).get("text", ""), "in the status", SECONDS)
        assert LOOP in service.command("status")
        dies(machine, service, 1)
        wait_until(lambda: "Resultado: se cumplió" in machine.told(ADMIN), "closed", JUDGED_SECONDS)
        assert machine.rung(ADMIN).count(LOOP) == 1  # its end edits the same message
        assert stored(machine.home) == [("loop", 1, "came_true")]
        lines = [line for line in service.log.splitlines() if "🔮" in line]
        assert len(lines) == 2 and LOOP in lines[0] and "se cumplió" in lines[1]
        records = json.loads((machine.home / "logs" / "descarga_errors.json").read_text())
        assert not [one for one in records if "previs" in json.dumps(one).lower()]
