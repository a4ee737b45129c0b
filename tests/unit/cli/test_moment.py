"""Times as journalctl takes them."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.cases import each
from trafico_monitor.cli.timespec import parse, span
from trafico_monitor.errors import MonitorError

NOW = datetime(2025, 12, 25, 14, 30, 20).astimezone().timestamp()


@each(
    ("typed", "expected"),
    [
        ("now", NOW),
        ("-1h", NOW - 3600),
        ("2 hours ago", NOW - 7200),
        ("-15min", NOW - 900),
        ("today", datetime(2025, 12, 25).astimezone().timestamp()),
        ("yesterday", datetime(2025, 12, 24).astimezone().timestamp()),
        ("2025-12-20", datetime(2025, 12, 20).astimezone().timestamp()),
        ("2025-12-20 08:15", datetime(2025, 12, 20, 8, 15).astimezone().timestamp()),
        ("2025-12-20 08:15:59", datetime(2025, 12, 20, 8, 15, 59).astimezone().timestamp()),
        ("08:15", datetime(2025, 12, 25, 8, 15).astimezone().timestamp()),
        ("@1766000000", 1766000000.0),
    ],
)
def test_the_forms_that_people_use(typed: str, expected: float) -> None:
    assert parse(typed, NOW) == expected


@pytest.mark.parametrize("typed", ["", "ayer", "2025-13-01", "25:00", "-1x"])
def test_what_is_no_time_is_said_with_the_forms_that_are(typed: str) -> None:
    with pytest.raises(MonitorError, match="yesterday"):
        parse(typed, NOW)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("30min", 1800.0),
        ("30m", 1800.0),
        ("1h30m", 5400.0),
        ("1h 30min", 5400.0),
        ("1.5h", 5400.0),
        ("2d", 172_800.0),
        ("1week", 604_800.0),
    ],
)
def test_durations_as_systemd_writes_them(typed: str, expected: float) -> None:
    assert span(typed) == expected


@each("typed", ["", " ", "h", "1x", "-1h", "1h-", "nan", "inf", "1e9", "1M", "٣h"])
def test_what_is_no_duration_is_said_with_examples(typed: str) -> None:
    with pytest.raises(MonitorError, match="1h30m") as refused:
        span(typed)
    assert refused.value.exit_code == 64
