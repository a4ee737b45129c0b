"""What a silence keeps back. Pure.

A silence is somebody's wish and holds for whatever it matches, also for what is critical. A
maintenance is nobody's wish but a guess (the unit was stopped on purpose): it only holds
recoverable news back, until it is over.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.alert import Notification, Scope, Silence
from .routing import topic

# The bot's unit runs again: what its start shakes loose is still part of the maintenance.
SETTLING_SECONDS = 15.0
# Why a maintenance goes on or has ended.
STOPPED, STARTED, DIED = "stopped", "started", "died"
# Answers to what a person does; and how a silence has ended.
NEVER_SILENCED = frozenset({"test", "muted"})


def silencing(notice: Notification, silences: Iterable[Silence], now: float) -> Silence | None:
    """The silence that keeps `notice` back at `now`, or None."""
    if notice.code in NEVER_SILENCED:
        return None
    return next((one for one in silences if holds(one, now) and _matches(one, notice)), None)


def maintenance(silences: Iterable[Silence], now: float) -> Silence | None:
    """The maintenance that `now` lies in, or None."""
    return next((one for one in silences if one.scope is Scope.MAINTENANCE and holds(one, now)), None)


def of_the_new_run(notice: Notification, during: Silence) -> bool:
    """True for an incident that began after the unit was started again: no news of the stop."""
    incident = notice.incident
    return incident is not None and during.reason == STARTED and incident.opened_at >= during.until - SETTLING_SECONDS


def holds(silence: Silence, now: float) -> bool:
    return silence.since <= now < silence.until


def _matches(silence: Silence, notice: Notification) -> bool:
    incident = notice.incident
    match silence.scope:
        case Scope.ALL:
            return True
        case Scope.TYPE:
            return bool(silence.value) and topic(notice) == silence.value
        case Scope.MODELO:
            return incident is not None and incident.download.modelo == silence.value
        case Scope.INCIDENT:
            return notice.key == silence.value
    return False
