"""Unusual lines of the bot through the pipeline: foreseen, stored and shown; nothing is told or done at first."""

from __future__ import annotations

import json
from collections.abc import Iterator

from trafico_monitor.config.schema import Predict
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.alert import NotificationCode
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.model.prediction import DAY, Prediction, PredictionKind, PredictionOutcome, SaidPrediction
from trafico_monitor.notify.messages.render import render
from trafico_monitor.pipeline.pipeline import Pipeline

START = 1_766_016_000.0
HOUR = 3600.0
ODD = "WARNING:__main__:el módulo <b>nuevo</b> dice algo {n}"


def new(enabled: bool = True) -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es", predict=Predict(enabled=enabled))


def feed(pipeline: Pipeline, line: str, at: float, origin: Origin = Origin.BOT) -> ChangeSet:
    return pipeline.consume([JournalEntry(line, 7, at, f"c{at}", origin)], f"c{at}", at)


def usual(pipeline: Pipeline, days: int, since: float = START) -> Iterator[ChangeSet]:
    for hour in range(days * 24):
        for n in range(3):
            yield feed(pipeline, f"INFO:__main__:Mensaje {n} recibido", since + hour * HOUR + n)
        yield pipeline.tick(since + hour * HOUR + 10)


def said(steps: list[ChangeSet]) -> list[SaidPrediction]:
    return [one for step in steps for one in step.predictions if one.prediction.kind is PredictionKind.ANOMALY]


def test_a_new_kind_of_line_is_foreseen_and_judged_in_the_shadow() -> None:
    pipeline = new()
    steps = [*usual(pipeline, 8)]
    assert said(steps) == []
    at = START + 8 * DAY
    steps = [feed(pipeline, ODD.format(n=n), at + n) for n in range(5)]
    (one,) = said(steps)
    assert (one.told, one.prediction.about) == (False, "WARNING:__main__:el módulo <b>nuevo</b> dice algo <NUM>")
    assert all(not step.notices and not step.orders and not step.incidents for step in steps)
    steps = [pipeline.tick(at + 60.0 * minute) for minute in range(1, 70)]
    (judged,) = said(steps)
    assert (judged.id, judged.outcome) == (one.id, PredictionOutcome.FALSE)
    assert not any(step.notices for step in steps)


def test_a_restart_knows_the_kinds_of_before() -> None:
    pipeline = new()
    steps = [*usual(pipeline, 8)]
    kept = next(step.foresight for step in reversed(steps) if step.foresight is not None)
    again, at = new(), START + 8 * DAY
    again.restore(Snapshot(foresight=json.loads(json.dumps(kept))), at)
    assert said([feed(again, "INFO:__main__:Mensaje 7 recibido", at + n) for n in range(5)]) == []
    assert len(said([feed(again, ODD.format(n=n), at + 10 + n) for n in range(5)])) == 1


def test_once_half_of_ten_came_true_they_are_told() -> None:
    at = START + 8 * DAY
    last = [step.foresight for step in usual(new(), 8) if step.foresight is not None][-1]
    kept = json.loads(json.dumps(last))
    kept["predictors"]["anomalies"]["records"]["forecast.anomaly.new"] = [10, 10]
    past = tuple(
        SaidPrediction(
            f"P{n}",
            Prediction(PredictionKind.ANOMALY, at - n * HOUR, at, 0.8, about=f"{n}", reason="forecast.anomaly.new"),
            told=False,
            outcome=PredictionOutcome.CAME_TRUE,
            judged_at=at,
        )
        for n in range(10)
    )
    again = new()
    again.restore(Snapshot(foresight=kept, predictions=past), at)
    steps = [feed(again, ODD.format(n=n), at + n) for n in range(5)]
    (notice,) = [notice for step in steps for notice in step.notices]
    assert said(steps)[-1].told and notice.code is NotificationCode.FORESEEN
    sent = render(notice, "es")
    assert "líneas inusuales del bot" in sent.plain and "&lt;b&gt;nuevo&lt;/b&gt;" in sent.html
    assert "notice." not in sent.plain, "every part of it has its words"


def test_who_is_not_the_bot_and_what_continues_a_record_is_not_counted() -> None:
    pipeline = new()
    list(usual(pipeline, 8))
    at = START + 8 * DAY
    steps = [feed(pipeline, ODD.format(n=n), at + n, Origin.MANAGER) for n in range(5)]
    steps += [feed(pipeline, f"    {ODD}", at + n) for n in range(5)]
    assert said(steps) == []


def test_switched_off_nothing_is_mined() -> None:
    pipeline = new(enabled=False)
    list(usual(pipeline, 8))
    assert said([feed(pipeline, ODD.format(n=n), START + 8 * DAY + n) for n in range(5)]) == []
    assert pipeline.foresight._lines.snapshot() == {}
