"""The machine's part in a fleet: its sender with credentials and heartbeat, its status, and what people are told.

Nothing of `fleet/` is imported, and no driver, where no fleet is configured.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import __version__
from ..config.schema import Config
from ..errors import FleetError
from ..host import credentials
from ..host.redact import redact, remember
from ..messages import text
from ..messages.format import date_time
from ..model.alert import Notification, NotificationCode, Severity
from ..model.fleet import ANONYMOUS, WARNING_DAYS, Disk, Heartbeat, Identity
from ..model.incident import Estado
from ..pipeline import events
from .context import AppContext
from .status import StatusReporter
from .supervisor import Work
from .views import LiveStatus

if TYPE_CHECKING:
    from ..fleet.progress import Progress
    from ..fleet.sender import Sender, SenderState

DAY = 86400.0
TOLD_AFTER = 900.0  # seconds that the fleet's database cannot be used before people are told
LOOK_SECONDS = 15.0
CERTIFICATE_TOLD = "fleet_certificate"  # in the machine's database: the end of the certificate that was told of
MOST_DISKS, MOST_REASONS = 20, 20
_MACHINE_ID = Path("/etc/machine-id")


class FleetMember:
    """Owned by the service from start to stop; a reload cancels `run` and `watch`, and starts them again."""

    def __init__(self, context: AppContext, reporter: StatusReporter, live: LiveStatus) -> None:
        self._context, self._reporter, self._live = context, reporter, live
        self._instance = str(uuid.uuid4())
        self._progress: Progress | None = None  # of the last sender
        self._sender: Sender | None = None
        self._shown = ""
        self._told_since: float | None = None
        self._certificate_until: float | None = None

    def works(self, config: Config) -> list[tuple[str, Work]]:
        """The tasks that `config` asks for."""
        if not config.fleet.url:
            return []
        return [("fleet", lambda: self.run(config)), ("fleet", lambda: self.watch(config))]

    async def run(self, config: Config) -> None:
        """Send records and heartbeats until cancelled."""
        from ..fleet.database import Endpoint
        from ..fleet.sender import Sender

        secrets = await asyncio.to_thread(credentials.read)
        remember([secrets.fleet_password])
        fleet = config.fleet
        endpoint = Endpoint(
            fleet.url,
            urlsplit(fleet.url).username or fleet.name,
            secrets.fleet_password,
            fleet.certificate,
            secrets.fleet_key if fleet.certificate else "",
            fleet.ca,
        )
        self._shown = endpoint.shown
        self._sender = sender = Sender(
            endpoint,
            self._context.store,
            Identity("", self._instance, await asyncio.to_thread(_host)),
            self._heartbeat,
            self._note,
            progress=self._progress,
            every=fleet.every,
            names=fleet.names,
            clock=self._context.clock,
        )
        try:
            await sender.run()
        finally:
            self._progress, self._sender = sender.progress, None

    def wake(self) -> None:
        """New records are stored."""
        if self._sender is not None:
            self._sender.wake()

    async def settle(self, seconds: float) -> None:
        """Wait until the stored records are sent, if the database can be reached."""
        if self._sender is not None:
            await self._sender.settle(seconds)

    def sent(self) -> int | None:
        """The number of the last record that retention need not keep for the fleet; None without a fleet."""
        if not self._context.config().fleet.url:
            return None
        progress = self._progress if self._sender is None else self._sender.progress
        return 0 if progress is None else progress.seq

    def status(self) -> dict[str, object]:
        """The status snapshot's part `fleet`; nothing without a fleet."""
        if self._sender is None:
            return {}
        state, progress = self._sender.state, self._sender.progress
        code = "connecting" if state.heard_at is None and state.error is None else "connected"
        shown = {
            "address": self._shown,
            "name": self._context.config().fleet.name,
            "code": code if state.error is None else state.error.code,
            "text": "" if state.error is None else _sentence(state.error, self._context.language()),
            "since": state.since,
            "heard_at": state.heard_at,
            "seq": 0 if progress is None else progress.seq,
            "pending": state.pending,
            "refused": 0 if progress is None else progress.refused,
            "set_aside": [] if progress is None else list(progress.set_aside),
            "certificate_until": self._certificate_until,
        }
        return {"fleet": shown}

    # The heartbeat.

    async def _heartbeat(self, progress: Progress, pending: int) -> Heartbeat:
        context, now = self._context, self._context.clock()
        config = context.config()
        ends = await context.store.ends(now - DAY)
        solved, failed = ends.get(Estado.SOLUCIONADO.value, 0), ends.get(Estado.FALLIDO.value, 0)
        unanswered = [one.since for one in context.pipeline.alerting.alerts if not one.acknowledged_by]
        reasons = self._reporter.unhealthy()
        shown = tuple(reasons.split("; ")[:MOST_REASONS]) if reasons and config.fleet.names else ()
        gauges = self._live.gauges()
        return Heartbeat(
            now,
            __version__,
            context.started_at,
            not reasons,
            shown,
            open=sum(gauges.open.values()),
            failed=failed,
            solved=solved,
            unanswered=len(unanswered),
            unanswered_since=min(unanswered, default=None),
            waiting=gauges.waiting.number if gauges.waiting else 0,
            success_rate=solved / (solved + failed) if solved + failed else None,
            disks=await self._disks(config),
            bot_active=gauges.unit_active,
            server_up=gauges.server_up,
            container=config.bot_api.container if config.bot_api.local else "",
            lag=gauges.reader_lag,
            last_seq=progress.sent,
            pending=pending,
            set_aside=progress.set_aside,
            refused=progress.refused,
            certificate_until=self._certificate_until,
            language=config.language,
            address=f"http://{config.web.listen}/" if config.web.listen else "",
        )

    async def _disks(self, config: Config) -> tuple[Disk, ...]:
        foreseen = {one.path: one for one in (await self._live.forecast()).disks}
        return tuple(
            Disk(
                one.path if config.fleet.names or not _of_a_modelo(one.path, config) else ANONYMOUS,
                one.free,
                one.total,
                foreseen[one.path].full_at if one.path in foreseen else None,
                foreseen[one.path].probability if one.path in foreseen else None,
            )
            for one in self._live.volumes()[:MOST_DISKS]
        )

    # What people are told.

    async def watch(self, config: Config) -> None:
        """Tell of a database that cannot be used for TOLD_AFTER, of its return, and of a certificate that is about to
        end, once each, until cancelled."""
        looked = -math.inf
        while True:
            if time.monotonic() - looked >= DAY:
                looked = time.monotonic()
                await self._look_at_certificate(config)
            if self._sender is not None:
                await self._look(self._sender.state)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, state: SenderState) -> None:
        now, since = self._context.clock(), self._told_since
        if state.error is None and since is not None and state.heard_at is not None:
            self._told_since = None
            await self._tell(NotificationCode.FLEET_REACHABLE, since, {"segundos": f"{max(0.0, now - since):.0f}"})
        elif state.error is not None and since is None and now - state.since >= TOLD_AFTER:
            self._told_since = state.since
            reason = _sentence(state.error, self._context.language())
            await self._tell(NotificationCode.FLEET_UNREACHABLE, state.since, {"motivo": reason})

    async def _look_at_certificate(self, config: Config) -> None:
        """Tell of its end. Whatever is wrong with the file, the connection's error says so."""
        from ..fleet import authority

        with contextlib.suppress(OSError, FleetError):
            content = await asyncio.to_thread(Path(config.fleet.certificate).read_text, "ascii", "replace")
            self._certificate_until = until = (await authority.details(content)).until
            store, told = self._context.store, str(until)
            soon = until - self._context.clock() <= WARNING_DAYS * DAY
            if soon and await store.kept(CERTIFICATE_TOLD) != told:
                await self._tell(NotificationCode.FLEET_CERTIFICATE, until, {"fecha": date_time(until)})
                await store.keep(CERTIFICATE_TOLD, told)

    async def _tell(self, code: NotificationCode, thread: float, fields: Mapping[str, str]) -> None:
        context, now = self._context, self._context.clock()
        record = events.service_event("fleet", now, context.language(), 4, code.value, **fields)
        key = code.value if code is NotificationCode.FLEET_CERTIFICATE else "fleet"
        notice = Notification(key, code, Severity.RECOVERABLE, now, int(thread), fields=fields)
        await context.notify((record,), (notice,))

    def _note(self, code: str, fields: Mapping[str, str]) -> None:
        """Record what an operator should know."""
        context = self._context
        record = events.service_event("fleet", context.clock(), context.language(), 4, f"fleet_{code}", **fields)
        context.supervisor.start("note", lambda: context.record(record))


def _of_a_modelo(path: str, config: Config) -> bool:
    """Whether `path` lies beneath the models' directory."""
    return config.models_path is not None and config.models_path in Path(path).parents


def _sentence(error: FleetError, language: str) -> str:
    return redact(text(f"fleet.error.{error.code}", language, **error.fields))


def _host(read: Callable[[], bytes] = _MACHINE_ID.read_bytes) -> str:
    """A hash of the machine's id, which itself is confidential (machine-id(5)); of nothing where there is none."""
    try:
        found = read().strip()
    except OSError:
        found = b""
    return hashlib.sha256(b"trafico-monitor fleet\0" + found).hexdigest()[:32]
