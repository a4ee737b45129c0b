"""Backtest: the predictions that a recorded history would have led to, each with what was known by then. Pure."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..model.prediction import Prediction
from .downloads import Outcome
from .forecaster import FULL, Forecaster

T = TypeVar("T")
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
    `total` None where the file has none: the most that was free so far counts."""

    total: float | None
    free: Sequence[tuple[float, float]] = ()
    downloads: Sequence[Download] = ()
    probes: Sequence[Probe] = ()
    deaths: Sequence[tuple[float, bool]] = ()

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


_Step = tuple[float, int, "Callable[[], tuple[Prediction, ...]]"]  # when, the order at one moment, what is taken then


def backtest(history: History, limit: float = FULL) -> Iterator[Prediction]:
    """The predictions in the order in which they would have been said."""
    run = Forecaster(limit=limit)
    keys = {id(one): f"#{number} {one.size:.0f} B" for number, one in enumerate(history.downloads, 1)}
    ended = sorted(history.downloads, key=Download.ended)
    streams: tuple[Iterator[_Step], ...] = (
        ((at, 0, partial(run.space, "", history.total, free, at)) for at, free in history.free),
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
    for _, _, step in heapq.merge(*streams, key=lambda step: step[:2]):
        yield from step()


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
