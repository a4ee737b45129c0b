"""Disk usage report: what uses the space and what can be deleted safely. Reports only; never deletes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..config.schema import Config
from ..errors import PathRefused
from ..health import disk
from ..health import disk_usage as usage
from ..health.disk import size_text
from ..health.disk_usage import Deliveries, Usage
from ..host import accounts
from ..host.blocking import run_blocking
from ..messages import text
from ..model.finding import ErrorType
from ..model.installation import Installation
from ..repair.path_policy import resolve_destination
from ..repair.quarantine_retention import Kept, kept
from .context import DAY, AppContext

logger = logging.getLogger(__name__)

SECONDS = 20.0  # for each of the two looks, when an alert waits for them
PATIENT_SECONDS = 300.0  # when a person does
AWAITED_FOLDERS = 50  # incidents
AGAIN = 30.0  # seconds for which one look answers whoever asks: a message has the figures of its own time
_SLACK = 30.0  # for a system call that is slow to come back when a look has come to its end
_JOURNAL = Path("/var/log/journal")
DELIVERED, OVER, WITHIN = "delivered", "quarantine-over", "quarantine"


@dataclass(frozen=True, slots=True)
class DiskUsageReport:
    """`loose` is what could go, as (path, bytes), by the names that `space --list` takes: OVER and
    WITHIN are files in quarantine whose time is over or not. `usage` is None where nothing could
    be looked at; `complete` False when time ran out."""

    usage: Usage | None = None
    loose: Mapping[str, Sequence[tuple[Path, int]]] = field(default_factory=dict)
    complete: bool = True

    def size(self, kind: str) -> int:
        return sum(size for _, size in self.loose.get(kind, ()))


async def look(config: Config, site: Installation, now: float, seconds: float = SECONDS) -> DiskUsageReport:
    """Measures the worst file system; off the loop, within about twice `seconds`. Omits what does not answer."""
    loose: dict[str, list[tuple[Path, int]]] = {}
    used, deliveries, aside = await asyncio.gather(
        _try(lambda: _usage(config, site, seconds), seconds, "space usage"),
        _try(lambda: usage.find_delivered(site, now, seconds), seconds, "space delivered"),
        _try(lambda: kept(site), seconds, "space quarantine"),
    )
    found = deliveries if isinstance(deliveries, Deliveries) else Deliveries(complete=False)
    if found.files:
        loose[DELIVERED] = [(one.path, one.size) for one in found.files]
    for one in aside if isinstance(aside, list) else ():
        assert isinstance(one, Kept)
        over = now - one.since > config.quarantine.keep_days * DAY
        loose.setdefault(OVER if over else WITHIN, []).append((one.path, one.size))
    known = used if isinstance(used, Usage) else None
    return DiskUsageReport(known, loose, found.complete and known is not None and known.complete)


async def _try(work: Callable[[], object], seconds: float, name: str) -> object | None:
    try:
        return await run_blocking(work, seconds=seconds + _SLACK, name=name)
    except (OSError, PathRefused) as error:  # a TimeoutError too
        logger.warning("%s: %s", name, error)
        return None


def _usage(config: Config, site: Installation, seconds: float) -> Usage:
    places = [site.models, *([site.bot_api] if site.bot_api else []), config.paths.state, config.paths.logs]
    worst = disk.check_disks(places, config.checks.disk_warning, config.checks.disk_critical).worst
    roots = [(usage.MODELS, site.models)]
    roots += [(usage.BOT_API, site.bot_api)] if site.bot_api else []
    roots += [(usage.RECORDS, config.paths.state), (usage.RECORDS, config.paths.logs), (usage.JOURNAL, _JOURNAL)]
    return usage.measure(Path(worst.path) if worst else site.models, roots, seconds)


# Words.


def used_by(room: DiskUsageReport, language: str) -> str:
    """`modelos 40.1 GB · servidor Bot API 12.0 GB · …`, the largest first."""
    if room.usage is None:
        return ""
    ranked = sorted(room.usage.parts.items(), key=lambda part: -part[1])
    shown = [text(f"space.part.{kind}", language, size=size_text(size)) for kind, size in ranked if size]
    if not room.usage.complete:
        shown.append(text("space.part.incomplete", language))
    return " · ".join(shown)


def could_go(room: DiskUsageReport, language: str, kind: str) -> str:
    """Returns `8.1 GB: 32 archivos …` for one kind of deletable files; "" if there are none."""
    files = room.loose.get(kind, ())
    if not files:
        return ""
    return text(f"space.loose.{kind}", language, size=size_text(room.size(kind)), n=len(files))


def remedy(room: DiskUsageReport, kind: str) -> dict[str, str]:
    """Returns the fields of `fix.disk_loose`, the command that deletes the files. The command searches the files
    again and deletes them as the owner of their folder: root must not follow paths that others can change."""
    try:
        uid = room.loose[kind][0][0].parent.stat().st_uid
    except OSError:
        uid = 0
    account = accounts.by_uid(uid)
    return {"kind": kind, "owner": account.name if account else f"#{uid}"}


def fields(room: DiskUsageReport, language: str) -> dict[str, str]:
    """Returns the lines of an alert: disk usage, deletable files, and where to find the commands."""
    loose = [words for kind in (DELIVERED, OVER, WITHIN) if (words := could_go(room, language, kind))]
    told = {"uso": used_by(room, language), "liberable": "; ".join(loose)}
    return {**told, "orden": "sudo trafico-monitor space"} if any(told.values()) else {}


class DiskUsageReporter:
    """Reports when asked, one report at a time, measured at most every AGAIN seconds."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._asked = asyncio.Event()
        self._last: tuple[float, dict[str, str]] | None = None

    def ask(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        """Wait to be asked, measure, report; for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            context = self._context
            site, config = context.installation(), context.config()
            if site is None:
                continue
            now = context.clock()
            if self._last is None or not 0 <= now - self._last[0] < AGAIN:
                self._last = (now, fields(await look(config, site, now), config.language))
            if self._last[1]:
                await context.commit(context.pipeline.disk_usage(self._last[1], context.clock()))


def awaited_folders(context: AppContext) -> list[Path]:
    """The folders that downloads which wait for space are to be written to: of the oldest, which show the file
    systems that matter."""
    site = context.installation()
    if site is None:
        return []
    incidents = context.pipeline.tracker.open_incidents()
    waiting = [incident for incident in incidents if incident.waiting_for is ErrorType.DISCO_LLENO]
    places = [resolve_destination(incident.download, site) for incident in waiting[:AWAITED_FOLDERS]]
    return [place.parent for place in places if place is not None]
