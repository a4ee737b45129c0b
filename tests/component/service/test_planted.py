"""Nothing that others plant below the directories stops the service: not at start, not at reload, not while it
tidies, counts or looks; and no command that looks there breaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import Line, wait_until, write_journal
from tests.planting import place, plant, plant_notes

from .running import RunningService

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"
# Space counts as short at once: then the service counts what takes it, and looks for what could go.
SHORT = 'interval = 1\ndisk_warning = "900TB"\ndisk_critical = "1B"'
DEEP = ("project/modelos", "project/modelos/_cuarentena", "project/modelos/_rescatados", "api")
PLACES = (*DEEP, "project/modelos/luna", "project/modelos/luna/_cuarentena", f"api/{TOKEN}", f"api/{TOKEN}/videos")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """An installation with everything planted everywhere."""
    with place() as folder:
        for each in PLACES:
            (folder / each).mkdir(parents=True, exist_ok=True)
            plant(folder / each, deep=each in DEEP)
            plant_notes(folder / each)
        yield folder


def say(home: Path, name: str) -> None:
    write_journal(home / f"journal/{name}.journal", [Line(FULL.format(name), time.time())], boot=name[0] * 32)


def test_the_service_stays_up(home: Path) -> None:
    write_journal(home / "journal/z.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    with RunningService(home, directory=home / "journal", checks=SHORT) as service:
        wait_until(lambda: "💽" in service.log, "what takes the space is told", 60)
        say(home, "a20260101_101010_abcdef")
        wait_until(lambda: "a20260101_101010_abcdef" in service.log, "it goes on", 30)
        before = service.log.count("recargadas")
        service.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: service.log.count("recargadas") > before or service.process.poll() is not None, "a reload", 30
        )
        assert "Traceback" not in service.command("status")
        said = service.status()
        assert said["running"] is True and said.get("tasks") == []
        say(home, "b20260101_101010_abcdef")
        wait_until(lambda: "b20260101_101010_abcdef" in service.log, "it goes on", 30)
        assert service.process.poll() is None
    output = (home / "output").read_text(errors="replace")
    assert service.process.returncode == 0 and "Traceback" not in output, output[-3000:]


@pytest.mark.parametrize(
    "command",
    [
        ("space",), ("space", "--json"), ("space", "--list", "delivered"),
        ("space", "--list", "quarantine"), ("check",), ("check", "--json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_breaks(home: Path, command: tuple[str, ...]) -> None:
    (home / "config.toml").write_text(
        f'[project]\ndir = "{home}/project"\nowner = "nobody"\n[bot_api]\nhost_dir = "{home}/api"\n'
        f'url = "http://127.0.0.1:9"\n[paths]\nstate = "{home}/state"\nlogs = "{home}/logs"\n'
        f'[checks]\n{SHORT}\n[journal]\ndirectory = "{home}/project"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "trafico_monitor", *command, "--config", str(home / "config.toml")],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode in (0, 1, 2, 3) and b"Traceback" not in done.stderr, (
        done.stderr[-3000:].decode("ascii", "replace").replace("\\udcff", "")
    )
    if "--json" in command:
        json.loads(done.stdout)
