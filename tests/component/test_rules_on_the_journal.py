"""`rules test --since` reads the bot's own lines of the journal, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journal_fixtures import Line, manager_line, write_journal
from trafico_monitor.cli.main import main

pytestmark = pytest.mark.slow

AT = 1_767_000_000.0
DENIED = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'"


def test_the_lines_since_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "journal"
    write_journal(
        folder / "a.journal",
        [
            Line(DENIED.replace("luna", "antes"), AT - 100),
            Line("INFO:__main__:hola", AT + 1),
            Line(DENIED, AT + 2),
            Line(DENIED.replace("luna", "ajena"), AT + 3, pid=9, cmdline="/usr/bin/python poster_prd.py"),
            manager_line("Stopped trafico-main.service.", AT + 4),
        ],
    )
    config = tmp_path / "config.toml"
    config.write_text(f'[journal]\ndirectory = "{folder}"\n', encoding="utf-8")
    assert main(["rules", "test", "--json", "--config", str(config), "--since", f"@{AT}"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["error_type"], one["modelo"]) for one in found] == [(None, None), ("permisos", "luna")]
    assert main(["rules", "test", "--json", "--config", str(config), "--until", f"@{AT}"]) == 0
    assert json.loads(capsys.readouterr().out)["modelo"] == "antes"
