"""`rules` and `replay` through the command line, on the packaged rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.cli import main
from trafico_monitor.config.rule_files import PACKAGED

DENIED = (
    "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/20260101_101010_abcdef.mp4'"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "bot.log"
    file.write_bytes(f"INFO:telegram.ext.Application:Application started\n{DENIED}\n\n".encode() + b"\xff\xfe\n")
    return file


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_in_one_line_out(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "--json", "--rules", str(PACKAGED), str(log)]) == 0
    found = lines(capsys)
    assert [one["line"] for one in found] == [1, 2, 3, 4]
    assert found[0] == {"line": 1, "error_type": None, "rule": None, "modelo": None, "video": None}
    assert found[1]["error_type"] == "permisos" and found[1]["modelo"] == "luna"
    assert found[1]["video"] == "20260101_101010_abcdef.mp4"


def test_replay_tells_the_incidents_and_orders(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--json", "--rules", str(PACKAGED), str(log)]) == 0
    [incident] = lines(capsys)
    wanted = {
        "error_type": "permisos",
        "modelo": "luna",
        "video": "20260101_101010_abcdef.mp4",
        "recovered_by_bot": False,
    }
    assert wanted.items() <= incident.items()
    assert incident["first_line"] == incident["last_line"] == "line:2" and incident["orders"]


def test_lint_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "lint", "--rules", str(PACKAGED)]) == 0
    assert main(["rules", "list", "--json", "--rules", str(PACKAGED)]) == 0
    assert capsys.readouterr().out.count("permisos_errno") == 1


def test_a_refused_rule_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = '[[rule]]\nname = "mia"\nerror_type = "timeout"\nliterals = ["tarde"]\npattern = "(a+)+"\n'
    (tmp_path / "mia.toml").write_text(bad, encoding="utf-8")
    assert main(["rules", "lint", "--rules", str(tmp_path)]) == 78
    assert "mia.toml: mia" in capsys.readouterr().err


def test_replay_wants_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay"]) == 1
    assert "--directory" in capsys.readouterr().err
