"""What a note beside a file says of its incident may be anything."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from trafico_monitor.config.schema import Config
from trafico_monitor.daemon.background_results import Reports
from trafico_monitor.daemon.committer import Committer
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Incident
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.store.repository import Store

NOW = 1_766_700_000.0


@pytest.mark.parametrize(
    "name", ["\ud800", "a\0b", "", "['ABCDEF23']", "é", "x" * 60_000, "ABCDEF2"], ids=lambda n: ascii(n)[:20]
)
async def test_only_an_id_names_an_incident(tmp_path: Path, name: str) -> None:
    store = await Store.open(tmp_path)
    nobody = cast(Pipeline, None), store, cast(Committer, None)
    reports = Reports(Config, lambda: None, *nobody, lambda: NOW)
    try:
        incident = Incident("ABCDEF23", ErrorType.TIMEOUT, opened_at=NOW, updated_at=NOW)
        await store.commit(ChangeSet(incidents=(incident,)))
        assert await reports.incident(name) is None
        assert await reports.incident("ABCDEF23") == incident
    finally:
        await store.close()
