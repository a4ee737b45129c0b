"""Interfaces of delivery: the durable queue of a channel, and the channel to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...errors import DeliveryError
from ...model.changeset import OutboxItem
from ..messages.markup import Message


class Outbox(Protocol):
    """One channel's part of the durable queue. `due` returns items in the order in which they were written."""

    async def due(self, now: float, limit: int) -> Sequence[OutboxItem]: ...
    async def sent(self, item_id: int, version: int, message_id: str, now: float) -> None: ...
    async def postponed(self, item_id: int, error: str, next_at: float) -> None: ...
    async def dropped(self, item_id: int, version: int, error: str, now: float) -> None: ...
    async def waiting(self) -> int: ...
    async def last_success(self) -> float | None: ...  # when the channel last accepted a message


class Channel(Protocol):
    """A channel to a person. `deliver` returns the channel's id of the message; given `message_id`, it edits that
    message. It raises DeliveryError, and has a deadline of its own.

    Where `edits` is False, `message_id` is never given, and only the beginning and the end of an incident are
    delivered, each as a message of its own.
    """

    @property
    def name(self) -> str: ...  # that of [channels.NAME]
    @property
    def remark(self) -> str: ...  # what the operator should know or fix, "" for nothing
    @property
    def edits(self) -> bool: ...
    async def deliver(self, message: Message, *, message_id: str | None) -> str: ...
    async def close(self) -> None: ...


class RefusedByServer(DeliveryError):
    """The channel was reached and answered, but refused the message."""
