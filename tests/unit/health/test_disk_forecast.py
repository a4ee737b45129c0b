"""Where the free space is going."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.health.disk_forecast import KEPT, STEP, DiskTrend, full_at

GB = 1000**3
NOW = 1_766_700_000.0


def test_samples_are_kept_at_a_pace_and_for_a_day() -> None:
    space = DiskTrend()
    for n in range(10_000):
        space.take(NOW + 30 * n, [("/srv", GB - n)])
    samples = space.of("/srv")
    assert len(samples) == KEPT and samples[-1] == (NOW + 30 * 9999, GB - 9999)
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(samples[:-1])]
    assert all(STEP - 30 <= gap <= STEP for gap in gaps)


def test_they_survive_a_restart_and_too_old_ones_do_not() -> None:
    space, again = DiskTrend(), DiskTrend()
    for n in range(20):
        space.take(NOW + STEP * n, [("/srv", n), ("/home", n)])
    again.restore(json.loads(json.dumps(space.snapshot())), NOW + STEP * 20)
    assert again.of("/srv") == space.of("/srv")
    again = DiskTrend()
    again.restore(space.snapshot(), NOW + 30 * 86400)
    assert again.of("/srv") == ()


@pytest.mark.parametrize("kept", [{"/srv": 5}, {"/srv": [5, "x", [1], [1, 2, 3], ["a", 1]]}, {"/srv": None}])
def test_what_is_no_sample_is_left_out(kept: dict[str, object]) -> None:
    space = DiskTrend()
    space.restore(kept, NOW)
    assert space.of("/srv") == ()


def line(*, an_hour: float, hours: float = 4.0) -> list[tuple[float, int]]:
    steps = int(hours * 3600 / STEP)
    return [(NOW + STEP * n, round(10 * GB + an_hour * n * STEP / 3600)) for n in range(steps + 1)]


def test_a_falling_line_meets_nought() -> None:
    samples = line(an_hour=-GB)
    found = full_at(samples)
    assert found is not None and abs(found - (NOW + 10 * 3600)) < 60


@pytest.mark.parametrize(
    "samples", [[], line(an_hour=GB), line(an_hour=0), line(an_hour=-1), line(an_hour=-GB, hours=0.3)]
)
def test_no_line_no_prophecy(samples: list[tuple[float, int]]) -> None:
    assert full_at(samples) is None


@given(st.lists(st.tuples(st.floats(0, 4e9), st.integers(0, 2**60)), max_size=50))
def test_no_samples_break_it(samples: list[tuple[float, int]]) -> None:
    space = DiskTrend()
    for at, free in samples:
        space.take(at, [("/srv", free)])
    found = full_at(space.of("/srv"))
    assert found is None or found >= space.of("/srv")[-1][0]
