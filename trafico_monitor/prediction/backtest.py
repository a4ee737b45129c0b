"""Backtest: the predictions that a recorded history would have led to, each with what was known by then. Pure."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .crash_loop import CrashLoop
from .disk import HOUR, KEPT_DAYS, Space
from .disk_alarm import DiskAlarm
from .downloads import FailureShare, Outcome, TimeoutModel, does_not_fit
from .model import DAY, Prediction, PredictionKind
from .server import ServerDegradation

T = TypeVar("T")
Probe = tuple[float, "float | None", "int | None"]  # seconds since the epoch, milliseconds, HTTP status

FULL = 2e9  # bytes: the monitor's own critical limit
RECENT = 3 * HOUR
TIMEOUT_SAID = 0.8


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


def backtest(history: History, limit: float = FULL) -> Iterator[Prediction]:
    """The predictions in the order in which they would have been said."""
    run = _Run(history, limit)
    streams = (
        ((at, 0, ("free", (at, free))) for at, free in history.free),
        ((at, 1, ("death", planned)) for at, planned in history.deaths),
        ((at, 2, ("probe", (at, latency, status))) for at, latency, status in history.probes),
        ((one.started, 3, ("start", one)) for one in history.downloads),
        (
            (at, 4, ("end", one))
            for at, _, one in sorted((one.ended(), i, one) for i, one in enumerate(history.downloads))
        ),
    )
    for at, _, (what, value) in heapq.merge(*streams, key=lambda event: event[:2]):
        said = run.take(at, what, value)
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

    def take(self, at: float, what: str, value: object) -> Prediction | None:
        match what, value:
            case "free", (float(), float() as free):
                return self._sample(at, free)
            case "death", bool() as planned:
                return self._loop.take(at, planned)
            case "probe", (_, float() | None as latency, int() | None as status):
                return self._server.take(at, latency, status, bool(self._running))
            case "start", Download() as download:
                return self._start(at, download)
            case "end", Download() as download:
                return self._end(at, download)
        return None

    def _sample(self, at: float, free: float) -> Prediction | None:
        self._free.append((at, free))
        if not self._hourly or at // HOUR > self._hourly[-1][0] // HOUR:
            self._hourly.append((at, free))
        since = bisect_left(self._hourly, (at - KEPT_DAYS * DAY - HOUR,))
        recent = bisect_left(self._free, (at - RECENT,))
        return self._disk.take(Space(self._history.total, self._hourly[since:], self._free[recent:]), at)

    def _start(self, at: float, download: Download) -> Prediction | None:
        self._running[id(download)] = download
        pending = (
            sum(one.size for one in self._running.values() if self._free and one.started >= self._free[-1][0])
            - download.size
        )
        free = self._free[-1][1] - 2 * max(0.0, pending) if self._free and at - self._free[-1][0] <= HOUR else None
        said = does_not_fit(at, download.size, free, f"{round(download.size)} B")
        chance = self._timeouts.probability(download.size)
        if said is None and chance is not None:
            return Prediction(
                PredictionKind.TIMEOUT,
                at,
                at + 3600.0,
                chance,
                about=f"{round(download.size)} B",
                reason="forecast.timeout",
            )
        return said

    def _end(self, at: float, download: Download) -> Prediction | None:
        self._running.pop(id(download), None)
        self._timeouts.learn(download.size, download.seconds, download.outcome)
        return self._share.take(at, download.outcome is not Outcome.OK)


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
