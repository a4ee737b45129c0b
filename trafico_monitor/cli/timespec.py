"""Time specifications as in journalctl (systemd.time(7), the common forms)."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from ..errors import MonitorError
from ..messages import text

_RELATIVE = re.compile(r"([+-]?)\s*(\d+)\s*(s|sec|m|min|h|hour|d|day|w|week)s?(\s+ago)?", re.IGNORECASE)
_UNIT = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400, "w": 604800}
# systemd.time(7): units of a span; `m` are minutes, and no unit means seconds.
_SPAN_UNITS = (
    (("", "s", "sec", "second", "seconds"), 1),
    (("m", "min", "minute", "minutes"), 60),
    (("h", "hr", "hour", "hours"), 3600),
    (("d", "day", "days"), 86400),
    (("w", "week", "weeks"), 604800),
)
_SPAN_UNIT = {name: seconds for names, seconds in _SPAN_UNITS for name in names}
_SPAN_PART = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)\s*", re.ASCII)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


class SpanError(MonitorError):
    """The word is no duration."""

    exit_code = 64  # EX_USAGE


def parse(value: str, now: float, language: str = "es") -> float:
    """`value` in local time as seconds since the epoch. Raise MonitorError if it is no time."""
    word = value.strip()
    today = datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"now": now, "today": today.timestamp()}
    days["yesterday"] = (today - timedelta(days=1)).timestamp()
    days["tomorrow"] = (today + timedelta(days=1)).timestamp()
    if word.lower() in days:
        return days[word.lower()]
    if word.startswith("@") and word[1:].replace(".", "", 1).isdigit():
        return float(word[1:])
    relative = _RELATIVE.fullmatch(word)
    if relative:
        sign, amount, unit, ago = relative.groups()
        seconds = int(amount) * _UNIT.get(unit.lower(), 604800)
        return now - seconds if ago or sign == "-" else now + seconds
    return _absolute(word, today, value, language)


def _absolute(word: str, today: datetime, value: str, language: str) -> float:
    for form in _FORMS:
        try:
            return datetime.strptime(word, form).astimezone().timestamp()
        except ValueError:
            continue
    try:
        clock = time.fromisoformat(word)
    except ValueError:
        raise MonitorError(text("time.invalid", language, valor=value)) from None
    return today.replace(hour=clock.hour, minute=clock.minute, second=clock.second).timestamp()


def span(value: str, language: str = "es") -> float:
    """A duration such as `90s`, `30min`, `1h30m`, `1h 30min`, in seconds. Raise MonitorError if
    it is none."""
    word, place, seconds = value.strip(), 0, 0.0
    while place < len(word) or not word:
        part = _SPAN_PART.match(word, place)
        if part is None or part[2] not in _SPAN_UNIT:
            raise SpanError(text("span.invalid", language, valor=value))
        seconds += float(part[1]) * _SPAN_UNIT[part[2]]
        place = part.end()
    return seconds
