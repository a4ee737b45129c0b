"""How long bot, server and monitor were up, counted from the rounds of checks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from trafico_monitor.health.uptime import BOT, DAYS, MONITOR, SERVER, UptimeCounter
from trafico_monitor.model.uptime import Day, Uptime

UP: dict[str, bool | None] = {BOT: True, SERVER: None}


@pytest.fixture(autouse=True)
def madrid() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Madrid"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def at(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()


def test_each_round_counts_the_time_since_the_one_before() -> None:
    counter, begin = UptimeCounter(), at("2026-05-04T10:00")
    for number, bot in enumerate((True, True, False, None, True)):
        counter.observe(begin + 30 * number, {BOT: bot, SERVER: None})
    assert counter.view() == (
        Uptime(BOT, (Day("2026-05-04", 60.0, 30.0),)),
        Uptime(MONITOR, (Day("2026-05-04", 120.0, 0.0),)),
    )
    assert counter.view()[0].share == 60 / 90


def test_a_time_goes_to_its_days() -> None:
    counter, midnight = UptimeCounter(), at("2026-05-05T00:00")
    counter.observe(midnight - 20, UP)
    counter.observe(midnight + 10, UP)
    assert counter.view()[0].days == (Day("2026-05-04", 20.0, 0.0), Day("2026-05-05", 10.0, 0.0))


@pytest.mark.parametrize(("begin", "hours"), [("2026-03-29T00:00", 23), ("2026-10-25T00:00", 25)])
def test_a_day_has_the_hours_that_it_has(begin: str, hours: int) -> None:
    counter, start = UptimeCounter(), at(begin)
    for number in range(hours * 60 + 1):
        counter.observe(start + 60 * number, UP)
    assert counter.view()[0].days == (Day(begin[:10], hours * 3600.0, 0.0),)


def test_a_restart_is_no_time_without_the_monitor_and_a_weekend_is() -> None:
    first, friday = UptimeCounter(), at("2026-05-08T18:00")
    first.observe(friday, UP)
    first.observe(friday + 60, UP)
    second = UptimeCounter(first.stored())
    second.observe(friday + 180, UP)
    third = UptimeCounter(second.stored())
    third.observe(at("2026-05-11T09:00"), UP)
    bot, monitor = third.view()
    assert bot.days == (Day("2026-05-08", 180.0, 0.0),), "nobody knows how the bot was meanwhile"
    assert monitor.days == (
        Day("2026-05-08", 180.0, 6 * 3600.0 - 180),
        Day("2026-05-09", 0.0, 86400.0),
        Day("2026-05-10", 0.0, 86400.0),
        Day("2026-05-11", 0.0, 9 * 3600.0),
    )


def test_days_are_forgotten_and_a_year_without_the_monitor_costs_nothing() -> None:
    counter, begin = UptimeCounter(), at("2026-01-01T12:00")
    counter.observe(begin, UP)
    counter.observe(begin + 60, UP)
    counter.observe(begin + 400 * 86400, UP)
    counter.observe(begin + 400 * 86400 + 60, UP)
    days = counter.view()[-1].days
    assert len(days) == DAYS and days[0].day > "2026-01-01"


def test_a_clock_that_was_set_back_counts_nothing_twice() -> None:
    counter, begin = UptimeCounter(), at("2026-05-04T10:00")
    for now in (0, 60, 30, 60):
        counter.observe(begin + now, UP)
    assert counter.view()[0].days == (Day("2026-05-04", 90.0, 0.0),)


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"days": []}', '{"last": "x"}', '{"days": {"bot": {"yesterday": [1, 2]}}}', "null"]
)
def test_what_cannot_be_read_begins_anew(stored: str) -> None:
    counter = UptimeCounter(stored)
    assert counter.view() == () and json.loads(counter.stored()) == {"last": None, "days": {}}
