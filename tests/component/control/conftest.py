"""A desk with everything real behind it: store, pipeline, dispatcher, repairs, a disk with videos."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.component.repair.conftest import ground, site, video  # noqa: F401
from trafico_monitor.control.processor import CommandProcessor, Heard
from trafico_monitor.daemon.executor import Executor
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.alert import Notification
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlRequest, ControlResponse, RequestKind
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.installation import RESCUED, Installation
from trafico_monitor.model.task import RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.repair.dispatcher import Dispatcher
from trafico_monitor.store.repository import Store

NOW = 1_766_000_000.0
ANA = "cli:ana"
SECONDS = 60.0  # for anything that is waited for
KNOWN = Download("victor", "a.mp4", source="/x/f.mp4")
FAILED = Incident(
    "ABCDEF23", ErrorType.TIMEOUT, NOW - 9e5, NOW - 8e5, Estado.FALLIDO,
    KNOWN, attempt=3, step=3, reason="timeout", accion="given_up", closed_at=NOW - 8e5, actionable=KNOWN,
)  # fmt: skip


@dataclass
class Office:
    """One life of the monitor, as the service composes it. `before` stands before the real repair,
    `after` between it and the record of what it has done."""

    store: Store
    site: Installation
    heard: list[Notification] = field(default_factory=list)
    told: Heard = (("admin", 0.2, ""),)
    before: Callable[[RepairTask], asyncio.Future[None]] | None = None
    after: Callable[[RepairTask], Awaitable[None]] | None = None
    blocked: asyncio.Event | None = None

    async def begin(self) -> None:
        self.pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es")
        saved = await self.store.load()
        self.pipeline.restore(saved)
        self.repairs = Executor(lambda: self.site, _server)
        self.dispatcher = Dispatcher(self._repair, self._done, self.pipeline.begin_task, lambda: NOW)
        self.desk = CommandProcessor(self.pipeline, self.store, self.keep, lambda: self.site, self._sound, lambda: NOW)
        self.dispatcher.give(saved.orders, inherited=True)

    async def end(self) -> None:
        await self.desk.stop(SECONDS)
        await self.dispatcher.stop(SECONDS)

    async def keep(self, changes: ChangeSet) -> None:
        if self.blocked is not None:
            await self.blocked.wait()
        await self.store.commit(changes)
        self.dispatcher.cancel(changes.finished)
        self.dispatcher.give(changes.orders)

    async def ask(self, kind: RequestKind, **fields: object) -> ControlResponse:
        async with asyncio.timeout(SECONDS):
            return await self.desk.ask(ControlRequest(kind, ANA, NOW, **fields))  # type: ignore[arg-type]

    async def assign(self, file: str, modelo: str) -> ControlResponse:
        return await self.ask(RequestKind.ASSIGN, file=file, modelo=modelo)

    async def records(self) -> Sequence[Event]:
        return [one.record for one in await self.store.records_after(0)]

    async def events(self) -> list[str]:
        return [record.event for record in await self.records()]

    async def incident(self, name: str = FAILED.id) -> Incident:
        (found,) = await self.store.named(name)
        return found

    def rescued(self, whole: Path, name: str = "file_1.mp4", **note: object) -> Path:
        """`whole` as it lies in `_rescatados`, with its note."""
        folder = self.site.models / RESCUED
        folder.mkdir(exist_ok=True)
        place = Path(shutil.copy(whole, folder / name))
        os.chown(place, self.site.uid, -1)
        known = {"incidente": FAILED.id, "video": "a.mp4", "size": whole.stat().st_size, **note}
        place.with_name(f"{name}.json").write_text(json.dumps(known))
        return place

    async def _repair(self, order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        if self.before is not None:
            await self.before(order)
        return await self.repairs.carry_out(order, inherited)

    async def _done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        if self.after is not None:
            await self.after(order)
        if order.kind is TaskKind.ASSIGN:
            await self.desk.assigned(order, result, verdict)
        else:
            await self.keep(self.pipeline.finish_task(order, result, verdict, NOW))

    async def _sound(self, notice: Notification) -> Heard:
        self.heard.append(notice)
        if self.blocked is not None:
            await self.blocked.wait()
        return self.told


async def _server() -> Finding:
    return Finding(FindingKind.SERVER, NOW, code="up")


@pytest.fixture
async def office(tmp_path: Path, site: Installation) -> AsyncIterator[Office]:  # noqa: F811
    """With one failed incident of ten days ago."""
    store = await Store.open(tmp_path / "state")
    here = replace(KNOWN, source=str(site.bot_api) + "/x/f.mp4")
    known = replace(FAILED, download=here, actionable=here)
    await store.commit(ChangeSet(incidents=(known,)))
    open_now = Office(store, site)
    await open_now.begin()
    yield open_now
    if open_now.blocked is not None:
        open_now.blocked.set()
    await open_now.end()
    await store.close()
