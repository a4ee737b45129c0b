"""Degraded mode: keeps the monitor running when its own files cannot be written, alerts, and enforces size limits.

While the database cannot be written, a fallback database replaces it: lines are read, decided, recorded
and notified as always. Only new repairs wait, because a task must outlive whatever happens before it
runs; running ones go on. When the database can be written again, the fallback is merged into it in one
transaction, and the deferred tasks run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..errors import StoreError
from ..host import directory
from ..host.blocking import run_blocking
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.task import RepairTask
from ..pipeline import events
from ..store.exporters import Exports
from ..store.own_files import why_not
from ..store.retention import Bounds, Retention
from .context import AppContext

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0  # a database that takes nothing for so long is stood in for
STORE_RETRY = 1.0
LOGS_SECONDS = 10.0  # a log that takes nothing for so long is told of
LOOK_SECONDS = 2.0
TRY_SECONDS = 10.0  # an idle monitor finds a full disk by writing its cursor this often
PROBE_SECONDS = 5.0
THREAD_SECONDS = 600.0  # messages about one directory are edited for this long, then new
_RECORDS, _COPIES = frozenset({"json", "log"}), frozenset({"json.copy", "log.copy"})


@dataclass(slots=True)
class _Trouble:
    """`since` in seconds since the epoch; `code` and `cause` name its texts, `more` fills them."""

    code: str
    place: Path
    cause: str
    since: float
    more: Mapping[str, str] = field(default_factory=dict)


class Dispatcher(Protocol):
    """Runs stored tasks (`repair.dispatcher`)."""

    def give(self, orders: Iterable[RepairTask], *, inherited: bool = False) -> None: ...
    def cancel(self, order_ids: Iterable[str]) -> None: ...


class NoTasks:
    """The dispatcher of a service that repairs nothing."""

    def give(self, orders: Iterable[RepairTask], *, inherited: bool = False) -> None:
        """Nothing is ever ordered."""

    def cancel(self, order_ids: Iterable[str]) -> None:
        """Nothing is ever ordered."""


class DegradedMode:
    """`run` works until cancelled."""

    def __init__(
        self, context: AppContext, exports: Exports, dispatcher: Dispatcher, sent: Callable[[], int | None]
    ) -> None:
        """`sent` returns the number of the last record that the fleet has, None without a fleet."""
        self._context = context
        self._store = context.store
        self._exports = exports
        self._dispatcher = dispatcher
        self._sent = sent
        self._deferred: dict[str, tuple[RepairTask, bool]] = {}
        self._alerts: dict[str, _Trouble] = {}
        self._logs_since = 0.0
        self._logged = ""
        self._retention = Retention(context.store.database)

    def submit(self, orders: Iterable[RepairTask], *, inherited: bool = False) -> None:
        """Run stored tasks, or defer them until they are stored where they outlive a kill."""
        if self._store.database.standing_in:
            self._deferred.update((order.id, (order, inherited)) for order in orders)
        else:
            self._dispatcher.give(orders, inherited=inherited)

    def cancel(self, order_ids: Iterable[str]) -> None:
        """Forget these tasks: later ones have replaced them."""
        for order_id in order_ids:
            self._deferred.pop(order_id, None)
        self._dispatcher.cancel(order_ids)

    async def refused(self, error: StoreError, since: float) -> None:
        """A change set was not stored, for the first time at `since` (monotonic). Return when it may be tried
        again."""
        if str(error) != self._logged:
            logger.error("%s", error)
            self._logged = str(error)
        database = self._store.database
        if not database.standing_in and time.monotonic() - since >= PATIENCE_SECONDS:
            with contextlib.suppress(StoreError):
                await database.stand_in()
                return
        await asyncio.sleep(STORE_RETRY)

    @property
    def line(self) -> str:
        """The alerts in words, "" when there is none."""
        language = self._context.language()
        shown = [text(f"status.{one.code}", language, **self._fields(one)) for one in self._alerts.values()]
        return "; ".join(shown)

    async def run(self) -> None:
        """Check store, logs and directories and enforce the size limits, for ever."""
        tried, swept = -float("inf"), 0.0
        while True:
            now = time.monotonic()
            if now - tried >= TRY_SECONDS:
                tried = now
                await self._context.notify((), ())
            await self._check_store()
            await self._check_logs()
            await self._check_directories()
            # By the clock that ages are counted by; one that was set back sweeps at once.
            wall = self._context.clock()
            if not 0 <= wall - swept < self._retention.pause and not self._store.database.standing_in:
                swept = wall
                with contextlib.suppress(StoreError):
                    await self._retention.sweep(self._bounds(), wall)
            await asyncio.sleep(LOOK_SECONDS)

    def _bounds(self) -> Bounds:
        kept = self._context.config().retention
        return Bounds(kept.days, kept.database, self._sent())

    async def _check_store(self) -> None:
        database, place = self._store.database, self._context.config().paths.state
        if not database.standing_in:
            return
        if "own_store" not in self._alerts:
            await self._alert("own_store", place)
        try:
            await database.come_back()
        except StoreError as error:
            logger.debug("%s", error)
            return
        self._logged = ""
        deferred, self._deferred = self._deferred, {}
        for order, inherited in deferred.values():
            self._dispatcher.give((order,), inherited=inherited)
        await self._resolve("own_store")

    async def _check_logs(self) -> None:
        failing = self._exports.failing.keys()
        if not failing & (_RECORDS | _COPIES):
            self._logs_since = 0.0
            await self._resolve("own_logs")
            return
        self._logs_since = self._logs_since or time.monotonic()
        if "own_logs" not in self._alerts and time.monotonic() - self._logs_since >= LOGS_SECONDS:
            place = self._exports.place if failing & _RECORDS else self._context.config().paths.logs
            await self._alert("own_logs", place)

    async def _check_directories(self) -> None:
        """A directory that is not used, because it is not the monitor's alone."""
        config = self._context.config()
        state = Path(config.refused_state) if config.refused_state else None
        refused, configured, instead = self._exports.refused, config.paths.logs, self._exports.place
        if state is not None:
            refused, configured, instead = directory.refusal(state, directory.ours()), state, config.paths.state
        if refused is None:
            if state is None:
                await self._resolve("own_place")
            return
        if "own_place" not in self._alerts:
            more = {"parte": refused.place, "quien": refused.owner, "propia": str(instead)}
            await self._send_alert(_Trouble("own_place", configured, refused.code, self._context.clock(), more))

    async def _alert(self, code: str, place: Path) -> None:
        await self._send_alert(_Trouble(code, place, await _cause(place), self._context.clock()))

    async def _send_alert(self, trouble: _Trouble) -> None:
        code, now = trouble.code, trouble.since
        self._alerts[code] = trouble
        fields = self._fields(trouble)
        record = events.service_event("own_files_failing", now, self._context.language(), 2, code, **fields)
        advice = text(f"own.advice.{trouble.cause}", self._context.language(), **fields)
        shown = {"carpeta": fields["ruta"], "motivo": fields["motivo"], "texto": advice}
        notice = Notification(code, NotificationCode(code), Severity.CRITICAL, now, _thread(now), fields=shown)
        await self._context.notify((record,), (notice,))

    async def _resolve(self, code: str) -> None:
        trouble = self._alerts.pop(code, None)
        if trouble is None:
            return
        now = self._context.clock()
        fields = {**self._fields(trouble), "segundos": f"{max(0.0, now - trouble.since):.0f}"}
        record = events.service_event("own_files_back", now, self._context.language(), 5, f"{code}_back", **fields)
        shown = {"carpeta": fields["ruta"], "segundos": fields["segundos"]}
        notice = Notification(
            code, NotificationCode.OWN_BACK, Severity.RECOVERABLE, now, _thread(trouble.since) + 1, fields=shown
        )
        await self._context.notify((record,), (notice,))

    def _fields(self, trouble: _Trouble) -> dict[str, str]:
        motive = text(f"own.{trouble.cause}", self._context.language(), **trouble.more)
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
