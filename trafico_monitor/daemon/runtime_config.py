"""What the service goes by: its configuration, the project that was found by it, the rules."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..config.discovery import discover
from ..config.loader import load
from ..config.schema import Config
from ..detection.rule_files import directories, read_rule_files
from ..detection.ruleset.engine import RuleSet
from ..detection.ruleset.loader import load as load_rules
from ..host.blocking import run_blocking
from ..incident.decision_context import Limits
from ..model.installation import Installation
from ..repair.atomic_copy import sweep
from ..repair.ownership import ensure_access
from .quarantine_cleanup import DAY

SWEEP_SECONDS = 120.0
_HIDDEN = frozenset({"env_unreadable", "models_hidden", "bot_api_hidden"})


class RuntimeConfig:
    """As it was last read: `read` comes before all else, and may come again at any time."""

    current: Config
    rules: RuleSet

    def __init__(self, path: Path | None) -> None:
        self.site: Installation | None = None
        self._path = path

    async def read(self) -> None:
        """Read everything anew; a MonitorError says what is wrong with it."""
        rules = await asyncio.to_thread(self._read_rules)
        await self._look()
        self.rules = rules

    async def _look(self) -> None:
        self.current, self.site = await discover(load(self._path, serving=True))
        if self.site is not None and _HIDDEN & set(self.current.missing):
            # A closed home hides the project's own files; the helper opens the way to its roots.
            await ensure_access(self.site)
            self.current, self.site = await discover(load(self._path, serving=True))

    def _read_rules(self) -> RuleSet:
        return load_rules(read_rule_files(directories(self._path)))

    @property
    def limits(self) -> Limits:
        """What bounds the corrections."""
        config = self.current
        return Limits(
            config.retry.max_attempts,
            config.retry.backoff,
            config.checks.server_attempts,
            config.checks.server_interval,
            None if config.quarantine.keep_unsolved else config.quarantine.keep_days * DAY,
        )

    @property
    def refusal(self) -> str:
        """The code of what is lacking for any correction at all, "" when nothing."""
        return "" if self.site is not None else "missing.project"


async def prepare(site: Installation, started_at: float) -> tuple[str, ...]:
    """Access to the two directories, and the end of what copies of before `started_at` (seconds since the
    epoch) have left. Given back are the codes of what is lacking."""
    missing = await ensure_access(site)
    await run_blocking(lambda: sweep(site, started_at), seconds=SWEEP_SECONDS, name="sweep")
    return missing
