"""A unit that runs this project's main.py is recognised by what systemd says of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.host.safe_open import beginning
from trafico_monitor.setup import unit_files
from trafico_monitor.setup.unit_discovery import Started, as_unit, candidates, python_path, runs_project

PROJECT = "/home/victor/bot"
MAIN = Started(True, True)


def said(argv: str, folder: str = "", state: str = "loaded") -> dict[str, str]:
    command = f"{{ path=/usr/bin/python3 ; argv[]={argv} ; ignore_errors=no ; start_time=[n/a] ; pid=0 }}"
    return {"LoadState": state, "ExecStart": command, "WorkingDirectory": folder}


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        (said("/usr/bin/python3 main.py", PROJECT), True),
        (said("/usr/bin/python3 ./main.py", f"!{PROJECT}"), True),
        (said(f"/usr/bin/python3 -u {PROJECT}/main.py"), True),
        (said("/usr/bin/python3 main.py", "/home/ana/bot"), False),
        (said("/usr/bin/python3 other.py", PROJECT), False),
        (said("/usr/bin/python3 main.py", PROJECT, "not-found"), False),
        ({}, False),
    ],
)
def test_it_runs_the_project_or_not(answer: dict[str, str], runs: bool) -> None:
    assert (runs_project(answer, PROJECT) is not None) is runs


@pytest.mark.parametrize("more", [{"Environment": "LANG=C PYTHONUNBUFFERED=1"}, said("/usr/bin/python3 -u main.py")])
def test_unbuffered_by_variable_or_by_option(more: dict[str, str]) -> None:
    assert as_unit("bot.service", {**said("/usr/bin/python3 main.py"), **more}, MAIN).unbuffered


def test_output_to_a_file_is_not_the_journal() -> None:
    assert not as_unit("bot.service", {"StandardOutput": "append:/home/victor/bot.log"}, MAIN).journal
    assert as_unit("bot.service", {"StandardOutput": "inherit"}, MAIN).journal


def test_candidates_are_the_units_whose_files_speak_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.service").write_text(f"[Service]\nWorkingDirectory={PROJECT}\n")
    (tmp_path / "b.service").write_text("[Service]\nWorkingDirectory=/srv\n")
    (tmp_path / "c.service.d").mkdir()
    (tmp_path / "c.service.d" / "x.conf").write_text(f"[Service]\nExecStart=python {PROJECT}/main.py\n")
    (tmp_path / "d@.service").write_text(PROJECT)
    assert candidates(PROJECT, (tmp_path, tmp_path / "missing")) == ["a.service", "c.service"]


def test_a_unit_whose_script_speaks_of_the_project_is_a_candidate(tmp_path: Path) -> None:
    script, other = tmp_path / "start-bot", tmp_path / "data"
    script.write_text(f"#!/bin/sh\ncd {PROJECT}\nexec python main.py\n")
    other.write_text(f"{PROJECT}\n")
    (tmp_path / "a.service").write_text(f"[Service]\nExecStart=-{script} --quiet\n")
    (tmp_path / "b.service").write_text(f"[Service]\nExecStart={other}\n")
    (tmp_path / "c.service").write_text("[Service]\nExecStart=/nowhere/at/all\n")
    assert candidates(PROJECT, (tmp_path,)) == ["a.service"]


def test_a_pipe_in_a_script_s_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.service").write_text(f"[Service]\nExecStart={tmp_path}/pipe\n")
    assert candidates(PROJECT, (tmp_path,)) == []


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_text("a" * 100_000)
    (tmp_path / "link").symlink_to("long")
    for other in ("/dev/zero", tmp_path, tmp_path / "pipe", tmp_path / "absent", "/a\0b"):
        assert beginning(Path(other)) == ""
    assert beginning(tmp_path / "link") == "a" * 65536


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an environment of its own, a package, a wrapper, and console scripts as pip writes them."""
    folder = tmp_path / "bot"
    python = folder / ".venv" / "bin" / "python"
    package = folder / "trafico"
    for one in (python.parent, package):
        one.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").touch()
    python.symlink_to(sys.executable)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("from .app import main\n\nmain()\n")
    (package / "app.py").write_text("from telegram.ext import Application\n\n\ndef main() -> None: ...\n")
    (folder / "panel.py").write_text("import http.server\n")
    for name, module in {"trafico-bot": "trafico.app", "pip": "pip._internal"}.items():
        script = python.parent / name
        script.write_text(f"#!{python}\nimport sys\nfrom {module} import main\nsys.exit(main())\n")
        script.chmod(0o755)
    (folder / "main.py").write_text("import subprocess\n")
    (folder / "run.sh").write_text("#!/bin/bash\nset -e\nexec .venv/bin/python main.py\n")
    (folder / "loop.sh").write_text("#!/bin/bash\n./loop.sh; ./loop.sh\n")
    return folder


@each(
    ("argv", "what"),
    [
        ("{p}/run.sh", MAIN),
        ("/bin/bash -c cd {p} ; exec .venv/bin/python main.py", MAIN),
        ("{p}/.venv/bin/python -m trafico", Started(False, True)),
        ("{p}/.venv/bin/python -m panel", Started(False, False)),
        ("{p}/.venv/bin/trafico-bot", Started(False, True)),
        ("/usr/local/bin/uv run trafico-bot --debug", Started(False, True)),
        ("/usr/local/bin/uv run main.py", MAIN),
        ("/usr/bin/python3 -m main", MAIN),
        ("{p}/.venv/bin/pip install -r requirements.txt", None),
        ("{p}/loop.sh", None),
    ],
)
def test_every_shape_of_a_unit_on_a_real_project(project: Path, argv: str, what: Started | None) -> None:
    assert runs_project(said(argv.format(p=project), str(project)), str(project)) == what


def test_what_a_unit_has_as_pythonpath(tmp_path: Path) -> None:
    """As systemctl quotes it; a file outdoes Environment=, the last one all others."""
    plain, quoted, ours = tmp_path / "a.env", tmp_path / "b.env", tmp_path / unit_files.ENVIRONMENT
    plain.write_text("# PYTHONPATH=/no\nX=1\nPYTHONPATH=/a:/b \n")
    quoted.write_text("PYTHONPATH = '/q $x'\n")
    ours.write_text(unit_files.environment("/a"))
    answer = {"Environment": r'A=1 "PYTHONPATH=/two words:/b\\c:\$HOME/\"q"'}
    assert python_path({}) == ("", False)
    assert python_path(answer) == ('/two words:/b\\c:$HOME/"q', False)

    def files(*paths: Path) -> dict[str, str]:
        return {**answer, "EnvironmentFiles": "\n".join(f"{path} (ignore_errors=yes)" for path in paths)}

    assert python_path(files(plain)) == ("/a:/b", True)
    assert python_path(files(plain, quoted, tmp_path / "absent", ours)) == ("/q $x", True)
    assert python_path(files(tmp_path / "[ab].env")) == ("/q $x", True)
    assert python_path(files(ours)) == ('/two words:/b\\c:$HOME/"q', False)


def test_other_settings_keep_a_variable_from_the_program() -> None:
    assert as_unit("b.service", {"UnsetEnvironment": "LANG PYTHONPATH"}, MAIN).obstacles == ("overwritten",)
    assert as_unit("b.service", {"RootDirectory": "/srv/root"}, MAIN).obstacles == ("container",)
    assert as_unit("b.service", {"UnsetEnvironment": "LANG", "RootDirectory": ""}, MAIN).obstacles == ()
