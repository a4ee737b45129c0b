"""The periodic checks of disk, server and the bot's unit: every 30 s, and on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config.schema import Config
from ..host.blocking import run_blocking
from ..messages import text
from ..model.finding import Finding, FindingKind
from ..model.installation import Installation, Waiting
from ..model.task import Evidence
from . import disk
from .bot_api import check_bot_api
from .download_files import SECONDS, count_waiting
from .resources import Mount, mounts
from .unit import UnitState, query_unit

DISK_SECONDS = 10.0
# On a file system that is smaller than the limits themselves, «enough» is this share of it.
SMALL_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class CheckRun:
    """Result of one round that began at `at`. `disk_full` stops downloads from being written: a stricter limit than
    a warning."""

    findings: tuple[Finding, ...]
    disk_full: bool
    space: Evidence
    unit: UnitState | None
    shown: Mapping[str, str]
    at: float = 0.0
    volumes: tuple[disk.Volume, ...] = ()
    server_asked: bool = False
    waiting: Waiting | None = None  # in `_rescatados`; None where it cannot be looked at
    mounts: tuple[Mount, ...] = ()  # of `volumes`


class CheckScheduler:
    """Runs the checks every `checks.interval`, and at once after `ask()`."""

    def __init__(
        self,
        config: Callable[[], Config],
        site: Callable[[], Installation | None],
        awaited: Callable[[], Iterable[Path]],
        report: Callable[[CheckRun], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        """`awaited` returns the folders that open downloads will be written to: a model's folder may be a file system
        of its own."""
        self._config = config
        self._site = site
        self._awaited = awaited
        self._report = report
        self._clock = clock
        self._asked = asyncio.Event()

    def ask(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        """Checks, reports and waits until cancelled."""
        while True:
            self._asked.clear()
            await self._report(await self.check())
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config().checks.interval):
                    await self._asked.wait()

    async def check(self) -> CheckRun:
        """One round: all checks side by side, each with its own deadline."""
        config, began = self._config(), self._clock()
        written = self._written()
        space, server, unit, waiting = await asyncio.gather(
            self._check_disks(config, written),
            check_bot_api(config),
            query_unit(config.bot.system_unit),
            self._count_rescued(),
        )
        state, finding = space
        full = any(is_full(volume, config) for volume in state.volumes if volume.path in written)
        # A public server that does not answer is no outage of ours; that it answers frees those who wait.
        found = [finding, server] if config.bot_api.local or server.code == "up" else [finding]
        if code := {"failed": "failed", "active": "running"}.get(unit.active if unit.known else ""):
            found.append(Finding(FindingKind.UNIT, began, rule=unit.unit, code=code, message=unit.result))
        shown = {"space": finding.message, "server": server.message, "unit": _unit_text(unit, config)}
        room = Evidence("space", finding.message, not full)
        held = mounts(Path(volume.path) for volume in state.volumes)
        return CheckRun(
            tuple(found), full, room, unit, shown, began, state.volumes, config.bot_api.local, waiting, held
        )

    async def _check_disks(self, config: Config, written: list[str]) -> tuple[disk.DiskState, Finding]:
        checks = config.checks
        paths = [*map(Path, written), config.paths.state, config.paths.logs]
        try:
            state = await run_blocking(
                lambda: disk.check_disks(paths, checks.disk_warning, checks.disk_critical),
                seconds=DISK_SECONDS,
                name="disk",
            )
        except TimeoutError:
            state = disk.DiskState(unseen=tuple(str(path) for path in paths))
        return state, disk.finding(state, self._clock(), config.language)

    async def _count_rescued(self) -> Waiting | None:
        site = self._site()
        if site is None:
            return None
        with contextlib.suppress(OSError):  # a TimeoutError too
            return await run_blocking(lambda: count_waiting(site.models), seconds=SECONDS, name="waiting")
        return None

    def _written(self) -> list[str]:
        site = self._site()
        places = [] if site is None else [site.models, *([site.bot_api] if site.bot_api else [])]
        return list(dict.fromkeys(str(place) for place in (*places, *self._awaited())))


def _unit_text(unit: UnitState, config: Config) -> str:
    if unit.known:
        return f"{unit.active} ({unit.sub}), NRestarts={unit.restarts}"
    return text("status.bot.unanswered" if config.bot.system_unit else "status.bot.no_unit", config.language)


def is_full(volume: disk.Volume, config: Config) -> bool:
    """True when nothing more should be written to the volume: critical by the configured limit, or, where the whole
    file system is hardly larger than that limit, nearly full by its own size."""
    if volume.level != "critical":
        return False
    if volume.why != "space" or volume.total >= 2 * config.checks.disk_critical:
        return True
    return volume.free < volume.total * SMALL_SHARE
