"""What every service of the program does from its start to its stop: records, channels, people, signals, systemd."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence

from ..config.loader import packaged_logs
from ..config.schema import Config, restart_needed
from ..config.telegram_endpoints import control_socket
from ..control.processor import CommandProcessor
from ..errors import MonitorError, StoreError
from ..host.systemd import Notifier
from ..model.changeset import ChangeSet, Snapshot
from ..model.control import ControlService
from ..notify.channels.factory import open_channels
from ..notify.delivery.manager import DeliveryManager
from ..notify.routing import routing_of
from ..pipeline import lifecycle_events
from ..pipeline.lifecycle_events import RunStats
from ..store.exporters import Exports
from ..store.repository import Store
from ..web.app import Sources, WebApp
from ..web.server import Places
from .committer import Committer
from .context import AppContext, RuntimeConfig, restored_pipeline
from .degraded_mode import DegradedMode, spare_place
from .optional_tasks import OptionalTasks
from .status import ServiceStatus, WatchdogTask
from .supervisor import Supervisor, Work

STOP_SECONDS = 1.5  # for each of the things that are waited for at the end; all in under 5 s
LAST_WORDS_SECONDS = 2.5  # summary and stop message: Telegram takes one a second


class BaseService:
    """A service makes `_status`, `_watchdog` and `_degraded` in its wiring, between `_wire_records` and
    `_wire_people`."""

    _context: AppContext
    _status: ServiceStatus
    _watchdog: WatchdogTask
    _degraded: DegradedMode

    def __init__(self, settings: RuntimeConfig, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._stats = RunStats(clock())
        self._supervisor = Supervisor(lambda trouble, over: self._context.task_failing(trouble, over), clock)

    async def _run(self, serve: Callable[[Store, Snapshot], Awaitable[None]]) -> int:
        """Read the configuration, open the store, and `serve` from where the last run ended."""
        await self._settings.read()
        store = await Store.open(self._settings.current.paths.state, spare_place())
        try:
            await serve(store, await store.load())
        finally:
            await self._supervisor.stop()
            await store.close()
        return 0

    # Wiring.

    def _wire_records(self, store: Store, saved: Snapshot) -> AppContext:
        """Out: records and messages."""
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
        kept, logs, packaged = config.retention, config.paths.logs, packaged_logs()
        self._exports = Exports(
            store, logs, size=kept.log_size, keep=kept.log_files, packaged=packaged, project_user=context.project_user
        )
        self._deliveries = DeliveryManager(store, clock, self._supervisor.start)
        self._deliveries.use(open_channels(config), routing, config.language)
        self._commands = CommandProcessor(
            context.pipeline, store, context.commit, context.installation, self._deliveries.send_test, clock
        )
        return context

    def _wire_people(
        self,
        status: ServiceStatus,
        sources: Sources,
        further: Callable[[Config], Sequence[tuple[str, Work]]] = lambda _: (),
    ) -> None:
        """Requests, chatops, API and dashboard. The addresses of the web server stay until the next start. `further`
        are the service's own tasks that a configuration asks for."""
        context, config = self._context, self._settings.current
        self._optional = OptionalTasks(context, self._commands, status, further)
        self._web = WebApp(
            Places(control_socket(config), config.web.listen),
            sources,
            self._clock,
            language=context.language,
            origins=context.origins,
            base_path=context.base_path,
            frame_ancestors=context.frame_ancestors,
            status_token=context.status_token,
        )

    # What every service runs. The works of a service are these and its own.

    def _works(self) -> tuple[tuple[str, Work], ...]:
        """All tasks from the start to the stop."""
        return (
            ("watchdog", self._watchdog.watch),
            ("status", self._watchdog.run),
            ("post", self._deliveries.run),
            ("exports", self._exports.run),
            ("reload", self._reload_when_asked),
            ("upkeep", self._degraded.run),
            ("window", self._web.run),
            ("companions", self._optional.run),
        )

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        """Tasks that may send notifications at once: they start after the start message."""
        return ()

    def _last_works(self) -> tuple[tuple[str, Work], ...]:
        return (
            ("desk", lambda: self._commands.stop(STOP_SECONDS)),
            *self._stopping_works(),
            ("note", self._last_words),
            ("exports", self._exports.drain),
            ("post", lambda: self._deliveries.settled(LAST_WORDS_SECONDS)),
        )

    def _stopping_works(self) -> tuple[tuple[str, Work], ...]:
        """What has to end before the last words."""
        return ()

    # Start, reload, stop.

    async def _serve(self) -> None:
        """Run all tasks until told to stop; then see them to their end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        self._start(self._works())
        await self._announce()
        self._start(self._later_works())
        await self._stop.wait()
        self._notifier.stopping()
        self._supervisor.begin_no_more()
        for name, work in self._last_works():  # where one fails the next one follows all the same
            await self._supervisor.see_through(name, work)

    def _start(self, works: Sequence[tuple[str, Work]]) -> None:
        for name, work in works:
            self._supervisor.start(name, work)

    async def _announce(self) -> None:
        context, watched = self._context, self._status.watched()
        start, records = lifecycle_events.started(context.config(), watched, context.store.damaged, self._clock())
        await self._ready()
        await context.notify(records, (start,))
        self._watchdog.ready()
        self._begun()

    async def _ready(self) -> None:
        """Wait until the service does what it is for."""

    def _begun(self) -> None:
        """The start has been announced."""

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
        """Use the configuration that has just been read."""
        raise NotImplementedError

    def _use_channels(self) -> None:
        config = self._settings.current
        self._deliveries.use(open_channels(config), routing_of(config), config.language)
        self._optional.reload()

    async def _last_words(self) -> None:
        context, watched = self._context, self._status.watched()
        notifications, record = lifecycle_events.stopping(
            self._stats, watched, context.started_at, context.language(), self._clock()
        )
        with contextlib.suppress(TimeoutError):  # with a full disk the last words may be lost
            async with asyncio.timeout(STOP_SECONDS):
                await context.notify((record,), notifications)

    def _control_service(self) -> ControlService | None:
        return None if self._stop.is_set() else self._commands

    # Effects of a committed change set.

    def _start_effects(self, changes: ChangeSet) -> None:
        if changes.records:
            self._exports.wake()
            self._supervisor.attempt("tally", lambda: self._stats.count(changes.records))
            self._supervisor.attempt("window", lambda: self._web.stored(changes.records))
        if changes.notices:
            self._deliveries.wake()

    async def _refused(self, error: StoreError, since: float) -> None:
        self._notifier.status(str(error))
        await self._degraded.refused(error, since)
