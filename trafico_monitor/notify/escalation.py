"""An alert without an answer: reminders at one interval, and further channels one after another. Pure.

The caller decides which alerts are still active; this module computes what is due for them at a given time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..config.schema import Alerts
from ..model.alert import Alert, Notification, NotificationCode, Severity

# A failed download is past mending by waiting: after a day it is a matter for the report.
LONGEST_SECONDS = 86400.0
# Up to this many alerts have a reminder each; more of them share one.
FEW = 3
# A reminder that could not be sent for so long is not sent: the next one has the state of then.
STALE_SECONDS = 120.0
_MOST_NAMED = 50  # alerts in one reminder; the rest are counted
_THREADS_A_SECOND = 1000


def fired(notification: Notification, previous: Alert | None, since: float, *, muted: bool = False) -> Alert:
    """The alert that `notification` starts at `since`; `previous` is the one that its key had before."""
    reached = previous.reached if previous else ()
    return Alert(
        key=notification.key,
        notice=notification,
        since=since,
        base=since,
        reached=reached if muted else tuple(dict.fromkeys((*reached, *notification.to))),
        escalated=previous.escalated if previous else 0,
        acknowledged_by=notification.incident.acknowledged_by if notification.incident else "",
        muted=muted,
    )


def escalate(alert: Alert, config: Alerts, now: float) -> tuple[Alert, tuple[str, ...]]:
    """The alert after `now`, and the channels that are due: those not reached yet."""
    names = config.escalate_to[: len(config.escalate_after)]
    step = alert.escalated
    while step < len(names) and now >= alert.since + config.escalate_after[step]:
        step += 1
    if step == alert.escalated:
        return alert, ()
    channels = tuple(name for name in names[alert.escalated : step] if name not in alert.reached)
    return replace(alert, escalated=step, reached=(*alert.reached, *channels)), channels


def is_reminder_due(alert: Alert, config: Alerts, now: float) -> bool:
    return config.remind_every > 0 and now >= alert.base + config.remind_every


def reminded(alert: Alert, config: Alerts, now: float) -> Alert:
    """The alert after a reminder. The next one is an interval after this one was due, however late it was sent:
    reminders do not drift. One that was sent early, together with others, counts from `now`."""
    rounds = (now - alert.base) // config.remind_every
    return replace(alert, base=alert.base + rounds * config.remind_every if rounds > 0 else now)


def next_time(alert: Alert, config: Alerts) -> float:
    """When `alert` is next due for anything; infinity for never."""
    expires = alert.notice.code is NotificationCode.FAILED or alert.acknowledged_by
    times = [alert.since + LONGEST_SECONDS] if expires else []
    if not alert.acknowledged_by:
        times += [alert.base + config.remind_every] if config.remind_every > 0 else []
        if alert.escalated < min(len(config.escalate_to), len(config.escalate_after)):
            times.append(alert.since + config.escalate_after[alert.escalated])
    return min(times, default=float("inf"))


def is_critical(alert: Alert) -> bool:
    return alert.notice.severity is Severity.CRITICAL


def reminders(alerts: Sequence[tuple[Alert, Notification]], channels: Sequence[str], now: float) -> list[Notification]:
    """One reminder for each of `channels` that an alert has reached, about the alerts that have reached it; each
    alert comes with its present notification."""
    by_alerts: dict[tuple[int, ...], list[str]] = {}
    for channel in channels:
        mine = tuple(number for number, (alert, _) in enumerate(alerts) if channel in alert.reached)
        if mine:
            by_alerts.setdefault(mine, []).append(channel)
    # Several in one second are several messages: none may edit another.
    first = int(now) * _THREADS_A_SECOND
    return [
        _reminder([alerts[number] for number in mine], tuple(to), now, first + place)
        for place, (mine, to) in enumerate(by_alerts.items())
    ]


def _reminder(
    alerts: Sequence[tuple[Alert, Notification]], to: tuple[str, ...], now: float, thread: int
) -> Notification:
    fields = {"total": str(len(alerts)), "sin_respuesta": f"{now - min(alert.since for alert, _ in alerts):.0f}"}
    severity = max(notification.severity for _, notification in alerts)
    about = tuple(notification for _, notification in alerts[:_MOST_NAMED])
    code = NotificationCode.REMINDER
    return Notification(code.value, code, severity, now, thread, fields=fields, about=about, to=to)
