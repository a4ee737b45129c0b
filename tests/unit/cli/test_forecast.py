"""`forecast --backtest`: one prediction a line, or a sentence about the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.cli.main import main

DEATHS = {"deaths": [[0, False], [40, False], [81, False], [121, False]]}


def test_each_prediction_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps(DEATHS))
    assert main(["forecast", "--backtest", str(file), "--json"]) == 0
    (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert list(said) == ["kind", "said_at", "until", "p", "lo", "hi", "about"]
    assert said["kind"] == "loop" and said["said_at"] == 121
    assert main(["forecast", "--backtest", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[2:4] == ["loop", "0.95"]


@pytest.mark.parametrize("content", ["", "[]", '{"free": 3}', "[" * 100_000, '{"free": [3]}', None])
def test_a_file_that_is_no_history_is_named(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.json"
    if content is not None:
        file.write_text(content)
    assert main(["forecast", "--backtest", str(file)]) != 0
    assert str(file) in capsys.readouterr().err
