"""From the last release to this package, on a machine where the release has worked: what it knew is carried over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from . import released
from .machine import RELEASES, Machine, booted
from .test_downloads import READABLE, proven
from .world import LOGS, PROJECT, STATE, Json, World, build, upgrade

RULE = """
[[rule]]
name = "regla_propia"
error_type = "timeout"
literals = ["se agotó la paciencia"]
matches = ["ERROR:__main__:se agotó la paciencia"]
"""
OWN = """language = "en"
[retry]
max_attempts = 2
[web]
listen = "127.0.0.1:0"
"""


@pytest.fixture(scope="module", params=RELEASES[-1:])
def release(request: pytest.FixtureRequest) -> str:
    """One Debian shows it: what is carried over does not depend on the release."""
    if not released.is_in_history():
        pytest.skip(f"this clone has no commit {released.COMMIT[:12]} of {released.VERSION} to build")
    return str(request.param)


@pytest.fixture(scope="module")
def older(release: str, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = released.package()
    if released.version_of(built) != released.version_of(package):
        return built
    return released.called(built, f"{released.VERSION}~released", tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def machine(release: str) -> Iterator[Machine]:
    with booted(release) as up:
        yield up


@pytest.fixture(scope="module")
def world(machine: Machine, older: Path, workshop: Path) -> World:
    """The release watches the bot, with a configuration and a rule of the administrator's own."""
    built = build(machine, older, workshop)
    machine.sh("adduser --quiet trafico-monitor docker 2>/dev/null || usermod -aG docker trafico-monitor")
    common = machine.path("/etc/trafico-monitor/conf.d/50-test.toml")
    common.write_text(common.read_text().replace("[quarantine]\nmin_age = 0\n", ""))  # a key that came later
    machine.path("/etc/trafico-monitor/conf.d/60-own.toml").write_text(OWN)
    machine.path("/etc/trafico-monitor/rules.d/own.toml").write_text(RULE)
    machine.sh("sed -i 's/^#language = .*/language = \"en\"/' /etc/trafico-monitor/config.toml")
    machine.sh("systemctl restart trafico-monitor", seconds=40)
    return built


def dashboard(machine: Machine) -> str:
    """A link that signs in."""
    said = machine.wait_for(
        "a link to the dashboard",
        lambda: machine.run("trafico-monitor", "dashboard", "--json", check=False).output.strip(),
    )
    return str(json.loads(str(said))["url"])


def ask(machine: Machine, cookie: str) -> httpx.Response:
    base = dashboard(machine).partition("#")[0].rstrip("/")
    return httpx.get(f"{base}/api/v1/incidents", headers={"Cookie": cookie}, timeout=20)


def known(incidents: list[Json]) -> dict[str, tuple[object, ...]]:
    keys = ("error_type", "estado", "modelo", "video", "intento", "reason")
    return {str(each["id"]): tuple(each[key] for key in keys) for each in incidents}


def test_what_the_release_knew_is_carried_over(world: World, package: Path) -> None:
    machine = world.machine
    world.bot()
    world.local.fault("getFile", "slow", times=1, seconds=3)
    original = world.video("yic", mode=READABLE)
    world.wait_asked()
    machine.sh(f"rm -r {PROJECT}/modelos/yic")
    solved = world.incident("yic", "ruta_inexistente", "solucionado")
    proven(world, solved, original)
    machine.run("trafico-monitor", "silence", "2h", "--modelo", "sol", "--reason", "mudanza")
    link = dashboard(machine)
    base, _, code = link.partition("#code=")
    base = base.rstrip("/")
    said = httpx.post(f"{base}/api/v1/session", json={"code": code}, headers={"Origin": base}, timeout=20)
    assert said.status_code == 201, said.text
    cookie = said.headers["set-cookie"].partition(";")[0]
    before = known(world.incidents())
    records = world.all_records()
    inode = machine.sh(f"stat -c %i {STATE}/monitor.db; id -u trafico-monitor")
    shipped = machine.sh("cat /etc/trafico-monitor/config.toml")
    assert solved["id"] in before and records

    upgrade(machine, package)

    machine.wait_for("active", lambda: machine.sh("systemctl is-active trafico-monitor", check=False) == "active")
    installed = machine.sh("dpkg-query -W -f '${Version}' trafico-monitor")
    assert installed == released.version_of(package)
    assert machine.sh(f"stat -c %i {STATE}/monitor.db; id -u trafico-monitor") == inode
    machine.wait_for("it answers", lambda: world.incidents())
    assert known(world.incidents()).items() >= before.items()
    assert world.all_records()[: len(records)] == records
    # The administrator's configuration and rule hold, the silence runs, who was signed in still is.
    assert machine.sh("cat /etc/trafico-monitor/config.toml") == shipped
    assert machine.path("/etc/trafico-monitor/conf.d/60-own.toml").read_text() == OWN
    assert "regla_propia" in machine.sh("trafico-monitor rules list")
    assert "regla_propia" in machine.sh("echo 'ERROR:__main__:se agotó la paciencia' | trafico-monitor rules test -")
    assert "sol" in machine.sh("trafico-monitor silence --list")
    answer = ask(machine, cookie)
    assert answer.status_code == 200, answer.text
    assert {each["id"] for each in answer.json()["incidents"]} >= set(before)
    assert machine.sh("systemctl --failed --no-legend") == ""


def test_it_goes_on_where_the_release_stopped(world: World) -> None:
    world.bot(exact=True)
    world.local.fault("getFile", "slow", times=1, seconds=3)
    original = world.video("luna", mode=READABLE)
    world.wait_asked()
    world.machine.sh(f"rm -r {PROJECT}/modelos/luna")
    incident = world.incident("luna", "ruta_inexistente", "solucionado")
    proven(world, incident, original)
    entries = json.loads(world.machine.path(f"{LOGS}/descarga_errors.json").read_text())
    assert entries[-1]["incidente"] == incident["id"] and entries[0]["incidente"] != incident["id"]
