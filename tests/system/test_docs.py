"""Every command that the documents show is run as it stands there, on a machine that was set up by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..docs_commands import Shown, once, shown
from .machine import RELEASES, Machine
from .stranger import arrive, for_project
from .world import PROJECT, World

# What is not run here, and who runs it.
ELSEWHERE = {
    r"make |git commit|\.venv/": "the workshop's own: CI",
    r"sudo apt ": "test_package.py",
    r"sudoedit |sudo systemctl edit ": "opens an editor",
    r"pip install ": "tests/browser/test_panel.py has what a panel's server needs",
    r"cd ": "every line is run there",
    r"sudo trafico-monitor trial": "test_trial.py",
    r"trafico-monitor instrument ": "tests/component/instrument/test_command.py",
    r"sudo trafico-monitor setup (?!.*--dry-run)": "test_setup.py",
    r"(sudo )?trafico-monitor (hub|fleet) ": "test_fleet.py",
}
# Exit statuses that are answers, not failures.
ANSWERS = {
    r"trafico-monitor check": (0, 1, 2),  # 2: the server that was down for a moment does not know the administrator
    r"trafico-monitor rules lint": (0, 1),
    r"trafico-monitor retry": (0, 1),  # 1: nothing to download again from
    r"notify test": (0, 1),
    r"\| grep": (0, 1),
}
EXAMPLE_ID = "T7F3K2AB"

LINES = [line for line in once(shown()) if not any(re.match(pattern, line.line) for pattern in ELSEWHERE)]


@pytest.fixture(scope="module", params=RELEASES[-1:])
def release(request: pytest.FixtureRequest) -> str:
    """One release is enough: what differs between them is tried by the other tests."""
    return str(request.param)


@pytest.fixture(scope="module")
def ready(machine: Machine, package: Path, workshop: Path) -> World:
    world = arrive(machine, package, workshop)
    for_project(world, "--yes", "--docker")
    world.machine.sh("mkdir -p ~/panel/backend/api ~/panel/frontend/src")  # a user's panel
    # All machines share this one's loopback: another monitor may have the usual port.
    world.machine.path("/etc/trafico-monitor/conf.d/90-port.toml").write_text('[web]\nlisten = "127.0.0.1:0"\n')
    world.machine.sh("systemctl restart trafico-monitor", seconds=40)
    return world


@pytest.fixture(scope="module")
def incident(ready: World) -> str:
    """One to look at: the local server is asked in vain for a moment."""
    ready.machine.sh("docker stop -t 1 telegram-bot-api", seconds=60)
    found = ready.machine.wait_for("an incident", lambda: ready.incidents(), 60)
    ready.machine.sh("docker start telegram-bot-api", seconds=60)
    assert isinstance(found, list)
    return str(found[0]["id"])


@pytest.mark.parametrize("line", LINES, ids=str)
def test_it_runs_as_documented(ready: World, incident: str, line: Shown) -> None:
    command = line.line.replace(EXAMPLE_ID, incident).replace("/home/…/100trafico", PROJECT)
    follows = re.search(r"journalctl .*-f\b", command)
    if follows:
        command = f"timeout --foreground 3 {command.partition('#')[0]}"
    fine = (124,) if follows else next((c for pattern, c in ANSWERS.items() if re.search(pattern, command)), (0,))
    done = ready.machine.run("bash", "-o", "pipefail", "-c", f"cd {PROJECT} && {command}", seconds=90, check=False)
    assert done.code in fine, f"{done.output}\n{done.errors}"
    assert "Traceback" not in done.errors
