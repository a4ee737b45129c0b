"""What an operator reads is words and times: no code of ours, no cursor of journald."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.cases import each
from tests.journal_fixtures import Line, write_journal
from trafico_monitor.cli.main import main
from trafico_monitor.messages import text
from trafico_monitor.messages.format import date_time
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.prediction import ForecastView, KindScore, KindState, PredictionKind
from trafico_monitor.model.task import TaskKind, TaskStat
from trafico_monitor.store.repository import Store

DENIED = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'"


@pytest.mark.parametrize("spoken", ["es", "en"])
async def test_a_report_has_no_code_in_it(
    tmp_path: Path, spoken: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", spoken)
    now, store = time.time(), await Store.open(tmp_path)
    incidents = [
        Incident(f"ABCDEF{n}{m}", kind, now - 60, now, estado)
        for n, kind in enumerate(ErrorType)
        for m, estado in enumerate(Estado)
    ]
    stats = [TaskStat(kind, order, now, False, "server_unreachable") for kind in ErrorType for order in TaskKind]
    await store.commit(ChangeSet(incidents=tuple(incidents), attempts=tuple(stats)))
    scores = tuple(KindScore(kind, KindState.SILENCED, 99, 9, 90, 7) for kind in PredictionKind)
    await store.save_forecast(ForecastView(now, (), scores, (), now))
    await store.close()
    (tmp_path / "config.toml").write_text(f'[paths]\nstate = "{tmp_path}"\n')
    assert main(["report", "--config", str(tmp_path / "config.toml")]) == 0
    said = capsys.readouterr().out
    assert len(said.splitlines()) > len(ErrorType) * len(TaskKind)
    assert re.findall(r"\b[a-z]+_[a-z_]+\b", said) == []
    assert all(text(f"foreseen.short.{kind.value}", spoken) in said for kind in PredictionKind)
    assert spoken == "en" or not re.search(r"^ +(disk|fit|stall|share|loop) ", said, re.MULTILINE)


@each("spoken", ["es", "en"])
def test_a_replay_of_the_journal_shows_times_and_of_a_file_the_numbers_of_its_lines(
    tmp_path: Path, spoken: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", spoken)
    at = 1_790_000_000.0
    write_journal(tmp_path / "journal" / "1.journal", [Line(DENIED, at), Line(DENIED, at + 3)])
    assert main(["replay", "--directory", str(tmp_path / "journal")]) == 0
    said = capsys.readouterr().out
    assert f" · {date_time(at, seconds=True)}" in said
    assert not re.search(r"\b[sib]=[0-9a-f]{2,}", said)
    (tmp_path / "bot.log").write_text(f"INFO:__main__:x\n{DENIED}\n")
    assert main(["replay", str(tmp_path / "bot.log")]) == 0
    assert re.search(r" · (líneas|lines) 2 … 2 · ", capsys.readouterr().out)
