"""What a machine really reports: clocks that jump, gaps, other disks, figures that no disk has. No exception, and no
absurd forecast: each case is a test of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.model.prediction import Prediction, PredictionKind
from trafico_monitor.prediction.downloads import Outcome
from trafico_monitor.prediction.forecaster import Forecaster

from . import histories
from .histories import DAY, GB, TOTAL

HOUR = 3600.0
Sample = tuple[float, float, float]  # seconds, total, free
BOUNDED: list[Sample] = [(at, TOTAL, free) for at, free in histories.disk(8, 13).free]
HALF = len(BOUNDED) // 2


def run(samples: Iterable[Sample], forecaster: Forecaster | None = None) -> tuple[Forecaster, list[Prediction]]:
    """Feeds the samples; what is foreseen at the end must be possible."""
    forecaster = Forecaster() if forecaster is None else forecaster
    said: list[Prediction] = []
    last = 0.0
    for at, total, free in samples:
        said += forecaster.space("/", total, free, at)
        forecaster.tick(at)
        last = at if math.isfinite(at) else last
    for fan in forecaster.fans(last):
        assert 0.0 <= fan.probability <= 1.0 and math.isfinite(fan.total) and fan.total > 0
        assert len(fan.at) == len(fan.low) == len(fan.median) == len(fan.high) == 168
        for low, median, high in zip(fan.low, fan.median, fan.high, strict=True):
            assert 0.0 <= low <= median <= high <= fan.total
        moments = [one for one in (fan.full_lo, fan.full_at, fan.full_hi) if one is not None]
        assert moments == sorted(moments) and all(last - HOUR <= one <= last + 8 * DAY for one in moments)
    for one in said:
        assert 0.0 <= one.p <= 1.0 and one.said_at <= one.until <= one.said_at + DAY
    json.dumps(forecaster.snapshot(), allow_nan=False)
    return forecaster, said


def test_a_bounded_disk_says_nothing() -> None:
    assert run(BOUNDED)[1] == []


def test_a_clock_that_goes_back_three_days() -> None:
    forecaster, said = run([*BOUNDED[:HALF], *((at - 3 * DAY, total, free) for at, total, free in BOUNDED[HALF:])])
    assert said == []
    hours = [at for at, _ in forecaster.volumes["/"].hourly]
    assert hours == sorted(set(hours))


def test_a_clock_that_was_a_year_ahead_and_comes_back_keeps_what_was_known() -> None:
    ahead = [(at + 400 * DAY, total, free) for at, total, free in BOUNDED[HALF : HALF + 20]]
    forecaster, said = run([*BOUNDED[:HALF], *ahead, *BOUNDED[HALF + 20 :]])
    assert said == []
    assert forecaster.volumes["/"].hourly[0][0] == BOUNDED[0][0]
    assert len(forecaster.fans(BOUNDED[-1][0])) == 1


def test_a_clock_that_jumps_to_and_fro() -> None:
    assert run((at + (HOUR if n % 7 == 3 else 0), total, free) for n, (at, total, free) in enumerate(BOUNDED))[1] == []


def test_a_gap_of_three_days_in_the_samples() -> None:
    assert run([*BOUNDED[:HALF], *BOUNDED[HALF + 864 :]])[1] == []


def test_one_sample_an_hour_is_enough() -> None:
    assert run(BOUNDED[::12])[1] == []


def test_a_disk_that_is_exchanged_for_a_larger_one() -> None:
    assert run([*BOUNDED[:HALF], *((at, 4 * TOTAL, free + 3 * TOTAL) for at, _, free in BOUNDED[HALF:])])[1] == []


def test_a_disk_that_is_exchanged_for_a_smaller_one() -> None:
    assert run([*BOUNDED[:HALF], *((at, TOTAL / 2, free * 0.4) for at, _, free in BOUNDED[HALF:])])[1] == []


def test_a_disk_that_is_grown() -> None:
    samples = [*BOUNDED[:HALF], *((at, TOTAL + 20 * GB, free + 20 * GB) for at, _, free in BOUNDED[HALF:])]
    assert run(samples)[1] == []


def test_a_disk_that_is_unmounted_for_an_hour() -> None:
    gone = [(at, 20 * GB, 9 * GB) for at, _, _ in BOUNDED[HALF : HALF + 12]]
    assert run([*BOUNDED[:HALF], *gone, *BOUNDED[HALF + 12 :]])[1] == []


def test_a_quota_that_is_removed() -> None:
    assert run([*BOUNDED[:HALF], *((at, total, free + TOTAL) for at, total, free in BOUNDED[HALF:])])[1] == []


def test_three_samples() -> None:
    forecaster, said = run(BOUNDED[:3])
    assert said == [] and forecaster.fans(BOUNDED[2][0]) == ()


def test_a_disk_that_was_always_full() -> None:
    assert run((at, total, 0.0) for at, total, _ in BOUNDED)[1] == []


def test_all_zeros() -> None:
    forecaster, said = run((at, 0.0, 0.0) for at, _, _ in BOUNDED)
    assert said == [] and forecaster.fans(BOUNDED[-1][0]) == ()


@pytest.mark.parametrize("place", ["at", "total", "free"])
def test_figures_that_are_none_among_good_ones(place: str) -> None:
    wrong = (math.nan, math.inf, -math.inf, -1.0, -1e30)

    def broken(sample: Sample, value: float) -> Sample:
        at, total, free = sample
        return {"at": (value, total, free), "total": (at, value, free), "free": (at, total, value)}[place]

    forecaster, said = run(broken(one, wrong[n % 5]) if n % 51 == 9 else one for n, one in enumerate(BOUNDED))
    assert said == [] and len(forecaster.fans(BOUNDED[-1][0])) == 1


@pytest.mark.parametrize("size", [1.0, 1e15, 1e30, 1e300])
def test_a_disk_of_any_size(size: float) -> None:
    run((at, total / TOTAL * size, free / TOTAL * size) for at, total, free in BOUNDED[::4])


VALUES = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300, 1.0)


def test_downloads_and_probes_of_any_figures() -> None:
    forecaster = Forecaster()
    for n, (size, at) in enumerate(product(VALUES, VALUES)):
        forecaster.space("/", 100 * GB, 3 * GB, at)
        for said in forecaster.download_started(str(n), size, at):
            assert said.kind is PredictionKind.FIT and math.isfinite(size)
        forecaster.download_progress(str(n), size, at)
        forecaster.download_ended(str(n), Outcome.OK, at, size)
        forecaster.probe(at, size, 200)
        forecaster.death(at, False)
        forecaster.tick(at)
    json.dumps(forecaster.snapshot(), allow_nan=False)


NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1e12) | st.just(0.0)


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=60))
def test_no_samples_break_it(samples: list[Sample]) -> None:
    run(samples)


@given(st.lists(st.tuples(st.floats(0, 30 * DAY), st.floats(0, 1e12)), min_size=200, max_size=200))
def test_samples_in_no_order_break_nothing(samples: list[tuple[float, float]]) -> None:
    run((at, 1e12, free) for at, free in samples)


def test_seventeen_volumes_and_a_thousand_downloads_stay_bounded() -> None:
    forecaster = Forecaster()
    for number in range(1000):
        forecaster.space(f"/{number % 40}", 100 * GB, 50 * GB, float(number))
        forecaster.download_started(str(number), GB, float(number), "/1")
    assert len(forecaster.volumes) == 16
    assert len(forecaster._running) == 512
