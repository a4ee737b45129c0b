"""Read models for the API and the dashboard: stored incidents, and the live status."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import stat
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from .. import __version__
from ..errors import PathRefused, StoreError
from ..health.download_files import SECONDS, list_waiting
from ..health.scheduler import CheckRun
from ..health.uptime import BOT, SERVER, SHORT, UptimeCounter
from ..host.blocking import run_blocking
from ..model.alert import Silence
from ..model.control import ControlService
from ..model.download import Phase, UnderWay
from ..model.incident import Event, Incident, IncidentFilter
from ..model.installation import Assignable, Installation
from ..model.prediction import ForecastView
from ..model.task import TaskKind
from ..model.uptime import Uptime
from ..pipeline.events import action_text, event_text, reason_text
from ..repair.path_policy import resolve_destination
from ..store.read_repository import Queries
from ..store.repository import DATABASE, Store
from ..web.ports import Gauges, Hour, Numbered, Volume
from .context import AppContext
from .executor import modelos
from .status import StatusReporter

T = TypeVar("T")

QUERY_SECONDS = 5.0
SIDE_BY_SIDE = 3  # queries: the disk is there for the pipeline first
PROGRESS_SECONDS = 2.0
MOST_SHOWN = 50
MOST_CHOICES = 500  # rescued files, and modelos
KEEP_SECONDS = 300.0
UPTIME_SECONDS = 60.0  # shorter than a time without the monitor: a kill loses nothing
_UPTIME = "uptime"
_PART = ".trafico-"  # a copy under its temporary name (action.copying)


class IncidentReader:
    """Stored incidents and events: a read-only connection and a thread for each query."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        self._directory = directory
        self._clock = clock
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def page(self, wanted: IncidentFilter, limit: int) -> Sequence[Incident]:
        return await self._look(lambda records: records.page(wanted, limit))

    async def count(self, wanted: IncidentFilter) -> int:
        return await self._look(lambda records: records.count(wanted))

    async def story(self, name: str, machine: str = "") -> tuple[Incident, Sequence[Numbered]] | None:
        found = await self._look(lambda records: records.story(name))
        return None if found is None else (found.incident, [(one.seq, one.record) for one in found.records])

    async def records_after(self, seq: int, limit: int) -> Sequence[Numbered]:
        found = await self._look(lambda records: records.records_after(seq, limit))
        return [(one.seq, one.record) for one in found]

    async def latest_records(self, limit: int) -> Sequence[Numbered]:
        found = await self._look(lambda records: records.latest_records(limit))
        return [(one.seq, one.record) for one in found]

    async def hours(self, since: float, until: float, step: int, offset: int) -> Sequence[Hour]:
        return await self._look(lambda records: records.hours(since, until, step, offset))

    async def ledger(self, since: float) -> Sequence[Mapping[str, object]]:
        found = await self._look(lambda records: records.ledger(since))
        return [{**asdict(worth), "tried": worth.tried} for worth in found]

    async def silences(self) -> Sequence[Silence]:
        return await self._look(lambda records: records.silences(self._clock()))

    async def _look(self, work: Callable[[Queries], T]) -> T:
        def inside() -> T:
            with Queries(self._directory, QUERY_SECONDS) as records:
                return work(records)

        async with self._places:
            return await run_blocking(inside, seconds=2 * QUERY_SECONDS, name="records")


class LiveStatus:
    """The present state. `desk` is None while no request is accepted; `last_line` is the time of the bot's."""

    def __init__(
        self,
        context: AppContext,
        reporter: StatusReporter,
        desk: Callable[[], ControlService | None],
        last_line: Callable[[], float | None],
    ) -> None:
        self._last_line = last_line
        self._config = context.config
        self._reporter = reporter
        self._desk = desk
        self._pipeline = context.pipeline
        self._site = context.installation
        self._clock = context.clock
        self._round: CheckRun | None = None
        self._kept_at = self._uptime_at = -math.inf
        self._uptime: UptimeCounter | None = None

    def observe(self, found: CheckRun) -> None:
        """Take over the results of the periodic checks."""
        self._round = found

    async def keep(self, store: Store) -> None:
        """Store the forecast now and then, for whoever reads it without the service."""
        if not 0 <= self._clock() - self._kept_at < KEEP_SECONDS:
            self._kept_at = self._clock()
            with contextlib.suppress(StoreError):
                await store.save_forecast(await self.forecast())

    async def count_uptime(self, store: Store) -> None:
        """Count the time since the last checks, and store it now and then."""
        now, said = self._clock(), self.status()
        with contextlib.suppress(StoreError):
            if self._uptime is None:
                self._uptime = UptimeCounter(await store.kept(_UPTIME))
            up = {BOT: _flag(said["unit_active"]), SERVER: _flag(said["server_up"])}
            self._uptime.observe(now, up, max(SHORT, 3 * self._config().checks.interval))
            if not 0 <= now - self._uptime_at < UPTIME_SECONDS:
                self._uptime_at = now
                await store.keep(_UPTIME, self._uptime.stored())

    # For the API.

    def status(self) -> Mapping[str, object]:
        """The status snapshot, and the results of the last checks as yes or no."""
        unit = self._round.unit if self._round else None
        asked = self._round is not None and self._round.server_asked
        return {
            **self._reporter.snapshot(),
            "unit_name": unit.unit if unit else "",
            "unit_active": unit.active == "active" if unit is not None and unit.known else None,
            "unit_restarts": unit.restarts if unit is not None and unit.known else None,
            "server_up": self._pipeline.server == "up" if asked else None,
        }

    def desk(self) -> ControlService | None:
        return self._desk()

    def action(self, incident: Incident, language: str) -> str:
        return action_text(incident, language)

    def reason(self, incident: Incident, language: str) -> str:
        return reason_text(incident.reason, language)

    def line(self, record: Event, language: str) -> str:
        return event_text(record, language)

    def volumes(self) -> Sequence[Volume]:
        last_day, now = self._pipeline.foresight.last_day, self._clock()
        found = self._round.volumes if self._round is not None else ()
        return tuple(Volume(one.path, one.free, one.total, one.level, last_day(one.path, now)) for one in found)

    async def forecast(self) -> ForecastView:
        """What is foreseen now, and how good predictions have been."""
        return self._pipeline.foresight.view(self._clock())

    async def downloads(self) -> Sequence[UnderWay]:
        """Downloads under way, the bot's and the monitor's own, with their bytes on disk."""
        found, site = self._under_way(), self._site()
        if not found or site is None:
            return found
        with contextlib.suppress(TimeoutError):
            return await run_blocking(
                lambda: [_measured(one, site) for one in found], seconds=PROGRESS_SECONDS, name="progress"
            )
        return found

    def _under_way(self) -> list[UnderWay]:
        pipeline = self._pipeline
        orders = pipeline.orders
        own = [
            order
            for order in orders.values()
            if order.kind is TaskKind.RETRY_DOWNLOAD and (not order.late_wait or orders.has_begun(order.id))
        ]
        found = [
            UnderWay(
                one.download,
                one.at,
                max(one.heard, one.at),
                Phase.COPYING if one.copying else Phase.RECEIVING,
                one.download.size if one.download.size is not None else one.announced,
            )
            for one in pipeline.detector.attempts
        ]
        found += [
            UnderWay(
                order.download,
                order.due_at,
                order.due_at,
                Phase.RETRYING,
                order.download.size,
                incident=order.incident_id,
                attempt=order.attempt,
            )
            for order in own
        ]
        return found[:MOST_SHOWN]

    def uptime(self) -> Sequence[Uptime]:
        return self._uptime.view() if self._uptime else ()

    async def assignable(self) -> Assignable:
        """The rescued files, and the modelos that they could belong to. Raises OSError, a TimeoutError too."""
        site = self._site()
        if site is None:
            return Assignable()
        models = site.models
        total, files = await run_blocking(lambda: list_waiting(models), seconds=SECONDS, name="rescued")
        return Assignable(tuple(files[:MOST_CHOICES]), total, tuple((await modelos(site))[:MOST_CHOICES]))

    def gauges(self) -> Gauges:
        said, pipeline = self.status(), self._pipeline
        outbox = said.get("outbox")
        waiting = outbox if isinstance(outbox, dict) else {}
        alerting = pipeline.alerting
        alarms = Counter(one.key.partition("-")[0] for one in alerting.alerts if one.notice.incident is None)
        open_now = Counter((one.error_type.value, one.estado.value) for one in pipeline.tracker.open_incidents())
        return Gauges(
            version=__version__,
            started_at=_number(said.get("started_at")),
            reader_lag=_number(said.get("lag")),
            open=open_now,
            orders=len(pipeline.orders),
            outbox=int(_number(waiting.get("waiting"))),
            outbox_failing=bool(waiting.get("error")),
            downloads=len(pipeline.detector.attempts),
            suppressed=pipeline.blindness.dropped,
            blind=sorted(pipeline.blindness.now),
            volumes=self.volumes(),
            server_up=_flag(said["server_up"]),
            unit_active=_flag(said["unit_active"]),
            unit_restarts=None if said["unit_restarts"] is None else int(_number(said["unit_restarts"])),
            took=_took(said.get("channels")),
            waiting=self._round.waiting if self._round else None,
            usage=self._reporter.resources(),
            last_line=self._last_line(),
            database=_size(self._config().paths.state / DATABASE),
            alarms=alarms,
            silences=Counter(one.scope.value for one in alerting.active_silences(self._clock())),
            unit_configured=bool(self._config().bot.system_unit),
        )


def _measured(one: UnderWay, site: Installation) -> UnderWay:
    """With the bytes that lie at its place. A path of a line is only looked at beneath the models."""
    try:
        place = resolve_destination(one.download, site)
        if place is None:
            return one
        if one.phase is Phase.RETRYING:
            parts = [entry for entry in os.scandir(place.parent) if entry.name.startswith(_PART)]
            done = parts[0].stat(follow_symlinks=False).st_size if len(parts) == 1 else None
        else:
            seen = place.lstat()
            done = seen.st_size if stat.S_ISREG(seen.st_mode) else None
    except (OSError, PathRefused, ValueError):
        return one
    return replace(one, done=done)


def _took(channels: object) -> dict[str, float]:
    known = [one for one in channels if isinstance(one, dict)] if isinstance(channels, list) else []
    return {str(one.get("channel")): _number(one["last_success"]) for one in known if one.get("last_success")}


def _size(path: Path) -> int | None:
    """Bytes of the database, with what it has not merged yet (write-ahead log); None for one that cannot be read."""
    try:
        return path.stat().st_size + sum(one.stat().st_size for one in path.parent.glob(f"{path.name}-wal"))
    except OSError:
        return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
