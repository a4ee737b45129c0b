"""What stands without an answer, told again: one message a channel, however many alarms. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.alert import Alert, Notification

CODE = "reminder"
# A reminder that could not be sent for so long is not sent: the next one says how it stands then.
STALE_SECONDS = 120.0
_MOST = 50  # alarms that are named; the rest are counted
_PLACES = 1000


def of(alarms: Sequence[tuple[Alert, Notification]], channels: Sequence[str], now: float) -> list[Notification]:
    """A reminder for each of `channels` that has been rung, about its own alarms, each given with
    what it tells now."""
    by_alarms: dict[tuple[int, ...], list[str]] = {}
    for channel in channels:
        mine = tuple(number for number, (alarm, _) in enumerate(alarms) if channel in alarm.reached)
        if mine:
            by_alarms.setdefault(mine, []).append(channel)
    return [
        _reminder([alarms[number] for number in mine], tuple(to), now, place)
        for place, (mine, to) in enumerate(by_alarms.items())
    ]


def _reminder(
    alarms: Sequence[tuple[Alert, Notification]], to: tuple[str, ...], now: float, place: int
) -> Notification:
    # Several in one second are several messages: one of them must not edit another.
    thread = int(now) * _PLACES + place
    fields = {"total": str(len(alarms)), "sin_respuesta": f"{now - min(alarm.since for alarm, _ in alarms):.0f}"}
    severity = max(notice.severity for _, notice in alarms)
    about = tuple(notice for _, notice in alarms[:_MOST])
    return Notification(CODE, CODE, severity, now, thread, fields=fields, about=about, to=to)
