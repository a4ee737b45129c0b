"""Samples of what the store keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import CLOSED, Estado, Event, Incident
from trafico_monitor.store.repository import Store

Make = Callable[..., Incident]


def incident(name: str = "i1", estado: Estado = Estado.DETECTADO, at: float = 1000.0, **more: object) -> Incident:
    made = Incident(name, ErrorType.TIMEOUT, at, at, estado, Download("victor", f"{name}.mp4"), "TimedOut")
    closed = at + 7.0 if estado in CLOSED else None
    return replace(made, closed_at=closed, **more)  # type: ignore[arg-type]


def record(of: Incident | None, at: float = 1000.0, text: str = "⚠️ línea") -> Event:
    return Event(at, "incident_detected", text, 4, "reintento 1/3", of)


def step(name: str, at: float = 1000.0, **more: object) -> ChangeSet:
    """One incident with its record."""
    one = incident(name, at=at)
    return ChangeSet(incidents=(one,), records=(record(one, at, f"⚠️ {name}"),), **more)  # type: ignore[arg-type]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()
