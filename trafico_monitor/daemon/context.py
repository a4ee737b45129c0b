"""The configuration of the running service, and the context that its parts share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config.discovery import discover
from ..config.loader import load, load_hub
from ..config.schema import Config
from ..detection.detector import Detector
from ..detection.rule_files import directories, read_rule_files
from ..detection.ruleset.engine import RuleSet
from ..detection.ruleset.loader import load as load_rules
from ..health.bot_api import check_bot_api
from ..host.blocking import run_blocking
from ..incident.decision_context import Limits
from ..incident.tracker import Tracker
from ..model.alert import Notification
from ..model.changeset import ChangeSet, Snapshot
from ..model.finding import Finding
from ..model.incident import Event
from ..model.installation import Installation
from ..notify.routing import routing_of
from ..pipeline import lifecycle_events
from ..pipeline.pipeline import Pipeline
from ..repair.atomic_copy import sweep
from ..repair.ownership import ensure_access
from ..store.repository import Store
from .committer import Committer
from .supervisor import Supervisor, Trouble

SWEEP_SECONDS = 120.0
DAY = 24 * 3600.0
_HIDDEN = frozenset({"env_unreadable", "models_hidden", "bot_api_hidden"})


class RuntimeConfig:
    """Configuration, installation and rules as they were last read. `read` comes first, and may be called again
    at any time."""

    current: Config
    rules: RuleSet

    def __init__(self, path: Path | None) -> None:
        self.site: Installation | None = None
        self._path = path

    async def read(self) -> None:
        """Read everything again. Raises MonitorError and keeps what was read before."""
        rules = await asyncio.to_thread(self._read_rules)
        await self._discover()
        self.rules = rules

    async def _discover(self) -> None:
        self.current, self.site = await discover(load(self._path, serving=True))
        if self.site is not None and _HIDDEN & set(self.current.missing):
            # A closed home hides the project's own files; the helper opens the way to its roots.
            await ensure_access(self.site)
            self.current, self.site = await discover(load(self._path, serving=True))

    def _read_rules(self) -> RuleSet:
        return load_rules(read_rule_files(directories(self._path)))

    @property
    def limits(self) -> Limits:
        """The limits of the repairs."""
        config = self.current
        return Limits(
            config.retry.max_attempts,
            config.retry.backoff,
            config.checks.server_attempts,
            config.checks.server_interval,
            None if config.quarantine.keep_unsolved else config.quarantine.keep_days * DAY,
            config.retry.late,
        )

    @property
    def refusal(self) -> str:
        """The code of what is missing for any repair at all, "" when nothing is."""
        return "" if self.site is not None else "missing.project"


class HubConfig(RuntimeConfig):
    """The configuration of a hub: it has no installation and no rules."""

    async def read(self) -> None:
        self.current = await asyncio.to_thread(load_hub, self._path)
        self.rules = load_rules({})


@dataclass(frozen=True, slots=True)
class AppContext:
    """What the parts of the running service share. Configuration and installation are asked for each time: a
    reload replaces them."""

    settings: RuntimeConfig
    store: Store
    pipeline: Pipeline
    committer: Committer
    supervisor: Supervisor
    clock: Callable[[], float]
    started_at: float

    def config(self) -> Config:
        return self.settings.current

    def installation(self) -> Installation | None:
        return self.settings.site

    def language(self) -> str:
        return self.config().language

    def unit(self) -> str:
        """The bot's unit, "" while it is not known."""
        return self.config().bot.unit

    def project_user(self) -> int | None:
        """The uid of the project's user."""
        site = self.installation()
        return None if site is None else site.uid

    def origins(self) -> tuple[str, ...]:
        """The origins that the API allows beside its own."""
        return self.config().web.origins

    def base_path(self) -> str:
        """The path below which a proxy serves the dashboard and the API, "" for none."""
        return self.config().web.base_path

    def frame_ancestors(self) -> tuple[str, ...]:
        """The origins whose pages may show the dashboard in a frame."""
        return self.config().web.frame_ancestors

    def status_token(self) -> str:
        """What the status page, the badge and the health check ask for, "" for none."""
        return self.config().web.status_token

    def processes_under_way(self) -> frozenset[int]:
        """The bot's processes that have a download under way."""
        return self.pipeline.detector.processes_under_way

    async def probe_server(self) -> Finding:
        """Whether the Bot API server answers."""
        return await check_bot_api(self.config())

    async def commit(self, changes: ChangeSet) -> None:
        """Store `changes`; their effects begin."""
        await self.committer.commit(changes)

    async def observe(self, findings: Sequence[Finding]) -> None:
        """Findings that do not come from the journal."""
        await self.commit(self.pipeline.observe(findings, self.clock()))

    async def notify(self, events: Sequence[Event], notifications: Sequence[Notification]) -> None:
        """Record `events` and send `notifications`."""
        await self.commit(self.pipeline.notify(notifications, self.clock(), events))

    async def record(self, *events: Event) -> None:
        """Record `events`, and nothing else."""
        await self.commit(ChangeSet(records=events))

    async def process_ended(self, pid: int, at: float, last: bool) -> None:
        """The bot's process `pid` ended at `at`; `last`: no other of the bot is known to live."""
        await self.commit(self.pipeline.process_ended(self.unit(), pid, at, last, self.clock()))

    async def process_began(self, pid: int, at: float) -> None:
        """The bot's process `pid` logs, where none was known to live."""
        await self.commit(self.pipeline.process_began(self.unit(), pid, at, self.clock()))

    async def task_failing(self, trouble: Trouble, over: bool) -> None:
        """A task of the service fails again and again, or (`over`) no longer does."""
        record, notification = lifecycle_events.task_failing(
            trouble.task, trouble.failures, trouble.since, trouble.error, over, self.language(), self.clock()
        )
        await self.notify((record,), (notification,))


def restored_pipeline(settings: RuntimeConfig, saved: Snapshot, now: float) -> Pipeline:
    """The pipeline, which continues from `saved`."""
    config = settings.current
    detector, routing = Detector(settings.rules, Path(config.project.models_dir).name), routing_of(config)
    full = float(config.checks.disk_critical)
    pipeline = Pipeline(
        detector, Tracker(), settings.limits, config.language, settings.refusal, routing, config.predict, full
    )
    pipeline.foresight.models = "" if settings.site is None else str(settings.site.models)
    pipeline.restore(saved, now)
    return pipeline


async def prepare(context: AppContext) -> None:
    """Get access to the two directories of the installation, record what is missing, and delete temporary files of
    copies from before this start."""
    site = context.installation()
    if site is None:
        return
    missing = await ensure_access(site)
    await run_blocking(lambda: sweep(site, context.started_at), seconds=SWEEP_SECONDS, name="sweep")
    if missing:
        await context.record(*lifecycle_events.missing_access(missing, context.language(), context.clock()))
