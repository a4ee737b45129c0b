"""What one step of the pipeline wants kept: written in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .attempt import Attempt
from .incident import Incident
from .notice import Notice
from .order import Order
from .record import Record
from .unknown import UnknownKind


@dataclass(frozen=True, slots=True)
class Changes:
    """`finished` are ids of orders that need not run any more. `cursor` is that of the last
    entry taken in; `memory` is the JSON-able state of detection and of the conditions (open
    tracebacks, context of downloads under way): restoring both is going on where one was."""

    incidents: tuple[Incident, ...] = ()
    records: tuple[Record, ...] = ()
    orders: tuple[Order, ...] = ()
    finished: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    unknown: tuple[UnknownKind, ...] = ()  # kinds of errors that no rule knows, as they stand now
    attempts: tuple[Attempt, ...] = ()  # for the ledger
    cursor: str | None = None
    memory: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What is read back at start: open incidents and those closed in the last hour, orders that
    were given and not finished, and the memory and cursor of the last transaction."""

    incidents: tuple[Incident, ...] = ()
    orders: tuple[Order, ...] = ()
    cursor: str = ""
    memory: Mapping[str, object] | None = None
    unknown: tuple[UnknownKind, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to one channel. `version` counts what it should say, so that a message that
    changed while it was being sent is edited afterwards; `message_id` is the channel's own."""

    id: int
    notice: Notice
    version: int = 1
    message_id: str | None = None
    attempts: int = 0
