"""Times, durations and sizes for display. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from . import text

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def moment(at: float, zone: tzinfo | None = None, *, day: bool = False) -> str:
    """Returns `14:30:20`, or `25/12 14:30:20`, of `at` (seconds since the epoch); None is the local zone."""
    try:
        when = datetime.fromtimestamp(at, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return "…"
    return when.strftime("%d/%m %H:%M:%S" if day else "%H:%M:%S")


def clock(at: float) -> str:
    """Returns `14:35` of `at` (seconds since the epoch) in the local zone."""
    return moment(at)[:5]


def date_time(at: float, *, seconds: bool = False) -> str:
    """Returns `2025-12-25 14:30`, or with seconds, of `at` (seconds since the epoch) in the local zone.

    Raises ValueError, OverflowError or OSError for a time that no calendar has."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def duration(seconds: float, language: str) -> str:
    """Returns `7 s`, `3 min 20 s`, `2 h 5 min`: the two largest units that are not zero."""
    if not 1 <= seconds < 1e10:
        return text("notice.duration.short", language) if seconds < 1 else "…"
    left = round(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def size(count: float, language: str) -> str:
    """Returns `1,9 GB` for a number of bytes, in decimal units like `df -H` and the mission."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    shown = f"{value:.1f}" if units[0] != "B" else f"{value:.0f}"
    return f"{shown.replace('.', text('notice.decimal', language))} {units[0]}"


def printable(value: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """`value` without anything that a terminal obeys or nobody sees: each such character becomes `instead`."""
    return value if value.isprintable() else "".join(c if c.isprintable() else instead for c in value)


def shortened(value: str, most: int) -> str:
    """`value` of at most `most` characters, the last of them an ellipsis where some are missing."""
    return value if len(value) <= most else value[: most - 1] + "…"
