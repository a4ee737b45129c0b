"""An hour without a way to the administrator, 200 incidents of every type, and restarts in it.

The real pipeline, store and post office; the clock is the test's own, and so is the channel.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.component.notify.outbox import Clock, ScriptedChannel
from tests.unit.notify.samples import NOON
from trafico_monitor.config.schema import Alerts
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.errors import DeliveryError
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.task import Outcome, TaskResult, Verdict
from trafico_monitor.notify.delivery.manager import DeliveryManager
from trafico_monitor.notify.routing import RoutingConfig
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.store.repository import Store

pytestmark = pytest.mark.slow

NUMBER, EVERY = 200, 18.0
CRITICAL = (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO)
DEADLINE = 120.0


class Monitor:
    """The parts of the service that decide and tell, on a clock of the test's own."""

    def __init__(self, folder: Path, alerts: Alerts) -> None:
        self.folder, self.alerts, self.clock = folder, alerts, Clock(NOON)
        self.channel = ScriptedChannel("admin")

    async def start(self) -> None:
        plan = RoutingConfig(self.alerts)
        self.store = await Store.open(self.folder)
        self.pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es", routing=plan)
        self.pipeline.restore(await self.store.load())
        self.office = DeliveryManager(self.store, self.clock)
        self.office.use((self.channel,), plan, "es")
        self.running = asyncio.create_task(self.office.run())

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.store.close()

    async def keep(self, changes: ChangeSet) -> None:
        await self.store.commit(changes)
        self.office.wake()

    async def fails(self, kind: ErrorType, number: int) -> str:
        """A download fails for good: every order about it does; the incident's id."""
        now = self.clock.now
        download = Download("victor", f"v{number}.mp4", f"file{number}", 5, None, f"modelos/victor/v{number}.mp4")
        origin = f"c{number}"
        found = Finding(
            FindingKind.FAILED, now, 7, download, kind, "rule", "ERROR: no", origin=origin, actionable=download
        )
        changes = self.pipeline.observe((found,), now)
        await self.keep(changes)
        incident = changes.incidents[0].id
        # What is critical goes on: the disk stays full and the server down.
        while kind not in CRITICAL and (order := self._order(incident)) is not None:
            failed = TaskResult(order.id, Outcome.FAILED, "server_unreachable")
            await self.keep(self.pipeline.finish_task(order, failed, Verdict(False, reason="file_missing"), now))
        return incident

    def _order(self, incident: str) -> object:
        return next((order for order in self.pipeline.orders.values() if order.incident_id == incident), None)

    async def pass_time(self, seconds: float) -> None:
        """In steps, so that whatever is due is done in between."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + 3.0)
            await self.keep(self.pipeline.evaluate_alerts(self.clock.now))
            await asyncio.sleep(0)

    async def drain(self) -> None:
        """Let time pass until nothing waits any more."""
        async with asyncio.timeout(DEADLINE):
            while await self.store.mailbox("admin").waiting():
                self.clock.now += 0.5
                await self.keep(self.pipeline.evaluate_alerts(self.clock.now))
                await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("alerts", "every"), [(Alerts(), 0), (Alerts(), 50), (Alerts(remind_every=0), 50)], ids=["", "restarts", "quiet"]
)
async def test_every_cause_is_told_once_and_in_order_and_the_rest_in_a_few(
    tmp_path: Path, alerts: Alerts, every: int
) -> None:
    monitor = Monitor(tmp_path, alerts)
    await monitor.start()
    monitor.channel.down = DeliveryError("no network")
    kinds, alarms, failed = tuple(ErrorType), [], []
    for number in range(NUMBER):
        kind = kinds[number % len(kinds)]
        (alarms if kind in CRITICAL else failed).append(await monitor.fails(kind, number))
        await monitor.pass_time(EVERY)
        if every and number % every == every - 1:
            await monitor.stop()
            await monitor.start()
    assert monitor.clock.now - NOON >= 3600 and monitor.channel.shown == {}
    assert len(set(alarms + failed)) == NUMBER

    monitor.channel.down = None
    await monitor.drain()
    if every:
        await monitor.stop()
        await monitor.start()
    await monitor.pass_time(60)
    await monitor.drain()
    told = list(monitor.channel.shown.values())
    rang = [text for text in told if "CRÍTICO" in text and "Recordatorio" not in text]
    rest = [text for text in told if text not in rang]
    # One cause is one message that rings, of the first download that met it, and counts the others.
    assert [f"#{name}" in text for name, text in zip(alarms, rang, strict=False)] == [True] * len(CRITICAL)
    assert sum(int(number) for text in rang for number in re.findall(r"en espera: (\d+)", text)) == len(alarms)
    assert all("(avisado con retraso)" in text for text in rang)
    assert len(rest) <= 5, rest
    # All of them are counted; named are as many as one message has room for.
    named = "\n".join(text for text in rest if "Recordatorio" not in text)
    assert sum(int(number) for number in re.findall(r"(\d+) avisos juntos", named)) == len(failed)
    assert all(named.count(f"#{name}") <= 1 for name in failed)
    assert sum(f"#{name}" in named for name in failed) > 100
    await monitor.stop()
