"""Notifications for the administrator, alerts that fire until they are resolved, and silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

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


# What rings without an incident, and is acknowledged by this name.
ALARM_KEYS = ("unit", "space", "own_store", "own_logs", "own_place")


@dataclass(frozen=True, slots=True)
class Alert:
    """`key` is that of its notices; one key has one alarm, the last that rang (`notice`).

    Times are seconds since the epoch. Escalation counts from `since`, reminders from `base`, which
    is later where one reminder spoke of several. `reached` are the channels that were rung;
    `muted` says that a silence holds it back: it rings (again) when that ends. `over` is an
    alarm that is forgotten with this step.
    """

    key: str
    notice: Notification
    since: float
    base: float
    reached: tuple[str, ...] = ()
    escalated: int = 0  # how many of `alerts.escalate_to` have had their turn
    acknowledged_by: str = ""
    acknowledged_at: float | None = None  # of one that no incident stands behind; an incident has it itself
    muted: bool = False
    over: bool = False

    @property
    def name(self) -> str:
        """What a button beneath its message means: this alarm, and none that rang later."""
        return alarm_name(self.notice)


def alarm_name(notice: Notification) -> str:
    return f"{notice.key}-{notice.thread}"


class Scope(str, Enum):
    ALL = "all"
    TYPE = "type"  # value: an error_type
    MODELO = "modelo"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"  # the bot's unit is being restarted on purpose


@dataclass(frozen=True, slots=True)
class Silence:
    """`id` is short and unique; times are seconds since the epoch; `by` says who asked for it.
    `silenced` counts the notices that it has kept back. Ending one is moving its `until`;
    `reported` says that its end has been told."""

    id: str
    scope: Scope
    value: str
    since: float
    until: float
    reason: str
    by: str
    silenced: int = 0
    reported: bool = False
