"""An alarm that nobody answers: reminders at one interval, and further channels one after another.

Pure. What stands still is decided by whoever calls: here is only what time does to one alarm.
"""

from __future__ import annotations

from dataclasses import replace

from ..config.alerts import Alerts
from ..model.alert import Alert, Notification, Severity

# A failed download is past mending by waiting: after a day it is a matter for the report.
LONGEST_SECONDS = 86400.0
# As many alarms as this are reminded of one by one; more are one reminder of all of them.
FEW = 3


def rung(notice: Notification, known: Alert | None, since: float, *, muted: bool = False) -> Alert:
    """The alarm of `notice`, which rings at `since`; `known` is the one that its key had before."""
    reached = known.reached if known else ()
    by = notice.incident.acknowledged_by if notice.incident else ""
    return Alert(
        key=notice.key,
        notice=notice,
        since=since,
        base=since,
        reached=reached if muted else tuple(dict.fromkeys((*reached, *notice.to))),
        escalated=known.escalated if known else 0,
        acknowledged_by=by,
        muted=muted,
    )


def escalate(alarm: Alert, alerts: Alerts, now: float) -> tuple[Alert, tuple[str, ...]]:
    """The alarm after `now`, and the channels whose turn has come: those not reached yet."""
    names = alerts.escalate_to[: len(alerts.escalate_after)]
    step = alarm.escalated
    while step < len(names) and now >= alarm.since + alerts.escalate_after[step]:
        step += 1
    turn = tuple(name for name in names[alarm.escalated : step] if name not in alarm.reached)
    if step == alarm.escalated:
        return alarm, ()
    return replace(alarm, escalated=step, reached=(*alarm.reached, *turn)), turn


def is_reminder_due(alarm: Alert, alerts: Alerts, now: float) -> bool:
    return alerts.remind_every > 0 and now >= alarm.base + alerts.remind_every


def reminded(alarm: Alert, alerts: Alerts, now: float) -> Alert:
    """The next reminder is an interval after this one was due, however late it came: they do not
    drift. One that came early, together with others, counts from `now`."""
    rounds = (now - alarm.base) // alerts.remind_every
    return replace(alarm, base=alarm.base + rounds * alerts.remind_every if rounds > 0 else now)


def next_time(alarm: Alert, alerts: Alerts) -> float:
    """When there is next something to do about `alarm`; infinity for never."""
    times = [alarm.since + LONGEST_SECONDS] if alarm.notice.code == "failed" or alarm.acknowledged_by else []
    if not alarm.acknowledged_by:
        times += [alarm.base + alerts.remind_every] if alerts.remind_every > 0 else []
        if alarm.escalated < min(len(alerts.escalate_to), len(alerts.escalate_after)):
            times.append(alarm.since + alerts.escalate_after[alarm.escalated])
    return min(times, default=float("inf"))


def is_critical(alarm: Alert) -> bool:
    return alarm.notice.severity is Severity.CRITICAL
