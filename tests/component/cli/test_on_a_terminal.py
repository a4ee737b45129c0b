"""Every command on a terminal of 80 columns, with names as long and as wide as a stranger likes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from trafico_monitor.model.alert import Scope, Silence
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.prediction import (
    DiskFan,
    ForecastView,
    KindScore,
    KindState,
    Prediction,
    PredictionKind,
    SaidPrediction,
)
from trafico_monitor.model.task import Evidence, TaskKind, TaskStat
from trafico_monitor.store.repository import Store

pytestmark = pytest.mark.slow

SECONDS = 120
NAMES = ("模特" * 60, "🎬" * 90 + ".mp4", "n\u0303" * 150, "a" * 300, "dos palabras " * 20, "⚠️" * 70, "línea\n" * 40)
LINE = "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '/home/victor/modelos/"
ID = "ABCDEF2"
RULE = """
[[rule]]
name = "regla_{long}"
error_type = "timeout"
literals = ["{long}"]
matches = ["otra cosa"]
"""
SETUP = """
from dataclasses import replace
from trafico_monitor.cli.changes import explain
from trafico_monitor.cli.commands import setup
from trafico_monitor.setup.model import Wishes
from trafico_monitor.setup.plan import plan
from tests.unit.setup.test_plan import FRESH
import sys
name, spoken = sys.argv[1:]
facts = replace(FRESH, project="/home/" + name, python="/opt/" + name, models="/home/" + name + "/modelos")
todo = plan(facts, Wishes(language=spoken))
setup._show(facts, todo, spoken)
explain(todo.changes, facts.files, spoken)
"""
TRIAL = """
import sys
from pathlib import Path
from trafico_monitor.cli.commands import trial
from trafico_monitor.config.loader import load
from trafico_monitor.trial.timeline import Counted, Line
config, spoken, name = sys.argv[1:]
trial.say(Line(0.0, name, True).shown(), below=" " * 11)
trial._summary(load(Path(config)), 0.0, Counted(), spoken)
"""


def terminal_columns(line: str) -> int:
    """As a terminal that shows pictographs in two columns counts them."""
    line = re.sub("(.)\ufe0f", "🎬", line)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line
    )


def on_terminal(words: Sequence[str], spoken: str, *, wide: int = 80) -> list[str]:
    """The lines that `words` print on a terminal of their own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, wide, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"LC_ALL": f"{spoken}.UTF-8", "PYTHONUTF8": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.Popen(
        [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    end = threading.Timer(SECONDS, done.kill)
    end.start()
    shown = b""
    with contextlib.suppress(OSError):
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError as error:
                assert error.errno == errno.EIO
                break
            if not part:
                break
            shown += part
    os.close(ours)
    status = done.wait(SECONDS)
    end.cancel()
    said = shown.decode().replace("\r\n", "\n")
    assert status in (0, 1, 2, 3, 69) and "Traceback (most recent" not in said, said
    said = re.sub(
        r"\r?\x1b\[[\d;?]*[a-zA-Z]", "", re.sub(r".*\r?\x1b\[2K", "", said)
    )  # a spinner that is gone, colours
    assert "\x1b" not in said
    return said.splitlines()


def too_wide(lines: Sequence[str], wide: int = 80) -> list[str]:
    """What is to be copied stays whole; a terminal goes on with it by itself."""
    return [line for line in lines if terminal_columns(line) > wide and not line.startswith("   → ")]


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """A project with hostile names everywhere, and a service that has said so."""
    project = tmp_path / ("p" * 120) / ("模" * 40)
    (project / "modelos").mkdir(parents=True)
    (tmp_path / "api").mkdir()
    rules = tmp_path / "rules.d"
    rules.mkdir()
    (rules / f"{'r' * 100}.toml").write_text(RULE.format(long="x" * 70))
    written = tmp_path / "config.toml"
    written.write_text(
        f'[project]\ndir = "{project}"\nowner = "nobody"\n[bot_api]\nurl = "http://127.0.0.1:9"\n'
        f'host_dir = "{tmp_path}/api"\n[checks]\ndisk_warning = "9000TB"\ndisk_critical = "8000TB"\n'
        f'[web]\nlisten = ""\n[paths]\nstate = "{tmp_path}/state"\nlogs = "{tmp_path}/logs"\n'
    )
    now = time.time()
    store = await Store.open(tmp_path / "state")
    incidents = [
        Incident(
            f"{ID}{place + 2}", list(ErrorType)[place], now - 60, now, list(Estado)[place % 5],
            Download(name, name[::-1]), name, (name, LINE + name), rule=name, attempt=2, reason="timeout",
            accion="retry", evidence=(Evidence("file", "/m/" + name), Evidence("size", name, False)),
            acknowledged_by=f"cli:{name}", acknowledged_at=now, asked=3, asked_by=f"telegram:{name}",
        )
        for place, name in enumerate(NAMES)
    ]  # fmt: skip
    records = [
        Event(now, "incident_detected", f"⚠️ {name}", 4, "", one) for one, name in zip(incidents, NAMES, strict=True)
    ]
    silences = [Silence(f"S{n}", Scope.MODELO, name, now, now + 3600, name, name) for n, name in enumerate(NAMES)]
    reasons = ("server_unreachable", "no_download_data", "timeout")
    attempts = [
        TaskStat(kind, order, now, False, reasons[n % 3], 77.0)
        for n, kind in enumerate(ErrorType)
        for order in TaskKind
    ]
    await store.commit(
        ChangeSet(
            incidents=tuple(incidents), records=tuple(records), silences=tuple(silences), attempts=tuple(attempts)
        )
    )
    long = NAMES[4]
    channels = [
        {"channel": name[:40], "waiting": 3, "last_error": name, "unusable": n % 2 == 0, "stand_in": name[:40]}
        for n, name in enumerate(NAMES)
    ]
    alarm = {"id": "unit", "text": long, "since": now, "acknowledged_by": NAMES[0], "acknowledged_at": now}
    await store.save_status(
        {
            "at": now, "started_at": now, "version": "1.0.0", "unit": long, "server": NAMES[3], "space": NAMES[0],
            "forecast": {"text": NAMES[4]},
            "lag": 0.1, "open": 3, "channels": channels, "alarms": [alarm], "lost": [ID] * 40,
            "blindness": {"reasons": [{"text": long, "since": now}], "suppressed": 10**9},
            "outbox": {"waiting": 7, "error": NAMES[1]}, "missing": ["project", "admin", "token", "models_dir"],
        }
    )  # fmt: skip
    said = [
        SaidPrediction(
            f"P{n}",
            Prediction(
                kind, now, now + 60, 0.8, now, now + 9, NAMES[n % len(NAMES)], "forecast.disk", (("free", 1e15),)
            ),
            told=True,
        )
        for n, kind in enumerate(PredictionKind)
    ]  # fmt: skip
    scores = tuple(
        KindScore(kind, KindState.SILENCED, 9999, 9999, 9999, 9999, 99.5, 0.1, 1.0) for kind in PredictionKind
    )
    fan = DiskFan(NAMES[3], 1e15, 1e14, 0.5, full_at=now, full_lo=now, full_hi=now)
    await store.save_forecast(ForecastView(now, (), scores, (fan,), now))
    await store.commit(ChangeSet(predictions=tuple(said)))
    await store.close()
    (tmp_path / "history.json").write_text('{"deaths": [[0, false], [40, false], [81, false], [121, false]]}')
    (tmp_path / "bot.log").write_text("".join(f"{LINE}{name}/{name}.mp4'\n{name}\n" for name in NAMES))
    return written


COMMANDS = {
    "status": "status --config {config}",
    "incidents": "incidents --config {config}",
    **{f"incidents show {n}": f"incidents show {ID}{n + 2} --config {{config}}" for n in range(len(NAMES))},
    "report": "report --config {config}",
    "space": "space --config {config}",
    "check": "check --config {config}",
    "silence": "silence --list --config {config}",
    "ack": "ack unit --config {config}",
    "rules list": "rules list --rules {folder}/rules.d --config {config}",
    "rules lint": "rules lint --rules {folder}/rules.d --config {config}",
    "rules test": "rules test --config {config} {folder}/bot.log",
    "rules unknown": "rules unknown --config {config}",
    "replay": "replay --config {config} {folder}/bot.log",
    "forecast": "forecast --config {config}",
    "forecast of the past": "forecast --backtest {folder}/history.json",
}


@pytest.mark.parametrize("spoken", ["es", "en"])
def test_every_command_fits_80_columns(config: Path, spoken: str) -> None:
    found, empty = {}, []
    for name, words in COMMANDS.items():
        arguments = words.format(config=config, folder=config.parent).split()
        lines = on_terminal(["-m", "trafico_monitor", *arguments], spoken)
        if wide := too_wide(lines):
            found[name] = wide
        if not any(lines):
            empty.append(name)
    assert (found, empty) == ({}, [])


@pytest.mark.parametrize("spoken", ["es", "en"])
def test_setup_and_trial_fit_80_columns(config: Path, spoken: str) -> None:
    for name in NAMES:
        assert too_wide(on_terminal(["-c", SETUP, name, spoken], spoken)) == []
        assert too_wide(on_terminal(["-c", TRIAL, str(config), spoken, name], spoken)) == []


def test_a_table_cuts_by_an_ellipsis_and_a_story_is_whole(config: Path) -> None:
    listed = on_terminal(["-m", "trafico_monitor", "incidents", "--config", str(config)], "es")
    assert len(listed) == len(NAMES) + 1 and all("…" in line for line in listed[1:])
    shown = "".join(
        on_terminal(["-m", "trafico_monitor", "incidents", "show", f"{ID}5", "--config", str(config)], "es")
    )
    assert NAMES[3] in shown.replace(" ", "")
    reported = on_terminal(["-m", "trafico_monitor", "report", "--config", str(config)], "es")
    assert any("MOTIVO MÁS FRECUENTE" in line for line in reported), "the ledger's reasons are legible"


def test_a_pipe_gets_all_of_it(config: Path) -> None:
    """What is searched must not be cut."""
    words = [sys.executable, "-m", "trafico_monitor", "incidents", "--config", str(config)]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    assert len(shown.splitlines()) == len(NAMES) + 1 and "…" not in shown
    assert NAMES[3] in shown


def test_a_name_makes_no_line_of_its_own(config: Path) -> None:
    """A forged line in a report would be believed."""
    forged = []
    for name, words in COMMANDS.items():
        arguments = words.format(config=config, folder=config.parent).split()
        said = subprocess.run(
            [sys.executable, "-m", "trafico_monitor", *arguments], capture_output=True, text=True, timeout=SECONDS
        )
        if name not in ("rules test", "replay"):  # which read lines
            forged += [name for line in (said.stdout + said.stderr).splitlines() if line.startswith("línea")]
    assert forged == []
