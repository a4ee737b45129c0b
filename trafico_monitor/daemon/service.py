"""The only wiring: components, their owners, start, reload and stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..config.loader import packaged_logs
from ..config.schema import restart_needed
from ..config.telegram_endpoints import control_socket
from ..control.processor import CommandProcessor
from ..errors import MonitorError, StoreError
from ..health.scheduler import CheckRun, CheckScheduler
from ..host.systemd import Notifier
from ..model.changeset import ChangeSet, Snapshot
from ..model.control import ControlService
from ..model.task import RepairTask, TaskKind, TaskResult, Verdict
from ..notify.channels.factory import open_channels
from ..notify.delivery.manager import DeliveryManager
from ..notify.routing import routing_of
from ..pipeline import lifecycle_events
from ..pipeline.lifecycle_events import RunStats
from ..repair.dispatcher import Dispatcher
from ..store.exporters import Exports
from ..store.repository import Store
from ..web.app import Sources, WebApp
from ..web.server import Places
from .arrived_videos import ArrivedVideos
from .committer import Committer, space_is_short, waits_for_space_anew
from .context import AppContext, RuntimeConfig, prepare, restored_pipeline
from .degraded_mode import DegradedMode, spare_place
from .disk_usage_report import DiskUsageReporter, awaited_folders
from .executor import Executor
from .ingest_loop import IngestLoop
from .optional_tasks import OptionalTasks
from .process_watch import ProcessWatch
from .quarantine_cleanup import QuarantineCleanup
from .status import StatusReporter, WatchdogTask
from .supervisor import Supervisor, Work
from .views import IncidentReader, LiveStatus

STOP_SECONDS = 1.5  # for each of the things that are waited for at the end; all in under 5 s
LAST_WORDS_SECONDS = 2.5  # summary and stop message: Telegram takes one a second


class Service:
    """A monitor from its start to its stop. `run` returns the exit status."""

    def __init__(self, config_path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._settings = RuntimeConfig(config_path)
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._stats = RunStats(clock())
        self._supervisor = Supervisor(lambda trouble, over: self._context.task_failing(trouble, over), clock)
        self._preparing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Watch until told to stop."""
        await self._settings.read()
        store = await Store.open(self._settings.current.paths.state, spare_place())
        try:
            return await self._watch(self._wire(store, await store.load()))
        finally:
            await store.close()

    # Wiring: each part is made of the ones above it. Effects that go back up are methods of the service.

    def _wire(self, store: Store, saved: Snapshot) -> tuple[RepairTask, ...]:
        """Returns the unfinished tasks: the rest of `saved` is not held, 28 days of samples are in it."""
        settings, clock = self._settings, self._clock
        config, routing = settings.current, routing_of(settings.current)
        self._started = config
        self._context = context = AppContext(
            settings,
            store,
            restored_pipeline(settings, saved, clock()),
            Committer(store, saved.cursor, self._refused, self._start_effects, clock),
            self._supervisor,
            clock,
            clock(),
        )
        # In: the journal and the kernel.
        self._processes = ProcessWatch(
            context.unit, context.processes_under_way, context.process_ended, context.process_began, clock
        )
        self._ingest = IngestLoop(context, self._processes.heard)
        # Out: records and messages.
        kept, logs, packaged = config.retention, config.paths.logs, packaged_logs()
        self._exports = Exports(
            store, logs, size=kept.log_size, keep=kept.log_files, packaged=packaged, project_user=context.project_user
        )
        self._deliveries = DeliveryManager(store, clock, self._supervisor.start)
        self._deliveries.use(open_channels(config), routing, config.language)
        # Repairs.
        pipeline = context.pipeline
        executor = Executor(
            context.installation, context.probe_server, pipeline.delivered, pipeline.bot_downloads_again
        )
        self._dispatcher = Dispatcher(executor.carry_out, self._task_done, context.pipeline.begin_task, clock)
        self._degraded = DegradedMode(context, self._exports, self._dispatcher)
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
        )
        self._watchdog = WatchdogTask(context, self._notifier, self._status, self._ingest.advancing)
        self._checks = CheckScheduler(
            context.config, context.installation, partial(awaited_folders, context), self._checked, clock
        )
        self._cleanup = QuarantineCleanup(context)
        self._arrivals = ArrivedVideos(context)
        self._disk_usage = DiskUsageReporter(context)
        # People: requests, chatops, API and dashboard. The addresses of the web server stay until the next start.
        self._commands = CommandProcessor(
            context.pipeline, store, context.commit, context.installation, self._deliveries.send_test, clock
        )
        self._optional = OptionalTasks(context, self._commands, self._status)
        self._live = LiveStatus(context, self._status, self._control_service, lambda: self._ingest.heard_at)
        self._web = WebApp(
            Places(control_socket(config), config.web.listen),
            Sources(IncidentReader(config.paths.state, clock), self._live, store),
            clock,
            language=context.language,
            origins=context.origins,
            base_path=context.base_path,
            frame_ancestors=context.frame_ancestors,
        )
        return saved.orders

    def _works(self) -> tuple[tuple[str, Work], ...]:
        """All tasks beside the ingest loop, from the start to the stop."""
        return (
            ("watchdog", self._watchdog.watch),
            ("status", self._watchdog.run),
            ("time", self._ingest.tick),
            ("processes", self._processes.run),
            ("post", self._deliveries.run),
            ("exports", self._exports.run),
            ("reload", self._reload_when_asked),
            ("upkeep", self._degraded.run),
            ("window", self._web.run),
            ("companions", self._optional.run),
            ("tidying", self._cleanup.run),
            ("room", self._disk_usage.run),
            ("arrivals", self._arrivals.run),
        )

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        """Tasks that may send notifications at once: they start after the start message."""
        return (("rounds", self._checks.run),)

    def _last_works(self) -> tuple[tuple[str, Work], ...]:
        return (
            ("desk", lambda: self._commands.stop(STOP_SECONDS)),
            ("journal", lambda: self._ingest.stop(STOP_SECONDS)),
            ("orders", lambda: self._dispatcher.stop(STOP_SECONDS)),
            ("note", self._last_words),
            ("exports", self._exports.drain),
            ("post", lambda: self._deliveries.settled(LAST_WORDS_SECONDS)),
        )

    # Start, reload, stop.

    async def _watch(self, inherited: tuple[RepairTask, ...]) -> int:
        self._ingest.follow()
        self._take_signals()
        try:
            async with asyncio.TaskGroup() as tasks:
                ingesting = tasks.create_task(self._ingest.consume(), name="journal")
                self._start(self._works())
                await self._announce(inherited)
                self._start(self._later_works())
                await self._stop.wait()
                await self._wind_down()
                ingesting.cancel()
        except BaseException:
            await self._ingest.stop(STOP_SECONDS)
            raise
        finally:
            await self._supervisor.stop()
        return 0

    def _start(self, works: tuple[tuple[str, Work], ...]) -> None:
        for name, work in works:
            self._supervisor.start(name, work)

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)

    async def _announce(self, inherited: tuple[RepairTask, ...]) -> None:
        context, watched = self._context, self._status.watched()
        start, records = lifecycle_events.started(context.config(), watched, context.store.damaged, self._clock())
        await self._ingest.until_watching()
        await context.notify(records, (start,))
        self._watchdog.ready()
        self._prepare()
        self._degraded.submit(inherited, inherited=True)

    def _prepare(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
        if self._context.installation() is not None:
            self._preparing = self._supervisor.start("prepare", partial(prepare, self._context))

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._notifier.reloading()
            try:
                await self._read_again()
            finally:  # whatever it was, systemd must not wait for it any longer
                self._watchdog.ready()

    async def _read_again(self) -> None:
        now, language, refused = self._clock(), self._context.language(), None
        try:
            await self._settings.read()
        except MonitorError as error:
            refused = str(error)
        else:
            self._use_settings()
        left = restart_needed(self._started, self._settings.current)
        await self._context.record(lifecycle_events.reloaded(refused, left, language, now))

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
        self._deliveries.use(open_channels(config), routing, config.language)
        self._optional.reload()
        self._prepare()
        self._checks.ask()

    async def _wind_down(self) -> None:
        self._notifier.stopping()
        self._supervisor.begin_no_more()
        for name, work in self._last_works():  # where one fails the next one follows all the same
            await self._supervisor.see_through(name, work)

    async def _last_words(self) -> None:
        context, watched = self._context, self._status.watched()
        notifications, record = lifecycle_events.stopping(
            self._stats, watched, context.started_at, context.language(), self._clock()
        )
        with contextlib.suppress(TimeoutError):  # with a full disk the last words may be lost
            async with asyncio.timeout(STOP_SECONDS):
                await context.notify((record,), notifications)

    # Effects of a committed change set, and their results.

    def _start_effects(self, changes: ChangeSet) -> None:
        self._degraded.cancel(changes.finished)
        self._degraded.submit(changes.orders)
        self._arrivals.submit(changes.arrived)
        if changes.records:
            self._exports.wake()
            self._supervisor.attempt("tally", lambda: self._stats.count(changes.records))
            self._supervisor.attempt("window", lambda: self._web.stored(changes.records))
        if changes.notices:
            self._deliveries.wake()
        if waits_for_space_anew(changes):
            self._checks.ask()
        if space_is_short(changes):
            self._disk_usage.ask()

    async def _refused(self, error: StoreError, since: float) -> None:
        self._notifier.status(str(error))
        self._ingest.made_progress()
        await self._degraded.refused(error, since)

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
        await self._watchdog.save()

    def _control_service(self) -> ControlService | None:
        return None if self._stop.is_set() else self._commands
