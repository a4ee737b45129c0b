"""`trafico-monitor trial` in a terminal: the mission's recommended start, to its end of whatever kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import REPOSITORY, TERMINAL, Machine
from .stranger import arrive, for_project, setup
from .world import PROJECT, World

SCREEN = "/tmp/screen"
BOT = "trafico-main.service"


@pytest.fixture(scope="module")
def stranger(machine: Machine, package: Path, workshop: Path) -> World:
    return arrive(machine, package, workshop)


@pytest.fixture
def terminal(stranger: World) -> Iterator[World]:
    yield stranger
    stranger.machine.sh("systemctl stop terminal.service 2>/dev/null || true", seconds=60)
    setup(stranger, "--undo", "--yes")


def play(world: World, *words: str) -> None:
    """Type the command into a terminal, and wait until it says what to do next."""
    polls = len(world.local.calls("getUpdates"))
    world.machine.sh(f"rm -f {SCREEN}")
    output = [f"--property=Standard{name}=file:{SCREEN}" for name in ("Output", "Error")]
    world.machine.run("systemd-run", "--quiet", "--collect", "--unit=terminal", *output, "--",
                      *TERMINAL, "trafico-monitor", "trial", *words)  # fmt: skip
    world.machine.wait_for("it says what to do", lambda: "Ahora" in screen(world))
    if "--monitor-only" not in words:
        world.machine.wait_for("the bot polls", lambda: len(world.local.calls("getUpdates")) > polls)


def screen(world: World) -> str:
    return world.machine.sh(f"cat {SCREEN} 2>/dev/null || true").replace("\r", "")


def hit(world: World, signal: str) -> None:
    world.machine.sh(f"kill -{signal} $(pgrep -o -f '^/usr/bin/python3 -I .* tria[l]')")


def active(world: World, unit: str) -> bool:
    return world.machine.sh(f"systemctl is-active {unit}", check=False) in ("active", "deactivating")


def ended(world: World) -> None:
    world.machine.wait_for("nothing of the trial is left", lambda: not any(
        active(world, unit) for unit in ("trafico-trial.scope", "trafico-trial-guard.service", "terminal.service")
    ))  # fmt: skip


DOCUMENTED = ("README.es.md", "docs/tutorial/primera-prueba.md")


def kinds(block: str) -> list[str]:
    """Its lines without times, numbers, names and the breaks of a narrow terminal."""
    lines = re.split(r"^\[\d\d:\d\d:\d\d\]", block, flags=re.MULTILINE)[1:]
    return [re.sub(r"[\d.]+_\d+_\w+|[\d.]+", "#", "".join(line.split("\n\n")[0].split())) for line in lines]


def shown_in(document: str) -> list[str]:
    found = re.search(r"```\n(\[\d\d:\d\d:\d\d\] \[MAIN\].*?)```", (REPOSITORY / document).read_text(), re.DOTALL)
    assert found is not None
    return kinds(found[1])


def test_the_missions_timeline_from_start_to_summary(terminal: World) -> None:
    for_project(terminal, "--yes", "--no-start")
    terminal.machine.sh("systemctl stop trafico-monitor")
    play(terminal)
    terminal.video("luna", mode=0o640)
    terminal.machine.wait_for("the download is told", lambda: "✅ Descarga exitosa" in screen(terminal))
    hit(terminal, "INT")
    ended(terminal)
    shown = screen(terminal)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] \[MAIN\] 🤖 Iniciando Bot Central\.\.\.$", shown, re.MULTILINE)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] 👀 Iniciando monitoreo de logs", shown, re.MULTILINE)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] 🛑 Monitor detenido", shown, re.MULTILINE)
    assert "Descargas terminadas: 1" in shown
    assert "Resumen de descargas" in shown
    assert "getUpdates" not in shown
    printed = kinds(shown)
    for document in DOCUMENTED:
        assert [line for line in shown_in(document) if line not in printed] == [], printed
    assert not active(terminal, BOT)
    assert not active(terminal, "trafico-monitor")
    terminal.machine.sh("systemctl start trafico-monitor")


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_whatever_ends_it_nothing_that_it_started_is_left(terminal: World, signal: str) -> None:
    for_project(terminal, "--yes", "--no-start")
    play(terminal)
    hit(terminal, signal)
    ended(terminal)
    terminal.machine.wait_for("the bot is stopped", lambda: not active(terminal, BOT))
    assert active(terminal, "trafico-monitor")  # it ran before
    assert terminal.machine.sh("systemctl --failed --no-legend | grep -v terminal || true") == ""


def test_a_closed_terminal_ends_it(terminal: World) -> None:
    for_project(terminal, "--yes", "--no-start")
    play(terminal)
    terminal.machine.sh("systemctl kill -s KILL --kill-who=main terminal.service")  # and its pty with it
    ended(terminal)
    terminal.machine.wait_for("the bot is stopped", lambda: not active(terminal, BOT))


def test_what_ran_before_goes_on(terminal: World) -> None:
    for_project(terminal, "--yes")
    play(terminal, "--monitor-only")
    hit(terminal, "INT")
    ended(terminal)
    assert active(terminal, BOT)
    assert active(terminal, "trafico-monitor")


def test_without_a_unit_and_without_a_setup_it_is_one_command(terminal: World) -> None:
    play(terminal, "--project", PROJECT)
    terminal.video("sol", mode=0o644)
    terminal.machine.wait_for("the download is told", lambda: "✅ Descarga exitosa" in screen(terminal))
    hit(terminal, "KILL")
    ended(terminal)
    terminal.machine.wait_for("the bot is stopped", lambda: not active(terminal, BOT))
    assert terminal.machine.sh(f"systemctl show -p LoadState --value {BOT}") == "not-found"


def test_a_second_trial_beside_the_first_is_refused(terminal: World) -> None:
    for_project(terminal, "--yes", "--no-start")
    play(terminal)
    second = terminal.machine.run("trafico-monitor", "trial", check=False)
    assert second.code != 0
    assert active(terminal, BOT)
    hit(terminal, "INT")
    ended(terminal)


@pytest.mark.parametrize(("words", "hint"), [(["--project", "/nowhere"], "no existe"), ([], "--project")])
def test_what_it_cannot_start_it_says(terminal: World, words: list[str], hint: str) -> None:
    done = terminal.machine.run("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "trafico-monitor", "trial",
                                *words, check=False)  # fmt: skip
    assert done.code not in (0, 1) or hint in done.errors
    assert hint in done.errors
    assert "Traceback" not in done.errors
