"""Foresight on histories that nothing was tuned on: right often enough, seldom wrong, and never from the future."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafico_monitor.model.prediction import Prediction, PredictionKind
from trafico_monitor.prediction.backtest import Download, History, backtest
from trafico_monitor.prediction.downloads import Outcome, stalled

from . import histories
from .histories import DAY, GB

HOUR = 3600.0


def of_kind(history: History, kind: PredictionKind) -> list[Prediction]:
    return [said for said in backtest(history) if said.kind is kind]


def test_a_disk_that_fills_is_said_hours_before_and_a_bounded_one_is_not() -> None:
    leads, missed, right, wrong = [], 0, 0, 0
    for seed in (7, 37):
        filling = histories.disk(seed, 40, leak=4 * GB)
        full = [at for at in histories.full_moments(filling) if at > 8 * DAY]
        said = of_kind(filling, PredictionKind.DISK)
        for one in said:
            true = any(one.said_at < at <= one.until + 12 * HOUR for at in full)
            right, wrong = right + true, wrong + (not true)
        for at in full:
            before = [at - one.said_at for one in said if one.said_at < at <= one.until + 12 * HOUR]
            leads, missed = leads + before[:1], missed + (not before)
    assert missed <= 1 and right >= 2 * wrong
    assert median(leads) >= 10 * HOUR
    assert of_kind(histories.disk(8, 30), PredictionKind.DISK) == []


def test_a_drain_that_no_day_contains_is_said_while_it_runs() -> None:
    begins = 15 * DAY + 10 * HOUR
    drained = histories.disk(9, 17, spurt=(begins, begins + 12 * HOUR, 14 * GB))
    full = histories.full_moments(drained)[0]
    first, *again = of_kind(drained, PredictionKind.DISK)
    assert all(one.said_at > full for one in again)
    assert begins < first.said_at < full - HOUR
    assert first.reason == "forecast.disk.draining"
    assert first.lo is not None and first.hi is not None and first.lo <= full <= first.hi


def test_a_video_that_does_not_fit_is_said_when_it_begins() -> None:
    free = [(0.0, 3 * GB)]
    downloads = [Download(10.0, 1.4 * GB, 60.0, Outcome.OK), Download(100.0, 1.6 * GB, None, Outcome.FAILED)]
    said = of_kind(History(100 * GB, free, downloads), PredictionKind.FIT)
    assert [one.said_at for one in said] == [100.0]


def test_timeouts_are_likely_where_the_size_says_so() -> None:
    history = histories.downloads(3, 600)
    said = {one.said_at: one.p for one in backtest(history) if one.kind is PredictionKind.TIMEOUT}
    judged = [(said[one.started], one.outcome is Outcome.TIMEOUT) for one in history.downloads if one.started in said]
    base = fmean(came for _, came in judged)
    brier = fmean((p - came) ** 2 for p, came in judged)
    assert len(judged) > 550 and 0.1 < base < 0.5
    assert brier <= 0.10
    assert brier < 0.6 * base * (1 - base)
    sure = [came for p, came in judged if p >= 0.8]
    assert fmean(sure) >= 0.85


def test_a_download_without_a_byte_for_a_minute_is_stalled() -> None:
    assert stalled(159.0, 100.0, 300.0) is None
    said = stalled(160.0, 100.0, 300.0, "luna/a.mp4")
    assert said is not None and said.until >= 400.0


def test_a_share_of_failures_that_rises_is_said_once() -> None:
    draw = random.Random(4)
    calm, risen = [draw.random() < 0.05 for _ in range(2000)], [False] * 60 + [draw.random() < 0.5 for _ in range(40)]

    def said(failing: list[bool]) -> list[float]:
        ends = [Download(i * HOUR, GB, 60.0, Outcome.FAILED if bad else Outcome.OK) for i, bad in enumerate(failing)]
        return [one.said_at // HOUR for one in of_kind(History(100 * GB, downloads=ends), PredictionKind.SHARE)]

    assert len(said(calm)) <= 2  # 12 weeks of 24 downloads a day
    assert 60 <= said(risen)[0] <= 75


def test_a_server_that_degrades_is_said_and_one_that_varies_is_not() -> None:
    assert of_kind(History(1.0, probes=histories.probes(1, 21)), PredictionKind.SERVER) == []
    slow_from = 10 * DAY + 15 * HOUR
    said = of_kind(History(1.0, probes=histories.probes(2, 11, slow_from)), PredictionKind.SERVER)
    assert len(said) == 1 and slow_from < said[0].said_at < slow_from + 1.5 * HOUR


def test_two_bad_gateways_in_ten_minutes_are_said_once() -> None:
    probes = [(0.0, 5.0, 200), (60.0, 5.0, 502), (300.0, 5.0, 502), (400.0, 5.0, 502)]
    assert [one.said_at for one in of_kind(History(1.0, probes=probes), PredictionKind.SERVER)] == [300.0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        pytest.param([0, 40, 81, 121, 160], [121], id="fast"),
        pytest.param([0, 7200, 14800, 22000], [22000], id="slow"),
        pytest.param([0, 7200, 90000, 91000, 99999], [], id="uneven"),
    ],
)
def test_a_crash_loop_is_four_deaths_evenly_apart(times: list[float], said: list[float]) -> None:
    found = of_kind(History(1.0, deaths=[(float(at), False) for at in times]), PredictionKind.LOOP)
    assert [one.said_at for one in found] == said


def test_restarts_that_somebody_asked_for_are_no_loop() -> None:
    assert of_kind(History(1.0, deaths=[(at * 60.0, True) for at in range(20)]), PredictionKind.LOOP) == []


@settings(max_examples=4)
@given(cut=st.floats(8 * DAY, 11 * DAY), factor=st.floats(0.0, 3.0))
def test_the_future_changes_nothing_that_was_said_before(cut: float, factor: float) -> None:
    history = histories.disk(11, 12, leak=9 * GB)
    history = replace(
        history, downloads=histories.downloads(12, 12 * 24).downloads, probes=histories.probes(13, 12)[::10]
    )
    other = History(
        history.total,
        [(at, free if at <= cut else free * factor) for at, free in history.free],
        [
            one if one.ended() <= cut else replace(one, outcome=Outcome.FAILED)
            for one in history.downloads
            if one.started <= cut or factor > 1
        ],
        [(at, value if at <= cut else 900.0, status) for at, value, status in history.probes],
        [(cut + 1, False)],
    )
    before = [said for said in backtest(history) if said.said_at <= cut]
    assert before == [said for said in backtest(other) if said.said_at <= cut]


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-10, 10**18), st.none(), st.just(0))


@given(
    st.fixed_dictionaries(
        {
            "total": NUMBERS,
            "free": st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40),
            "downloads": st.lists(
                st.tuples(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["ok", "timeout", "failed", "?"])), max_size=30
            ),
            "probes": st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=60),
            "deaths": st.lists(st.tuples(NUMBERS, st.booleans()), max_size=10),
        }
    )
)
def test_whatever_the_file_holds_nothing_absurd_is_said(given: dict[str, object]) -> None:
    for said in backtest(History.from_json(given)):
        assert 0.0 <= said.p <= 1.0 and said.until >= said.said_at
        json.dumps(said.as_json(), allow_nan=False)


@pytest.mark.parametrize("change", ["jump back", "jump ahead", "gap", "exchanged", "zeros", "three"])
def test_a_history_that_breaks_is_survived(change: str) -> None:
    free = list(histories.disk(14, 20, leak=2 * GB).free)
    half = len(free) // 2
    match change:
        case "jump back":
            free[half:] = [(at - 3 * DAY, size) for at, size in free[half:]]
        case "jump ahead":
            free[half:] = [(at + 400 * DAY, size) for at, size in free[half:]]
        case "gap":
            del free[half : half + 800]
        case "exchanged":
            free[half:] = [(at, size + 400 * GB) for at, size in free[half:]]
        case "zeros":
            free = [(at, 0.0) for at, _ in free]
        case "three":
            free = free[:3]
    said = list(backtest(History(histories.TOTAL, free)))
    assert len(said) <= 4
    assert all(math.isfinite(one.until) for one in said)
