"""A unit that runs this project's main.py is recognised by what systemd says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trafico_monitor.setup.unit_search import as_unit, candidates, runs_project

PROJECT = "/home/victor/bot"


def said(argv: str, folder: str = "", state: str = "loaded") -> dict[str, str]:
    command = f"{{ path=/usr/bin/python3 ; argv[]={argv} ; ignore_errors=no ; pid=0 }}"
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
    assert runs_project(answer, PROJECT) is runs


@pytest.mark.parametrize("more", [{"Environment": "LANG=C PYTHONUNBUFFERED=1"}, said("/usr/bin/python3 -u main.py")])
def test_unbuffered_by_variable_or_by_option(more: dict[str, str]) -> None:
    assert as_unit("bot.service", {**said("/usr/bin/python3 main.py"), **more}).unbuffered


def test_output_to_a_file_is_not_the_journal() -> None:
    assert not as_unit("bot.service", {"StandardOutput": "append:/home/victor/bot.log"}).journal
    assert as_unit("bot.service", {"StandardOutput": "inherit"}).journal


def test_candidates_are_the_units_whose_files_speak_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.service").write_text(f"[Service]\nWorkingDirectory={PROJECT}\n")
    (tmp_path / "b.service").write_text("[Service]\nWorkingDirectory=/srv\n")
    (tmp_path / "c.service.d").mkdir()
    (tmp_path / "c.service.d" / "x.conf").write_text(f"[Service]\nExecStart=python {PROJECT}/main.py\n")
    (tmp_path / "d@.service").write_text(PROJECT)
    assert candidates(PROJECT, (tmp_path, tmp_path / "missing")) == ["a.service", "c.service"]
