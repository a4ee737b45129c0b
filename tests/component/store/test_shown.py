"""`incidents show` tells the proof, and where an original lies that could not be replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.cli.main import main
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import Evidence
from trafico_monitor.store.repository import Store

from .conftest import incident

ASIDE = "/m/_cuarentena/victor__a.mp4.ABCDEF23"


async def test_what_was_looked_at_and_where_the_original_is(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = (
        Evidence("folder", "/m/victor"),
        Evidence("quarantine", f"{ASIDE} · 9 B · SHA-256 00ff"),
        Evidence("file", "/m/victor/a.mp4", False),
        Evidence("kept_unsolved", ASIDE),
    )
    failed = incident("ABCDEF23", Estado.FALLIDO, quarantined=ASIDE, evidence=seen)
    await store.commit(ChangeSet(incidents=(failed,)))
    config = tmp_path / "config.toml"
    config.write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    assert main(["incidents", "show", "ABCDEF23", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    for line in (
        "✅ carpeta: /m/victor",
        f"✅ cuarentena: {ASIDE} · 9 B · SHA-256 00ff",
        "❌ archivo: /m/victor/a.mp4",
        f"no se borra mientras no se sustituya: {ASIDE}",
    ):
        assert line in shown
    assert main(["incidents", "show", "ABCDEF23", "--json", "--config", str(config)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["quarantined"] == ASIDE
    assert [one["what"] for one in told["evidence"]] == ["folder", "quarantine", "file", "kept_unsolved"]
