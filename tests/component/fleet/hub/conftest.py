"""A server that seems to have run for a day: the test's was started just now, and whoever was silent before is not
silent by its clock."""

from __future__ import annotations

import pytest

from trafico_monitor.fleet.hub import overview


@pytest.fixture
def old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    before = overview._CLOCK.replace("pg_postmaster_start_time()", "now() - interval '1 day'")
    monkeypatch.setattr(overview, "_CLOCK", before)
