"""Kinds of log lines that are new, or suddenly more frequent: said seldom, never early, whoever prints them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from trafico_monitor.config.schema import Predict
from trafico_monitor.detection.unknown import MOST_KINDS, LineKinds
from trafico_monitor.model.prediction import (
    DAY,
    HOUR,
    KindState,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    SaidPrediction,
)
from trafico_monitor.prediction import judgement, telling
from trafico_monitor.prediction.anomalies import (
    LEARNING,
    MOST,
    MOST_A_DAY,
    NEW_CODE,
    RISE_CODE,
    Anomalies,
)
from trafico_monitor.prediction.downloads import Outcome
from trafico_monitor.prediction.forecaster import Forecaster

from .histories import poisson

START = 1_766_016_000.0  # midnight UTC
Line = tuple[float, str]


def usual(days: float, seed: int = 1, since: float = START) -> Iterator[Line]:
    """A bot's days: five kinds of lines, more of them in the evening, each hour by chance."""
    luck = random.Random(seed)
    for hour in range(round(days * 24)):
        busy = 1.0 + math.sin((hour % 24 - 15) / 24 * 2 * math.pi)
        found = [
            (since + hour * HOUR + luck.random() * HOUR, kind)
            for kind, rate in (("poll", 40.0), ("video", 8.0), ("warning", 4.0), ("retry", 1.0), ("rare", 0.1))
            for _ in range(poisson(luck, rate * (0.3 + busy)))
        ]
        yield from sorted(found)


def burst(at: float, kind: str, lines: int) -> list[Line]:
    return [(at + n, kind) for n in range(lines)]


def said(lines: Iterable[Line], watched: Anomalies | None = None) -> list[Prediction]:
    watched = watched or Anomalies()
    return [one for at, kind in lines if (one := watched.take(at, kind, f"words of {kind}")) is not None]


def test_the_usual_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    false = [one.reason for seed in range(6) for one in said(usual(42, seed))]
    with capsys.disabled():
        print(f"\nanomalies: {len(false)} said of 36 usual machine-weeks, {len(false) / 30:.2f} a week after learning")
    assert len(false) / 30 <= 0.1


def test_a_rise_is_said_once_within_its_hour() -> None:
    at = START + 20 * DAY + 3.2 * HOUR
    lines = sorted([*usual(30), *burst(at, "warning", 300)])
    (one,) = said(lines)
    assert (one.kind, one.reason, one.about) == (PredictionKind.ANOMALY, RISE_CODE, "words of warning")
    assert at <= one.said_at <= at + 60 and one.until == one.said_at + HOUR


def test_a_new_kind_is_said_at_its_third_line_and_not_again() -> None:
    at = START + 12 * DAY
    lines = sorted([*usual(20), *(line for n in range(30) for line in burst(at + n * HOUR, "never before", 4))])
    (one,) = said(lines)
    assert (one.reason, one.said_at) == (NEW_CODE, at + 2)


def test_nothing_is_said_in_the_first_days() -> None:
    lines = sorted([*usual(6.9), *(line for day in range(6) for line in burst(START + day * DAY, f"new{day}", 500))])
    assert said(lines) == []
    assert LEARNING == 7 * DAY


def test_a_stranger_who_prints_arbitrary_text_gets_no_flood_and_hides_no_kind_that_is_known() -> None:
    luck = random.Random(5)
    watched, lines = Anomalies(), []
    for hour in range(14 * 24):
        texts = [f"{luck.random()}" for _ in range(200)]
        lines += [(START + 10 * DAY + hour * HOUR + n, text) for n, text in enumerate(texts * 3)]
    found = said(sorted([*usual(30), *lines]), watched)
    by_day: dict[int, int] = {}
    for one in found:
        by_day[int(one.said_at // DAY)] = by_day.get(int(one.said_at // DAY), 0) + 1
    assert found and max(by_day.values()) <= MOST_A_DAY + 1  # a day of the calendar touches two of twenty-four hours
    assert len(watched._kinds) <= MOST
    assert {"poll", "video", "warning", "retry"} <= set(watched._kinds)
    assert len(json.dumps(watched.snapshot())) < 80 * 1024


def test_a_restart_changes_nothing() -> None:
    at = START + 20 * DAY + 3.2 * HOUR
    lines = sorted([*usual(24), *burst(at, "warning", 300)])
    watched, found = Anomalies(), []
    for number, line in enumerate(lines):
        if number % 997 == 0:
            again = Anomalies()
            again.restore(json.loads(json.dumps(watched.snapshot())), line[0])
            watched = again
        found += said([line], watched)
    assert found == said(lines)


def test_what_comes_later_changes_nothing_that_was_said() -> None:
    at = START + 15 * DAY
    lines = sorted([*usual(20), *burst(at, "warning", 300)])
    until = START + 16 * DAY
    before = said(line for line in lines if line[0] < until)
    assert before == [one for one in said(lines) if one.said_at < until] != []


def test_hours_in_which_nobody_looked_are_no_quiet_hours() -> None:
    """A monitor that was off every other day does not find each evening remarkable."""
    lines = [line for line in usual(40) if int((line[0] - START) // DAY) % 2 == 0]
    assert said(lines) == []


@pytest.mark.parametrize("at", [math.nan, math.inf, -1.0, 1e300, START - 30 * DAY])
def test_a_time_that_is_none_and_a_clock_that_is_set_back_say_nothing(at: float) -> None:
    watched = Anomalies()
    said(usual(10), watched)
    kinds = len(watched._kinds)
    assert [watched.take(at, "new", "new") for _ in range(50)] == [None] * 50
    assert len(watched._kinds) == kinds


def test_a_clock_that_jumps_ahead_makes_nothing_remarkable() -> None:
    lines = [*usual(10), *usual(10, since=START + 400 * DAY)]
    assert said(lines) == []


def test_its_probability_is_its_own_record() -> None:
    watched = Anomalies()
    for _ in range(3):
        watched.learn(RISE_CODE, False)
    at = START + 20 * DAY
    (rise,) = said(sorted([*usual(22), *burst(at, "warning", 300)]), watched)
    assert rise.p == pytest.approx(1 / 5)
    fresh = said(sorted([*usual(22), *burst(at, "new", 3)]), Anomalies())
    assert [one.p for one in fresh] == [0.5]
    watched.learn("no such reason", True)
    for _ in range(1000):
        watched.learn(RISE_CODE, True)
    assert watched.snapshot()["records"][RISE_CODE][1] <= 50  # type: ignore[index]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"hour": "x"},
        {"hour": 10**9, "since": 0, "looked": ""},
        {"hour": 1, "since": 10**400, "looked": ""},
        {"hour": 1, "since": 0, "looked": "é", "kinds": {"a": 1, "b": [1, 2, 3, 1, "?"], "c": None}, "said": ["x"]},
        {"hour": 1, "since": 0, "looked": "", "records": {RISE_CODE: [9, 1], NEW_CODE: "x"}, "kinds": []},
    ],
)
def test_a_spoilt_memory_is_none(given: dict[str, object]) -> None:
    for now in (START, math.nan, math.inf):
        watched = Anomalies()
        watched.restore(given, now)
        assert watched.take(START, "a", "a") is None


# -- the kinds of lines


def test_lines_that_differ_in_names_and_numbers_are_one_kind() -> None:
    kinds = LineKinds()
    lines = [
        f"INFO:__main__:Mensaje {n} de {name} a las 10:{n % 60:02}:00" for n in range(200) for name in ("luna", "sol")
    ]
    assert len({kinds.of(line, START) for line in lines} - {None}) <= 2
    assert kinds.of("ERROR:db:connection to 10.0.0.1:5432 lost", START) != kinds.of(lines[0], START)


def test_kinds_are_bounded_and_mined_so_often_an_hour() -> None:
    luck, kinds = random.Random(1), LineKinds()
    words = ["".join(luck.choices("abcdefghij", k=7)) for _ in range(5000)]
    lines = [" ".join(luck.choices(words, k=9)) for _ in range(LineKinds.MINED + 400)]
    found = [kinds.of(line, START) for line in lines]
    assert sum(one is not None for one in found) <= LineKinds.MINED
    assert kinds.of(lines[0], START) == found[0]  # known: not mined again
    assert kinds.of(lines[-1], START + HOUR) is not None
    assert len(kinds.snapshot()) <= MOST_KINDS
    assert len(json.dumps(kinds.snapshot())) < 64 * 1024


def test_names_of_kinds_survive_a_restart() -> None:
    kinds, again = LineKinds(), LineKinds()
    lines = ["INFO:__main__:Mensaje de luna", "ERROR:db:connection lost", "💤 No hay publicaciones programadas"]
    before = [kinds.of(line, START) for line in lines]
    again.restore(json.loads(json.dumps({**kinds.snapshot(), "x": "y", "7": None})))
    assert again.snapshot() == kinds.snapshot()
    assert [again.of(line, START) for line in reversed(lines)] == before[::-1]


# -- judged, and told


def judged(run: Forecaster, said: tuple[Prediction, ...], now: float) -> list[SaidPrediction]:
    return list(run.judge([judgement.said(one) for one in said], now))


@pytest.mark.parametrize(
    ("after", "outcome", "right"),
    [
        (lambda run, at: run.download_ended("x", Outcome.TIMEOUT, at + 600), PredictionOutcome.CAME_TRUE, 2 / 3),
        (lambda run, at: run.death(at + 600, False), PredictionOutcome.CAME_TRUE, 2 / 3),
        (lambda run, at: run.death(at + 600, True), PredictionOutcome.FALSE, 1 / 3),
        (lambda run, at: run.download_ended("x", Outcome.OK, at + 600), PredictionOutcome.FALSE, 1 / 3),
        (lambda run, at: run.download_ended("x", Outcome.TIMEOUT, at + 4000), PredictionOutcome.FALSE, 1 / 3),
    ],
)
def test_it_comes_true_when_a_download_fails_or_the_bot_dies_within_the_hour(
    after: Callable[[Forecaster, float], object], outcome: PredictionOutcome, right: float
) -> None:
    run, at = Forecaster(), START + 20 * DAY
    for line_at, kind in usual(20):
        run.line(kind, kind, line_at)
    said = tuple(one for n in range(3) for one in run.line("new", "new", at + n))
    for minute in range(70):
        run.tick(at + 60 * minute)
    after(run, at)
    (one,) = judged(run, said, at + 4100)
    assert one.outcome is outcome
    again = Forecaster()
    again.restore(json.loads(json.dumps(run.snapshot())), at + 4100)
    (next_one,) = (one for n in range(3) for one in again.line("newer", "newer", at + 2 * DAY + n))
    assert next_one.p == pytest.approx(right)


def test_it_is_shown_and_not_told_until_half_of_ten_came_true() -> None:
    settings, now = Predict(), START + 100 * DAY

    def record(right: int, false: int) -> list[SaidPrediction]:
        came = [PredictionOutcome.CAME_TRUE] * right + [PredictionOutcome.FALSE] * false
        return [
            replace(
                judgement.said(Prediction(PredictionKind.ANOMALY, START + n, START + n + HOUR, 0.6)),
                outcome=one, judged_at=START + n + HOUR,
            )
            for n, one in enumerate(came)
        ]  # fmt: skip

    def state(right: int, false: int, since: float = START) -> KindState:
        return telling.states(settings, record(right, false), since, now)[PredictionKind.ANOMALY]

    assert state(0, 0) is KindState.SHADOW
    assert state(9, 0) is KindState.SHADOW
    assert state(6, 4) is KindState.TOLD
    assert state(4, 6) is KindState.SILENCED
    assert state(6, 4, now - 6 * DAY) is KindState.LEARNING
