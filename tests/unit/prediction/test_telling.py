"""Which predictions are told: the shadow of the first days, the budget, and a kind that is silenced."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.config.schema import Predict
from trafico_monitor.model.prediction import (
    DAY,
    KindState,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    SaidPrediction,
)
from trafico_monitor.prediction import telling
from trafico_monitor.prediction.judgement import said

HOUR = 3600.0
DISK = PredictionKind.DISK
TRUE, FALSE, VOID = PredictionOutcome.CAME_TRUE, PredictionOutcome.FALSE, PredictionOutcome.VOID
NOW = 40 * DAY


def one(
    at: float = NOW,
    kind: PredictionKind = DISK,
    p: float = 0.8,
    about: str = "/srv",
    outcome: PredictionOutcome | None = None,
    told: bool = False,
    hi: float | None = None,
) -> SaidPrediction:
    made = said(Prediction(kind, at, at + DAY, p, at, hi, about), told)
    return replace(made, outcome=outcome, judged_at=None if outcome is None else at + DAY)


def told(*given: SaidPrediction, now: float = NOW, settings: Predict | None = None) -> list[float]:
    chosen = telling.choose(settings or Predict(), given, 0.0, now)
    assert all(each.told for each in chosen)
    return [each.prediction.said_at for each in chosen]


@pytest.mark.parametrize(
    ("days", "disk", "fit"),
    [
        (0.0, KindState.LEARNING, KindState.SHADOW),
        (2.9, KindState.LEARNING, KindState.SHADOW),
        (3.0, KindState.SHADOW, KindState.SHADOW),
        (6.9, KindState.SHADOW, KindState.SHADOW),
        (7.0, KindState.TOLD, KindState.TOLD),
    ],
)
def test_the_first_days_are_in_the_shadow(days: float, disk: KindState, fit: KindState) -> None:
    found = telling.states(Predict(), [], 0.0, days * DAY)
    assert (found[DISK], found[PredictionKind.FIT]) == (disk, fit)
    assert bool(told(one(days * DAY), now=days * DAY)) is (disk is KindState.TOLD)


def test_what_is_switched_off_tells_nothing() -> None:
    off = Predict(enabled=False)
    assert set(telling.states(off, [], 0.0, NOW).values()) == {KindState.OFF}
    assert told(one(), settings=off) == []


def test_nothing_is_known_before_the_first_data() -> None:
    assert telling.states(Predict(), [], None, NOW)[DISK] is KindState.LEARNING


def test_one_prediction_is_told_once_and_the_surest_first() -> None:
    sure, less = one(p=0.9, about="/a"), one(p=0.8, about="/b", at=NOW - 1)
    assert told(sure, less) == [NOW]
    assert told(replace(sure, told=True), less) == []  # it may still be false
    assert told(replace(sure, told=True, outcome=TRUE), less) == [NOW - 1]
    assert told(replace(sure, told=True, outcome=VOID), less) == [NOW - 1]
    assert told(replace(sure, told=True, outcome=FALSE), less) == []


def test_an_open_prediction_of_the_same_disk_is_not_told_again() -> None:
    assert told(one(NOW - HOUR, told=True), one(), settings=Predict(alerts_per_week=9)) == []


def test_an_unlikely_timeout_and_what_is_past_are_not_told() -> None:
    assert told(one(kind=PredictionKind.TIMEOUT, p=0.7)) == []
    assert told(one(kind=PredictionKind.TIMEOUT, p=0.8)) == [NOW]
    assert told(one(NOW - 2 * DAY)) == []


def test_a_kind_that_is_wrong_six_times_in_ten_is_silenced_once_and_returns() -> None:
    past = [one(NOW - (30 - n) * DAY, outcome=FALSE if n % 2 else TRUE) for n in range(10)]
    before = telling.states(Predict(), past, 0.0, NOW)
    worse = [*past[1:], one(NOW - 19 * DAY, outcome=FALSE)]
    after = telling.states(Predict(), worse, 0.0, NOW)
    assert (before[DISK], after[DISK]) == (KindState.TOLD, KindState.SILENCED)
    assert telling.silence_changes(before, after) == ((DISK, True),)
    assert telling.silence_changes(after, after) == ()
    assert told(*worse, one()) == []
    better = [*worse, one(NOW - 18 * DAY, outcome=TRUE), one(NOW - 17 * DAY, outcome=TRUE)]
    again = telling.states(Predict(), better, 0.0, NOW)
    assert telling.silence_changes(after, again) == ((DISK, False),)
    assert told(*better, one()) == [NOW]


def test_six_false_ones_are_enough_and_void_ones_do_not_count() -> None:
    false = [one(NOW - (30 - n) * DAY, outcome=FALSE) for n in range(6)]
    assert telling.silenced(DISK, false)
    assert not telling.silenced(DISK, [*false[:5], one(NOW - 20 * DAY, outcome=VOID)])
    assert not telling.silenced(PredictionKind.SERVER, false)


def test_only_a_disk_that_is_nearly_certain_to_be_full_within_hours_is_critical() -> None:
    assert telling.critical(one(p=0.95, hi=NOW + 5 * HOUR))
    assert not telling.critical(one(p=0.95, hi=NOW + 9 * HOUR))
    assert not telling.critical(one(p=0.8, hi=NOW + 5 * HOUR))
    assert not telling.critical(one(p=0.99, kind=PredictionKind.FIT, hi=NOW + HOUR))


STEPS = st.lists(
    st.tuples(
        st.floats(0.01, 3.0),  # days until the next one is said
        st.sampled_from(list(PredictionKind)),
        st.floats(0.5, 1.0),
        st.sampled_from(["", "/a", "/b"]),
        st.sampled_from([TRUE, FALSE, VOID]),
        st.floats(0.0, 1.0),  # of its horizon, until it is judged
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 3))
def test_false_alerts_never_exceed_the_budget_of_a_week(
    steps: list[tuple[float, PredictionKind, float, str, PredictionOutcome, float]], budget: int
) -> None:
    settings = Predict(alerts_per_week=budget)
    stored: dict[str, SaidPrediction] = {}
    fate: dict[str, tuple[PredictionOutcome, float]] = {}
    sent: dict[str, float] = {}
    moments: list[tuple[float, SaidPrediction | None]] = []
    now = 10 * DAY
    for gap, kind, p, about, outcome, when in steps:
        now += gap * DAY
        made = one(now, kind, p, about)
        fate[made.id] = (outcome, now + when * DAY)
        moments += [(now, made), (now + when * DAY, None)]
    for at, made_then in sorted(moments, key=lambda row: row[0]):
        if made_then is not None:
            stored[made_then.id] = made_then
        for key, (outcome, judged) in fate.items():
            if key in stored and stored[key].outcome is None and judged <= at:
                stored[key] = replace(stored[key], outcome=outcome, judged_at=judged)
        for chosen in telling.choose(settings, list(stored.values()), 0.0, at):
            stored[chosen.id], sent[chosen.id] = chosen, at
    false = sorted(at for key, at in sent.items() if fate[key][0] is FALSE)
    for at in false:
        assert sum(at <= other < at + 7 * DAY for other in false) <= budget
