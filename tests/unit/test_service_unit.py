"""The unit file, where the program counts on it."""

from __future__ import annotations

import re
from pathlib import Path

UNIT = (Path(__file__).parents[2] / "packaging/systemd/trafico-monitor.service").read_text()


def test_journald_drops_none_of_our_records_for_being_many() -> None:
    """journald tells the writer nothing of it: a record would count as written."""
    service = UNIT.partition("[Service]")[2].partition("[Install]")[0]
    assert re.findall(r"^LogRateLimit\w+=(.*)$", service, re.MULTILINE) == ["0"]
