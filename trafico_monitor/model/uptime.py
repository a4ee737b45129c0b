"""How long something was up, by days."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Day:
    """Seconds `up` and `down` on a `day` (ISO 8601) of this machine's zone; nobody looked for the rest of it."""

    day: str
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Uptime:
    """`part` is bot, server or monitor; `days` in their order, without those on which nobody looked."""

    part: str
    days: tuple[Day, ...]

    @property
    def share(self) -> float | None:
        """The part of the known time that it was up; None without any."""
        up, down = sum(one.up for one in self.days), sum(one.down for one in self.days)
        return up / (up + down) if up + down else None
