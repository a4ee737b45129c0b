"""A machine's certificate and clock in words, for every command that shows them."""

from __future__ import annotations

from ..messages import format, text
from ..model.fleet import WRONG_CLOCK, ends_soon
from .output import clock

DAY = 86400.0


def certificate_text(until: float, now: float, name: str, spoken: str) -> str:
    """The end of a certificate; with the command that renews it from the time on that it is told of."""
    code = "over" if until <= now else "soon" if ends_soon(until, now) else "fine"
    days = f"{(until - now) / DAY:.0f}"
    return text(f"fleet.certificate.{code}", spoken, until=clock(until, spoken), days=days, name=name)


def clock_is_wrong(skew: object) -> bool:
    """Whether the machine's clock less the database's is told of."""
    return isinstance(skew, int | float) and abs(skew) > WRONG_CLOCK


def skew_text(code: str, skew: float, spoken: str) -> str:
    """How far the clock is ahead (`<code>_fast`) or behind (`<code>_slow`)."""
    direction = "fast" if skew > 0 else "slow"
    return text(f"{code}_{direction}", spoken, duration=format.duration(abs(skew), spoken))
