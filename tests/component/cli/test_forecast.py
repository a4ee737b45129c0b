"""`forecast` and `report` on the records of a monitor: what is foreseen, since when it learns, and how good it was."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.web.samples import FORESEEN, HOSTILE, NOON
from trafico_monitor.cli.main import main
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.prediction import (
    DeathSample,
    ForecastView,
    KindScore,
    KindState,
    PredictionKind,
    ProbeSample,
    Samples,
)
from trafico_monitor.store.repository import Store

NOTHING = Samples()
Keep = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Stores a view, its predictions and samples; gives the options of a command that reads them."""
    config = tmp_path / "config.toml"
    config.write_text(f'[paths]\nstate = "{tmp_path}"\n')

    async def work(view: ForecastView | None = None, samples: Samples = NOTHING) -> list[str]:
        store = await Store.open(tmp_path)
        if view is not None:
            await store.save_forecast(view)
            await store.commit(ChangeSet(predictions=view.foreseen, samples=samples))
        elif samples is not NOTHING:
            await store.commit(ChangeSet(samples=samples))
        await store.close()
        return ["--config", str(config)]

    return work


@pytest.fixture(autouse=True)
def _spanish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "es_ES.UTF-8")


async def test_what_is_foreseen_with_chance_interval_reason_and_score(
    keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    options = await keep(FORESEEN)
    assert main(["forecast", *options]) == 0
    said = capsys.readouterr().out
    for words in (
        "disco lleno: /home\n    probable (82 %), a partir de 2025-12-25",
        "quedan 41,2 GB y bajan 3,0 GB por hora, según los últimos días · avisado",
        "descarga sin avance: a.mp4\n    muy probable (90 %), antes de 2025-12-25",
        "    en prueba: se muestra, no se avisa",
        "  /home: baja de 2,0 GB hacia 2025-12-25",
        "  disco    en prueba         3       2      1       0     0.10 0.200     80%",
    ):
        assert words in said, said
    assert [line for line in said.splitlines() if len(line) > 80 and "/home: baja" not in line] == []
    assert main(["forecast", "--json", *options]) == 0
    one = json.loads(capsys.readouterr().out)
    assert set(one) == {"at", "since", "foreseen", "scores", "disks"}
    assert {"kind", "said_at", "until", "p", "lo", "hi", "about", "reason", "told"} <= one["foreseen"][0].keys()
    assert one["disks"][0]["full_at"] == NOON + 5400 and len(one["scores"]) == len(PredictionKind)


async def test_without_forecasts_it_says_so_and_since_when_it_learns(
    keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    options = await keep()
    assert main(["forecast", *options]) == 0
    assert "sin previsiones: aún no hay datos" in capsys.readouterr().out
    learning = tuple(KindScore(kind, KindState.LEARNING) for kind in PredictionKind)
    await keep(ForecastView(NOON, scores=learning, since=NOON - 86400))
    assert main(["forecast", *options]) == 0
    said = capsys.readouterr().out
    assert "sin previsiones (aprende desde 2025-12-2" in said and "aprendiendo" in said
    await keep(ForecastView(NOON, scores=tuple(replace(one, state=KindState.OFF) for one in learning)))
    assert main(["forecast", *options]) == 0
    assert "[predict] enabled = false" in capsys.readouterr().out


async def test_the_report_has_a_section_in_every_form(keep: Keep, capsys: pytest.CaptureFixture[str]) -> None:
    disk = FORESEEN.foreseen[0]
    hostile = replace(disk, prediction=replace(disk.prediction, about=HOSTILE))
    options = await keep(replace(FORESEEN, foreseen=(hostile,)))
    assert main(["report", *options]) == 0
    said = capsys.readouterr().out
    assert "Previsiones\n  disco lleno: <img" in said and "probable (82 %)" in said and "\u202e" not in said
    assert main(["report", "--format", "json", *options]) == 0
    told = json.loads(capsys.readouterr().out)["forecast"]
    assert told["foreseen"][0]["p"] == 0.82 and "disks" not in told
    assert main(["report", "--format", "html", *options]) == 0
    page = capsys.readouterr().out
    assert "<h2>Previsiones</h2>" in page and "<img" not in page and "&lt;img" in page and "quedan 41,2 GB" in page
    assert "<td>suben los fallos de descarga</td>" in page


async def test_a_monitor_that_has_never_predicted_has_no_section(
    keep: Keep, capsys: pytest.CaptureFixture[str]
) -> None:
    options = await keep()
    assert main(["report", *options]) == 0
    assert "Previsiones" not in capsys.readouterr().out
    assert main(["report", "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["forecast"] is None


async def test_the_monitors_own_past_is_evaluated(keep: Keep, capsys: pytest.CaptureFixture[str]) -> None:
    deaths = tuple(DeathSample(NOON + 40 * n, planned=False) for n in range(6))
    probes = tuple(ProbeSample(NOON + 30 * n, 5.0, 200) for n in range(2000))
    options = await keep(samples=Samples(deaths=deaths, probes=probes))
    for words in (["--backtest"], ["--since", f"@{NOON - 1:.0f}"]):
        assert main(["forecast", *words, "--json", *options]) == 0
        (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert list(said) == ["kind", "said_at", "until", "p", "lo", "hi", "about"]
        assert (said["kind"], said["said_at"]) == ("loop", NOON + 120)
    assert main(["forecast", "--since", f"@{NOON - 1:.0f}", *options]) == 0
    shown = capsys.readouterr().out.splitlines()
    (loop,) = [line.split() for line in shown if line.startswith("  bucle ")]
    assert loop[-7:-3] == ["1", "1", "0", "0"], "said, came true, false, missed"
    assert main(["forecast", "--since", f"@{NOON + 100:.0f}", "--json", *options]) == 0
    assert capsys.readouterr().out == "", "the past before it is not looked at"


def test_a_file_and_the_own_past_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--backtest", "history.json", "--since", "-7d"]) == 64
    assert "--since" in capsys.readouterr().err
