"""Visibility checks: is the journal readable, does the reader keep up, does the bot still log?

Every round answers each question, good or bad; the pipeline knows what was notified before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model.finding import Finding, FindingKind
from .unit import UnitState

# A reader further behind than this, in two rounds that lie a whole interval apart, is behind. A
# burst, or the backlog of a start, is read at a hundred thousand lines a second.
LAG_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Visibility:
    """`lag`: age in seconds of the last line consumed while others wait, else 0. `trouble`: why the journal cannot be
    read, "" when it can. `quiet`: seconds without a line of the bot, counted while the journal was readable; None when
    that is not judged now. `unit`: the bot's unit; its `since` and `monotonic` are of the same clock."""

    lag: float = 0.0
    trouble: str = ""
    quiet: float | None = None
    unit: UnitState | None = None
    monotonic: float = 0.0


class VisibilityCheck:
    def __init__(self) -> None:
        self._behind_since: float | None = None

    def judge(self, seen: Visibility, *, interval: float, unit_silence: float, at: float) -> tuple[Finding, ...]:
        """Findings of kind BLIND: no_access or readable; reader_behind or caught_up; unit_silent
        or unit_speaks where it can be said. `interval` is that of the rounds, `unit_silence` the
        limit of the configuration (0: never), `at` the time of the findings."""
        found = [_finding("no_access", at, seen.trouble) if seen.trouble else _finding("readable", at)]
        found += self._reader(seen, interval, at)
        found += _speech(seen, unit_silence, at)
        return tuple(found)

    def _reader(self, seen: Visibility, interval: float, at: float) -> list[Finding]:
        if seen.lag <= LAG_SECONDS:
            self._behind_since = None
            return [_finding("caught_up", at)]
        if self._behind_since is None:
            self._behind_since = seen.monotonic
        if seen.monotonic - self._behind_since < interval:
            return []
        return [_finding("reader_behind", at, f"{seen.lag:.0f}")]


def _speech(seen: Visibility, limit: float, at: float) -> list[Finding]:
    unit = seen.unit
    if unit is None or seen.quiet is None or not limit:
        return []
    if seen.quiet <= limit:
        return [_finding("unit_speaks", at, unit=unit.unit)]
    running = unit.known and unit.active == "active" and unit.main_pid > 0 and unit.since > 0
    blind = seen.trouble or seen.lag > 0  # who cannot hear may not call anybody silent
    if not running or blind or seen.monotonic - unit.since <= limit:
        return []
    return [_finding("unit_silent", at, f"{seen.quiet:.0f}", unit=unit.unit)]


def _finding(code: str, at: float, message: str = "", unit: str | None = None) -> Finding:
    return Finding(FindingKind.BLIND, at, rule=unit, message=message, code=code)
