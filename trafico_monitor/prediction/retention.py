"""Nightly cleaning by age: what a job deletes tonight arrived a known number of days ago. Pure.

Where the rise of each cleaning is explained by the falls of the days so many days before it (one age for the server's
copies and one for the modelos' folders), a path through the future deletes what really arrived, not what another night
deleted. Where it is not, the days of the past are drawn whole, their cleaning with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

RISE_SHARE = 0.005  # of the disk: a smaller rise is no cleaning
REGULAR = 0.6  # share of days on which the hour rises
LONGEST = 12  # days
LEAST_NIGHTS = 6
EXPLAINED = 0.5  # of the error that the mean night leaves


@dataclass(frozen=True)
class Retention:
    """`slot`: the hour of a block (0 to 23) at which videos are deleted, `ages`: days after which, both halves.
    `falls`: bytes that went between the nights, newest first; `since`: bytes that went since the newest night.
    `errors`: what the explanation of each known night left over."""

    slot: int
    ages: tuple[int, int]
    falls: tuple[float, ...]
    since: float
    errors: tuple[float, ...]

    def rise(self, night: int, coming: list[float]) -> float:
        """Bytes that the `night`-th cleaning from now (1: the next) frees. `coming[i]`: bytes that arrive before the
        (i + 1)-th."""
        return max(0.0, sum(self._fall(age - night, coming) for age in self.ages) / 2)

    def _fall(self, index: int, coming: list[float]) -> float:
        if index < 0:
            return coming[-index - 1] if -index <= len(coming) else 0.0
        return self.falls[index] if index < len(self.falls) else fmean(self.falls)


def find(changes: Mapping[int, float], days: int, total: float) -> Retention | None:
    """The retention that explains the nights, or None. `changes`: bytes by hours before now."""
    found = [slot for slot in range(24) if _regular(changes, slot, days, total)]
    if not found:
        return None
    slot = max(found, key=lambda one: sum(max(0.0, changes.get(back, 0.0)) for back in _nights(one, days)))
    nights = _nights(slot, days)
    falls = [-sum(changes.get(back, 0.0) for back in range(newer + 1, older)) for newer, older in pairwise(nights)]
    rises = [changes.get(back, 0.0) for back in nights]
    ages, errors = _ages(rises, falls)
    if not errors or _spread(errors) > EXPLAINED * _spread(rises):
        return None
    since = -sum(changes.get(back, 0.0) for back in range(nights[0]))
    return Retention(slot, ages, tuple(falls), since, tuple(errors))


def _spread(values: list[float]) -> float:
    """Median distance from the median (MAD): a constant leak and a night on which a person cleaned weigh nothing."""
    centre = median(values)
    return median(abs(value - centre) for value in values)


def _nights(slot: int, days: int) -> list[int]:
    return [day * 24 + 23 - slot for day in range(days)]


def _regular(changes: Mapping[int, float], slot: int, days: int, total: float) -> bool:
    known = [changes[back] for back in _nights(slot, days) if back in changes]
    risen = sum(change > RISE_SHARE * total for change in known)
    return len(known) >= LEAST_NIGHTS and risen >= REGULAR * len(known)


def _ages(rises: list[float], falls: list[float]) -> tuple[tuple[int, int], list[float]]:
    """The pair of ages that leaves the least error, and the errors: rise minus explanation, newest first."""
    best: tuple[float, tuple[int, int], list[float]] = (float("inf"), (0, 0), [])
    for first in range(1, LONGEST + 1):
        for second in range(first, LONGEST + 1):
            count = min(len(rises), len(falls) - second)
            if count < LEAST_NIGHTS:
                break
            errors = [rises[j] - (falls[j + first] + falls[j + second]) / 2 for j in range(count)]
            error = _spread(errors)
            if error < best[0]:
                best = (error, (first, second), errors)
    return best[1], best[2]
