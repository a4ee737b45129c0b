"""The unit files, where the program counts on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trafico_monitor.config.schema import HUB_STATE, Config, Paths
from trafico_monitor.config.telegram_endpoints import control_socket
from trafico_monitor.host import credentials
from trafico_monitor.setup import hub_plan

ROOT = Path(__file__).parents[2]
HUB_SECRETS = ("hub-password", "telegram-token", "alert-token", "admin-id")


def settings(unit: str) -> dict[str, list[str]]:
    """The lines of the section [Service], joined where they go on."""
    text = (ROOT / "packaging/systemd" / unit).read_text().replace("\\\n", "")
    service = text.partition("[Service]")[2].partition("[Install]")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", service, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


MONITOR, HUB = settings(credentials.SERVICE), settings(credentials.HUB_SERVICE)


@pytest.mark.parametrize("unit", [MONITOR, HUB], ids=["monitor", "hub"])
def test_journald_drops_none_of_our_records_for_being_many(unit: dict[str, list[str]]) -> None:
    """journald tells the writer nothing of it: a record would count as written."""
    assert [values for name, values in unit.items() if name.startswith("LogRateLimit")] == [["0"]]


def test_the_hub_has_its_user_and_folders_where_the_program_looks_for_them() -> None:
    assert HUB["User"] == HUB["Group"] == [hub_plan.USER]
    assert Path("/var/lib", *HUB["StateDirectory"]) == HUB_STATE
    assert Path("/run", *HUB["RuntimeDirectory"], "api.sock") == control_socket(Config(paths=Paths(state=HUB_STATE)))
    assert HUB["LogsDirectory"] == [hub_plan.USER]
    assert f"u {hub_plan.USER} -" in (ROOT / "packaging/systemd/trafico-monitor.sysusers").read_text()


def test_every_secret_of_the_hub_is_passed_and_may_be_missing() -> None:
    folder = Path(hub_plan.PASSWORD).parent
    assert HUB["LoadCredential"] == [f"{name}:{folder}/{name}" for name in HUB_SECRETS]
    assert HUB["SetCredential"] == [f"{name}:\\n" for name in HUB_SECRETS], "as in the monitor's unit"
    assert MONITOR["SetCredential"] == [f"{name}:\\n" for name in HUB_SECRETS[1:]]


def test_the_package_has_the_folders_of_the_hub() -> None:
    listed = (ROOT / "debian/trafico-monitor.dirs").read_text().split()
    assert {str(Path(path).parent).lstrip("/") for path in (hub_plan.CONFIG, hub_plan.PASSWORD)} <= set(listed)


# What may be other than in the monitor's unit: each is tighter here.
TIGHTER = {
    "NoNewPrivileges": ["yes"],
    "CapabilityBoundingSet": [""],
    "SystemCallFilter": ["@system-service", "~@aio @keyring @memlock @privileged @resources"],
    "ProtectHome": ["yes"],
    "TasksMax": ["128"],
}
BESIDE_SANDBOX = {
    "ExecStart", "RestartPreventExitStatus", "User", "Group", "StateDirectory", "LogsDirectory", "RuntimeDirectory",
    "SetCredential", "LoadCredential",
}  # fmt: skip


def test_the_sandbox_of_the_hub_is_the_monitors_or_tighter() -> None:
    expected = {name: values for name, values in MONITOR.items() if name != "ReadWritePaths"} | TIGHTER
    for settings_of in (expected, HUB):
        assert settings_of.keys() >= BESIDE_SANDBOX
    assert {name: values for name, values in HUB.items() if name not in BESIDE_SANDBOX} == {
        name: values for name, values in expected.items() if name not in BESIDE_SANDBOX
    }
    assert "sudo" not in HUB["ExecStart"][0] and "setpriv" not in HUB["ExecStart"][0]
