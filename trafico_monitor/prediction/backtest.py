"""Backtest: the predictions that a recorded history would have led to, each with what was known by then. Pure."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..model.prediction import DAY, Prediction, PredictionKind
from .crash_loop import CrashLoop
from .disk import HOUR, KEPT_DAYS, Space
from .disk_alarm import DiskAlarm
from .downloads import COPIES, FailureShare, Outcome, TimeoutModel, does_not_fit
from .server import ServerDegradation

T = TypeVar("T")
Probe = tuple[float, "float | None", "int | None"]  # seconds since the epoch, milliseconds, HTTP status

FULL = 2e9  # bytes: the monitor's own critical limit
RECENT = 3 * HOUR
TIMEOUT_HORIZON = 3600.0


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
    """What a machine recorded, each list in order of time (docs/explanation/forecast.md has the file's format)."""

    total: float
    free: Sequence[tuple[float, float]] = ()
    downloads: Sequence[Download] = ()
    probes: Sequence[Probe] = ()
    deaths: Sequence[tuple[float, bool]] = ()

    @classmethod
    def from_json(cls, given: Mapping[str, object]) -> History:
        """Of the file's object; entries that are not numbers where numbers belong are left out.

        Raises ValueError where a list is something else.
        """
        free = sorted(_read(given, "free", _pair))
        total = _number((given.get("total"),), 0)
        return cls(
            total=max((size for _, size in free), default=0.0) if total is None else total,
            free=free,
            downloads=sorted(_read(given, "downloads", _download), key=lambda one: one.started),
            probes=sorted(_read(given, "probes", _probe), key=lambda probe: probe[0]),
            deaths=sorted(_read(given, "deaths", _death)),
        )


_Step = tuple[float, int, "Callable[[], Prediction | None]"]  # when, the order at one moment, what is taken then


def backtest(history: History, limit: float = FULL) -> Iterator[Prediction]:
    """The predictions in the order in which they would have been said."""
    run = _Run(history, limit)
    ended = sorted(history.downloads, key=Download.ended)
    streams: tuple[Iterator[_Step], ...] = (
        ((at, 0, partial(run.sample, at, free)) for at, free in history.free),
        ((at, 1, partial(run.death, at, planned)) for at, planned in history.deaths),
        ((at, 2, partial(run.probe, at, latency, status)) for at, latency, status in history.probes),
        ((one.started, 3, partial(run.start, one)) for one in history.downloads),
        ((one.ended(), 4, partial(run.end, one)) for one in ended),
    )
    for _, _, step in heapq.merge(*streams, key=lambda step: step[:2]):
        said = step()
        if said is not None:
            yield said


class _Run:
    """The predictors of one machine, fed in order of time."""

    def __init__(self, history: History, limit: float) -> None:
        self._history = history
        self._disk = DiskAlarm(limit)
        self._server, self._loop = ServerDegradation(), CrashLoop()
        self._timeouts, self._share = TimeoutModel(), FailureShare()
        self._free: list[tuple[float, float]] = []
        self._hourly: list[tuple[float, float]] = []
        self._running: dict[int, Download] = {}

    def death(self, at: float, planned: bool) -> Prediction | None:
        return self._loop.take(at, planned)

    def probe(self, at: float, latency: float | None, status: int | None) -> Prediction | None:
        return self._server.take(at, latency, status, bool(self._running))

    def sample(self, at: float, free: float) -> Prediction | None:
        self._free.append((at, free))
        if not self._hourly or at // HOUR > self._hourly[-1][0] // HOUR:
            self._hourly.append((at, free))
        since = bisect_left(self._hourly, (at - KEPT_DAYS * DAY - HOUR,))
        recent = bisect_left(self._free, (at - RECENT,))
        return self._disk.take(Space(self._history.total, self._hourly[since:], self._free[recent:]), at)

    def start(self, download: Download) -> Prediction | None:
        at, about = download.started, f"{round(download.size)} B"
        said = does_not_fit(at, download.size, self._free_for(at), about)
        self._running[id(download)] = download
        chance = self._timeouts.probability(download.size)
        if said is not None or chance is None:
            return said
        until = at + TIMEOUT_HORIZON
        return Prediction(PredictionKind.TIMEOUT, at, until, chance, about=about, reason="forecast.timeout")

    def end(self, download: Download) -> Prediction | None:
        self._running.pop(id(download), None)
        self._timeouts.learn(download.size, download.seconds, download.outcome)
        return self._share.take(download.ended(), download.outcome is not Outcome.OK)

    def _free_for(self, at: float) -> float | None:
        """Free bytes at the last sample, without what has begun to arrive since; None without one of this hour."""
        if not self._free or at - self._free[-1][0] > HOUR:
            return None
        sampled, free = self._free[-1]
        return free - COPIES * sum(one.size for one in self._running.values() if one.started >= sampled)


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
