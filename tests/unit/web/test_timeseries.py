"""Hours, days of a time zone, and what is made of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.store.tallies import coarse
from trafico_monitor.web import timeseries
from trafico_monitor.web.ports import Hour

MADRID = ZoneInfo("Europe/Madrid")
HOUR = 3600


def at(text: str, zone: ZoneInfo = MADRID) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [("2025-03-29", "2025-04-01", [24, 23, 24]), ("2025-10-25", "2025-10-28", [24, 25, 24])],
)
def test_days_are_those_of_the_zone(since: str, until: str, hours: list[int]) -> None:
    starts = timeseries.starts(at(since) + 5000, at(until), "day", MADRID)
    ends = [*starts[1:], at(until)]
    assert [(end - start) / HOUR for start, end in zip(starts, ends, strict=True)] == hours


@each("zone", ["Europe/Madrid", "Asia/Kathmandu", "America/St_Johns", "UTC", "Australia/Lord_Howe"])
@each("year", [2024, 2025])
def test_every_hour_of_a_year_is_on_its_day(zone: str, year: int) -> None:
    """Summed up as the database does it, stretch by stretch."""
    here = ZoneInfo(zone)
    since, until = at(f"{year}-01-01", here), at(f"{year + 1}-01-01", here)
    starts = timeseries.starts(since, until, "day", here)
    spans: list[Hour] = []
    for first, last, offset in timeseries.stretches(starts, until, "day", here):
        counted: Counter[int] = Counter()
        for hour in range(-(-first // HOUR) * HOUR, int(last), HOUR):
            counted[(hour + offset) // 86400 * 86400 - offset] += 1
        spans += [(span, "type", "timeout/fallido", number) for span, number in counted.items()]
    found = timeseries.series(spans, starts, "day")
    expected = Counter(
        datetime.fromtimestamp(hour, here).date() for hour in range(-(-since // HOUR) * HOUR, until, HOUR)
    )
    days = [datetime.fromtimestamp(start, here).date() for start in starts]
    assert found["types"] == {"timeout": [expected[day] for day in days]}


def test_the_many_modelos_are_one_line_together() -> None:
    hours: list[Hour] = [(0, "modelo", f"m{n}", 20 - n) for n in range(20)]
    found = timeseries.series(hours, [0], "hour")["modelos"]
    assert isinstance(found, list) and len(found) == timeseries.MOST_MODELOS + 1
    assert found[-1]["others"] is True and sum(one["values"][0] for one in found) == sum(range(1, 21))


@given(st.dictionaries(st.integers(0, 10_000), st.integers(1, 50), min_size=1, max_size=30), st.floats(0.01, 1))
def test_percentile_is_the_least_value_that_so_many_do_not_exceed(seconds: dict[int, int], share: float) -> None:
    found = timeseries.percentile(seconds, share)
    every = sorted(value for value, number in seconds.items() for _ in range(number))
    assert found in every
    assert sum(value <= found for value in every) >= share * len(every) - 1e-6


@given(st.integers(0, 604_800))
def test_coarse_times_are_near_and_few(seconds: int) -> None:
    assert abs(coarse(seconds) - seconds) <= seconds * 0.12
    assert coarse(coarse(seconds)) == coarse(seconds)


def test_coarse_times_are_few() -> None:
    assert len({coarse(seconds) for seconds in range(604_801)}) <= 75
    assert [coarse(n) for n in range(11)] == list(range(11))
