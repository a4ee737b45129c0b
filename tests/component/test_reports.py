"""What a note beside a file says of its incident may be anything."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from trafico_monitor.config.schema import Config
from trafico_monitor.keeping import Keeper
from trafico_monitor.model.changes import Changes
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Incident
from trafico_monitor.pipeline import Pipeline
from trafico_monitor.reports import Reports
from trafico_monitor.store.store import Store

NOW = 1_766_700_000.0


@pytest.mark.parametrize(
    "name", ["\ud800", "a\0b", "", "['ABCDEF23']", "é", "x" * 60_000, "ABCDEF2"], ids=lambda n: ascii(n)[:20]
)
async def test_only_an_id_names_an_incident(tmp_path: Path, name: str) -> None:
    store = await Store.open(tmp_path)
    nobody = cast(Pipeline, None), store, cast(Keeper, None)
    reports = Reports(Config, lambda: None, *nobody, lambda: NOW)
    try:
        incident = Incident("ABCDEF23", ErrorType.TIMEOUT, opened_at=NOW, updated_at=NOW)
        await store.commit(Changes(incidents=(incident,)))
        assert await reports.incident(name) is None
        assert await reports.incident("ABCDEF23") == incident
    finally:
        await store.close()
