"""`trafico-monitor space`: disk usage, and files that can be deleted safely."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ...config.discovery import discover
from ...config.loader import load
from ...daemon import disk_usage_report
from ...daemon.disk_usage_report import DiskUsageReport
from ...errors import MonitorError
from ...health.disk import size_text
from ...host.redact import redact
from ...messages import text
from ...preflight import CheckResult, Level
from ..command_table import LOOSE_KINDS
from ..output import COMMAND, is_terminal, language, print_json, printable, say


def space(config: Path | None, as_json: bool, listed: str | None) -> int:
    """Prints the disk usage and deletable files, or the paths of the kind `listed`; never deletes."""
    found = asyncio.run(_look(config))
    if listed:
        _list([path for path, _ in found.loose.get(listed, ())])
    elif as_json:
        print_json(_as_json(found))
    else:
        _print(found, language())
    return 0


async def _look(path: Path | None) -> DiskUsageReport:
    config, site = await discover(load(path))
    if site is None:
        raise MonitorError(text("reason.no_site", language()))
    return await disk_usage_report.look(config, site, time.time(), disk_usage_report.PATIENT_SECONDS)


def _list(paths: Sequence[Path]) -> None:
    """For `xargs -0`; on a terminal one to a line, and without the token that is in the path."""
    for path in paths:
        if is_terminal():
            say(printable(redact(str(path))), most=None)
        else:
            sys.stdout.buffer.write(os.fsencode(path) + b"\0")


def _as_json(found: DiskUsageReport) -> dict[str, object]:
    usage = found.usage
    return {
        "path": str(usage.path) if usage else None,
        "total": usage.total if usage else None,
        "free": usage.free if usage else None,
        "parts": dict(usage.parts) if usage else {},
        "complete": found.complete,
        "loose": {
            kind: {"files": len(files), "bytes": found.size(kind), "fix": _remedy(found, kind, language())}
            for kind, files in found.loose.items()
        },
    }


def _print(found: DiskUsageReport, spoken: str) -> None:
    usage = found.usage
    if usage is not None:
        free = {"path": usage.path, "free": size_text(usage.free), "total": size_text(usage.total)}
        say(text("space.ok", spoken, **free))
        for kind, size in sorted(usage.parts.items(), key=lambda part: -part[1]):
            say(f"  {text(f'space.part.{kind}', spoken, size=size_text(size))}", "    ")
    for line in advice(found, spoken) or [text("space.nothing_loose", spoken)]:
        say(line)
    if not found.complete:
        say(text("space.part.incomplete", spoken))


def _remedy(found: DiskUsageReport, kind: str, spoken: str) -> str:
    return CheckResult(Level.WARNING, "", "fix.disk_loose", disk_usage_report.remedy(found, kind)).remedy(spoken)


def advice(found: DiskUsageReport, spoken: str) -> list[str]:
    """Returns the deletable files by kind, each with its command."""
    lines: list[str] = []
    for kind in LOOSE_KINDS:
        words = disk_usage_report.could_go(found, spoken, kind)
        lines += [words, f"{COMMAND}{_remedy(found, kind, spoken)}"] if words else []
    return lines
