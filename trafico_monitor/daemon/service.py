"""The wiring of a monitor: components, their owners, and what a reload changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import StoreError
from ..health.scheduler import CheckRun, CheckScheduler
from ..model.changeset import ChangeSet, Snapshot
from ..model.task import RepairTask, TaskKind, TaskResult, Verdict
from ..notify.routing import routing_of
from ..repair.dispatcher import Dispatcher
from ..store.repository import Store
from ..web.app import Sources
from .arrived_videos import ArrivedVideos
from .committer import space_is_short, waits_for_space_anew
from .context import RuntimeConfig, prepare
from .degraded_mode import DegradedMode
from .disk_usage_report import DiskUsageReporter, awaited_folders
from .executor import Executor
from .fleet import FleetMember
from .ingest_loop import IngestLoop
from .lifecycle import STOP_SECONDS, BaseService
from .process_watch import ProcessWatch
from .quarantine_cleanup import QuarantineCleanup
from .status import StatusReporter, WatchdogTask
from .supervisor import Work
from .views import IncidentReader, LiveStatus

FLEET_SECONDS = 0.5  # for the last records to reach the fleet's database; the next start sends what is left


class Service(BaseService):
    """A monitor from its start to its stop. `run` returns the exit status."""

    _status: StatusReporter

    def __init__(self, config_path: Path | None, clock: Callable[[], float] = time.time) -> None:
        super().__init__(RuntimeConfig(config_path), clock)
        self._preparing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Watch until told to stop."""
        return await self._run(self._watch)

    # Wiring: each part is made of the ones above it. Effects that go back up are methods of the service.

    def _wire(self, store: Store, saved: Snapshot) -> tuple[RepairTask, ...]:
        """Returns the unfinished tasks: the rest of `saved` is not held, 28 days of samples are in it."""
        clock = self._clock
        context = self._wire_records(store, saved)
        # In: the journal and the kernel.
        self._processes = ProcessWatch(
            context.unit, context.processes_under_way, context.process_ended, context.process_began, clock
        )
        self._ingest = IngestLoop(context, self._processes.heard)
        # Repairs.
        pipeline = context.pipeline
        executor = Executor(
            context.installation, context.probe_server, pipeline.delivered, pipeline.bot_downloads_again
        )
        self._dispatcher = Dispatcher(executor.carry_out, self._task_done, context.pipeline.begin_task, clock)
        self._degraded = DegradedMode(context, self._exports, self._dispatcher, lambda: self._fleet.sent())
        # Status and periodic checks.
        self._status = StatusReporter(
            context,
            self._stats,
            self._deliveries,
            self._dispatcher,
            self._degraded,
            self._ingest.lag,
            lambda: self._ingest.unattributed,
            lambda: self._ingest.heard_at,
            lambda: self._fleet.status(),
        )
        self._watchdog = WatchdogTask(context, self._notifier, self._status, self._ingest.advancing)
        self._checks = CheckScheduler(
            context.config, context.installation, partial(awaited_folders, context), self._checked, clock
        )
        self._cleanup = QuarantineCleanup(context)
        self._arrivals = ArrivedVideos(context)
        self._disk_usage = DiskUsageReporter(context)
        # People: requests, chatops, API and dashboard. The addresses of the web server stay until the next start.
        self._live = LiveStatus(context, self._status, self._control_service, lambda: self._ingest.heard_at)
        self._fleet = FleetMember(context, self._status, self._live)
        self._wire_people(
            self._status,
            Sources(IncidentReader(context.config().paths.state, clock), self._live, store),
            self._fleet.works,
        )
        return saved.orders

    def _works(self) -> tuple[tuple[str, Work], ...]:
        """All tasks beside the ingest loop, from the start to the stop."""
        return (
            *super()._works(),
            ("time", self._ingest.tick),
            ("processes", self._processes.run),
            ("tidying", self._cleanup.run),
            ("room", self._disk_usage.run),
            ("arrivals", self._arrivals.run),
        )

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        return (("rounds", self._checks.run),)

    def _stopping_works(self) -> tuple[tuple[str, Work], ...]:
        return (
            ("journal", lambda: self._ingest.stop(STOP_SECONDS)),
            ("orders", lambda: self._dispatcher.stop(STOP_SECONDS)),
        )

    def _last_works(self) -> tuple[tuple[str, Work], ...]:
        return (*super()._last_works(), ("fleet", lambda: self._fleet.settle(FLEET_SECONDS)))

    # Start, reload, stop.

    async def _watch(self, store: Store, saved: Snapshot) -> None:
        self._inherited = self._wire(store, saved)
        self._ingest.follow()
        try:
            async with asyncio.TaskGroup() as tasks:
                ingesting = tasks.create_task(self._ingest.consume(), name="journal")
                await self._serve()
                ingesting.cancel()
        except BaseException:
            await self._ingest.stop(STOP_SECONDS)
            raise

    async def _ready(self) -> None:
        await self._ingest.until_watching()

    def _begun(self) -> None:
        self._prepare()
        self._degraded.submit(self._inherited, inherited=True)
        self._inherited = ()

    def _prepare(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        if self._context.installation() is not None:
            self._preparing = self._supervisor.start("prepare", partial(prepare, self._context))

    def _use_settings(self) -> None:
        settings, pipeline = self._settings, self._context.pipeline
        config, routing = settings.current, routing_of(settings.current)
        pipeline.detector.rules = settings.rules
        self._ingest.rules_changed()
        self._supervisor.start("journal", self._ingest.follow_again)
        self._processes.reload()
        full = float(config.checks.disk_critical)
        pipeline.reload(settings.limits, config.language, settings.refusal, routing, config.predict, full)
        pipeline.foresight.models = "" if settings.site is None else str(settings.site.models)
        self._use_channels()
        self._prepare()
        self._checks.ask()

    # Effects of a committed change set, and their results.

    def _start_effects(self, changes: ChangeSet) -> None:
        self._degraded.cancel(changes.finished)
        self._degraded.submit(changes.orders)
        self._arrivals.submit(changes.arrived)
        super()._start_effects(changes)
        if changes.records:
            self._fleet.wake()
        if waits_for_space_anew(changes):
            self._checks.ask()
        if space_is_short(changes):
            self._disk_usage.ask()

    async def _refused(self, error: StoreError, since: float) -> None:
        self._ingest.made_progress()
        await super()._refused(error, since)

    async def _task_done(self, task: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        self._supervisor.attempt("window", lambda: self._web.order_done(task, result, verdict))
        if task.kind is TaskKind.ASSIGN:
            await self._supervisor.see_through("orders", lambda: self._commands.assigned(task, result, verdict))
            return
        changes = self._context.pipeline.finish_task(task, result, verdict, self._clock())
        await self._supervisor.see_through("orders", lambda: self._context.commit(changes))

    async def _checked(self, found: CheckRun) -> None:
        context, now = self._context, self._clock()
        self._status.observe(found)
        context.pipeline.expect_ends(found.unit is not None and found.unit.periodic)
        findings = (*found.findings, *await self._ingest.check_visibility(found.unit))
        await context.commit(context.pipeline.observe(findings, now))
        await context.commit(context.pipeline.set_disk_full(found.disk_full, found.space, now, found.at))
        self._live.observe(found)
        await self._live.keep(context.store)
        await self._live.count_uptime(context.store)
        await self._watchdog.save()
