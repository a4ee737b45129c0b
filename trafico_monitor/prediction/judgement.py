"""Judgement: whether a prediction came true, by what was seen to happen; and how good each kind is. Pure."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from ..model.prediction import (
    DAY,
    WEEK,
    KindScore,
    KindState,
    Occurrence,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    SaidPrediction,
)
from . import kept
from .downloads import Outcome

GAP = 900.0  # seconds without a tick from which nobody looked
UNSEEN = 0.1  # share of a horizon at which nobody may have looked
OUTAGE = 3  # probes in a row without an answer, or with 5xx
AGAIN = 3600.0  # an outage that follows within it is the same
NEXT_DOWNLOADS = 10  # a share of failures is judged by the next ten at most
FEWEST_DOWNLOADS = 3
RISEN = 0.3  # share of failures among them with which it came true
MANY_FAILED = 5  # of the last ten: the event that a share of failures is about
LOOP_DEATHS, LOOP_SECONDS = 5, 36 * 3600.0
MOST = 512

_OF_ONE_DOWNLOAD = {
    PredictionKind.FIT: {Outcome.NO_SPACE: True, Outcome.OK: False},
    PredictionKind.TIMEOUT: {Outcome.TIMEOUT: True, Outcome.OK: False},
    PredictionKind.STALL: {Outcome.TIMEOUT: True, Outcome.FAILED: True, Outcome.OK: False},
}


def said(prediction: Prediction, told: bool = False) -> SaidPrediction:
    """The prediction as it is stored: its id depends on its kind, moment and `about` alone."""
    named = f"{prediction.kind.value}\0{prediction.said_at!r}\0{prediction.about}"
    digest = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:12]
    return SaidPrediction(f"{prediction.kind.value}-{digest}", prediction, told)


@dataclass
class Evidence:
    """What was seen to happen, bounded: events, ends of downloads, and the times at which nobody looked."""

    occurrences: deque[Occurrence] = field(default_factory=lambda: deque(maxlen=MOST))
    ends: deque[tuple[str, Outcome, float]] = field(default_factory=lambda: deque(maxlen=MOST))
    changes: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=64))
    gaps: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=64))
    ticked: float | None = None
    _deaths: deque[float] = field(default_factory=lambda: deque(maxlen=LOOP_DEATHS))
    _unanswered: int = 0
    _many_failed: bool = False

    def happened(self, occurrence: Occurrence) -> None:
        self.occurrences.append(occurrence)

    def changed(self, path: str, at: float) -> None:
        """The disk was exchanged or grown, or a person made room: nothing said before can be known."""
        self.changes.append((path, at))

    def looked(self, now: float) -> None:
        if self.ticked is not None and now - self.ticked > GAP:
            self.gaps.append((self.ticked, now))
        self.ticked = now

    def probed(self, at: float, answered: bool) -> None:
        if answered:
            self._unanswered = 0
            return
        self._unanswered += 1
        last = next((one.at for one in reversed(self.occurrences) if one.kind is PredictionKind.SERVER), None)
        if self._unanswered == OUTAGE and (last is None or at - last > AGAIN):
            self.happened(Occurrence(PredictionKind.SERVER, at))

    def ended(self, key: str, outcome: Outcome, at: float) -> None:
        self.ends.append((key, outcome, at))
        if outcome is Outcome.NO_SPACE:
            self.happened(Occurrence(PredictionKind.FIT, at, key))
        if outcome is Outcome.TIMEOUT:
            self.happened(Occurrence(PredictionKind.TIMEOUT, at, key))
        failed = sum(one is not Outcome.OK for _, one, _ in list(self.ends)[-NEXT_DOWNLOADS:])
        if failed >= MANY_FAILED and not self._many_failed:
            self.happened(Occurrence(PredictionKind.SHARE, at))
        self._many_failed = failed >= MANY_FAILED or (self._many_failed and failed > 1)

    def died(self, at: float, planned: bool) -> None:
        if planned:
            self._deaths.clear()
            return
        self._deaths.append(at)
        if len(self._deaths) == LOOP_DEATHS and at - self._deaths[0] <= LOOP_SECONDS:
            self.happened(Occurrence(PredictionKind.LOOP, at))

    def judge(self, said: Iterable[SaidPrediction], now: float) -> tuple[SaidPrediction, ...]:
        """Those of `said` that can be judged by `now`, with outcome, `judged_at` and `came_at`."""
        judged = []
        for one in said:
            if one.outcome is None and (found := self._outcome(one.prediction, now)) is not None:
                judged.append(replace(one, outcome=found[0], judged_at=now, came_at=found[1]))
        return tuple(judged)

    def _outcome(self, told: Prediction, now: float) -> tuple[PredictionOutcome, float | None] | None:
        if told.kind in _OF_ONE_DOWNLOAD:
            return self._of_download(told, now)
        if told.kind is PredictionKind.SHARE:
            return self._of_share(told, now)
        if told.kind is PredictionKind.ANOMALY:
            return self._of_trouble(told, now)
        came = [
            one.at
            for one in self.occurrences
            if one.kind is told.kind and one.about in ("", told.about) and told.said_at < one.at <= told.until
        ]
        if came:
            return PredictionOutcome.CAME_TRUE, came[0]
        if any(path == told.about and told.said_at < at <= told.until for path, at in self.changes):
            return PredictionOutcome.VOID, None
        return None if now <= told.until else (self._unless_unseen(told, now), None)

    def _of_download(self, told: Prediction, now: float) -> tuple[PredictionOutcome, float | None] | None:
        for key, outcome, at in self.ends:
            if key == told.about and at >= told.said_at:
                came = _OF_ONE_DOWNLOAD[told.kind].get(outcome)
                if came is None:
                    return PredictionOutcome.VOID, None
                return (PredictionOutcome.CAME_TRUE, at) if came else (PredictionOutcome.FALSE, None)
        return (PredictionOutcome.VOID, None) if now > told.until + DAY else None  # nobody saw its end

    def _of_share(self, told: Prediction, now: float) -> tuple[PredictionOutcome, float | None] | None:
        after = [(one, at) for _, one, at in self.ends if told.said_at < at <= told.until][:NEXT_DOWNLOADS]
        if len(after) < NEXT_DOWNLOADS and now <= told.until:
            return None
        if len(after) < FEWEST_DOWNLOADS:
            return PredictionOutcome.VOID, None
        failed = [at for one, at in after if one is not Outcome.OK]
        if len(failed) >= RISEN * len(after):
            return PredictionOutcome.CAME_TRUE, failed[0]
        return self._unless_unseen(told, now), None

    def _of_trouble(self, told: Prediction, now: float) -> tuple[PredictionOutcome, float | None] | None:
        """Any download that failed, or an unplanned death of the bot."""
        failed = [at for _, one, at in self.ends if one is not Outcome.OK]
        came = [at for at in (*failed, *self._deaths) if told.said_at < at <= told.until]
        if came:
            return PredictionOutcome.CAME_TRUE, min(came)
        return None if now <= told.until else (self._unless_unseen(told, now), None)

    def _unless_unseen(self, told: Prediction, now: float) -> PredictionOutcome:
        """False, or void where nobody looked for a tenth of the horizon."""
        gaps = list(self.gaps)
        if self.ticked is not None and now - self.ticked > GAP:
            gaps.append((self.ticked, now))
        unseen = sum(max(0.0, min(end, told.until) - max(start, told.said_at)) for start, end in gaps)
        return PredictionOutcome.VOID if unseen > UNSEEN * (told.until - told.said_at) else PredictionOutcome.FALSE

    def snapshot(self) -> dict[str, object]:
        return {
            "occurrences": [[one.kind.value, round(one.at, 3), one.about] for one in self.occurrences],
            "ends": [[key, outcome.value, round(at, 3)] for key, outcome, at in self.ends],
            "changes": [[path, round(at, 3)] for path, at in self.changes],
            "gaps": [list(one) for one in self.gaps],
            "deaths": list(self._deaths),
            "ticked": self.ticked,
        }

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave; what is malformed or later than `now` is left out."""
        kinds, outcomes = {one.value: one for one in PredictionKind}, {one.value: one for one in Outcome}
        for kind, at, about in kept.rows(given.get("occurrences"), 3, MOST):
            when = kept.moment(at, now)
            if isinstance(kind, str) and kind in kinds and isinstance(about, str) and when is not None:
                self.occurrences.append(Occurrence(kinds[kind], when, about))
        for key, outcome, at in kept.rows(given.get("ends"), 3, MOST):
            when = kept.moment(at, now)
            if isinstance(key, str) and isinstance(outcome, str) and outcome in outcomes and when is not None:
                self.ends.append((key, outcomes[outcome], when))
        for path, at in kept.rows(given.get("changes"), 2, 64):
            when = kept.moment(at, now)
            if isinstance(path, str) and when is not None:
                self.changes.append((path, when))
        for start, end in kept.rows(given.get("gaps"), 2, 64):
            first, last = kept.moment(start, now), kept.moment(end, now)
            if first is not None and last is not None:
                self.gaps.append((first, last))
        self._deaths.extend(at for at in kept.numbers(given.get("deaths"), LOOP_DEATHS) if at <= now)
        self.ticked = kept.moment(given.get("ticked"), now)


def scores(
    said: Sequence[SaidPrediction],
    occurrences: Sequence[Occurrence],
    states: Mapping[PredictionKind, KindState],
    since: float | None,
    now: float,
) -> tuple[KindScore, ...]:
    """How good each kind was from `since` on, in the order of PredictionKind.

    `said`: all of that time. Only likely ones count as said, came true and false; the Brier score takes all that were
    judged, the coverage those that came true and had an interval. A false rate a week of less than a week is given as
    if a week had passed.
    """
    begun = now if since is None else since
    return tuple(_score(kind, said, occurrences, states[kind], begun, now) for kind in PredictionKind)


def _score(
    kind: PredictionKind,
    said: Sequence[SaidPrediction],
    occurrences: Sequence[Occurrence],
    state: KindState,
    since: float,
    now: float,
) -> KindScore:
    of_kind = [one for one in said if one.prediction.kind is kind and one.prediction.said_at >= since]
    likely = [one for one in of_kind if one.prediction.likely]
    right = [one for one in likely if one.outcome is PredictionOutcome.CAME_TRUE]
    false = sum(one.outcome is PredictionOutcome.FALSE for one in likely)
    known = (PredictionOutcome.CAME_TRUE, PredictionOutcome.FALSE)
    judged = [
        (one.prediction.p, one.outcome is PredictionOutcome.CAME_TRUE) for one in of_kind if one.outcome in known
    ]
    within = [held for one in right if (held := _within(one)) is not None]
    missed = [one for one in occurrences if one.kind is kind and one.at >= since and not _foreseen(one, likely)]
    return KindScore(
        kind,
        state,
        len(likely),
        len(right),
        false,
        len(missed),
        false / (max(now - since, WEEK) / WEEK) if judged else None,
        fmean((p - came) ** 2 for p, came in judged) if judged else None,
        fmean(within) if within else None,
    )


def _within(one: SaidPrediction) -> bool | None:
    """Whether it came true within its interval; None where it has none. No upper end: later than a week."""
    low = one.prediction.lo
    if low is None or one.came_at is None:
        return None
    return low <= one.came_at and (one.prediction.hi is None or one.came_at <= one.prediction.hi)


def _foreseen(event: Occurrence, likely: Sequence[SaidPrediction]) -> bool:
    return any(
        event.about in ("", one.prediction.about)
        and one.prediction.said_at <= event.at
        and (event.at <= one.prediction.until or one.came_at == event.at)
        for one in likely
    )
