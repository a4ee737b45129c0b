"""The figures that an alert about space shows are those of its own time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

from trafico_monitor.config.schema import Config, Paths
from trafico_monitor.daemon.disk_usage_report import DiskUsageReporter
from trafico_monitor.model.installation import Installation

NOW = 1_800_000_000.0


async def test_the_second_alert_shows_what_lies_there_by_then(tmp_path: Path, monkeypatch) -> None:
    told, clock = [], [NOW]
    models = tmp_path / "modelos"
    models.mkdir()
    (models / "a.mp4").write_bytes(b"v" * 2_000_000)
    config = Config(paths=Paths(state=tmp_path / "state", logs=tmp_path / "logs"))

    async def commit(fields: dict[str, str]) -> None:
        told.append(fields)

    context = SimpleNamespace(
        installation=lambda: Installation(models, None, 0, 0),
        config=lambda: config,
        clock=lambda: clock[0],
        pipeline=SimpleNamespace(disk_usage=lambda fields, now: fields),
        commit=commit,
    )
    reporter = DiskUsageReporter(context)
    task = asyncio.create_task(reporter.run())

    async def shown() -> str:
        before = len(told)
        reporter.ask()
        async with asyncio.timeout(60):
            while len(told) == before:
                await asyncio.sleep(0.01)
        return told[-1]["uso"]

    try:
        assert "modelos 2.0 MB" in await shown()
        (models / "b.mp4").write_bytes(b"v" * 44_000_000)
        clock[0] += 60
        assert "modelos 46.0 MB" in await shown()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
