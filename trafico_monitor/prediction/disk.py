"""Disk full: free space resampled from whole days of the past. Pure.

Sources of the figures: docs/explanation/forecast.md.

The next week is drawn 100 times from blocks of 24 hours of the last 28 days that began at this hour of the day,
weekdays and weekend days apart, recent days with more weight (half-life 6 days): a block bootstrap (Künsch 1989). What
a person cleaned by hand is taken out first: it will not come again by itself.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

from ..model.prediction import DAY, HOUR

Steps = tuple[float, ...]  # 24 changes of free space, in bytes
KEPT_DAYS = 28
LEAST_DAYS = 3
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


@dataclass(frozen=True)
class Space:
    """The past of one volume: `free` bytes at the moment of the forecast, and `hourly` (seconds at full hours, free
    bytes; oldest first, gaps allowed)."""

    total: float
    free: float
    hourly: Sequence[tuple[float, float]]


def forecast(space: Space, now: float, limit: float, horizon: float = DAY, spread: float = 1.0) -> DiskForecast | None:
    """The forecast at `now`, or None with fewer than three days of samples.

    `limit`: bytes below which the disk counts as full. The probability is that of the paths as they were drawn;
    `spread` widens or narrows them around their median for the intervals (Calibration.factor).
    """
    blocks = _blocks(_increments(space, now), now)
    if len(blocks) < LEAST_DAYS:
        return None
    paths = _paths(blocks, space.free, now)
    columns = [sorted(column) for column in zip(*paths, strict=True)]
    median = [column[PATHS // 2] for column in columns]
    lower, upper = PATHS // 10, PATHS - 1 - PATHS // 10
    moments = sorted(
        _full([m + (value - m) * spread for value, m in zip(path, median, strict=True)], space.free, limit)
        for path in paths
    )
    bands = (
        (m + (c[lower] - m) * spread, m, m + (c[upper] - m) * spread) for c, m in zip(columns, median, strict=True)
    )
    low, middle, high = zip(
        *(tuple(min(space.total, max(0.0, level)) for level in band) for band in bands), strict=True
    )
    hours = horizon / HOUR
    return DiskForecast(
        said_at=now,
        probability=sum(_full(path, space.free, limit) <= hours for path in paths) / PATHS,
        full_low=_moment(now, moments[lower]),
        full_median=_moment(now, moments[PATHS // 2]),
        full_high=_moment(now, moments[upper]),
        low=low,
        median=middle,
        high=high,
        drain=max(0.0, (space.free - middle[min(len(middle), max(1, round(hours))) - 1]) / hours),
    )


DRAIN_SECONDS = 4200.0  # an import ends within the hour
DRAIN_PART = 600.0  # each ten minutes of it fall: videos come in lumps, a runaway does not pause
DRAIN_SHARE = 0.03  # of the disk in an hour
DRAIN_TIMES = 1.5  # as fast as all but one in a hundred hours of the past
DRAIN_HOURS = 8.0  # to full, at most
DRAIN_PROBABILITY = 0.9
DRAIN_EARLY, DRAIN_LATE = 0.6, 1.7  # ends of the 80 % interval, of the time that is left at this rate


def drain(space: Space, recent: Sequence[tuple[float, float]], now: float, limit: float) -> tuple[float, float] | None:
    """Bytes an hour, and hours until `limit`, of a steady fall that no day of the past contains; None without one."""
    samples = [(at, free) for at, free in recent if now - DRAIN_SECONDS - 1 <= at <= now]
    if len(samples) < 4 or samples[-1][0] - samples[0][0] < 0.95 * DRAIN_SECONDS:
        return None
    slowest, start = math.inf, samples[0]
    for sample in samples[1:]:
        if sample[0] - start[0] >= DRAIN_PART - 30:
            slowest = min(slowest, (start[1] - sample[1]) / (sample[0] - start[0]) * HOUR)
            start = sample
    if not DRAIN_SHARE * space.total < slowest < math.inf:
        return None
    falls = sorted(a[1] - b[1] for a, b in _pairs(space.hourly) if b[0] <= samples[0][0])
    if falls and slowest <= DRAIN_TIMES * falls[int(0.99 * (len(falls) - 1))]:
        return None
    rate = (samples[0][1] - samples[-1][1]) / (samples[-1][0] - samples[0][0]) * HOUR
    hours = (samples[-1][1] - limit) / rate
    return (rate, hours) if 0 < hours <= DRAIN_HOURS else None


def drained(told: DiskForecast, now: float, free: float, falling: tuple[float, float]) -> DiskForecast:
    """`told`, of a disk that a drain empties: the fall goes on, between the ends of its interval."""
    rate, left = falling
    low, median, high = (
        tuple(max(0.0, free - rate / times * hour) for hour in range(1, len(told.median) + 1))
        for times in (DRAIN_EARLY, 1.0, DRAIN_LATE)
    )
    early, middle, late = (now + left * times * HOUR for times in (DRAIN_EARLY, 1.0, DRAIN_LATE))
    return DiskForecast(now, DRAIN_PROBABILITY, early, middle, late, low, median, high, rate)


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


def _paths(blocks: list[_Block], free: float, now: float) -> list[list[float]]:
    pools = []
    for day in range(HORIZON_DAYS):
        weekend = _weekend(now + day * DAY)
        pool = [block for block in blocks if block.weekend is weekend] or blocks
        pools.append((pool, list(accumulate(0.5 ** (block.days_ago / HALF_LIFE_DAYS) for block in pool))))
    paths = []
    draws = _Draws(round(now))
    for _ in range(PATHS):
        days = (
            pool[bisect_right(edges, draws.uniform() * edges[-1], hi=len(pool) - 1)].steps for pool, edges in pools
        )
        paths.append(list(accumulate(chain.from_iterable(days), initial=free))[1:])
    return paths


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
