"""Where the free space is going."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.health.disk_forecast import KEPT, STEP, DiskTrend

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


@given(st.lists(st.tuples(st.floats(0, 4e9), st.integers(0, 2**60)), max_size=50))
def test_no_samples_break_it(samples: list[tuple[float, int]]) -> None:
    space = DiskTrend()
    for at, free in samples:
        space.take(at, [("/srv", free)])
    times = [at for at, _ in space.of("/srv")]
    assert times == sorted(set(times)) and len(times) <= KEPT
