"""The wiring of a hub: the fleet's database in, judgements out by the channels of a monitor, dashboard and API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ..config.schema import Config
from ..errors import FleetError
from ..fleet.database import Endpoint, connect, transaction
from ..fleet.hub import retention
from ..fleet.hub.connections import Connections
from ..fleet.hub.judgement import Fleet, Limits, Memory, judge
from ..fleet.hub.overview import OPENINGS_SECONDS, Overview
from ..fleet.hub.poller import Poller
from ..fleet.hub.reader import FleetReader
from ..fleet.migrations import HUB_ROLE
from ..host import credentials
from ..host.redact import remember
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.changeset import Snapshot
from ..model.fleet import MachineState
from ..model.serialization import decode, encode
from ..notify.delivery.manager import DeliveryManager
from ..notify.routing import routing_of
from ..pipeline import events
from ..store.repository import Store
from ..web.app import Sources
from .context import AppContext, HubConfig
from .degraded_mode import DegradedMode, NoTasks
from .fleet_watch import sentence
from .hub_views import HubStatus
from .lifecycle import BaseService
from .status import ServiceStatus, WatchdogTask
from .supervisor import Work

logger = logging.getLogger(__name__)

JUDGE_SECONDS = 5.0
AWAY_SECONDS = 60.0  # a database that is restarted is back by then
UPKEEP_SECONDS = 6 * 3600.0
UPKEEP_RETRY = 600.0
UPKEEP_STATEMENT = 60.0
DATABASE = "database"  # the key of the alert


class Hub(BaseService):
    """A hub from its start to its stop. `run` returns the exit status."""

    def __init__(self, config_path: Path | None, clock: Callable[[], float] = time.time) -> None:
        super().__init__(HubConfig(config_path), clock)

    async def run(self) -> int:
        """Watch the fleet until told to stop."""
        return await self._run(self._watch)

    async def _watch(self, store: Store, saved: Snapshot) -> None:
        self._wire(store, saved)
        await self._serve()

    def _wire(self, store: Store, saved: Snapshot) -> None:
        context = self._wire_records(store, saved)
        self._endpoint = _endpoint(context.config())
        self._overview = Overview(lambda: context.config().hub.silent_after)
        self._poller = Poller(self._overview, self._endpoint, lambda records: self._web.stored(records))
        self._judgement = Judgement(context, self._overview, self._poller, saved.part("fleet"))
        self._connections = Connections(self._endpoint)
        self._degraded = DegradedMode(context, self._exports, NoTasks(), lambda: None)
        self._status = HubReporter(context, self._deliveries, self._degraded, self._overview, self._poller)
        self._watchdog = WatchdogTask(context, self._notifier, self._status, lambda: True)
        present = HubStatus(
            self._overview,
            self._status.snapshot,
            lambda: self._poller.trouble,
            self._control_service,
            context.language,
            self._clock,
            self._status.resources,
        )
        self._reader = FleetReader(
            self._connections, self._overview, lambda: store.silences(self._clock()), context.language
        )
        self._wire_people(self._status, Sources(self._reader, present, store, self._overview))

    def _works(self) -> tuple[tuple[str, Work], ...]:
        return (
            *super()._works(),
            ("poller", self._poller.run),
            ("counts", self._reader.keep_counted),
            ("time", self._tick),
            ("partitions", self._keep_database),
        )

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        return (("judgement", self._judgement.run),)

    def _stopping_works(self) -> tuple[tuple[str, Work], ...]:
        return (("poller", self._connections.close),)

    def _use_settings(self) -> None:
        settings = self._settings
        config = settings.current
        self._context.pipeline.reload(settings.limits, config.language, settings.refusal, routing_of(config))
        self._use_channels()

    async def _tick(self) -> None:
        """Evaluate silences that end and alerts that nobody has acknowledged, each second, for ever."""
        while True:
            await self._context.commit(self._context.pipeline.evaluate_alerts(self._clock()))
            await asyncio.sleep(1.0)

    async def _keep_database(self) -> None:
        """Make partitions and drop old ones, for ever. A database that is away is the poller's to tell of."""
        while True:
            pause = UPKEEP_SECONDS
            try:
                for name in await self._enforce_retention():
                    logger.info("dropped %s", name)
            except FleetError as error:
                logger.debug("%s", error)
                pause = UPKEEP_RETRY
            await asyncio.sleep(pause)

    async def _enforce_retention(self) -> tuple[str, ...]:
        connection = await connect(self._endpoint)
        try:
            async with transaction(connection, self._endpoint, seconds=UPKEEP_STATEMENT) as cursor:
                return await retention.enforce(cursor, self._context.config().retention.days)
        finally:
            await connection.close()


class Judgement:
    """Judges the overview each few seconds, and tells. `saved` is what it has told before this start."""

    def __init__(self, context: AppContext, overview: Overview, poller: Poller, saved: Mapping[str, object]) -> None:
        self._context = context
        self._overview = overview
        self._poller = poller
        self._memory = Memory()
        with contextlib.suppress(ValueError):  # of another version: what holds is told anew
            self._memory = decode(Memory, json.dumps(saved))

    async def run(self) -> None:
        """Judge for ever."""
        while True:
            if self._poller.trouble is not None:
                await self._tell_away(self._poller.trouble)
            elif self._overview.refreshed:
                await self._tell_back()
                await self._judge()
            await asyncio.sleep(JUDGE_SECONDS)

    async def _judge(self) -> None:
        context, overview, hub = self._context, self._overview, self._context.config().hub
        now = overview.now
        fleet = Fleet(now, overview.machines(), overview.openings(now - OPENINGS_SECONDS))
        limits = Limits(hub.silent_after, hub.escalate_unanswered, hub.skew)
        memory, said = judge(fleet, limits, self._memory)
        if said or memory.members != self._memory.members:
            kept = json.loads(encode(memory))
            await context.commit(context.pipeline.tell_fleet(said, kept, context.clock()))
        self._memory = memory

    async def _tell_away(self, trouble: FleetError) -> None:
        """The hub cannot read its database, and so judges nobody. The alert itself is the memory of it."""
        context, language = self._context, self._context.language()
        lasts = time.monotonic() - self._poller.trouble_since
        if lasts < AWAY_SECONDS or context.pipeline.alerting.find_alert(DATABASE) is not None:
            return
        now, reason = context.clock(), sentence(trouble, language)
        record = events.service_event("fleet_away", now, language, 2, motivo=reason)
        code, since = NotificationCode.FLEET_AWAY, f"{now - lasts:.0f}"
        fields = {"motivo": reason, "desde": since}
        await context.notify(
            (record,), (Notification(DATABASE, code, Severity.CRITICAL, now, int(now), fields=fields),)
        )

    async def _tell_back(self) -> None:
        context, language = self._context, self._context.language()
        alert = context.pipeline.alerting.find_alert(DATABASE)
        if alert is None:
            return
        now = context.clock()
        since = float(alert.notice.fields.get("desde", alert.notice.at))
        fields = {"segundos": f"{max(0.0, now - since):.0f}"}
        record = events.service_event("fleet_back", now, language, 5, **fields)
        code, thread = NotificationCode.FLEET_BACK, max(int(now), alert.notice.thread + 1)
        await context.notify(
            (record,), (Notification(DATABASE, code, Severity.RECOVERABLE, now, thread, fields=fields),)
        )


class HubReporter(ServiceStatus):
    """The hub's own status: it is unhealthy while it cannot read its database."""

    def __init__(
        self,
        context: AppContext,
        deliveries: DeliveryManager,
        degraded: DegradedMode,
        overview: Overview,
        poller: Poller,
    ) -> None:
        super().__init__(context, deliveries, degraded)
        self._overview = overview
        self._poller = poller

    def watched(self) -> str:
        return text("hub.watched", self._context.language())

    def _counts(self) -> str:
        language = self._context.language()
        if reasons := self._reasons():
            return "; ".join(reasons)
        if not self._overview.refreshed:
            return text("status.hub.starting", language)
        states = Counter(one.state for one in self._overview.machines())
        silent, bad = states[MachineState.SILENT], states[MachineState.TROUBLED]
        return text("status.hub", language, maquinas=states.total(), mal=bad, silencio=silent)

    def _reasons(self) -> Sequence[str]:
        trouble, language = self._poller.trouble, self._context.language()
        return [text("status.hub.away", language, motivo=sentence(trouble, language))] if trouble else []


def _endpoint(config: Config) -> Endpoint:
    """The database of the configuration. A pooler adds a suffix to the user, which the URL then has."""
    password = credentials.read(service=credentials.HUB_SERVICE).hub_password
    remember([password])
    user = urlsplit(config.hub.url).username or HUB_ROLE
    return Endpoint(config.hub.url, user, password, ca=config.hub.ca)
