"""Each prediction is judged by what happened: true, false, or void where that cannot be known."""

from __future__ import annotations

import json

from trafico_monitor.model.prediction import (
    DAY,
    KindState,
    Occurrence,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    SaidPrediction,
)
from trafico_monitor.prediction.downloads import Outcome
from trafico_monitor.prediction.forecaster import Forecaster
from trafico_monitor.prediction.judgement import Evidence, said, scores

HOUR = 3600.0
GB = 1e9
TRUE, FALSE, VOID = PredictionOutcome.CAME_TRUE, PredictionOutcome.FALSE, PredictionOutcome.VOID


def of(kind: PredictionKind, about: str = "", horizon: float = DAY, p: float = 0.9) -> SaidPrediction:
    return said(Prediction(kind, 0.0, horizon, p, 0.0, horizon, about))


def watched(until: float, free: float = 50 * GB) -> Forecaster:
    forecaster = Forecaster()
    for minute in range(0, round(until / 60) + 1, 5):
        forecaster.tick(minute * 60.0)
        forecaster.space("/", 100 * GB, free, minute * 60.0)
    return forecaster


def outcome(forecaster: Forecaster, one: SaidPrediction, now: float) -> PredictionOutcome | None:
    judged = forecaster.judge([one], now)
    return judged[0].outcome if judged else None


def test_a_full_disk_comes_true_at_the_moment_it_is_full() -> None:
    forecaster, one = watched(2 * HOUR), of(PredictionKind.DISK, "/")
    assert outcome(forecaster, one, 2 * HOUR) is None
    forecaster.space("/", 100 * GB, 1 * GB, 2.1 * HOUR)
    (judged,) = forecaster.judge([one], 2.1 * HOUR)
    assert (judged.outcome, judged.came_at, judged.judged_at) == (TRUE, 2.1 * HOUR, 2.1 * HOUR)
    assert forecaster.judge([judged], 3 * HOUR) == ()
    assert outcome(forecaster, of(PredictionKind.DISK, "/srv"), 3 * HOUR) is None


def test_a_disk_that_stays_as_it_is_makes_it_false_when_the_horizon_has_passed() -> None:
    forecaster, one = watched(DAY + HOUR), of(PredictionKind.DISK, "/")
    assert outcome(forecaster, one, DAY) is None
    assert outcome(forecaster, one, DAY + 1) is FALSE


def test_it_is_void_where_nobody_looked_for_hours() -> None:
    forecaster = watched(10 * HOUR)
    for at in (15 * HOUR, DAY + 60):
        forecaster.tick(at)
    assert outcome(forecaster, of(PredictionKind.DISK, "/"), DAY + 60) is VOID


def test_it_is_void_where_the_disk_was_exchanged() -> None:
    forecaster = watched(10 * HOUR)
    forecaster.space("/", 400 * GB, 300 * GB, 10.1 * HOUR)
    assert outcome(forecaster, of(PredictionKind.DISK, "/"), 10.1 * HOUR) is VOID


def test_it_is_void_where_the_disk_was_grown() -> None:
    forecaster = watched(10 * HOUR)
    forecaster.space("/", 110 * GB, 60 * GB, 10.1 * HOUR)
    assert outcome(forecaster, of(PredictionKind.DISK, "/"), 10.1 * HOUR) is VOID


def test_it_is_void_where_a_person_made_room() -> None:
    forecaster = watched(10 * HOUR)
    forecaster.space("/", 100 * GB, 60 * GB, 10.1 * HOUR)
    assert outcome(forecaster, of(PredictionKind.DISK, "/"), 10.1 * HOUR) is VOID


def test_a_timeout_is_judged_when_its_download_ends() -> None:
    forecaster = Forecaster()
    ends = {"a": Outcome.OK, "b": Outcome.TIMEOUT, "c": Outcome.FAILED}
    for key, ended in ends.items():
        forecaster.download_ended(key, ended, 100.0)
    found = {key: outcome(forecaster, of(PredictionKind.TIMEOUT, key, HOUR), 100.0) for key in (*ends, "d")}
    assert found == {"a": FALSE, "b": TRUE, "c": VOID, "d": None}
    assert outcome(forecaster, of(PredictionKind.TIMEOUT, "d", HOUR), 2 * DAY) is VOID


def test_a_video_that_failed_without_room_did_not_fit() -> None:
    forecaster = Forecaster()
    forecaster.space("/", 100 * GB, 3 * GB, -1.0)
    (told,) = forecaster.download_started("a", 2 * GB, 0.0)
    forecaster.download_ended("a", Outcome.FAILED, 60.0)
    assert outcome(forecaster, said(told), 60.0) is TRUE
    assert [one.kind for one in forecaster.occurrences] == [PredictionKind.FIT]


def test_a_share_of_failures_is_judged_by_the_next_ten() -> None:
    for failing, expected in ((0, FALSE), (2, FALSE), (3, TRUE)):
        forecaster = Forecaster()
        for number in range(10):
            forecaster.tick(number * 60.0)
            bad = number < failing
            forecaster.download_ended(str(number), Outcome.FAILED if bad else Outcome.OK, 1 + number * 60.0)
        assert outcome(forecaster, of(PredictionKind.SHARE, "", 6 * HOUR), 601.0) is expected
    assert outcome(Forecaster(), of(PredictionKind.SHARE, "", 6 * HOUR), 7 * HOUR) is VOID


def test_an_outage_is_three_probes_without_an_answer() -> None:
    forecaster = Forecaster()
    for at in (60.0, 90.0, 120.0):
        assert outcome(forecaster, of(PredictionKind.SERVER), at) is None
        forecaster.probe(at, None, None)
    forecaster.probe(150.0, None, None)
    assert outcome(forecaster, of(PredictionKind.SERVER), 150.0) is TRUE
    assert forecaster.occurrences == (Occurrence(PredictionKind.SERVER, 120.0),)


def test_a_loop_comes_true_with_the_fifth_death() -> None:
    forecaster = Forecaster()
    told = [said(one) for at in (0.0, 40.0, 80.0, 120.0, 160.0) for one in forecaster.death(at, False)]
    assert [outcome(forecaster, one, 160.0) for one in told] == [TRUE]


def test_evidence_survives_a_restart() -> None:
    forecaster = watched(10 * HOUR)
    forecaster.space("/", 100 * GB, 60 * GB, 10.1 * HOUR)
    forecaster.download_ended("a", Outcome.TIMEOUT, 10.2 * HOUR)
    again = Evidence()
    again.restore(json.loads(json.dumps(forecaster.evidence.snapshot())), 11 * HOUR)
    assert again == forecaster.evidence


def test_a_score_counts_true_false_missed_and_how_sure_it_was() -> None:
    forecaster = watched(DAY + HOUR)
    forecaster.space("/", 100 * GB, 1 * GB, 2 * DAY)
    first, sure = (
        of(PredictionKind.DISK, "/"),
        said(Prediction(PredictionKind.DISK, 1.5 * DAY, 2.5 * DAY, 0.9, 0, None, "/")),
    )
    judged = forecaster.judge([first, sure], 2.5 * DAY)
    states = dict.fromkeys(PredictionKind, KindState.TOLD)
    events = [*forecaster.occurrences, Occurrence(PredictionKind.DISK, 9 * DAY, "/")]
    score = scores(judged, events, states, 0.0, 14 * DAY)[0]
    assert (score.kind, score.said, score.came_true, score.false, score.missed) == (PredictionKind.DISK, 2, 1, 1, 1)
    assert score.false_per_week == 0.5 and score.coverage == 1.0
    assert score.brier is not None and abs(score.brier - (0.1**2 + 0.9**2) / 2) < 1e-9
    assert scores([], [], states, None, 5.0)[2].brier is None


def test_ids_depend_on_the_prediction_alone() -> None:
    assert of(PredictionKind.FIT, "a").id == of(PredictionKind.FIT, "a", p=0.1).id != of(PredictionKind.FIT, "b").id
