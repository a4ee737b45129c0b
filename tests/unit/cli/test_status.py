"""The lines of `status` for a machine in a fleet."""

from __future__ import annotations

import time

import pytest

from trafico_monitor.cli.commands import status

FLEET = {
    "address": "hub.example:5432/trafico", "name": "bot1", "text": "", "since": 1.7e9, "heard_at": 1.7e9, "seq": 8,
    "pending": 3, "refused": 0, "set_aside": [], "certificate_until": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"code": "connected"}, "hub.example:5432/trafico · connected · 3 records to send"),
        ({"code": "connecting"}, "hub.example:5432/trafico · connecting…"),
        ({"code": "unreachable", "text": "It is away."}, ": It is away."),
        ({"code": "connected", "refused": 2}, "3 records to send · 2 records set aside"),
    ],
)
def test_it_says_how_the_fleet_is(said: dict[str, object], expected: str) -> None:
    lines = dict(status._lines({"at": time.time(), "fleet": FLEET | said}, "en"))
    assert str(lines["fleet"]).endswith(expected)
