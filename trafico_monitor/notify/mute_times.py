"""Hours in which only what is critical may ring. Pure.

They hold recoverable news back until their end. What is critical comes at once, and so do the
solution of what had rung, and messages without sound (start, stop, summary).
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo


def quiet_until(now: float, begin: str, end: str, zone: tzinfo | None = None) -> float | None:
    """When the quiet hours that `now` lies in are over; None when it lies in none.

    `begin` and `end` are "HH:MM" on the clock of `zone` (None: this machine's), "" for none; an
    end before the beginning is on the next day. Times in seconds since the epoch. On the day that
    the clock is changed, the hours end when it shows `end` again after `now`.
    """
    if not begin or not end or begin == end:
        return None
    here = datetime.fromtimestamp(now, zone)
    shown = here.strftime("%H:%M")
    if not (begin <= shown < end if begin < end else shown >= begin or shown < end):
        return None
    day = here.date() if shown < end else here.date() + timedelta(days=1)
    hour, minute = (int(part) for part in end.split(":"))
    ends = (
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)
    )
    # An hour that comes twice (autumn): the first that is still ahead.
    return next((at for at in ends if at > now), None)
