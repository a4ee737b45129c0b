"""Time of work, judged by its growth and by other work of the same moment: a machine may be slow, or busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

Work = Callable[[], object]

ROUNDS = 15  # the best of them counts, and they end once it is good enough
LEAST_ROUNDS = 2
ROOM = 2.0  # times the growth of the length. Quadratic work grows by the length's growth once more: use sizes 4 apart
LEAST = 1.0  # references: in less than that, constant costs and the switch to another path are most of the time


def reference() -> int:
    """Work of 0.3 ms on a quiet machine of 2024."""
    total = 0
    for number in range(6000):
        total += number % 7
    return total


def seconds(work: Work) -> float:
    """Seconds of the thread's processor time, once."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def cost(work: Work, enough: float = 0.0) -> float:
    """How many `reference`s `work` takes, the best of a few rounds, which end at `enough`."""
    best = unit = float("inf")
    for done in range(1, ROUNDS + 1):
        unit, best = min(unit, seconds(reference)), min(best, seconds(work))
        if done >= LEAST_ROUNDS and best <= enough * unit:
            break
    return best / unit


def assert_linear(work: Callable[[int], Work], *sizes: int, most: float = float("inf")) -> None:
    """Fails where the time of `work(size)` grows faster than the size from one of `sizes`, which ascend, to the next,
    or the longest takes more than `most` references. Each round has its own size, a little less: what a cache has of
    a text does not count."""
    best = dict.fromkeys(sizes, float("inf"))
    unit = float("inf")
    for done in range(1, ROUNDS + 1):
        unit = min(unit, seconds(reference))
        for size in sizes:
            best[size] = min(best[size], seconds(work(size - done)))
        good = all(best[b] <= ROOM * b / a * max(best[a], LEAST * unit) for a, b in pairwise(sizes))
        if done >= LEAST_ROUNDS and good and best[sizes[-1]] <= most * unit:
            return
    raise AssertionError(", ".join(f"{size}: {best[size] / unit:.1f}" for size in sizes) + " references")
