"""The decision about one notification: whether it is sent now, later, or only edits a message. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from ..model.alert import Alert, Notification, NotificationCode, Severity, Silence
from . import escalation
from .routing import topic
from .silences import MuteTimes, active_maintenance, began_after_restart, matching_silence

# Their cause is one for the whole machine: while one of them is active, the others of its cause do not ring.
_OF_CAUSES = frozenset({NotificationCode.CRITICAL, NotificationCode.SPACE_CRITICAL, NotificationCode.SERVER_DOWN})


class Action(Enum):
    """The last four send no message now; a message that is there already is edited all the same."""

    SEND = auto()
    HOLD_UNTIL = auto()  # sent by the outbox at `Disposition.until`
    EDIT_ONLY = auto()
    SUPPRESS_SILENCED = auto()  # the alert fires when the silence ends, if it is still active
    HOLD_FOR_MAINTENANCE = auto()  # classified again when the maintenance ends
    DROP = auto()  # together with what was deferred of the same key


class Reason(Enum):
    DUE = auto()
    ACKNOWLEDGED = auto()  # the alert's own message, with who has acknowledged it
    SILENCED = auto()
    MAINTENANCE = auto()
    NEVER_SENT = auto()  # it resolves what maintenance has deferred
    MUTE_TIME = auto()
    INHIBITED = auto()  # an active alert of the same cause has been sent


@dataclass(frozen=True, slots=True)
class Disposition:
    """`silence` is the silence or the maintenance that is the reason."""

    action: Action
    reason: Reason
    until: float = 0.0
    silence: Silence | None = None


def classify(
    notification: Notification,
    alert: Alert | None,
    silences: Iterable[Silence],
    mute_times: MuteTimes,
    now: float,
    *,
    deferred: bool = False,
    inhibited: bool = False,
) -> Disposition:
    """The disposition of `notification` at `now`. `alert` is the active one of its key; `deferred`: maintenance
    has deferred another notification of its key; `inhibited`: there is an `inhibitor` of it."""
    silences = tuple(silences)
    if alert is not None and _acknowledges(notification, alert):
        return Disposition(Action.EDIT_ONLY, Reason.ACKNOWLEDGED)
    if silence := matching_silence(notification, silences, now):
        if notification.code is NotificationCode.RESCUED:  # a person has to act, and it does not end by itself
            return Disposition(Action.HOLD_UNTIL, Reason.SILENCED, silence.until, silence)
        return Disposition(Action.SUPPRESS_SILENCED, Reason.SILENCED, silence=silence)
    if inhibited and not _was_sent(alert):
        return Disposition(Action.EDIT_ONLY, Reason.INHIBITED)
    maintenance = active_maintenance(silences, now)
    if maintenance is not None and _is_deferrable(notification, alert, maintenance):
        if notification.code.edits:
            return Disposition(Action.EDIT_ONLY, Reason.MAINTENANCE, silence=maintenance)
        if not notification.code.resolves:
            return Disposition(Action.HOLD_FOR_MAINTENANCE, Reason.MAINTENANCE, silence=maintenance)
        if deferred and not _was_sent(alert):
            return Disposition(Action.DROP, Reason.NEVER_SENT, silence=maintenance)
    until = mute_times.until(now)
    if until is not None and notification.severity is Severity.RECOVERABLE and not _is_audible(alert):
        return Disposition(Action.HOLD_UNTIL, Reason.MUTE_TIME, until)
    return Disposition(Action.SEND, Reason.DUE)


def inhibitor(notification: Notification, alerts: Iterable[Alert]) -> Alert | None:
    """The active alert that has told the cause of `notification` (a full disk, a dead server) on all its channels."""
    if notification.code not in _OF_CAUSES:
        return None
    return next((alert for alert in alerts if _leads(alert, notification)), None)


def _leads(alert: Alert, notification: Notification) -> bool:
    if alert.muted or alert.over or alert.notice.code not in _OF_CAUSES or alert.key == notification.key:
        return False
    return topic(alert.notice) == topic(notification) and set(notification.to) <= set(alert.reached)


def alert_after(notification: Notification, disposition: Disposition, alert: Alert | None, now: float) -> Alert | None:
    """The alert of `notification`'s key after `disposition`; None where it stays as it is."""
    match disposition.reason:
        case Reason.MAINTENANCE | Reason.NEVER_SENT:
            return None
        case Reason.INHIBITED:  # the waiting incidents end with their cause; another alert may outlast the first
            return None if notification.incident else escalation.fired(notification, alert, now, muted=True)
        case Reason.ACKNOWLEDGED:
            assert alert is not None and notification.incident is not None
            return replace(alert, notice=notification, acknowledged_by=notification.incident.acknowledged_by)
    if notification.code.fires:
        if disposition.reason is Reason.SILENCED:
            return escalation.fired(notification, alert, now, muted=True)
        if disposition.action is Action.HOLD_UNTIL:
            notification = replace(notification, hold=disposition.until)
        return escalation.fired(notification, alert, notification.hold or now)
    return replace(alert, over=True) if notification.code.resolves and alert is not None else None


def _acknowledges(notification: Notification, alert: Alert) -> bool:
    incident = notification.incident
    known = incident is not None and bool(incident.acknowledged_by)
    return known and not alert.acknowledged_by and notification.thread == alert.notice.thread


def _is_deferrable(notification: Notification, alert: Alert | None, maintenance: Silence) -> bool:
    if notification.severity is not Severity.RECOVERABLE or notification.code is NotificationCode.RESCUED:
        return False
    if began_after_restart(notification, maintenance):
        return False
    return not (_was_sent(alert) and alert is not None and escalation.is_critical(alert))


def _was_sent(alert: Alert | None) -> bool:
    return alert is not None and bool(alert.reached)


def _is_audible(alert: Alert | None) -> bool:
    """True for a critical alert that nobody has silenced: its resolution is sent at any hour."""
    return alert is not None and not alert.muted and escalation.is_critical(alert)
