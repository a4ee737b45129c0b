"""Quiet hours on the clock of the wall: across midnight, and on the days when it is changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.cases import each
from trafico_monitor.notify.silences import MuteTimes

MADRID = ZoneInfo("Europe/Madrid")


def at(text: str, fold: int = 0) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=MADRID, fold=fold).timestamp()


@each(
    ("now", "begin", "end", "until"),
    [
        ("2025-12-25 23:00", "22:30", "08:00", "2025-12-26 08:00"),
        ("2025-12-25 22:30", "22:30", "08:00", "2025-12-26 08:00"),
        ("2025-12-26 00:10", "22:30", "08:00", "2025-12-26 08:00"),
        ("2025-12-26 07:59", "22:30", "08:00", "2025-12-26 08:00"),
        ("2025-12-26 08:00", "22:30", "08:00", None),
        ("2025-12-25 22:29", "22:30", "08:00", None),
        ("2025-12-25 14:00", "13:00", "15:00", "2025-12-25 15:00"),
        ("2025-12-25 15:00", "13:00", "15:00", None),
        ("2025-12-25 12:59", "13:00", "15:00", None),
        ("2025-12-25 23:59", "23:00", "00:00", "2025-12-26 00:00"),
        ("2025-12-25 12:00", "", "", None),
        # Summer time begins on 30 March 2025 at 02:00: that night is seven hours long, not eight.
        ("2025-03-29 23:00", "23:00", "07:00", "2025-03-30 07:00"),
        ("2025-03-30 01:30", "23:00", "07:00", "2025-03-30 07:00"),
        # It ends on 26 October 2025 at 03:00: nine hours.
        ("2025-10-25 23:00", "23:00", "07:00", "2025-10-26 07:00"),
    ],
)
def test_until_when(now: str, begin: str, end: str, until: str | None) -> None:
    assert MuteTimes(begin, end, MADRID).until(at(now)) == (None if until is None else at(until))


def test_the_nights_in_which_the_clock_is_changed_are_as_long_as_they_are() -> None:
    short, long = (
        MuteTimes("23:00", "07:00", MADRID).until(at(night)) for night in ("2025-03-29 23:00", "2025-10-25 23:00")
    )
    assert short is not None and long is not None
    assert (short - at("2025-03-29 23:00"), long - at("2025-10-25 23:00")) == (7 * 3600, 9 * 3600)


def test_an_end_in_the_hour_that_comes_twice_is_always_ahead() -> None:
    for fold in (0, 1):
        now = at("2025-10-26 02:10", fold)
        until = MuteTimes("23:00", "02:30", MADRID).until(now)
        assert until is not None and 0 < until - now <= 3600


def test_an_end_in_the_hour_that_is_left_out_comes() -> None:
    now = at("2025-03-30 01:50")
    until = MuteTimes("23:00", "02:30", MADRID).until(now)
    assert until is not None and 0 < until - now <= 3600 + 2400


@pytest.fixture
def in_madrid() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Madrid"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("in_madrid")
@pytest.mark.parametrize("night", ["2025-12-25", "2025-03-29", "2025-10-25"])
def test_the_machines_own_clock_is_that_of_its_zone(night: str) -> None:
    now = at(f"{night} 23:30")
    assert MuteTimes("23:00", "07:00").until(now) == MuteTimes("23:00", "07:00", MADRID).until(now) is not None
