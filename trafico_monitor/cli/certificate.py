"""A certificate's end in words, for every command that shows it."""

from __future__ import annotations

from ..messages import text
from ..model.fleet import WARNING_DAYS
from .output import clock

DAY = 86400.0


def ends_soon(until: float, now: float) -> bool:
    """Whether the end is over or so near that it is told of."""
    return (until - now) / DAY <= WARNING_DAYS


def certificate_text(until: float, now: float, name: str, spoken: str) -> str:
    """The end of a certificate; with the command that renews it from `WARNING_DAYS` before."""
    code = "over" if until <= now else "soon" if ends_soon(until, now) else "fine"
    days = f"{(until - now) / DAY:.0f}"
    return text(f"fleet.certificate.{code}", spoken, until=clock(until, spoken), days=days, name=name)
