"""Disk full: free space resampled from whole days of the past. Pure.

Sources of the figures: docs/explanation/forecast.md.

The next week is drawn 100 times from blocks of 24 hours of the last 28 days that began at this hour of the day,
weekdays and weekend days apart, recent days with more weight (half-life 6 days). What a person cleaned by hand is
taken out first: it will not come again by itself. A drain that no day of the past contains is continued as it runs.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

from . import retention
from .retention import Retention

Steps = tuple[float, ...]  # 24 changes of free space, in bytes
HOUR = 3600.0
DAY = 24 * HOUR
KEPT_DAYS = 28
LEAST_DAYS = 3
YOUNG_DAYS = 8
PATHS = 100
HORIZON_DAYS = 7
HALF_LIFE_DAYS = 6.0
CLEANED_SHARE = 0.08  # of the disk: a rise above it at an hour that does not usually rise is a person's
CENTRAL = 0.8  # share of outcomes that an interval holds


@dataclass(frozen=True)
class DiskForecast:
    """Bytes by hour from now on (`median`, `low` and `high` of the 80 % band) and the moments at which free space
    meets the limit: seconds since the epoch, None where it does not within 7 days."""

    said_at: float
    probability: float  # of being full within the horizon
    full_low: float | None  # the early end of the 80 % interval of the time to full
    full_median: float | None
    full_high: float | None
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    drain: float  # bytes an hour by which the median falls over the horizon
    draining: bool = False  # a drain of this moment that no day of the past contains decides


@dataclass(frozen=True)
class Space:
    """The past of one volume: `hourly` (seconds at full hours, free bytes; oldest first, gaps allowed) and the
    samples of the last hours as they were taken."""

    total: float
    hourly: Sequence[tuple[float, float]]
    recent: Sequence[tuple[float, float]]


def forecast(space: Space, now: float, limit: float, horizon: float = DAY, spread: float = 1.0) -> DiskForecast | None:
    """The forecast at `now`, or None with fewer than three days of samples.

    `limit`: bytes below which the disk counts as full. `spread` widens or narrows the paths around their median
    (Calibration.factor).
    """
    free = _latest(space, now)
    if free is None or not math.isfinite(space.total) or space.total <= 0:
        return None
    changes = _increments(space, now)
    blocks = _blocks(changes, now)
    if len(blocks) < LEAST_DAYS:
        return None
    paths = _paths(blocks, retention.find(changes, KEPT_DAYS, space.total), free, now)
    columns = [sorted(column) for column in zip(*paths, strict=True)]
    median = [column[PATHS // 2] for column in columns]
    stretched = [[m + (value - m) * spread for value, m in zip(path, median, strict=True)] for path in paths]
    moments = sorted(_full(path, free, limit) for path in stretched)
    drain = drain_rate(space, now, limit)
    draining = drain is not None
    if drain is not None:
        moments = sorted(
            min(moment, max(0.0, (free - limit) / drain * stretch))
            for moment, stretch in zip(moments, _DRAIN_SPREAD, strict=True)
        )
    within = sum(moment * HOUR <= horizon for moment in moments)
    lower, upper = PATHS // 10, PATHS - 1 - PATHS // 10
    edge = [(m + (c[lower] - m) * spread, m + (c[upper] - m) * spread) for c, m in zip(columns, median, strict=True)]
    return DiskForecast(
        said_at=now,
        probability=DRAIN_PROBABILITY if draining else _trust(len(blocks)) * within / PATHS,
        full_low=_moment(now, moments[lower]),
        full_median=_moment(now, moments[PATHS // 2]),
        full_high=_moment(now, moments[upper]),
        low=tuple(max(0.0, a) for a, _ in edge),
        median=tuple(max(0.0, m) for m in median),
        high=tuple(min(space.total, b) for _, b in edge),
        drain=max(0.0, (free - median[min(len(median), round(horizon / HOUR)) - 1]) / (horizon / HOUR)),
        draining=draining,
    )


DRAIN_SHORT, DRAIN_LONG = 1800.0, 4200.0  # seconds: an import ends within the hour, so only the longer fall goes on
SOON, LATER = 0.75, 8.0  # hours to full in which a fall of the one or the other length is worth saying
DRAIN_TIMES = 1.5  # as fast as all but one in a hundred hours of the past
DRAIN_SHARE = 0.03  # of the disk in an hour
DRAIN_PROBABILITY = 0.9
DRAIN_PART = 600.0  # each ten minutes of it fall: videos come in lumps, a runaway does not pause
_DRAIN_SPREAD = tuple(0.5 + 0.012 * i for i in range(PATHS))


def drain_rate(space: Space, now: float, limit: float) -> float | None:
    """Bytes an hour of a steady fall, unlike the past, that meets `limit` soon; None where there is none."""
    recent = [(at, free) for at, free in space.recent if now - DRAIN_LONG - 1 <= at <= now]
    short = [sample for sample in recent if now - sample[0] <= DRAIN_SHORT + 1]
    if len(short) < 4 or short[-1][0] - short[0][0] < 0.8 * DRAIN_SHORT:
        return None
    rate = _slowest(short)
    if rate <= DRAIN_SHARE * space.total or rate <= DRAIN_TIMES * _usual_fall(space, short[0][0]):
        return None
    left = (short[-1][1] - limit) / rate
    lasting = recent[-1][0] - recent[0][0] >= 0.95 * DRAIN_LONG and _slowest(recent) > 0.6 * rate
    return rate if left <= (LATER if lasting else SOON) else None


def _slowest(samples: Sequence[tuple[float, float]]) -> float:
    """The smallest fall of all parts of ten minutes, in bytes an hour; 0 where one does not fall."""
    rates, start = [], samples[0]
    for sample in samples[1:]:
        if sample[0] - start[0] >= DRAIN_PART - 30:
            rates.append((start[1] - sample[1]) / (sample[0] - start[0]) * HOUR)
            start = sample
    return max(0.0, min(rates, default=0.0))


def _usual_fall(space: Space, before: float) -> float:
    """The fall of an hour that one in a hundred hours of the past exceeds."""
    falls = sorted(a[1] - b[1] for a, b in _pairs(space.hourly) if b[0] <= before)
    return max(0.0, falls[int(0.99 * (len(falls) - 1))]) if falls else 0.0


def _trust(days: int) -> float:
    """Few days do not show what the others are like: a week counts two thirds, four weeks wholly."""
    return days / (days + YOUNG_DAYS) * (KEPT_DAYS + YOUNG_DAYS) / KEPT_DAYS


def _latest(space: Space, now: float) -> float | None:
    for at, free in (*reversed(space.recent), *reversed(space.hourly)):
        if at <= now:
            return free if now - at <= 2 * HOUR and math.isfinite(free) and free >= 0 else None
    return None


def _pairs(hourly: Sequence[tuple[float, float]]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(a, b) for a, b in pairwise(hourly) if b[0] - a[0] <= 1.5 * HOUR]


def _increments(space: Space, now: float) -> dict[int, float]:
    """By hours before `now` (0: the last hour): how free space changed, a person's cleaning taken out."""
    changes: dict[int, float] = {}
    for (_, before), (at, after) in _pairs(space.hourly):
        back = int((now - at) // HOUR)
        if 0 <= back < KEPT_DAYS * 24:
            changes[back] = after - before
    bound = CLEANED_SHARE * space.total
    for back, change in list(changes.items()):
        if change > bound:
            same = [
                changes[other] for other in range(back % 24, KEPT_DAYS * 24, 24) if other != back and other in changes
            ]
            if sum(value > bound / 4 for value in same) < 0.3 * len(same):
                changes[back] = 0.0
    return changes


@dataclass(frozen=True)
class _Block:
    days_ago: int
    weekend: bool
    steps: Steps


def _blocks(changes: Mapping[int, float], now: float) -> list[_Block]:
    found = []
    for day in range(KEPT_DAYS):
        hours = [changes.get(day * 24 + hour) for hour in range(23, -1, -1)]
        known = [value for value in hours if value is not None]
        if len(known) >= 20:  # up to four hours may be missing: they change nothing
            steps = tuple(0.0 if value is None else value for value in hours)
            found.append(_Block(day, _weekend(now - (day + 1) * DAY), steps))
    return found


def _weekend(at: float) -> bool:
    """By the middle of the block that begins `at`; the epoch was a Thursday."""
    return int((at + DAY / 2) // DAY + 3) % 7 >= 5


def _paths(blocks: list[_Block], nights: Retention | None, free: float, now: float) -> list[list[float]]:
    pools = {}
    for weekend in (False, True):
        pool = [block for block in blocks if block.weekend is weekend] or blocks
        edges, total = [], 0.0
        for block in pool:
            total += 0.5 ** (block.days_ago / HALF_LIFE_DAYS)
            edges.append(total)
        pools[weekend] = (pool, edges, total)
    paths = []
    draws = _Draws(round(now))
    kinds = [_weekend(now + day * DAY) for day in range(HORIZON_DAYS)]
    for _ in range(PATHS):
        days = []
        for kind in kinds:
            pool, edges, total = pools[kind]
            days.append(pool[min(bisect_right(edges, draws.uniform() * total), len(pool) - 1)].steps)
        if nights is not None:
            days = _with_nights(days, nights, draws)
        paths.append(list(accumulate(chain.from_iterable(days), initial=free))[1:])
    return paths


def _with_nights(days: list[Steps], nights: Retention, draws: _Draws) -> list[Steps]:
    """The days with what retention deletes on each night, in place of what another night deleted."""
    made, coming, before = [], [], nights.since
    for number, steps in enumerate(days, 1):
        coming.append(before - sum(steps[: nights.slot]))
        error = nights.errors[int(draws.uniform() * len(nights.errors))]
        rise = max(0.0, nights.rise(number, coming) + error)
        made.append((*steps[: nights.slot], rise, *steps[nights.slot + 1 :]))
        before = -sum(steps[nights.slot + 1 :])
    return made


def _full(path: list[float], free: float, limit: float) -> float:
    """Hours until the path meets the limit, or infinity."""
    if min(path) > limit:
        return math.inf
    before = free
    for hour, level in enumerate(path):
        if level <= limit:
            return hour + (min(1.0, max(0.0, (before - limit) / (before - level))) if before > level else 0.0)
        before = level
    return math.inf


def _moment(now: float, hours: float) -> float | None:
    return now + hours * HOUR if math.isfinite(hours) else None


class _Draws:
    """Numbers in [0, 1) that depend on the seed alone: SplitMix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & 0xFFFFFFFFFFFFFFFF

    def uniform(self) -> float:
        self._state = (self._state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return ((z ^ (z >> 31)) >> 11) / (1 << 53)
