"""An alert that has rung, until it is solved: who has been rung, and whether anybody has answered."""

from __future__ import annotations

from dataclasses import dataclass

from .notification import Notification

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
