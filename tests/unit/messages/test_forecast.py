"""Predictions in words: every kind, reason and state in both languages, whatever the figures."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor import prediction as package
from trafico_monitor.messages import LANGUAGES, catalogue, forecast
from trafico_monitor.model.prediction import (
    DiskFan,
    ForecastView,
    KindScore,
    KindState,
    Prediction,
    PredictionKind,
    SaidPrediction,
)

NOON = 1_766_660_400.0
DISK = Prediction(
    PredictionKind.DISK, NOON, NOON + 86400, 0.82, NOON + 3600, NOON + 7200, "/home", "forecast.disk",
    (("free", 41.2e9), ("drain", 3.1e9)),
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_state_and_reason_has_its_words(language: str) -> None:
    sources = [path.read_text() for path in Path(str(package.__path__[0])).glob("*.py")]
    reasons = {code for source in sources for code in re.findall(r'"(forecast\.[a-z_.]+)"', source)}
    assert "forecast.disk" in reasons
    codes = {f"foreseen.kind.{kind.value}" for kind in PredictionKind} | reasons
    codes |= {f"foreseen.state.{state.value}" for state in KindState}
    codes |= {f"notice.foreseen.do.{kind.value}" for kind in PredictionKind}
    assert sorted(codes - catalogue(language).keys()) == []


def test_a_prediction_in_one_line_and_its_reason() -> None:
    assert re.fullmatch(
        r"disco lleno: /home · probable \(82 %\) · entre 2025-12-25 \d\d:00 y 2025-12-25 \d\d:00",
        forecast.sentence(DISK, "es"),
    )
    assert forecast.reason(DISK, "es") == "quedan 41,2 GB y bajan 3,1 GB por hora, según los últimos días"
    assert forecast.reason(Prediction(PredictionKind.DISK, 0, 1, 0.5), "es") == ""


@pytest.mark.parametrize(
    ("p", "word"),
    [(1.0, "muy probable"), (0.9, "muy probable"), (0.89, "probable"), (0.66, "probable"), (0.5, "posible"),
     (0.329, "poco probable"), (0.0, "poco probable"), (math.nan, "poco probable")],
)  # fmt: skip
def test_how_likely_it_is(p: float, word: str) -> None:
    assert forecast.chance(Prediction(PredictionKind.LOOP, 0, 1, p), "es").startswith(word)


@each("ends", [(None, None), (NOON, None), (None, NOON), (1e300, 1e300), (math.nan, math.inf)])
@each("language", LANGUAGES)
def test_an_interval_of_any_ends_is_shown(ends: tuple[float | None, float | None], language: str) -> None:
    shown = forecast.interval(Prediction(PredictionKind.FIT, NOON, NOON + 60, 0.7, *ends), language)
    assert shown and "…" not in shown


def test_the_whole_view_is_json_without_what_json_has_not() -> None:
    fan = DiskFan("/home", 5e11, 2e9, 0.82, (NOON,), (1.25,), (2.5,), (3.75,), NOON + 5400)
    score = KindScore(PredictionKind.DISK, KindState.TOLD)
    view = ForecastView(NOON, (SaidPrediction("P1", DISK, told=True),), (score,), (fan,), NOON - 86400)
    said = json.loads(json.dumps(view.as_json(), allow_nan=False))
    (one,), (scored,), (disk,) = said["foreseen"], said["scores"], said["disks"]
    assert one["kind"] == "disk" and one["likelihood"] == "likely" and one["fields"]["drain"] == 3.1e9
    assert scored == {
        "kind": "disk", "state": "told", "said": 0, "came_true": 0, "false": 0, "missed": 0, "false_per_week": None,
        "brier": None, "coverage": None,
    }  # fmt: skip
    assert disk["low"] == [1] and disk["full_at"] == NOON + 5400 and disk["full_lo"] is None
    assert said["since"] == NOON - 86400
