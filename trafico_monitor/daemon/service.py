"""The one place that wires: what runs, who owns it, how it starts, reloads and stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ..config.loader import packaged_logs
from ..config.schema import Config
from ..config.telegram_endpoints import control_socket
from ..control.processor import CommandProcessor, Heard
from ..detection.detector import Detector
from ..errors import MonitorError, StoreError
from ..health.bot_api import check_bot_api
from ..health.resources import ResourceProbe
from ..health.scheduler import CheckRun, CheckScheduler
from ..host.systemd import Notifier
from ..incident.tracker import Tracker
from ..model.alert import Notification
from ..model.changeset import ChangeSet, Snapshot
from ..model.finding import Finding
from ..model.installation import Installation
from ..model.task import RepairTask, TaskKind, TaskResult, Verdict
from ..notify.channels.factory import open_channels
from ..notify.delivery.channel_test import send_test_message
from ..notify.delivery.manager import DeliveryManager
from ..notify.messages.render import render
from ..notify.routing import routing_of
from ..pipeline import lifecycle_events
from ..pipeline.pipeline import Pipeline
from ..pipeline.run_stats import RunStats
from ..repair.dispatcher import Dispatcher
from ..store.exporters import Exports
from ..store.repository import Store
from ..web.app import Sources, WebApp
from ..web.server import Places
from . import rescued_files
from .arrived_videos import Arrivals
from .background_results import Reports
from .committer import Committer, space_is_short, waits_for_space_anew
from .degraded_mode import DegradedMode, spare_place
from .disk_usage_report import DiskUsageReporter
from .executor import Executor
from .ingest_loop import IngestLoop
from .optional_tasks import OptionalTasks, TaskContext
from .process_watch import ProcessWatch
from .quarantine_cleanup import QuarantineCleanup
from .runtime_config import RuntimeConfig, prepare
from .status import StatusReporter
from .supervisor import Supervisor, Work
from .views import IncidentReader, LiveStatus
from .watchdog import WatchdogTask

STOP_SECONDS = 1.5  # for each of the things that are waited for at the end; all in under 5 s
LAST_WORDS_SECONDS = 2.5  # summary and stop message: Telegram takes one a second


class Service:
    """A monitor from its start to its stop. `run` returns the exit status."""

    def __init__(self, config_path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._configuration = RuntimeConfig(config_path)
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._tally = RunStats(clock())
        self._checked: CheckRun | None = None
        self._resources = ResourceProbe()
        self._supervisor = Supervisor(lambda trouble, over: self._reports.task_seen(trouble, over), clock)
        self._preparing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Watch until told to stop."""
        await self._configuration.read()
        self._store = await Store.open(self._config.paths.state, spare_place())
        try:
            return await self._watch()
        finally:
            await self._store.close()

    async def _watch(self) -> int:
        saved = await self._store.load()
        self._started_at = self._clock()
        self._wire_main_line(saved)
        self._wire_repairs()
        self._wire_looks()
        self._wire_doors()
        await self._panel.load(self._store)
        self._line.follow()
        self._take_signals()
        try:
            async with asyncio.TaskGroup() as tasks:
                ingesting = tasks.create_task(self._line.take_batches(), name="journal")
                self._start(self._works())
                await self._announce(saved.orders)
                self._start(self._later_works())
                await self._stop.wait()
                await self._wind_down()
                ingesting.cancel()
        except BaseException:
            await self._line.stop(STOP_SECONDS)
            raise
        finally:
            await self._supervisor.stop()
        return 0

    def _works(self) -> tuple[tuple[str, Work], ...]:
        """All that runs beside the loop that takes in the journal, from the start to the stop."""
        return (
            ("watchdog", self._alive.watch),
            ("status", self._alive.run),
            ("time", self._line.pass_time),
            ("processes", self._lifetimes.run),
            ("post", self._post_office.run),
            ("exports", self._exports.run),
            ("reload", self._reload_when_asked),
            ("upkeep", self._upkeep.run),
            ("window", self._window.run),
            ("companions", self._companions.run),
            ("tidying", self._tidying.run),
            ("room", self._room.run),
            ("arrivals", self._arrivals.run),
        )

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        """All that may have something to tell at once: it begins when the start has been told."""
        return (("rounds", self._rounds.run),)

    def _start(self, works: tuple[tuple[str, Work], ...]) -> None:
        for name, work in works:
            self._supervisor.start(name, work)

    # Wiring. What is read anew with the configuration is asked for each time.

    @property
    def _config(self) -> Config:
        return self._configuration.current

    def _configured(self) -> Config:
        return self._configuration.current

    def _at_site(self) -> Installation | None:
        return self._configuration.site

    def _project_user(self) -> int | None:
        site = self._configuration.site
        return site.uid if site is not None else None

    def _wire_main_line(self, saved: Snapshot) -> None:
        config = self._config
        known, plan = self._configuration, routing_of(config)
        detector = Detector(known.rules, Path(config.project.models_dir).name)
        self._pipeline = Pipeline(detector, Tracker(), known.limits, config.language, known.refusal, plan)
        self._pipeline.restore(saved)
        self._keeper = Committer(self._store, saved.cursor, self._refused, self._begin, self._clock)
        self._lifetimes = ProcessWatch(
            lambda: self._config.bot.unit,
            lambda: self._pipeline.detector.processes_under_way,
            self._process_ended,
            self._process_began,
            self._clock,
        )
        self._line = IngestLoop(self._configured, self._pipeline, self._keeper, self._clock, self._lifetimes.heard)
        self._reports = Reports(
            self._configured, self._at_site, self._pipeline, self._store, self._keeper, self._clock
        )
        kept = config.retention
        self._exports = Exports(
            self._store,
            config.paths.logs,
            size=kept.log_size,
            keep=kept.log_files,
            packaged=packaged_logs(),
            project_user=self._project_user,
        )
        self._post_office = DeliveryManager(self._store, self._clock, self._supervisor.start)
        self._post_office.use(open_channels(config), plan, config.language)

    def _wire_repairs(self) -> None:
        self._repairs = Executor(self._at_site, lambda: check_bot_api(self._config), self._pipeline.delivered)
        self._dispatcher = Dispatcher(self._repairs.carry_out, self._order_done, self._pipeline.begin, self._clock)
        self._upkeep = DegradedMode(
            self._store, self._exports, self._dispatcher, self._configured, self._reports.told, self._clock
        )
        self._standing = StatusReporter(
            self._configured,
            self._pipeline,
            self._tally,
            self._post_office,
            self._dispatcher,
            self._upkeep,
            lambda: self._checked,
            self._line.lag,
            self._clock,
            self._started_at,
            self._resources,
            lambda: self._supervisor.troubles,
        )
        self._alive = WatchdogTask(self._notifier, self._standing, self._store, self._line.advancing)

    def _wire_looks(self) -> None:
        reports, clock = self._reports, self._clock
        self._rounds = CheckScheduler(
            self._configured, self._at_site, reports.awaited_folders, self._round_done, clock
        )
        self._tidying = QuarantineCleanup(self._configured, self._at_site, reports.incident, reports.tidied, clock)
        self._arrivals = Arrivals(self._at_site, self._arrived_broken, lambda: self._config.language, clock)
        self._room = DiskUsageReporter(self._configured, self._at_site, reports.room_seen, clock)

    def _wire_doors(self) -> None:
        """Where people ask: desk, alert bot, window. What the window listens on stays until the next start."""
        self._desk = CommandProcessor(
            lambda: self._pipeline, self._store, self._keeper.keep, self._at_site, self._sound, self._clock
        )
        self._companions = OptionalTasks(
            TaskContext(
                self._desk,
                self._store,
                self._standing.snapshot,
                lambda: self._pipeline.tracker.open_incidents(),
                self._store.told,
                lambda: rescued_files.modelos(self._at_site()),
                self._standing.unwell,
                self._note,
                self._clock,
            ),
            self._supervisor.start,
        )
        self._companions.use(self._config)
        self._panel = LiveStatus(
            self._standing.snapshot,
            lambda: None if self._stop.is_set() else self._desk,
            lambda: self._pipeline,
            self._at_site,
            self._resources.read,
            self._clock,
        )
        self._window = WebApp(
            Places(control_socket(self._config), self._config.web.listen),
            Sources(IncidentReader(self._config.paths.state, self._clock), self._panel, self._store),
            self._clock,
            language=lambda: self._config.language,
            origins=lambda: self._config.web.origins,
        )

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)

    # Effects of a stored step, and what comes back from those who have them.

    def _begin(self, changes: ChangeSet) -> None:
        self._upkeep.cancel(changes.finished)
        self._upkeep.give(changes.orders)
        self._arrivals.give(changes.arrived)
        if changes.records:
            self._exports.wake()
            self._supervisor.attempt("tally", lambda: self._tally.count(changes.records))
            self._supervisor.attempt("window", lambda: self._window.stored(changes.records))
        if changes.notices:
            self._post_office.wake()
        if waits_for_space_anew(changes):
            self._rounds.ask()
        if space_is_short(changes):
            self._room.ask()

    async def _refused(self, error: StoreError, since: float) -> None:
        self._notifier.status(str(error))
        self._line.moved()
        await self._upkeep.refused(error, since)

    async def _order_done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        self._supervisor.attempt("window", lambda: self._window.order_done(order, result, verdict))
        if order.kind is TaskKind.ASSIGN:
            await self._supervisor.see_through("orders", lambda: self._desk.assigned(order, result, verdict))
            return
        changes = self._pipeline.finish(order, result, verdict, self._clock())
        await self._supervisor.see_through("orders", lambda: self._keeper.keep(changes))

    async def _round_done(self, found: CheckRun) -> None:
        now = self._clock()
        self._checked = found
        self._pipeline.expect_ends(found.unit is not None and found.unit.periodic)
        findings = (*found.findings, *await self._line.look_around(found.unit))
        await self._keeper.keep(self._pipeline.observe(findings, now))
        await self._keeper.keep(self._pipeline.set_disk_full(found.disk_full, found.space, now, found.at))
        self._panel.looked(found)
        await self._panel.keep(self._store)
        await self._alive.save()

    async def _arrived_broken(self, finding: Finding) -> None:
        await self._keeper.keep(self._pipeline.observe((finding,), self._clock()))

    async def _process_ended(self, pid: int, at: float, last: bool) -> None:
        await self._keeper.keep(self._pipeline.process_ended(self._config.bot.unit, pid, at, last, self._clock()))

    async def _process_began(self, pid: int, at: float) -> None:
        await self._keeper.keep(self._pipeline.process_began(self._config.bot.unit, pid, at, self._clock()))

    async def _sound(self, notice: Notification) -> Heard:
        """A test message through every channel."""
        message = render(notice, self._config.language, now=notice.at)
        return await send_test_message(self._post_office.channels, message, self._config.language)

    def _note(self, event: str, code: str, fields: Mapping[str, str]) -> None:
        """Record what a companion has met."""
        record = self._reports.met(event, code, fields)
        self._supervisor.start("note", lambda: self._reports.recorded((record,)))

    # Starting, reloading, stopping.

    async def _announce(self, inherited: tuple[RepairTask, ...]) -> None:
        now, watched = self._clock(), self._standing.watched()
        start, records = lifecycle_events.of_start(self._config, watched, self._store.damaged, now)
        await self._line.until_watching()
        await self._keeper.keep(self._pipeline.tell((start,), now, records))
        self._alive.ready()
        self._prepare()
        self._upkeep.give(inherited, inherited=True)

    def _prepare(self) -> None:
        site = self._configuration.site
        if self._preparing is not None:
            self._preparing.cancel()
        if site is not None:
            self._preparing = self._supervisor.start("prepare", lambda: self._prepare_site(site))

    async def _prepare_site(self, site: Installation) -> None:
        records = lifecycle_events.of_missing(
            await prepare(site, self._started_at), self._config.language, self._clock()
        )
        if records:
            await self._reports.recorded(records)

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._notifier.reloading()
            try:
                await self._read_again()
            finally:  # whatever it was, systemd must not wait for it any longer
                self._alive.ready()

    async def _read_again(self) -> None:
        now, language, refused = self._clock(), self._config.language, None
        try:
            await self._configuration.read()
        except MonitorError as error:
            refused = str(error)
        else:
            self._use()
        await self._reports.recorded((lifecycle_events.of_reload(refused, language, now),))

    def _use(self) -> None:
        config, known, plan = self._config, self._configuration, routing_of(self._config)
        self._pipeline.detector.rules = known.rules
        self._line.rules_changed()
        self._pipeline.reload(known.limits, config.language, known.refusal, plan)
        self._post_office.use(open_channels(config), plan, config.language)
        self._companions.use(config)
        self._prepare()
        self._rounds.ask()

    async def _wind_down(self) -> None:
        self._notifier.stopping()
        self._supervisor.begin_no_more()
        for name, work in self._last_works():  # where one fails the next one follows all the same
            await self._supervisor.see_through(name, work)

    def _last_works(self) -> tuple[tuple[str, Work], ...]:
        return (
            ("desk", lambda: self._desk.stop(STOP_SECONDS)),
            ("journal", lambda: self._line.stop(STOP_SECONDS)),
            ("orders", lambda: self._dispatcher.stop(STOP_SECONDS)),
            ("note", self._last_words),
            ("exports", self._exports.drain),
            ("post", lambda: self._post_office.settled(LAST_WORDS_SECONDS)),
        )

    async def _last_words(self) -> None:
        now, watched, language = self._clock(), self._standing.watched(), self._config.language
        told, record = lifecycle_events.of_stop(self._tally, watched, self._started_at, language, now)
        with contextlib.suppress(TimeoutError):  # with a full disk the last words may be lost
            async with asyncio.timeout(STOP_SECONDS):
                await self._keeper.keep(self._pipeline.tell(told, now, (record,)))
