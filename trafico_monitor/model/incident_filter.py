"""Which incidents somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; None for any. `after` is (opened_at, id) of the last one already seen.
    Times in seconds since the epoch; `modelo` "" is that which the lines did not name."""

    since: float | None = None
    until: float | None = None
    error_type: str | None = None
    estado: str | None = None
    modelo: str | None = None
    open: bool | None = None
    after: tuple[float, str] | None = None
