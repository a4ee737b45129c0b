"""What each correction has been good for: the report's table, from the tallies."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from .tables.tallies import DAY, HOUR, ORDER, SEPARATOR, WORKED


@dataclass(frozen=True, slots=True)
class Worth:
    """One kind of order for one type of error. Times in seconds from the first line of the failure
    to the proof, None where nothing worked; `reasons` are those of the failures."""

    error_type: str
    order: str
    worked: int = 0
    failed: int = 0
    median_seconds: float | None = None
    p95_seconds: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        return self.worked + self.failed


def worths(connection: sqlite3.Connection, since: float) -> tuple[Worth, ...]:
    """All that ran since the beginning of the hour that `since` lies in, by type and order."""
    took: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    reasons: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    rows = connection.execute(
        "SELECT day, value, number FROM tallies WHERE day >= ? AND property = ?", (int(since // DAY), ORDER)
    )
    for day, value, number in rows:
        hour, error_type, order, end, detail = value.split(SEPARATOR, 4)
        if day * DAY + (int(hour) + 1) * HOUR <= since:
            continue
        if end == WORKED:
            took[error_type, order][int(detail)] += number
        else:
            reasons[error_type, order][detail] += number
    return tuple(_worth(key, took[key], reasons[key]) for key in sorted({*took, *reasons}))


def _worth(key: tuple[str, str], took: Counter[int], reasons: Counter[str]) -> Worth:
    return Worth(*key, took.total(), reasons.total(), at(took, 0.5), at(took, 0.95), dict(reasons.most_common()))


def at(took: Counter[int], share: float) -> float | None:
    """The least value that `share` of all do not exceed; None when there is none."""
    left = share * took.total()
    for value, number in sorted(took.items()):
        left -= number
        if left <= 0:
            return float(value)
    return None
