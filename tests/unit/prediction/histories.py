"""Plausible histories of one machine: our own, written apart from the generator that the figures were tuned on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from trafico_monitor.prediction.backtest import Download, History
from trafico_monitor.prediction.downloads import Outcome

GB = 1e9
STEP = 300
DAY = 86400
LIMIT = 2 * GB
TOTAL = 160 * GB
TIMEOUT = 600.0


def _busy(at: float) -> float:
    """Downloads by the hour: few at night, most in the evening, more at the weekend."""
    hour, weekend = at % DAY / 3600, int(at // DAY + 3) % 7 >= 5
    return (0.2 + 1.8 * math.exp(-(((hour - 20 + 12) % 24 - 12) ** 2) / 20)) * (1.4 if weekend else 0.9)


def disk(seed: int, days: int, leak: float = 0.0, spurt: tuple[float, float, float] | None = None) -> History:
    """Videos arrive and are deleted after five days; `leak` bytes a day come on top and stay until somebody cleans.

    `spurt`: from one moment to another so many bytes an hour vanish besides. When the disk is full somebody makes room
    within some hours.
    """
    draw = random.Random(seed)
    arrivals: list[tuple[float, float]] = []
    total = TOTAL
    free, level, leaked = [], 0.0, 0.0
    full = clean = -1.0
    for step in range(days * DAY // STEP):
        at = float(step * STEP)
        for _ in range(poisson(draw, 40 * _busy(at) * STEP / DAY / 0.75)):
            arrivals.append((at, min(2 * GB, draw.lognormvariate(math.log(0.25 * GB), 0.9))))
        if step % 288 == 48:
            arrivals = [one for one in arrivals if at - one[0] < 5 * DAY]
        leaked += leak * STEP / DAY
        if spurt is not None and spurt[0] <= at < spurt[1]:
            leaked += spurt[2] * STEP / 3600
        level = total - 15 * GB - sum(size for _, size in arrivals) - leaked - abs(draw.gauss(0, 0.02 * GB))
        if level < LIMIT and full < 0:
            full, clean = at, at + draw.uniform(1, 6) * 3600
        if full >= 0 and clean <= at:
            leaked, full = 0.0, -1.0
            arrivals = arrivals[len(arrivals) // 2 :]
        free.append((at, max(0.0, level)))
    return History(total, free)


def full_moments(history: History) -> list[float]:
    """Moments at which free space fell below the limit, once an episode of at least six hours."""
    found: list[float] = []
    last = -math.inf
    for at, free in history.free:
        if free < LIMIT:
            if at - last > 6 * 3600:
                found.append(at)
            last = at
    return found


def downloads(seed: int, count: int, hang: float = 0.01, failing: Callable[[int], float] = lambda _: 0.0) -> History:
    """`count` downloads an hour apart over a line whose speed wanders; the bot gives up after 600 s."""
    draw = random.Random(seed)
    speed, made = math.log(1.5e6), []
    for index in range(count):
        speed += draw.gauss(0, 0.03) + 0.02 * (math.log(1.5e6) - speed)
        size = min(2e9, draw.lognormvariate(math.log(4e8), 1.0))
        seconds = size / math.exp(speed + draw.gauss(0, 0.25))
        at = index * 3600.0
        if draw.random() < failing(index):
            made.append(Download(at, size, 5.0, Outcome.FAILED))
        elif seconds > TIMEOUT or draw.random() < hang:
            made.append(Download(at, size, TIMEOUT if index % 2 else None, Outcome.TIMEOUT))
        else:
            made.append(Download(at, size, seconds, Outcome.OK))
    return History(100 * GB, downloads=made)


def probes(seed: int, days: int, slow_from: float | None = None) -> list[tuple[float, float | None, int | None]]:
    """A probe a minute: slower by day, with outliers; from `slow_from` on latency doubles every twenty minutes."""
    draw = random.Random(seed)
    made: list[tuple[float, float | None, int | None]] = []
    for step in range(days * 1440):
        at = step * 60.0
        latency = 8 * (1 + 0.4 * math.sin(2 * math.pi * (at / DAY - 0.3))) * draw.lognormvariate(0, 0.25)
        if draw.random() < 0.005:
            latency *= draw.uniform(5, 60)
        if slow_from is not None and at >= slow_from:
            latency *= 2 ** min(8.0, (at - slow_from) / 1200)
        made.append((at, latency, 200))
    return made


def poisson(draw: random.Random, mean: float) -> int:
    """Knuth's product of uniforms (The Art of Computer Programming, volume 2, 3.4.1)."""
    bound, product, count = math.exp(-mean), draw.random(), 0
    while product > bound:
        product *= draw.random()
        count += 1
    return count
