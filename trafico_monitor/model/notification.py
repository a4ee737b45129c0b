"""Something the administrator is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from .incident import Incident


class Severity(IntEnum):
    INFO = 0  # start, stop, summary
    RECOVERABLE = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Notification:
    """`key` names the conversation: an incident's id, or `service`, `space`, `unit`,
    `silence`, `blind`, `muted`, `reminder`.

    Notices of one key and one `thread` are one message that is edited; a new thread is a new
    message, so that the phone rings. `code` is `notice.<code>` in messages/. `about` are the
    alerts that a reminder is about.

    The rest says where it goes, and is no part of what it tells: `to` are channels, `hold` the
    earliest time (seconds since the epoch) for a message that would ring, and `only_edit` lets
    it change a message that is there already, but make no new one.
    """

    key: str
    code: str
    severity: Severity
    at: float
    thread: int = 0
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    about: tuple[Notification, ...] = ()
    to: tuple[str, ...] = ("admin",)
    hold: float = 0.0
    only_edit: bool = False
