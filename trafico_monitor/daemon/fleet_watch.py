"""What a machine tells of its fleet: a database that cannot be used, a certificate that ends, a wrong clock."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..config.schema import Config
from ..errors import FleetError
from ..host.redact import redact
from ..messages.fleet import reason
from ..messages.format import date_time, duration
from ..model.alert import Notification, NotificationCode, Severity
from ..model.fleet import WRONG_CLOCK, ends_soon
from ..pipeline import events
from .context import AppContext

if TYPE_CHECKING:
    from ..fleet.sender import SenderState

DAY = 86400.0
TOLD_AFTER = 900.0  # seconds that the fleet's database cannot be used before people are told
LOOK_SECONDS = 15.0
CERTIFICATE_TOLD = "fleet_certificate"  # in the machine's database: the end of the certificate that was told of


class FleetWatch:
    """`state` returns the sender's, None while there is none. `certificate_until` is the end of this machine's
    certificate, None where it is not known."""

    def __init__(self, context: AppContext, state: Callable[[], SenderState | None]) -> None:
        self._context, self._state = context, state
        self._told_since: float | None = None
        self._clock_told = False
        self.certificate_until: float | None = None

    async def run(self, config: Config) -> None:
        """Tell of each once, and of the database's return, until cancelled."""
        looked = -math.inf
        while True:
            if time.monotonic() - looked >= DAY:
                looked = time.monotonic()
                await self._look_at_certificate(config)
            if (state := self._state()) is not None:
                await self._look_at_database(state)
                await self._look_at_clock(state)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look_at_database(self, state: SenderState) -> None:
        now, since = self._context.clock(), self._told_since
        if state.error is None and since is not None and state.heard_at is not None:
            self._told_since = None
            await self._tell(NotificationCode.FLEET_REACHABLE, since, {"segundos": f"{max(0.0, now - since):.0f}"})
        elif state.error is not None and since is None and now - state.since >= TOLD_AFTER:
            self._told_since = state.since
            shown = {"motivo": sentence(state.error, self._context.language())}
            await self._tell(NotificationCode.FLEET_UNREACHABLE, state.since, shown)

    async def _look_at_certificate(self, config: Config) -> None:
        """Tell of its end. Whatever is wrong with the file, the connection's error says so."""
        from ..fleet.admission import certificate_end

        until = await certificate_end(config.fleet)
        if until is None:
            return
        self.certificate_until = until
        store, told = self._context.store, str(until)
        if ends_soon(until, self._context.clock()) and await store.kept(CERTIFICATE_TOLD) != told:
            await self._tell(NotificationCode.FLEET_CERTIFICATE, until, {"fecha": date_time(until)})
            await store.keep(CERTIFICATE_TOLD, told)

    async def _look_at_clock(self, state: SenderState) -> None:
        """Record a wrong clock; the hub tells people of it, by whom many machines with one mistake are one message."""
        wrong = abs(state.skew) > WRONG_CLOCK
        if wrong and not self._clock_told:
            context = self._context
            shown = duration(abs(state.skew), context.language())
            code = "fleet_clock_fast" if state.skew > 0 else "fleet_clock_slow"
            event = events.service_event("fleet", context.clock(), context.language(), 4, code, duracion=shown)
            await context.record(event)
        self._clock_told = wrong

    async def _tell(self, code: NotificationCode, thread: float, fields: Mapping[str, str]) -> None:
        context, now = self._context, self._context.clock()
        record = events.service_event("fleet", now, context.language(), 4, code.value, **fields)
        key = code.value if code is NotificationCode.FLEET_CERTIFICATE else "fleet"
        notice = Notification(key, code, Severity.RECOVERABLE, now, int(thread), fields=fields)
        await context.notify((record,), (notice,))


def sentence(error: FleetError, language: str) -> str:
    """The reason of `error` in one sentence."""
    return redact(reason(error, language))
