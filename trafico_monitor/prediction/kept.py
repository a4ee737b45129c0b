"""Readers of a snapshot that may hold anything: what is no number where a number belongs is left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

FARTHEST = 1e11  # seconds since the epoch: the year 5138


def number(value: object, default: float, low: float = -math.inf, high: float = math.inf) -> float:
    """The number, or `default` where it is none, is not finite or lies outside `low`..`high`."""
    found = finite(value)
    return default if found is None or not low <= found <= high else found


def finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def numbers(value: object, most: int) -> list[float]:
    """The last `most` numbers of a list."""
    return [one for item in _list(value, most) if (one := finite(item)) is not None]


def rows(value: object, width: int, most: int) -> Iterator[list[object]]:
    """The last `most` lists of `width` members of a list."""
    for item in _list(value, most):
        if isinstance(item, list) and len(item) == width:
            yield item


def mapping(value: object) -> dict[str, object]:
    return {key: item for key, item in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}


def moment(value: object, now: float) -> float | None:
    """A time that is not after `now`."""
    found = finite(value)
    return found if found is not None and -FARTHEST <= found <= now else None


def _list(value: object, most: int) -> list[object]:
    return value[-most:] if isinstance(value, list) else []
