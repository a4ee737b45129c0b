"""The machine's part in a fleet: its sender with credentials and heartbeat, and its status.

Nothing of `fleet/` is imported, and no driver, where no fleet is configured.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..config.schema import Config
from ..host import credentials
from ..host.redact import remember
from ..model.fleet import ANONYMOUS, Disk, Heartbeat, Identity
from ..model.incident import Estado
from ..pipeline import events
from .context import AppContext
from .fleet_watch import FleetWatch, sentence
from .status import StatusReporter
from .supervisor import Work
from .views import LiveStatus

if TYPE_CHECKING:
    from ..fleet.progress import Progress
    from ..fleet.sender import Sender

DAY = 86400.0
MOST_DISKS, MOST_REASONS = 20, 20
_MACHINE_ID = Path("/etc/machine-id")


class FleetMember:
    """Owned by the service from start to stop; a reload cancels its works, and starts them again."""

    def __init__(self, context: AppContext, reporter: StatusReporter, live: LiveStatus) -> None:
        self._context, self._reporter, self._live = context, reporter, live
        self._instance = str(uuid.uuid4())
        self._progress: Progress | None = None  # of the last sender
        self._sender: Sender | None = None
        self._shown = ""
        self._watch = FleetWatch(context, lambda: None if self._sender is None else self._sender.state)

    def works(self, config: Config) -> list[tuple[str, Work]]:
        """The tasks that `config` asks for."""
        if not config.fleet.url:
            return []
        return [("fleet", lambda: self.run(config)), ("fleet", lambda: self._watch.run(config))]

    async def run(self, config: Config) -> None:
        """Send records and heartbeats until cancelled."""
        from ..fleet.database import Endpoint
        from ..fleet.sender import Sender

        secrets = await asyncio.to_thread(credentials.read)
        remember([secrets.fleet_password])
        fleet = config.fleet
        key = secrets.fleet_key if fleet.certificate else ""
        endpoint = Endpoint.of_machine(fleet, key=key, password=secrets.fleet_password)
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
            "text": "" if state.error is None else sentence(state.error, self._context.language()),
            "since": state.since,
            "heard_at": state.heard_at,
            "skew": state.skew,
            "seq": 0 if progress is None else progress.seq,
            "pending": state.pending,
            "refused": 0 if progress is None else progress.refused,
            "set_aside": [] if progress is None else list(progress.set_aside),
            "certificate_until": self._watch.certificate_until,
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
            certificate_until=self._watch.certificate_until,
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

    def _note(self, code: str, fields: Mapping[str, str]) -> None:
        """Record what an operator should know."""
        context = self._context
        record = events.service_event("fleet", context.clock(), context.language(), 4, f"fleet_{code}", **fields)
        context.supervisor.start("note", lambda: context.record(record))


def _of_a_modelo(path: str, config: Config) -> bool:
    """Whether `path` lies beneath the models' directory."""
    return config.models_path is not None and config.models_path in Path(path).parents


def _host(read: Callable[[], bytes] = _MACHINE_ID.read_bytes) -> str:
    """A hash of the machine's id, which itself is confidential (machine-id(5)); of nothing where there is none."""
    try:
        found = read().strip()
    except OSError:
        found = b""
    return hashlib.sha256(b"trafico-monitor fleet\0" + found).hexdigest()[:32]
