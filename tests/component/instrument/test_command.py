"""`trafico-monitor instrument -- PROGRAM`: the program runs as it is called, and tells."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .conftest import INSTRUMENT, ROOT, Done, Ear, run, venv

MONITOR = [sys.executable, "-m", "trafico_monitor", "instrument"]
TELLS = "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ), os.getpid()])); sys.exit(7)"


def start(*words: str, cwd: Path = ROOT, **env: str) -> Done:
    return run([*MONITOR, *words], env={"PYTHONPATH": str(ROOT), "LC_ALL": "es_ES.UTF-8", **env}, cwd=cwd)


def test_the_program_is_what_was_asked_for(tmp_path: Path) -> None:
    """Its arguments, its status, its environment but for two variables; a relative folder is made absolute."""
    done = start("--models-dir", "m", "--", sys.executable, "-c", TELLS, "--models-dir", "x", "--", "y", cwd=tmp_path)
    assert (done.code, done.err) == (7, "")
    arguments, environment, _ = json.loads(done.out)
    assert arguments == ["-c", "--models-dir", "x", "--", "y"]
    assert environment["PYTHONPATH"] == f"{INSTRUMENT}{os.pathsep}{ROOT}"
    assert environment["TRAFICO_MODELS_DIR"] == str(tmp_path / "m")


def test_where_the_models_are(tmp_path: Path) -> None:
    """The option, the environment, the configuration, ./modelos: in this order."""
    config = tmp_path / "config.toml"
    config.write_text(f'[project]\ndir = "{tmp_path}"\nmodels_dir = "videos"\n')
    (tmp_path / "modelos").mkdir()
    asks = ["--", sys.executable, "-c", "import os; print(os.environ['TRAFICO_MODELS_DIR'])"]
    given = ("--config", str(config), *asks)
    assert start("--models-dir", "/a", *given, TRAFICO_MODELS_DIR="/b").out == "/a\n"
    assert start(*given, TRAFICO_MODELS_DIR="/b").out == "/b\n"
    assert start(*given).out == f"{tmp_path}/videos\n"
    assert start(*asks, cwd=tmp_path).out == f"{tmp_path}/modelos\n"
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    done = start(*asks, cwd=nowhere)
    assert (done.code, done.out) == (1, "")
    assert "--models-dir" in done.err


def test_a_program_that_is_not_there() -> None:
    done = start("--models-dir", "/m", "--", "no-such-program")
    assert (done.code, done.out) == (127, "")
    assert done.err.startswith("trafico-monitor: no-such-program: ")


def test_a_program_that_starts_the_bot_as_its_child(ear: Ear, tmp_path: Path) -> None:
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    main = tmp_path / "main.py"
    main.write_text("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import telegram'], check=True)\n")
    done = start("--models-dir", "m", "--", python, str(main), cwd=tmp_path, TRAFICO_JOURNAL_SOCKET=str(ear.path))
    assert (done.code, done.out, done.err) == (0, "", "")
    assert [event["TRAFICO_BIBLIOTECA"] for event in ear.events()] == ["telegram 22.5"]
