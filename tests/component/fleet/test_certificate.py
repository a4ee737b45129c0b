"""A machine's certificate that is about to end: told once, by the alert routes, and shown."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from tests.component.service.running import RunningService
from tests.component.service.test_alerts import ADMIN, SECONDS, Machine, machine
from tests.journal_fixtures import wait_until
from trafico_monitor.fleet import authority

__all__ = ["machine"]
pytestmark = pytest.mark.slow

DAY = 86400.0


def running(machine: Machine, days: float) -> RunningService:
    """The service with a certificate of so many days."""
    folder, now = machine.home / "authority", time.time()
    asyncio.run(authority.create(folder, now=now))
    made = asyncio.run(authority.issue("m01", folder, until=now + days * DAY, now=now))
    (machine.home / "machine.crt").write_text(made.certificate)
    fleet = f'url = "postgresql://127.0.0.1:1/trafico"\nname = "m01"\ncertificate = "{machine.home}/machine.crt"'
    (machine.home / "conf.d" / "fleet.toml").write_text(f"[fleet]\n{fleet}\n")
    return machine.running()


def told(home: Path) -> int:
    """How often it was recorded."""
    with sqlite3.connect(f"file:{home}/state/monitor.db?mode=ro", uri=True) as database:
        sql = "SELECT count(*) FROM records WHERE json_extract(body, '$.text') LIKE '%flota caduca el%'"
        (number,) = database.execute(sql).fetchone()
    database.close()
    return int(number)


def test_its_end_is_told_once_fourteen_days_before_also_over_a_restart(machine: Machine) -> None:
    with running(machine, 20.0) as service:
        wait_until(lambda: service.status().get("fleet", {}).get("certificate_until"), "looked at", SECONDS)
        assert told(machine.home) == 0 and "caduca" not in service.command("status")
    with running(machine, 13.9):
        wait_until(lambda: "va a caducar" in machine.told(ADMIN), "told", SECONDS)
        assert time.strftime("%Y-%m-%d", time.localtime(time.time() + 13.9 * DAY)) in machine.told(ADMIN)
    with machine.running() as service:
        wait_until(lambda: service.status().get("fleet", {}).get("certificate_until"), "looked at again", SECONDS)
        assert "caduca en 14 días" in " ".join(service.command("status").split())
    assert told(machine.home) == 1 and machine.rung(ADMIN).count("va a caducar") == 1
