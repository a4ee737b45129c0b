"""The alert engine: routes each notification, decides whether it is sent now, and keeps the alerts until they
are resolved. Pure.

Its state is alerts, silences and the notifications that maintenance defers; each step returns what it changes
of that state, to be stored with the step. The decisions are `disposition.classify` and `escalation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ..model.alert import Alert, Notification, NotificationCode, Scope, Severity, Silence
from ..model.incident import Incident
from . import escalation
from .disposition import Action, Disposition, Reason, alert_after, classify, inhibitor
from .routing import RoutingConfig, merge_channels, resolve_channels
from .silences import (
    SETTLING_SECONDS,
    MaintenanceReason,
    MuteTimes,
    active_maintenance,
    is_active,
    matching_silence,
)
from .triggers import ACKNOWLEDGED_AT, ACKNOWLEDGED_BY

WAITING = "en_espera"  # field of an alert about a cause: the number of downloads that wait for its end

# Gives an incident as it is now; None for one that is not kept any more.
Current = Callable[[str], Incident | None]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An event for the record. `code` has a MESSAGE_ID; `notification` or `silence` is its subject."""

    code: str
    notification: Notification | None = None
    silence: Silence | None = None
    channel: str = ""


@dataclass(slots=True)
class AlertChanges:
    """The result of one step: `notifications` with their channels; the rest is state as it is now. `released`
    are the (key, thread) of notifications that are deferred no longer."""

    notifications: list[Notification] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    deferred: dict[tuple[str, int], Notification] = field(default_factory=dict)
    released: list[tuple[str, int]] = field(default_factory=list)
    events: list[AlertEvent] = field(default_factory=list)


class AlertEngine:
    def __init__(self, routing: RoutingConfig) -> None:
        self.routing = routing
        self._alerts: dict[str, Alert] = {}
        self._silences: dict[str, Silence] = {}
        self._deferred: dict[tuple[str, int], Notification] = {}
        self._next_due = 0.0  # nothing is due before

    def reload(self, routing: RoutingConfig) -> None:
        """Use another configuration from now on."""
        self.routing = routing
        self._next_due = 0.0

    def restore(self, alerts: Iterable[Alert], silences: Iterable[Silence], deferred: Iterable[Notification]) -> None:
        """Continue from the last stored step."""
        self._alerts = {alert.key: alert for alert in alerts}
        self._silences = {silence.id: silence for silence in silences}
        self._deferred = {(notification.key, notification.thread): notification for notification in deferred}
        self._next_due = 0.0

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(self._alerts.values())

    def active_silences(self, now: float) -> tuple[Silence, ...]:
        return tuple(silence for silence in self._silences.values() if is_active(silence, now))

    def find_alert(self, name: str) -> Alert | None:
        """The alert without an incident that `name` means: its key, or its whole name, which is that
        of this alert only. An incident is acknowledged by its own id."""
        wanted = name.strip().removeprefix("#").lower()
        own = (alert for alert in self._alerts.values() if alert.notice.incident is None)
        return next((alert for alert in own if wanted in (alert.key, alert.name)), None)

    # Steps.

    def notify(self, notifications: Iterable[Notification], now: float) -> AlertChanges:
        """Route and classify `notifications`."""
        changes = AlertChanges()
        for notification in notifications:
            self._notify(notification, changes, now)
        return changes

    def set_silences(self, silences: Iterable[Silence]) -> None:
        """Add silences that a person has begun, or replace those that a person has ended; the caller stores them."""
        for silence in silences:
            known = self._silences.get(silence.id)
            self._silences[silence.id] = replace(silence, silenced=known.silenced) if known else silence
            self._next_due = 0.0

    def acknowledge(self, key: str, by: str, at: float) -> AlertChanges:
        """Acknowledge the alert `key` (an incident has its own acknowledgement): no more reminders and no further
        channels until it is resolved. Its message shows `by`; when it fires again, that is a new alert."""
        changes = AlertChanges()
        alert = self._alerts.get(key)
        if alert is not None and not alert.acknowledged_by:
            alert = _with_acknowledgement(replace(alert, acknowledged_by=by, acknowledged_at=at))
            changes.notifications.append(replace(alert.notice, to=self._reached(alert), only_edit=True))
            self._put(alert, changes)
        return changes

    def update(self, notifications: Iterable[Notification]) -> AlertChanges:
        """Update messages already sent, in every channel that the alert has reached and with its acknowledgement.
        Fires no alert and resets no reminder."""
        changes = AlertChanges()
        for notification in notifications:
            alert = self._alerts.get(notification.key)
            if alert is not None and alert.notice.thread == notification.thread:
                waiting = {name: value for name, value in alert.notice.fields.items() if name == WAITING}
                notice = replace(notification, to=alert.notice.to, fields={**notification.fields, **waiting})
                alert = _with_acknowledgement(replace(alert, notice=notice))
                notification = replace(alert.notice, to=self._reached(alert))
                self._put(alert, changes)
            changes.notifications.append(replace(notification, only_edit=True))
        return changes

    def unit_stopping(self, unit: str, at: float, now: float) -> AlertChanges:
        """Begin or prolong maintenance: somebody stops the bot's unit. It ends when the unit has started, when it
        dies, or after `alerts.maintenance`."""
        changes, ongoing = AlertChanges(), active_maintenance(self._silences.values(), now)
        until, stopped = at + self.routing.alerts.maintenance, MaintenanceReason.STOPPED
        if until <= now:  # a stop of long ago, read late
            return changes
        name = ongoing.id if ongoing else f"M{int(at)}"
        begun = ongoing or Silence(name, Scope.MAINTENANCE, unit, at, until, stopped.value, "systemd")
        self._put_silence(replace(begun, until=until, reason=stopped.value), changes)
        if ongoing is None:
            changes.events.append(AlertEvent("maintenance", silence=begun))
        return changes

    def unit_started(self, at: float, now: float) -> AlertChanges:
        """Let maintenance end soon: the bot's unit runs again."""
        return self._end_maintenance(at + SETTLING_SECONDS, MaintenanceReason.STARTED, now)

    def unit_died(self, now: float) -> AlertChanges:
        """End maintenance now: the bot's unit ended by itself."""
        return self._end_maintenance(now, MaintenanceReason.DIED, now)

    def tick(self, now: float, current: Current) -> AlertChanges:
        """End the silences that are over; send reminders and escalations of alerts that nobody has acknowledged."""
        changes = AlertChanges()
        if now < self._next_due:
            return changes
        for silence in [silence for silence in self._silences.values() if silence.until <= now]:
            self._end(silence, changes, now, current)
        for alert in self.alerts:
            self._update_muted(alert, changes, now, current)
        # In this order: a channel that an escalation reaches now needs no reminder now.
        self._remind(changes, now, current)
        for alert in self._unanswered(now, current):
            self._escalate(alert, changes, now, current)
        self._next_due = self._next_time(now)
        return changes

    # One notification: decision and effect.

    def _notify(self, notification: Notification, changes: AlertChanges, now: float) -> None:
        code, alert = notification.code, self._alerts.get(notification.key)
        to = resolve_channels(notification, self.routing)
        if alert is not None and (code.resolves or code.fires):
            to = merge_channels(to, alert.reached, self.routing)
        notification = replace(notification, to=to)
        deferred = any(key == notification.key for key, _ in self._deferred)
        silences, leader = self._silences.values(), inhibitor(notification, self.alerts)
        disposition = classify(
            notification, alert, silences, self._mute_times, now, deferred=deferred, inhibited=leader is not None
        )
        self._apply(disposition, notification, alert, changes, now)
        if leader is not None and disposition.reason is Reason.INHIBITED and notification.incident is not None:
            self._count_waiting(leader, changes)

    def _count_waiting(self, leader: Alert, changes: AlertChanges) -> None:
        """Count one more download that waits for the same cause in the message that tells it."""
        notice = leader.notice
        known = 0 if notice.incident is None or notice.incident.of_machine else 1
        waiting = int(notice.fields.get(WAITING, known)) + 1
        leader = replace(leader, notice=replace(notice, fields={**notice.fields, WAITING: str(waiting)}))
        changes.notifications.append(replace(leader.notice, to=self._reached(leader), only_edit=True))
        self._put(leader, changes)

    def _apply(
        self,
        disposition: Disposition,
        notification: Notification,
        alert: Alert | None,
        changes: AlertChanges,
        now: float,
    ) -> None:
        match disposition.action:
            case Action.SEND:
                sent = notification
            case Action.HOLD_UNTIL:
                sent = replace(notification, hold=disposition.until)
            case _:
                sent = replace(notification, only_edit=True)
        changes.notifications.append(sent)
        silence = disposition.silence
        if silence is not None and disposition.reason in (Reason.SILENCED, Reason.NEVER_SENT):
            self._put_silence(replace(silence, silenced=silence.silenced + 1), changes)
        if disposition.reason is Reason.SILENCED:
            changes.events.append(AlertEvent("notice_silenced", notification, silence))
        if disposition.action is Action.HOLD_FOR_MAINTENANCE:
            place = (notification.key, notification.thread)
            self._deferred[place] = changes.deferred[place] = notification
        elif disposition.action is Action.DROP:
            self._release(notification.key, changes)
        after = alert_after(notification, disposition, alert, now)
        if after is not None:
            self._put(after, changes)

    def _release(self, key: str, changes: AlertChanges) -> None:
        for place in [place for place in self._deferred if place[0] == key]:
            del self._deferred[place]
            changes.deferred.pop(place, None)
            changes.released.append(place)

    # Time.

    def _end(self, silence: Silence, changes: AlertChanges, now: float, current: Current) -> None:
        del self._silences[silence.id]
        changes.silences[silence.id] = over = replace(silence, reported=True)
        if silence.scope is not Scope.MAINTENANCE:
            changes.events.append(AlertEvent("silence_over", silence=over))
            if silence.silenced:
                self._notify(_report(over, now), changes, now)
            return
        changes.events.append(AlertEvent("maintenance_over", silence=over))
        for place, notification in list(self._deferred.items()):
            del self._deferred[place]
            changes.released.append(place)
            self._notify(_as_now(notification, current), changes, now)
        if silence.reason == MaintenanceReason.STOPPED:
            self._notify(_still_stopped(silence, now), changes, now)

    def _end_maintenance(self, until: float, reason: MaintenanceReason, now: float) -> AlertChanges:
        changes, ongoing = AlertChanges(), active_maintenance(self._silences.values(), now)
        if ongoing is not None:
            if reason is MaintenanceReason.STARTED:
                until = min(ongoing.until, until)
            self._put_silence(replace(ongoing, until=until, reason=reason.value), changes)
        return changes

    def _update_muted(self, alert: Alert, changes: AlertChanges, now: float, current: Current) -> None:
        silenced = matching_silence(alert.notice, self._silences.values(), now) is not None
        muted = silenced or (not alert.reached and inhibitor(alert.notice, self.alerts) is not None)
        if alert.muted and not muted:
            self._fire_after_silence(alert, changes, now, current)
            return
        if muted != alert.muted:
            self._put(replace(alert, muted=True), changes)
            return
        expires = alert.acknowledged_by or alert.notice.code is NotificationCode.FAILED
        if expires and now - alert.since > escalation.LONGEST_SECONDS and not _is_open(alert, current):
            self._put(replace(alert, over=True), changes)

    def _fire_after_silence(self, alert: Alert, changes: AlertChanges, now: float, current: Current) -> None:
        """The silence has ended and the alert is still active: it fires, and its times count from now."""
        if not alert.reached:
            self._put(replace(alert, muted=False), changes)
            if not alert.acknowledged_by or alert.notice.incident is not None:
                self._notify(_as_now(alert.notice, current), changes, now)
            return
        base = now - self.routing.alerts.remind_every
        self._put(replace(alert, muted=False, since=now, base=base), changes)

    def _unanswered(self, now: float, current: Current) -> list[Alert]:
        """The alerts that reminders and escalation are about at `now`."""
        return [alert for alert in self.alerts if self._is_unanswered(alert, now, current)]

    def _is_unanswered(self, alert: Alert, now: float, current: Current) -> bool:
        if alert.muted or alert.over or alert.acknowledged_by or now < alert.since:
            return False
        if self._mute_times.until(now) is not None and not escalation.is_critical(alert):
            return False
        # A person has had the failed download tried again.
        return not (alert.notice.code is NotificationCode.FAILED and _is_open(alert, current))

    def _escalate(self, alert: Alert, changes: AlertChanges, now: float, current: Current) -> None:
        after, due = escalation.escalate(alert, self.routing.alerts, now)
        if after is alert:
            return
        self._put(after, changes)
        channels = tuple(name for name in due if name in self.routing.channels)
        if channels:
            notification = _as_now(alert.notice, current)
            fields = {**notification.fields, "sin_respuesta": f"{now - alert.since:.0f}"}
            sent = replace(notification, at=now, to=channels, hold=0.0, fields=fields)
            # Whoever has it sees how long it has waited; a channel that had it in a digest gets no second message.
            changes.notifications += [replace(sent, only_edit=True), sent]
            changes.events += [AlertEvent("escalated", notification, channel=name) for name in channels]

    def _remind(self, changes: AlertChanges, now: float, current: Current) -> None:
        config = self.routing.alerts
        unanswered = self._unanswered(now, current)
        due = [alert for alert in unanswered if escalation.is_reminder_due(alert, config, now)]
        if not due:
            return
        named = unanswered if len(unanswered) > escalation.FEW else due
        about = [(alert, _as_now(alert.notice, current)) for alert in named]
        changes.notifications += escalation.reminders(about, self.routing.channels, now)
        for alert in named:
            self._put(escalation.reminded(alert, config, now), changes)

    def _next_time(self, now: float) -> float:
        times = [silence.until for silence in self._silences.values()]
        times += [
            escalation.next_time(alert, self.routing.alerts) for alert in self._alerts.values() if not alert.muted
        ]
        soonest = min(times, default=float("inf"))
        # What is due and was not done waits for the end of the mute time, or for a person.
        return soonest if soonest > now else now + 1.0

    # State.

    @property
    def _mute_times(self) -> MuteTimes:
        return MuteTimes(self.routing.alerts.quiet_from, self.routing.alerts.quiet_until)

    def _reached(self, alert: Alert) -> tuple[str, ...]:
        return merge_channels(alert.notice.to, alert.reached, self.routing)

    def _put(self, alert: Alert, changes: AlertChanges) -> None:
        if alert.over:
            self._alerts.pop(alert.key, None)
        else:
            self._alerts[alert.key] = alert
        changes.alerts[alert.key] = alert
        self._next_due = 0.0

    def _put_silence(self, silence: Silence, changes: AlertChanges) -> None:
        self._silences[silence.id] = changes.silences[silence.id] = silence
        self._next_due = 0.0


def _with_acknowledgement(alert: Alert) -> Alert:
    """`alert` with its acknowledgement among the fields of its notification; an incident shows its own."""
    if alert.notice.incident is not None or not alert.acknowledged_by:
        return alert
    known = {ACKNOWLEDGED_BY: alert.acknowledged_by, ACKNOWLEDGED_AT: f"{alert.acknowledged_at or 0.0:.0f}"}
    return replace(alert, notice=replace(alert.notice, fields={**alert.notice.fields, **known}))


def _as_now(notification: Notification, current: Current) -> Notification:
    """`notification` with its incident as it is now."""
    incident = None if notification.incident is None else current(notification.incident.id)
    return notification if incident is None else replace(notification, incident=incident)


def _is_open(alert: Alert, current: Current) -> bool:
    incident = None if alert.notice.incident is None else current(alert.notice.incident.id)
    return incident.open if incident is not None else alert.notice.incident is None


def _report(silence: Silence, now: float) -> Notification:
    """The report of a silence that has ended."""
    fields = {
        "silenciados": str(silence.silenced),
        "motivo": silence.reason,
        "desde": f"{silence.since:.0f}",
        "hasta": f"{silence.until:.0f}",
    }
    return Notification("muted", NotificationCode.MUTED, Severity.INFO, now, int(silence.since), fields=fields)


def _still_stopped(maintenance: Silence, now: float) -> Notification:
    fields = {"unidad": maintenance.value, "desde": f"{maintenance.since:.0f}"}
    code = NotificationCode.UNIT_STOPPED
    return Notification("unit", code, Severity.RECOVERABLE, now, int(maintenance.since), fields=fields)
