"""Backtest: the predictions that a recorded history would have led to, each with what was known by then. Pure."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..config.schema import Predict
from ..model.prediction import KindScore, Prediction, SaidPrediction, Samples, SpaceSample
from . import judgement, telling
from .downloads import Outcome
from .forecaster import FULL, Forecaster
from .judgement import Evidence

T = TypeVar("T")
_USUAL = Predict()
JUDGED_SECONDS = 600.0  # between two judgements
Probe = tuple[float, "float | None", "int | None"]  # seconds since the epoch, milliseconds, HTTP status


@dataclass(frozen=True)
class Download:
    started: float
    size: float
    seconds: float | None
    outcome: Outcome

    def ended(self) -> float:
        return self.started + (self.seconds or 0.0)


@dataclass(frozen=True)
class History:
    """What a machine recorded, each list in order of time (docs/explanation/forecast.md has the file's format).
    `total` None where the file has none: the most that was free so far counts. `spaces`: of volumes with a name."""

    total: float | None
    free: Sequence[tuple[float, float]] = ()
    downloads: Sequence[Download] = ()
    probes: Sequence[Probe] = ()
    deaths: Sequence[tuple[float, bool]] = ()
    spaces: Sequence[SpaceSample] = ()

    @classmethod
    def from_json(cls, given: Mapping[str, object]) -> History:
        """Of the file's object; entries that are not numbers where numbers belong are left out.

        Raises ValueError where a list is something else.
        """
        return cls(
            total=_number((given.get("total"),), 0),
            free=sorted(_read(given, "free", _pair)),
            downloads=sorted(_read(given, "downloads", _download), key=lambda one: one.started),
            probes=sorted(_read(given, "probes", _probe), key=lambda probe: probe[0]),
            deaths=sorted(_read(given, "deaths", _death)),
        )

    @classmethod
    def of_samples(cls, samples: Samples) -> History:
        """Of the monitor's own past, without the downloads whose size was never announced: nothing is said of them."""
        return cls(
            None,
            downloads=[
                Download(one.started, one.size, one.seconds, Outcome(one.outcome))
                for one in sorted(samples.downloads, key=lambda one: one.started)
                if one.size is not None
            ],
            probes=[(one.at, one.milliseconds, one.status) for one in samples.probes],
            deaths=[(one.at, one.planned) for one in samples.deaths],
            spaces=samples.spaces,
        )


_Step = tuple[float, int, "Callable[[], tuple[Prediction, ...]]"]  # when, the order at one moment, what is taken then


def backtest(history: History, limit: float = FULL) -> Iterator[Prediction]:
    """The predictions in the order in which they would have been said."""
    for _, step in _steps(Forecaster(limit=limit), history):
        yield from step()


def replay(
    history: History, settings: Predict = _USUAL, limit: float = FULL
) -> tuple[Sequence[Prediction], Sequence[KindScore]]:
    """The predictions of `backtest`, and how good each kind was. Each is judged as the service judges it; one whose
    horizon ends after the history is said, and neither true nor false."""
    run = Forecaster(settings, limit, evidence=Evidence(deque()))
    said: dict[str, SaidPrediction] = {}
    unjudged: dict[str, SaidPrediction] = {}
    now, looked = 0.0, -math.inf
    for now, step in _steps(run, history):
        run.tick(now)
        for one in map(judgement.said, step()):
            said[one.id] = unjudged[one.id] = one
        if unjudged and now - looked >= JUDGED_SECONDS:
            looked = now
            for one in run.judge(unjudged.values(), now):
                said[one.id] = one
                del unjudged[one.id]
    said.update((one.id, one) for one in run.judge(unjudged.values(), now))
    listed = tuple(said.values())
    states = telling.states(settings, listed, run.since, now)
    return [one.prediction for one in listed], judgement.scores(listed, run.occurrences, states, run.since, now)


def _steps(run: Forecaster, history: History) -> Iterator[tuple[float, Callable[[], tuple[Prediction, ...]]]]:
    """What happened, in order of time, each as a call of `run`."""
    keys = {id(one): f"#{number} {one.size:.0f} B" for number, one in enumerate(history.downloads, 1)}
    ended = sorted(history.downloads, key=Download.ended)
    streams: tuple[Iterator[_Step], ...] = (
        ((at, 0, partial(run.space, "", history.total, free, at)) for at, free in history.free),
        ((one.at, 0, partial(run.space, one.path, one.total, one.free, one.at)) for one in history.spaces),
        ((at, 1, partial(run.death, at, planned)) for at, planned in history.deaths),
        ((at, 2, partial(run.probe, at, latency, status)) for at, latency, status in history.probes),
        (
            (one.started, 3, partial(run.download_started, keys[id(one)], one.size, one.started))
            for one in history.downloads
        ),
        (
            (one.ended(), 4, partial(run.download_ended, keys[id(one)], one.outcome, one.ended(), one.seconds or 0.0))
            for one in ended
        ),
    )
    for at, _, step in heapq.merge(*streams, key=lambda step: step[:2]):
        yield at, step


def _read(given: Mapping[str, object], name: str, entry: Callable[[Sequence[object]], T | None]) -> list[T]:
    rows = given.get(name, ())
    if not isinstance(rows, (list, tuple)) or any(not isinstance(row, (list, tuple)) for row in rows):
        raise ValueError(f"{name}: expected a list of lists")
    return [read for row in rows if (read := entry(row)) is not None]


def _number(row: Sequence[object], place: int) -> float | None:
    value = row[place] if len(row) > place else None
    return (
        float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        else None
    )


def _pair(row: Sequence[object]) -> tuple[float, float] | None:
    first, second = _number(row, 0), _number(row, 1)
    return None if first is None or second is None else (first, second)


def _probe(row: Sequence[object]) -> Probe | None:
    at, status = _number(row, 0), _number(row, 2)
    return None if at is None else (at, _number(row, 1), None if status is None else int(status))


def _death(row: Sequence[object]) -> tuple[float, bool] | None:
    at = _number(row, 0)
    return None if at is None else (at, len(row) > 1 and bool(row[1]))


def _download(row: Sequence[object]) -> Download | None:
    started, size = _number(row, 0), _number(row, 1)
    if started is None or size is None:
        return None
    outcome = row[3] if len(row) > 3 else "ok"
    known = outcome in {one.value for one in Outcome}
    return Download(started, size, _number(row, 2), Outcome(outcome) if known else Outcome.FAILED)
