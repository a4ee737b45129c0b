"""What a note beside a file says of its incident may be anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from trafico_monitor.daemon.quarantine_cleanup import stored_incident
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Incident
from trafico_monitor.store.repository import Store

NOW = 1_766_700_000.0


@pytest.mark.parametrize(
    "name", ["\ud800", "a\0b", "", "['ABCDEF23']", "é", "x" * 60_000, "ABCDEF2"], ids=lambda n: ascii(n)[:20]
)
async def test_only_an_id_names_an_incident(tmp_path: Path, name: str) -> None:
    store = await Store.open(tmp_path)
    try:
        incident = Incident("ABCDEF23", ErrorType.TIMEOUT, opened_at=NOW, updated_at=NOW)
        await store.commit(ChangeSet(incidents=(incident,)))
        assert await stored_incident(store, name) is None
        assert await stored_incident(store, "ABCDEF23") == incident
    finally:
        await store.close()
