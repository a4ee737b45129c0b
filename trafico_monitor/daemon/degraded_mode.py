"""The monitor's own files: it goes on without them, says so, and keeps them bounded.

While the database cannot be written, a stopgap stands in for it: lines are read, decided, recorded
and told of as ever. Only corrections wait, because an order must outlive whatever happens before it
runs; what was under way goes on. When the database can be written again, everything is brought into
it at once, and the orders are given.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..config.schema import Config
from ..errors import StoreError
from ..host import directory
from ..host.blocking import run_blocking
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.incident import Event
from ..model.task import RepairTask
from ..pipeline import events
from ..repair.dispatcher import Dispatcher
from ..store.exporters import Exports
from ..store.own_files import why_not
from ..store.repository import Store
from ..store.retention import Bounds, Retention

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0  # a database that takes nothing for so long is stood in for
STORE_RETRY = 1.0
LOGS_SECONDS = 10.0  # a log that takes nothing for so long is told of
LOOK_SECONDS = 2.0
TRY_SECONDS = 10.0  # an idle monitor finds a full disk by writing its cursor this often
PROBE_SECONDS = 5.0
THREAD_SECONDS = 600.0  # messages about one directory are edited for this long, then new
_RECORDS, _COPIES = frozenset({"json", "log"}), frozenset({"json.copy", "log.copy"})

Keep = Callable[[tuple[Event, ...], tuple[Notification, ...]], Awaitable[None]]


@dataclass(slots=True)
class _Trouble:
    """`since` in seconds since the epoch; `code` and `cause` name its texts, `more` fills them."""

    code: str
    place: Path
    cause: str
    since: float
    more: Mapping[str, str] = field(default_factory=dict)


class DegradedMode:
    """`run` works until cancelled. `keep` stores a step of records and notices as all are stored."""

    def __init__(
        self,
        store: Store,
        exports: Exports,
        dispatcher: Dispatcher,
        config: Callable[[], Config],
        keep: Keep,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._exports = exports
        self._dispatcher = dispatcher
        self._config = config
        self._keep = keep
        self._clock = clock
        self._held: dict[str, tuple[RepairTask, bool]] = {}
        self._told: dict[str, _Trouble] = {}
        self._logs_since = 0.0
        self._said = ""
        self._retention = Retention(store.database)

    def give(self, orders: Iterable[RepairTask], *, inherited: bool = False) -> None:
        """Let stored orders run, or hold them until they are stored where they outlive a kill."""
        if self._store.database.standing_in:
            self._held.update((order.id, (order, inherited)) for order in orders)
        else:
            self._dispatcher.give(orders, inherited=inherited)

    def cancel(self, order_ids: Iterable[str]) -> None:
        """These orders were overtaken."""
        for order_id in order_ids:
            self._held.pop(order_id, None)
        self._dispatcher.cancel(order_ids)

    async def refused(self, error: StoreError, since: float) -> None:
        """A step was not stored, for the first time at `since` (monotonic): it may be tried again
        when this returns."""
        if str(error) != self._said:
            logger.error("%s", error)
            self._said = str(error)
        database = self._store.database
        if not database.standing_in and time.monotonic() - since >= PATIENCE_SECONDS:
            with contextlib.suppress(StoreError):
                await database.stand_in()
                return
        await asyncio.sleep(STORE_RETRY)

    @property
    def line(self) -> str:
        """What the unit's status line says before all else, "" when all is well."""
        language = self._config().language
        shown = [text(f"status.{one.code}", language, **self._fields(one)) for one in self._told.values()]
        return "; ".join(shown)

    async def run(self) -> None:
        """Look after everything; for ever."""
        tried, swept = -float("inf"), 0.0
        while True:
            now = time.monotonic()
            if now - tried >= TRY_SECONDS:
                tried = now
                await self._keep((), ())
            await self._look_after_store()
            await self._look_after_logs()
            await self._look_after_places()
            # By the clock that ages are counted by; one that was set back sweeps at once.
            wall = self._clock()
            if not 0 <= wall - swept < self._retention.pause and not self._store.database.standing_in:
                swept = wall
                with contextlib.suppress(StoreError):
                    await self._retention.sweep(self._bounds(), wall)
            await asyncio.sleep(LOOK_SECONDS)

    def _bounds(self) -> Bounds:
        kept = self._config().retention
        return Bounds(kept.days, kept.database)

    async def _look_after_store(self) -> None:
        database, place = self._store.database, self._config().paths.state
        if not database.standing_in:
            return
        if "own_store" not in self._told:
            await self._tell("own_store", place)
        try:
            await database.come_back()
        except StoreError as error:
            logger.debug("%s", error)
            return
        self._said = ""
        held, self._held = self._held, {}
        for order, inherited in held.values():
            self._dispatcher.give((order,), inherited=inherited)
        await self._tell_end("own_store")

    async def _look_after_logs(self) -> None:
        failing = self._exports.failing.keys()
        if not failing & (_RECORDS | _COPIES):
            self._logs_since = 0.0
            await self._tell_end("own_logs")
            return
        self._logs_since = self._logs_since or time.monotonic()
        if "own_logs" not in self._told and time.monotonic() - self._logs_since >= LOGS_SECONDS:
            place = self._exports.place if failing & _RECORDS else self._config().paths.logs
            await self._tell("own_logs", place)

    async def _look_after_places(self) -> None:
        """A directory that is not used, because it is not the monitor's alone."""
        config = self._config()
        state = Path(config.refused_state) if config.refused_state else None
        refused, configured, instead = self._exports.refused, config.paths.logs, self._exports.place
        if state is not None:
            refused, configured, instead = directory.refusal(state, directory.ours()), state, config.paths.state
        if refused is None:
            if state is None:
                await self._tell_end("own_place")
            return
        if "own_place" not in self._told:
            more = {"parte": refused.place, "quien": refused.owner, "propia": str(instead)}
            await self._tell_trouble(_Trouble("own_place", configured, refused.code, self._clock(), more))

    async def _tell(self, code: str, place: Path) -> None:
        await self._tell_trouble(_Trouble(code, place, await _cause(place), self._clock()))

    async def _tell_trouble(self, trouble: _Trouble) -> None:
        code, now = trouble.code, trouble.since
        self._told[code] = trouble
        fields = self._fields(trouble)
        record = events.of_event("own_files_failing", now, self._config().language, 2, code, **fields)
        advice = text(f"own.advice.{trouble.cause}", self._config().language, **fields)
        shown = {"carpeta": fields["ruta"], "motivo": fields["motivo"], "texto": advice}
        notice = Notification(code, NotificationCode(code), Severity.CRITICAL, now, _thread(now), fields=shown)
        await self._keep((record,), (notice,))

    async def _tell_end(self, code: str) -> None:
        trouble = self._told.pop(code, None)
        if trouble is None:
            return
        now = self._clock()
        fields = {**self._fields(trouble), "segundos": f"{max(0.0, now - trouble.since):.0f}"}
        record = events.of_event("own_files_back", now, self._config().language, 5, f"{code}_back", **fields)
        shown = {"carpeta": fields["ruta"], "segundos": fields["segundos"]}
        notice = Notification(
            code, NotificationCode.OWN_BACK, Severity.RECOVERABLE, now, _thread(trouble.since) + 1, fields=shown
        )
        await self._keep((record,), (notice,))

    def _fields(self, trouble: _Trouble) -> dict[str, str]:
        motive = text(f"own.{trouble.cause}", self._config().language, **trouble.more)
        return {"ruta": str(trouble.place), "motivo": motive, **trouble.more}


def spare_place() -> Path | None:
    """Where the stopgap is kept under systemd: in memory, and there after a kill. None elsewhere."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(runtime) / "stopgap.db" if runtime else None


def _thread(at: float) -> int:
    return 2 * int(at // THREAD_SECONDS)


async def _cause(place: Path) -> str:
    try:
        cause = await run_blocking(lambda: why_not(place), seconds=PROBE_SECONDS, name=f"probe {place}")
    except (TimeoutError, OSError):
        cause = ""
    return cause or "other"
