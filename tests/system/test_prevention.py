"""Causes that `check` finds on a real Debian, and that the command it offers really ends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from .machine import Machine
from .world import install

UNIT = """[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
JOURNALD = "/etc/systemd/journald.conf.d/10-test.conf"


@pytest.fixture(scope="module")
def careless(machine: Machine, package: Path) -> Machine:
    """A bot whose unit does not come back, and a journal that forgets and drops lines."""
    install(machine, package)
    machine.path("/etc/systemd/system/trafico-main.service").write_text(UNIT)
    folder = machine.path(JOURNALD).parent
    folder.mkdir(parents=True, exist_ok=True)
    machine.path(JOURNALD).write_text("[Journal]\nStorage=volatile\nRateLimitIntervalSec=30s\nRateLimitBurst=100\n")
    machine.sh("systemctl daemon-reload; systemctl restart systemd-journald; systemctl start trafico-main")
    return machine


def findings(machine: Machine) -> Mapping[str, Mapping[str, str]]:
    told = machine.run("trafico-monitor", "check", "--json", check=False, seconds=90)
    return {one["code"]: one for one in json.loads(told.output)["findings"]}


@pytest.mark.parametrize(
    ("code", "mended"),
    [("unit_restart", "unit"), ("rate_low", "rate"), ("journal_volatile", "journal_kept")],
)
def test_it_is_found_and_its_command_ends_it(code: str, mended: str, careless: Machine) -> None:
    found = findings(careless)
    assert found[code]["level"] == "warning"
    careless.sh(found[code]["fix"].replace("sudo ", ""), seconds=60)
    after = findings(careless)
    assert code not in after
    assert after[mended]["level"] == "ok"
