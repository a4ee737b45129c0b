"""What keeps a notification back: silences, maintenance and mute times. Pure.

A silence is somebody's wish and holds for whatever it matches, critical or not. Maintenance is a
guess (the unit was stopped on purpose): it defers recoverable notifications only, until it ends.
Mute times defer recoverable notifications until their end; critical ones are sent at once, and so
are the resolution of a critical alert and messages without sound (start, stop, summary).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from ..model.alert import Notification, NotificationCode, Scope, Silence
from .routing import topic

# The bot's unit runs again: failures of its start are still part of the maintenance.
SETTLING_SECONDS = 15.0
# Replies to what a person does, and the report of a silence that has ended.
_NEVER_SILENCED = frozenset({NotificationCode.TEST, NotificationCode.MUTED})


class MaintenanceReason(StrEnum):
    """Why maintenance goes on or has ended: the `reason` of its silence."""

    STOPPED = "stopped"
    STARTED = "started"
    DIED = "died"


def matching_silence(notification: Notification, silences: Iterable[Silence], now: float) -> Silence | None:
    """The first silence that is active at `now` and matches `notification`."""
    if notification.code in _NEVER_SILENCED:
        return None
    return next((silence for silence in silences if is_active(silence, now) and _matches(silence, notification)), None)


def active_maintenance(silences: Iterable[Silence], now: float) -> Silence | None:
    """The maintenance that is active at `now`."""
    return next((s for s in silences if s.scope is Scope.MAINTENANCE and is_active(s, now)), None)


def began_after_restart(notification: Notification, maintenance: Silence) -> bool:
    """True for an incident opened after the unit was started again: the stop did not cause it."""
    incident = notification.incident
    restarted = maintenance.reason == MaintenanceReason.STARTED
    return incident is not None and restarted and incident.opened_at >= maintenance.until - SETTLING_SECONDS


def is_active(silence: Silence, now: float) -> bool:
    return silence.since <= now < silence.until


def _matches(silence: Silence, notification: Notification) -> bool:
    incident = notification.incident
    match silence.scope:
        case Scope.ALL:
            return True
        case Scope.TYPE:
            return bool(silence.value) and topic(notification) == silence.value
        case Scope.MODELO:
            return incident is not None and incident.download.modelo == silence.value
        case Scope.INCIDENT:
            return notification.key == silence.value
    return False


@dataclass(frozen=True, slots=True)
class MuteTimes:
    """Daily hours from `begin` to `end`: "HH:MM" on the clock of `zone` (None: this machine's), "" for
    none. An end before the beginning is on the next day."""

    begin: str = ""
    end: str = ""
    zone: tzinfo | None = None

    def until(self, now: float) -> float | None:
        """The end (seconds since the epoch) of the mute time that contains `now`; None outside of it.

        On the day that the clock is changed, it ends when the clock shows `end` again after `now`.
        """
        begin, end = self.begin, self.end
        if not begin or not end or begin == end:
            return None
        here = datetime.fromtimestamp(now, self.zone)
        shown = here.strftime("%H:%M")
        if not (begin <= shown < end if begin < end else shown >= begin or shown < end):
            return None
        day = here.date() if shown < end else here.date() + timedelta(days=1)
        hour, minute = (int(part) for part in end.split(":"))
        ends = (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone, fold=fold).timestamp()
            for fold in (0, 1)
        )
        # An hour that occurs twice (autumn): the first that is still ahead.
        return next((at for at in ends if at > now), None)
