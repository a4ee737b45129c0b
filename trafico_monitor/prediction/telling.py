"""Telling: which predictions are sent to the alert channels, and which kinds are silent. Pure.

A kind is silent while it learns, in the shadow of the first days, and after it was wrong too often; all kinds
together are silent while one more false alert would exceed the budget of the week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..config.schema import Predict
from ..model.prediction import DAY, WEEK, KindState, PredictionKind, PredictionOutcome, SaidPrediction

LEARNING_DAYS = 3.0
_LEARNING = {PredictionKind.FIT: 0.0, PredictionKind.STALL: 0.0, PredictionKind.LOOP: 0.0, PredictionKind.ANOMALY: 7.0}
LAST = 10  # judged predictions that decide whether a kind is silenced
RIGHT = 5  # of them
SURE_TIMEOUT = 0.8  # a timeout below it is shown, not told
NEARLY_CERTAIN = 0.9
CRITICAL_SECONDS = 6 * 3600.0


def states(
    settings: Predict, said: Sequence[SaidPrediction], since: float | None, now: float
) -> dict[PredictionKind, KindState]:
    """The state of each kind. `said`: at least the last ten judged of each kind; `since`: when the data begin."""
    days = 0.0 if since is None else (now - since) / DAY
    return {kind: _state(kind, settings, said, days) for kind in PredictionKind}


def _state(kind: PredictionKind, settings: Predict, said: Sequence[SaidPrediction], days: float) -> KindState:
    if not settings.enabled:
        return KindState.OFF
    if days < _LEARNING.get(kind, LEARNING_DAYS):
        return KindState.LEARNING
    if silenced(kind, said):
        return KindState.SILENCED
    if kind is PredictionKind.ANOMALY and not _proven(kind, said):
        return KindState.SHADOW
    return KindState.SHADOW if days < settings.shadow_days else KindState.TOLD


def silenced(kind: PredictionKind, said: Sequence[SaidPrediction]) -> bool:
    """Whether under half of the last ten judged predictions of the kind came true: with fewer than ten, as soon as it
    is certain that under half of ten will."""
    judged = sorted(
        (
            (one.judged_at or 0.0, one.id, one.outcome is PredictionOutcome.FALSE)
            for one in said
            if one.prediction.kind is kind
            and one.prediction.likely
            and one.outcome in (PredictionOutcome.CAME_TRUE, PredictionOutcome.FALSE)
        ),
        key=lambda row: row[:2],
    )
    return sum(false for _, _, false in judged[-LAST:]) > LAST - RIGHT


def _proven(kind: PredictionKind, said: Sequence[SaidPrediction]) -> bool:
    """Whether ten predictions of the kind were judged and half of the last ten came true."""
    judged = sorted(
        (one.judged_at or 0.0, one.outcome is PredictionOutcome.CAME_TRUE)
        for one in said
        if one.prediction.kind is kind and one.outcome in (PredictionOutcome.CAME_TRUE, PredictionOutcome.FALSE)
    )
    return len(judged) >= LAST and sum(right for _, right in judged[-LAST:]) >= RIGHT


def silence_changes(
    before: Mapping[PredictionKind, KindState], after: Mapping[PredictionKind, KindState]
) -> tuple[tuple[PredictionKind, bool], ...]:
    """The kinds that are silenced now and were not (True), and those that are no longer (False): each is said once.
    A kind that `before` does not hold was not silenced."""
    was = {kind for kind, state in before.items() if state is KindState.SILENCED}
    now = {kind for kind, state in after.items() if state is KindState.SILENCED}
    return tuple((kind, kind in now) for kind in PredictionKind if (kind in was) is not (kind in now))


def choose(
    settings: Predict, said: Sequence[SaidPrediction], since: float | None, now: float
) -> tuple[SaidPrediction, ...]:
    """Those of `said` that are to be told now, with `told` set; the surest first. Ask again whenever something was
    said or judged: what the budget held back may be told later.

    The budget holds whatever comes of them: an open prediction that was told counts as a false one of the week until
    it came true. `said`: all of the last eight days, and the last ten judged of each kind.
    """
    state = states(settings, said, since, now)
    left = settings.alerts_per_week - sum(_may_be_false(one, now) for one in said)
    open_ = {(one.prediction.kind, one.prediction.about) for one in said if one.told and one.outcome is None}
    chosen = []
    for one in sorted(said, key=lambda one: (-one.prediction.p, one.prediction.said_at, one.id)):
        told = one.prediction
        if one.told or one.outcome is not None or not told.said_at <= now < told.until or not _sure(one):
            continue
        if left < 1 or state[told.kind] is not KindState.TOLD or (told.kind, told.about) in open_:
            continue
        left -= 1
        open_.add((told.kind, told.about))
        chosen.append(replace(one, told=True))
    return tuple(chosen)


def critical(one: SaidPrediction) -> bool:
    """Whether the disk is nearly certain to be full within hours: the only prediction that is critical."""
    told = one.prediction
    soon = told.hi is not None and told.hi - told.said_at <= CRITICAL_SECONDS
    return told.kind is PredictionKind.DISK and told.p >= NEARLY_CERTAIN and soon


def _may_be_false(one: SaidPrediction, now: float) -> bool:
    """Whether an alert of this week was false, or may still turn out to be. It was told before its horizon passed."""
    if not one.told or now - one.prediction.until >= WEEK:
        return False
    return one.outcome in (None, PredictionOutcome.FALSE)


def _sure(one: SaidPrediction) -> bool:
    least = SURE_TIMEOUT if one.prediction.kind is PredictionKind.TIMEOUT else 0.0
    return one.prediction.likely and one.prediction.p >= least
