from __future__ import annotations

import math
from datetime import UTC

import pytest

from tests.cases import each
from tests.unit.notify.samples import NOON
from trafico_monitor.messages import format


@each(
    ("seconds", "shown"),
    [
        (-3, "menos de 1 s"),
        (0.4, "menos de 1 s"),
        (7, "7 s"),
        (59.7, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (97200, "1 d 3 h"),
        (math.inf, "…"),
        (math.nan, "…"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert format.duration(seconds, "es") == shown


def test_a_size_is_decimal_with_the_sign_of_the_language() -> None:
    assert format.size(1_900_000_000, "es") == "1,9 GB"
    assert format.size(1_900_000_000, "en") == "1.9 GB"
    assert format.size(12, "en") == "12 B"


def test_a_moment_is_shown_in_the_zone_asked_for() -> None:
    assert format.moment(NOON, UTC) == "12:00:00"
    assert format.moment(NOON, UTC, day=True) == "25/12 12:00:00"


@pytest.mark.parametrize("at", [math.nan, math.inf, 1e300])
def test_an_impossible_moment_is_an_ellipsis(at: float) -> None:
    assert format.moment(at, UTC) == "…"
