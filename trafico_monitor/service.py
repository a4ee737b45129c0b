"""The one place that wires: what runs, who owns it, how it starts, reloads and stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from . import __version__, chronicle
from .action.access import ensure_access
from .action.copying import sweep
from .action.paths import resolve_destination
from .action.retention import Expired
from .companions import Companions, Surroundings
from .config import gaps
from .config.discover import discover
from .config.endpoints import control_socket
from .config.load import load
from .config.rule_files import directories, read_rule_files
from .config.schema import Config
from .detection.detector import Detector
from .detection.rule_text import load as load_rules
from .detection.rules import RuleSet
from .dispatch import Dispatcher
from .errors import MonitorError, StoreError
from .health.server import look_at_server
from .hearing import Hearing
from .host.sdnotify import Notifier, watchdog_interval
from .incident.situation import Limits
from .incident.tracker import Tracker
from .journal.follow import Batch, JournalThread
from .messages import text
from .model.changes import Changes
from .model.finding import ErrorType, Finding, FindingKind
from .model.incident import Incident
from .model.notice import Notice, Severity
from .model.order import Order, OrderKind
from .model.record import Record
from .model.result import Result
from .model.site import Site
from .model.verdict import Verdict
from .notify.addressing import plan_of
from .notify.channels import open_channels
from .notify.post_office import PostOffice
from .notify.render import render
from .notify.sounding import sound
from .panel import Archive, Panel
from .pipeline import Pipeline
from .reception import Heard, Reception
from .repair import Repairs
from .room import RoomTeller
from .rounds import Round, Rounds
from .standing import Standing
from .store.exports import Exports
from .store.store import Store
from .tally import Tally
from .tidying import DAY, Tidying
from .upkeep import Upkeep, spare_place
from .web.server import Places
from .web.window import Sources, Window

logger = logging.getLogger(__name__)

CURSOR_SECONDS = 1.0  # how long a cursor alone may wait to be stored (design document, section 2)
SETTLE_SECONDS = 0.06  # after the last line: longer than the detector's own settling time
MIND_SECONDS = 1.0  # silences and reminders are told in minutes: in a storm each look is a long one
STUCK_SECONDS = 15.0  # no turn of the reader or the pipeline for so long: no watchdog ping
READY_SECONDS = 20.0  # less than TimeoutStartSec: a reader that finds no place is an error of ours to name
STOP_SECONDS = 1.5  # for each of the things that are waited for at the end; all in under 5 s
LAST_WORDS_SECONDS = 2.5  # summary and stop message: Telegram takes one a second
SAID_AGAIN = 600  # a restart within this time edits the start message instead of a new one
QUEUE_BATCHES = 4
_HIDDEN = frozenset({"env_unreadable", "models_hidden", "bot_api_hidden"})
WAITING_LOOKED_AT = 50  # the oldest downloads in wait tell which file systems are meant


class Service:
    """A monitor from its start to its stop. `run` returns the exit status."""

    def __init__(self, config_path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._config_path = config_path
        self._clock = clock
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._batches: asyncio.Queue[Batch] = asyncio.Queue(QUEUE_BATCHES)
        self._cursor = ""
        self._cursor_stored_at = 0.0
        self._progress = time.monotonic()
        self._tally = Tally(clock())
        self._seen: Mapping[str, str] = {}
        self._watching = asyncio.Event()
        self._stirred = asyncio.Event()  # something has begun that time alone will end
        self._storing = asyncio.Lock()  # fair: steps are stored in the order in which they were taken

    async def run(self) -> int:
        """Watch until told to stop."""
        await self._configure()
        self._rules = await asyncio.to_thread(_rules, self._config_path)
        self._store = await Store.open(self._config.paths.state, spare_place())
        try:
            return await self._watch()
        finally:
            await self._store.close()

    # Starting.

    async def _configure(self) -> None:
        self._config, self._site = await discover(load(self._config_path))
        if self._site is not None and _HIDDEN & set(self._config.missing):
            # A closed home hides the project's own files; the helper opens the way to its roots.
            await ensure_access(self._site)
            self._config, self._site = await discover(load(self._config_path))

    async def _watch(self) -> int:
        saved = await self._store.load()
        self._cursor = saved.cursor
        self._started_at = self._clock()
        self._pipeline = self._new_pipeline(self._rules)
        self._pipeline.restore(saved)
        self._hearing = Hearing(lambda: self._config, self._pipeline, lambda: not self._batches.empty(), self._clock)
        kept = self._config.retention
        self._exports = Exports(self._store, self._config.paths.logs, size=kept.log_size, keep=kept.log_files)
        self._post_office = PostOffice(self._store, self._clock)
        self._post_office.use(open_channels(self._config), plan_of(self._config), self._config.language)
        self._repairs = Repairs(lambda: self._site, lambda: look_at_server(self._config))
        self._dispatcher = Dispatcher(self._repairs.carry_out, self._order_done, self._clock)
        self._upkeep = Upkeep(
            self._store, self._exports, self._dispatcher, lambda: self._config, self._keep_told, self._clock
        )
        self._standing = Standing(
            lambda: self._config,
            self._pipeline,
            self._tally,
            self._post_office,
            self._dispatcher,
            self._upkeep,
            lambda: self._seen,
            self._hearing.lag,
            self._clock,
            self._started_at,
        )
        self._rounds = Rounds(
            lambda: self._config, lambda: self._site, self._awaited_folders, self._round_done, self._clock
        )
        self._desk = Reception(
            lambda: self._pipeline, self._store, self._keep, lambda: self._site, self._sound, self._clock
        )
        self._tidying = Tidying(lambda: self._config, lambda: self._site, self._incident, self._tidied, self._clock)
        self._room = RoomTeller(lambda: self._config, lambda: self._site, self._room_seen, self._clock)
        self._companions = self._meet_companions()
        self._panel = Panel(
            self._standing.snapshot,
            lambda: None if self._stop.is_set() else self._desk,
            lambda: self._pipeline,
            lambda: self._site,
            self._clock,
        )
        await self._panel.load(self._store)
        self._window = self._open_window()
        self._journal = self._follow_journal()
        self._take_signals()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            owned = [
                tasks.create_task(work, name=name)
                for name, work in (
                    ("journal", self._take_batches()),
                    ("time", self._pass_time()),
                    ("post office", self._post_office.run()),
                    ("exports", self._exports.run()),
                    ("reload", self._reload_when_asked()),
                    ("alive", self._say_alive()),
                    ("upkeep", self._upkeep.run()),
                    ("window", self._window.run()),
                    ("companions", self._companions.run()),
                    ("tidying", self._tidying.run()),
                    ("room", self._room.run()),
                )
            ]
            await self._announce(saved.orders)
            owned.append(tasks.create_task(self._rounds.run(), name="rounds"))
            await self._stop.wait()
            await self._wind_down()
            for task in owned:
                task.cancel()
        return 0

    def _new_pipeline(self, rules: RuleSet) -> Pipeline:
        config = self._config
        detector = Detector(rules, Path(config.project.models_dir).name)
        plan = plan_of(config)
        return Pipeline(detector, Tracker(), _limits(config), config.language, self._refusal(), plan)

    def _refusal(self) -> str:
        return "" if self._site is not None else "missing.project"

    def _follow_journal(self) -> JournalThread:
        loop = asyncio.get_running_loop()

        def deliver(batch: Batch) -> None:
            # Blocks the reading thread while the pipeline is behind: the queue is bounded.
            asyncio.run_coroutine_threadsafe(self._batches.put(batch), loop).result()

        self._passing = self._pipeline.detector.passing()
        thread = JournalThread(
            unit=self._config.bot.unit,
            process=self._config.bot.process,
            namespace=self._config.journal.namespace,
            directory=self._config.journal.directory,
            cursor=self._cursor,
            deliver=deliver,
            skip=self._passing,
        )
        thread.start()
        return thread

    def _open_window(self) -> Window:
        """The web server; what it listens on stays until the next start."""
        return Window(
            Places(control_socket(self._config), self._config.web.listen),
            Sources(Archive(self._config.paths.state, self._clock), self._panel, self._store),
            self._clock,
            language=lambda: self._config.language,
            origins=lambda: self._config.web.origins,
        )

    def _meet_companions(self) -> Companions:
        """Answers on the alert bot, and the sign of life."""
        companions = Companions(
            Surroundings(
                self._desk,
                self._store,
                self._standing.snapshot,
                lambda: self._pipeline.tracker.open_incidents(),
                self._standing.unwell,
                self._note,
                self._clock,
            )
        )
        companions.use(self._config)
        return companions

    def _note(self, event: str, code: str, fields: Mapping[str, str]) -> None:
        """Record what a companion has met."""
        language = self._config.language
        words = text(code, language, **fields)
        record = chronicle.of_event(event, self._clock(), language, 4, code="missing", texto=words)
        self._tasks.create_task(self._keep(Changes(records=(record,))), name="note")

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)

    async def _announce(self, inherited: tuple[Order, ...]) -> None:
        now, language = self._clock(), self._config.language
        records = [
            chronicle.of_event("service_started", now, language, code="started", unidad=self._standing.watched())
        ]
        for code in self._config.missing:
            words = text(f"missing.{code}", language, **gaps.fields(self._config))
            records.append(chronicle.of_event("missing", now, language, 4, texto=words))
        if self._store.damaged:
            words = text("store.damaged", language, ruta=self._store.damaged)
            records.append(chronicle.of_event("missing", now, language, 3, texto=words))
        start = Notice("service", "start", Severity.INFO, now, int(now) // SAID_AGAIN, fields=self._service_fields())
        # The reader's first batch says that it has its place: from then on nothing is missed.
        await self._until_watching()
        await self._keep(self._pipeline.tell((start,), now, records))
        self._notifier.ready()
        self._say_status()
        if self._site is not None:
            self._tasks.create_task(self._prepare(self._site), name="prepare")
        self._upkeep.give(inherited, inherited=True)

    async def _until_watching(self) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._watching.wait()
        except TimeoutError:
            raise MonitorError(f"the journal gave no place to read from within {READY_SECONDS:g} s") from None

    async def _prepare(self, site: Site) -> None:
        """Access to the two directories, and what a killed copy left behind."""
        try:
            missing = await ensure_access(site)
            await asyncio.to_thread(sweep, site)
        except (MonitorError, OSError):
            logger.exception("preparing %s", site.models)
            return
        now, language = self._clock(), self._config.language
        records = [chronicle.of_event("missing", now, language, 4, texto=text(code, language)) for code in missing]
        if records:
            await self._keep(Changes(records=tuple(records)))

    # The main line: batches, time, rounds and results, each ending in `_keep`.

    async def _take_batches(self) -> None:
        while True:
            batch = await self._batches.get()
            self._watching.set()
            now = self._clock()
            was_unsettled = self._pipeline.detector.unsettled
            self._hearing.begin(batch)
            if batch.gap:
                gap = Finding(FindingKind.BLIND, now, code=batch.gap)
                await self._keep(self._pipeline.observe((gap,), now))
            if batch.heard and (speaks := self._hearing.hear(batch.heard, now)):
                await self._keep(self._pipeline.observe(speaks, now))
            self._cursor = batch.cursor
            await self._keep(self._pipeline.take(batch.entries, batch.cursor, now))
            self._hearing.end()
            self._progress = time.monotonic()
            self._journal.busy = self._pipeline.detector.under_way
            if not was_unsettled and self._pipeline.detector.unsettled:
                self._stirred.set()

    async def _pass_time(self) -> None:
        minded = -math.inf
        while True:
            self._stirred.clear()
            with contextlib.suppress(TimeoutError):  # not wait_for: on Python 3.11 it swallows a cancellation
                async with asyncio.timeout(self._pace()):
                    await self._stirred.wait()
            if time.monotonic() - minded >= MIND_SECONDS:
                minded = time.monotonic()
                await self._keep(self._pipeline.mind_alerts(self._clock()))
            if self._hearing.sees_the_present(self._journal):
                await self._keep(self._pipeline.pass_time(self._clock()))

    def _pace(self) -> float:
        """How long nothing can be overdue: each look is a wake-up."""
        detector = self._pipeline.detector
        if detector.unsettled:
            return SETTLE_SECONDS
        return 0.25 if detector.under_way or self._pipeline.tracker.open_incidents() else 1.0

    async def _round_done(self, found: Round) -> None:
        now = self._clock()
        self._seen = found.shown
        self._panel.looked(found)
        await self._panel.keep(self._store)
        findings = (*found.findings, *await self._hearing.look_around(self._journal, found.unit))
        await self._keep(self._pipeline.observe(findings, now))
        await self._keep(self._pipeline.set_disk_full(found.disk_full, found.space, now, found.at))
        await self._save_status()

    def _awaited_folders(self) -> list[Path]:
        if self._site is None:
            return []
        waiting = [i for i in self._pipeline.tracker.open_incidents() if i.waiting_for is ErrorType.DISCO_LLENO]
        places = [resolve_destination(incident.download, self._site) for incident in waiting[:WAITING_LOOKED_AT]]
        return [place.parent for place in places if place is not None]

    async def _room_seen(self, fields: dict[str, str]) -> None:
        await self._keep(self._pipeline.tell_room(fields, self._clock()))

    async def _incident(self, name: str) -> Incident | None:
        return next((one for one in await self._store.named(name) if one.id == name), None) if name else None

    async def _tidied(self, gone: tuple[Expired, ...]) -> None:
        now, language, days = self._clock(), self._config.language, self._config.quarantine.keep_days
        records = [
            chronicle.of_expired(str(one.path), one.incident, one.size, one.why, days, now, language) for one in gone
        ]
        await self._keep(Changes(records=tuple(records)))

    async def _sound(self, notice: Notice) -> Heard:
        """A test message through every channel."""
        message = render(notice, self._config.language, now=notice.at)
        return await sound(self._post_office.channels, message, self._config.language)

    async def _order_done(self, order: Order, result: Result, verdict: Verdict) -> None:
        self._window.order_done(order, result, verdict)
        if order.kind is OrderKind.ASSIGN:
            await self._desk.assigned(order, result, verdict)
            return
        await self._keep(self._pipeline.finish(order, result, verdict, self._clock()))

    async def _keep(self, changes: Changes) -> None:
        """Store one step, then let its effects begin. The cursor goes with every transaction;
        alone it waits up to a second."""
        if not _worth_storing(changes) and self._clock() - self._cursor_stored_at < CURSOR_SECONDS:
            return
        await self._store_surely(replace(changes, cursor=self._cursor or None))
        self._cursor_stored_at = self._clock()
        self._upkeep.cancel(changes.finished)
        self._upkeep.give(changes.orders)
        if changes.records:
            self._exports.wake()
            self._tally.count(changes.records)
            self._window.stored(changes.records)
        if changes.notices:
            self._post_office.wake()
        if _waits_for_space_anew(changes):
            self._rounds.ask()
        if _space_is_short(changes):
            self._room.ask()

    async def _store_surely(self, changes: Changes) -> None:
        # Nothing may happen that is not stored: while the disk refuses, the pipeline waits here,
        # the reader behind it, and the journal keeps the lines; soon a stopgap takes them.
        async with self._storing:
            since = time.monotonic()
            while True:
                try:
                    await self._store.commit(changes)
                    return
                except StoreError as error:
                    self._notifier.status(str(error))
                    self._progress = time.monotonic()
                    await self._upkeep.refused(error, since)

    async def _keep_told(self, records: tuple[Record, ...], notices: tuple[Notice, ...]) -> None:
        await self._keep(self._pipeline.tell(notices, self._clock(), records))

    # Being alive.

    async def _say_alive(self) -> None:
        interval = watchdog_interval() or 10.0
        while True:
            if self._advancing():
                self._notifier.watchdog()
            self._say_status()
            await self._save_status()
            await asyncio.sleep(min(interval, 10.0))

    async def _save_status(self) -> None:
        with contextlib.suppress(StoreError):
            await self._store.save_status(self._standing.snapshot())

    def _advancing(self) -> bool:
        if self._journal.failure is not None:
            raise MonitorError(f"the journal thread ended: {self._journal.failure}")
        now = time.monotonic()
        reading = now - self._journal.last_turn < STUCK_SECONDS or self._batches.full()
        taking = self._batches.empty() or now - self._progress < STUCK_SECONDS
        return reading and taking

    def _say_status(self) -> None:
        self._notifier.status(self._standing.line())

    def _service_fields(self) -> dict[str, str]:
        return {"unidad": self._standing.watched(), "version": __version__}

    # Reloading and stopping.

    async def _reload_when_asked(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._notifier.reloading()
            now, language = self._clock(), self._config.language
            try:
                rules = await asyncio.to_thread(_rules, self._config_path)
                await self._configure()
            except MonitorError as error:
                code, fields, priority = "reload_refused", {"texto": str(error)}, 3
            else:
                self._use(rules)
                code, fields, priority = "reloaded", {}, 6
            record = chronicle.of_event("service_reloaded", now, language, priority, code, **fields)
            await self._keep(Changes(records=(record,)))
            self._notifier.ready()
            self._say_status()

    def _use(self, rules: RuleSet) -> None:
        config = self._config
        self._pipeline.detector.rules = rules
        self._passing.use(self._pipeline.detector.new_dull())
        plan = plan_of(config)
        self._pipeline.reload(_limits(config), config.language, self._refusal(), plan)
        self._post_office.use(open_channels(config), plan, config.language)
        self._companions.use(config)
        if self._site is not None:
            self._tasks.create_task(self._prepare(self._site), name="prepare")
        self._rounds.ask()

    async def _wind_down(self) -> None:
        self._notifier.stopping()
        await self._desk.stop(STOP_SECONDS)
        await asyncio.to_thread(self._journal.stop, STOP_SECONDS)
        await self._dispatcher.stop(STOP_SECONDS)
        now, language = self._clock(), self._config.language
        record: Record = chronicle.of_event("service_stopping", now, language, code="stopping")
        thread = int(self._started_at)
        told = tuple(
            Notice("service", code, Severity.INFO, now, thread + offset, fields=fields)
            for offset, code, fields in ((0, "summary", self._tally.fields(now)), (1, "stop", self._service_fields()))
        )
        with contextlib.suppress(TimeoutError):  # with a full disk the last words may be lost
            async with asyncio.timeout(STOP_SECONDS):
                await self._keep(self._pipeline.tell(told, now, (record,)))
        await self._exports.drain()
        await self._post_office.settled(LAST_WORDS_SECONDS)


def _limits(config: Config) -> Limits:
    return Limits(
        config.retry.max_attempts,
        config.retry.backoff,
        config.checks.server_attempts,
        config.checks.server_interval,
        None if config.quarantine.keep_unsolved else config.quarantine.keep_days * DAY,
    )


def _rules(config: Path | None) -> RuleSet:
    return load_rules(read_rule_files(directories(config)))


def _worth_storing(changes: Changes) -> bool:
    """True when there is anything beside the cursor."""
    return replace(changes, cursor=None) != Changes()


def _space_is_short(changes: Changes) -> bool:
    """True when somebody is told so with this step (and not yet what it is used by)."""
    told = (one for one in changes.notices if not one.only_edit)
    return any(
        one.code in ("space_warning", "space_critical")
        or (one.code == "critical" and one.incident is not None and one.incident.error_type is ErrorType.DISCO_LLENO)
        for one in told
    )


def _waits_for_space_anew(changes: Changes) -> bool:
    waits = any(i.open and i.waiting_for is ErrorType.DISCO_LLENO for i in changes.incidents)
    return waits and any(record.event == "incident_detected" for record in changes.records)
