"""The forecaster of the running service: what it says while it is fed, what it keeps, and what it survives."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.config.schema import Predict
from trafico_monitor.model.prediction import PredictionKind
from trafico_monitor.prediction.downloads import Outcome
from trafico_monitor.prediction.forecaster import Forecaster

from . import histories
from .histories import DAY, GB, TOTAL

HOUR = 3600.0


def fed(days: int = 12, leak: float = 9 * GB, probability: float = 0.7) -> Forecaster:
    forecaster = Forecaster(Predict(disk_probability=probability))
    for at, free in histories.disk(11, days, leak=leak).free:
        forecaster.space("/srv", TOTAL, free, at)
    for number, one in enumerate(histories.downloads(12, days * 24).downloads):
        forecaster.download_started(str(number), one.size, one.started, "/srv/luna")
        forecaster.download_ended(str(number), one.outcome, one.ended(), one.seconds)
    for at, latency, status in histories.probes(13, days):
        forecaster.probe(at, latency, status)
    forecaster.death(days * DAY - 60, False)
    forecaster.tick(days * DAY)
    return forecaster


def test_the_fan_of_each_volume_is_hourly_for_a_week() -> None:
    forecaster = fed()
    (fan,) = forecaster.fans(12 * DAY)
    assert fan.path == "/srv" and len(fan.at) == len(fan.low) == len(fan.median) == len(fan.high) == 168
    assert fan.at[0] - 12 * DAY < HOUR and fan.at[-1] - fan.at[0] == 167 * HOUR
    assert all(0 <= low <= high <= TOTAL for low, high in zip(fan.low, fan.high, strict=True))
    assert forecaster.fans(14 * DAY) == ()


def test_a_snapshot_is_restored_whole_and_says_the_same_from_then_on() -> None:
    forecaster, other = fed(), Forecaster()
    kept = json.loads(json.dumps(forecaster.snapshot(), allow_nan=False))
    other.restore(kept, 12 * DAY)
    assert json.loads(json.dumps(other.snapshot())) == kept
    following = [(at + 12 * DAY, free) for at, free in histories.disk(15, 3, leak=30 * GB).free]
    said = [forecaster.space("/srv", TOTAL, free, at) for at, free in following]
    again = [other.space("/srv", TOTAL, free, at) for at, free in following]
    assert [[(one.kind, one.said_at) for one in row] for row in said if row] == [
        [(one.kind, one.said_at) for one in row] for row in again if row
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.integers(-(10**400), 10**400) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
PARTS = ("since", "volumes", "timeouts", "share", "server", "loop", "anomalies", "evidence")


@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.floats(allow_nan=True))
def test_no_snapshot_breaks_the_restore(kept: dict[str, Any], now: float) -> None:
    forecaster = Forecaster()
    forecaster.restore(kept, now)
    json.dumps(forecaster.snapshot(), allow_nan=False)


WRONG = {
    "volumes": {"/": {"total": -1, "hourly": [[5, -3], [4, 1], [9e99, 1], ["a", 1], [3, 1]], "factor": 1e9}},
    "server": {"baseline": [[1e9, "x", 2.0], None, 3], "total": float("inf"), "bad": [9e99]},
    "evidence": {"occurrences": [["disk", 1, "/"], ["no", 1, ""], ["disk", "x", ""]], "ends": [["k", "?", 1]]},
    "timeouts": {"variance": 0, "mean": float("nan"), "seen": -4},
    "share": {"last": [1, 0, "x"] * 9, "armed": 0},
    "loop": {"deaths": [5, 9e99, None], "said_until": "x"},
}


def test_a_snapshot_with_wrong_figures_gives_none_of_them() -> None:
    forecaster = Forecaster()
    forecaster.restore(WRONG, 100.0)
    assert list(forecaster.volumes["/"].hourly) == [(4.0, 1.0)]
    assert forecaster.volumes["/"].calibration.factor == 1.0
    assert [one.kind for one in forecaster.occurrences] == [PredictionKind.DISK]
    assert forecaster.space("/", 10 * GB, 5 * GB, 200.0) == ()


def test_a_download_is_stalled_once_until_a_byte_arrives() -> None:
    forecaster = Forecaster(byte_limit=300.0)
    forecaster.download_started("a", None, 0.0)
    assert forecaster.download_progress("a", 10, 10.0) == ()
    assert forecaster.download_progress("a", 10, 69.0) == ()
    (said,) = forecaster.download_progress("a", 10, 70.0)
    assert (said.kind, said.about) == (PredictionKind.STALL, "a")
    assert forecaster.download_progress("a", 10, 100.0) == ()
    assert forecaster.download_progress("a", 11, 110.0) == ()
    assert len(forecaster.download_progress("a", 11, 170.0)) == 1
    assert forecaster.download_progress("unknown", 1, 999.0) == ()


def test_each_volume_counts_what_arrives_on_it() -> None:
    forecaster = Forecaster()
    forecaster.space("/", 100 * GB, 3 * GB, 0.0)
    forecaster.space("/srv", 100 * GB, 30 * GB, 0.0)
    assert forecaster.download_started("a", 2 * GB, 1.0, "/srv/luna") == ()
    assert [one.kind for one in forecaster.download_started("b", 2 * GB, 1.0, "/var/x")] == [PredictionKind.FIT]
    assert [one.about for one in forecaster.download_started("c", GB, 2.0, "/srv2")] == ["c"]
    forecaster.download_ended("a", Outcome.OK, 5.0)
    assert [one.kind for one in forecaster.download_started("d", 16 * GB, 6.0, "/srv")] == [PredictionKind.FIT]
