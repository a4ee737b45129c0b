"""An outbox in memory, as the store's twin, and a channel that does as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from trafico_monitor.errors import DeliveryError, StoreError
from trafico_monitor.model.alert import Notification
from trafico_monitor.model.changeset import OutboxItem
from trafico_monitor.notify.messages.markup import Message


@dataclass
class Row:
    item: OutboxItem
    next_at: float = 0.0
    told: int = 0  # the version that was sent or dropped
    error: str = ""


class MemoryOutbox:
    """Rows by (key, thread), as the store keeps them; `broken` makes every call fail."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Row] = {}
        self.dropped_for: list[tuple[int, str]] = []
        self.broken = False
        self.last: float | None = None

    def put(self, *notices: Notification) -> None:
        for notice in notices:
            place = (notice.key, notice.thread)
            if place in self.rows:
                row = self.rows[place]
                row.item = replace(row.item, notice=notice, version=row.item.version + 1)
            else:
                self.rows[place] = Row(OutboxItem(len(self.rows) + 1, notice))

    async def due(self, now: float, limit: int) -> Sequence[OutboxItem]:
        self._check()
        found = [r.item for r in self.rows.values() if r.told < r.item.version and r.next_at <= now]
        return sorted(found, key=lambda item: item.id)[:limit]

    async def sent(self, item_id: int, version: int, message_id: str, now: float) -> None:
        self._check()
        row = self._row(item_id)
        row.told = version
        row.item = replace(row.item, message_id=message_id, attempts=0)
        self.last = now

    async def last_success(self) -> float | None:
        self._check()
        return self.last

    async def postponed(self, item_id: int, error: str, next_at: float) -> None:
        self._check()
        row = self._row(item_id)
        row.item = replace(row.item, attempts=row.item.attempts + 1)
        row.next_at, row.error = next_at, error

    async def dropped(self, item_id: int, version: int, error: str, now: float) -> None:
        self._check()
        self._row(item_id).told = version
        self.dropped_for.append((item_id, error))

    async def waiting(self) -> int:
        self._check()
        return sum(r.told < r.item.version for r in self.rows.values())

    def _row(self, item_id: int) -> Row:
        return next(r for r in self.rows.values() if r.item.id == item_id)

    def _check(self) -> None:
        if self.broken:
            raise StoreError("database is locked")


@dataclass
class ScriptedChannel:
    """Takes messages, unless `down` (or an entry of `poison` found in the text) says otherwise."""

    name: str = "scripted"
    remark: str = ""
    edits: bool = True
    down: DeliveryError | Exception | None = None
    poison: dict[str, DeliveryError] = field(default_factory=dict)
    calls: list[tuple[str | None, str]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    closed: bool = False

    async def close(self) -> None:
        self.closed = True

    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        self.calls.append((message_id, message.plain))
        if self.down is not None:
            raise self.down
        for mark, error in self.poison.items():
            if mark in message.plain:
                raise error
        if message_id is None:
            message_id = str(1000 + len(self.shown))
        self.shown[message_id] = message.plain
        return message_id


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
