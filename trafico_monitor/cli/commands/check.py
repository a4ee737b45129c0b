"""`trafico-monitor check`: problems of the installation, each with the command that fixes it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...config.discovery import discover
from ...config.loader import DEFAULT_PATH, load
from ...config.schema import ADMIN, Config
from ...daemon import disk_usage_report
from ...errors import ConfigError, NotPermitted, StoreError
from ...host import accounts
from ...messages import text
from ...preflight import MARK, NAME, CheckResult, Level, preflight
from ...store.read_repository import Queries
from ..output import COMMAND, language, say, waiting
from .status import SILENT_SECONDS

_STYLES = {Level.OK: "", Level.WARNING: "yellow", Level.CRITICAL: "red"}


def check(config: Path | None, as_json: bool) -> int:
    """Print the findings; exit status 0 fine, 1 warnings, 2 critical."""
    if (closed := _closed(config or DEFAULT_PATH)) is not None:
        fields = {"path": closed, "user": accounts.name_of(os.geteuid())}
        refused = CheckResult(Level.CRITICAL, "check.needs_sudo", "fix.as_root", fields)
        if as_json:
            print(_as_json([refused], refused.level, language()))
        else:
            _print_result(refused, language())
        return NotPermitted.exit_code
    try:
        loaded = load(config)
    except ConfigError as error:
        checks: Sequence[CheckResult] = [_mistake(line) for line in str(error).splitlines()]
        spoken = language()
    else:
        spoken = loaded.language if "language" in loaded.explicit else language()
        checks = _look(replace(loaded, language=spoken), quiet=as_json)
        # Who has no token, or nobody to send to, has just been told so.
        unset = any(each.code in ("missing.token", "missing.admin") for each in checks)
        checks = [*checks, *_failing_channels(loaded, besides=ADMIN if unset else "")]
    worst = max((each.level for each in checks), default=Level.OK)
    if as_json:
        print(_as_json(checks, worst, spoken))
    else:
        _print(checks, worst, spoken)
    return int(worst)


def _closed(file: Path) -> Path | None:
    """What the caller may not read of the configuration; None where it can be read, or is not there."""
    for path, read in ((file, Path.open), (file.parent / "conf.d", os.listdir)):
        try:
            opened = read(path)
        except PermissionError:
            return path
        except OSError:
            continue
        if not isinstance(opened, list):
            opened.close()
    return None


def _look(config: Config, *, quiet: bool) -> Sequence[CheckResult]:
    with contextlib.nullcontext() if quiet else waiting(text("check.looking", config.language)):
        return asyncio.run(_checks(config))


async def _checks(config: Config) -> Sequence[CheckResult]:
    checks = await preflight(config)
    if any(check.code == "check.disk" and check.level is not Level.OK for check in checks):
        return [*checks, *await _disk_usage(config)]
    return checks


async def _disk_usage(config: Config) -> list[CheckResult]:
    """Disk usage, and files that can be deleted, if space is low."""
    config, site = await discover(config)
    if site is None:
        return []
    found = await disk_usage_report.look(config, site, time.time())
    said = disk_usage_report.used_by(found, config.language)
    checks = [CheckResult(Level.WARNING, "check.disk_used", fields={"parts": said})] if said else []
    for kind in (disk_usage_report.DELIVERED, disk_usage_report.OVER, disk_usage_report.WITHIN):
        words = disk_usage_report.could_go(found, config.language, kind)
        if words:
            fields = {"message": words, **disk_usage_report.remedy(found, kind)}
            checks.append(CheckResult(Level.WARNING, "check.disk_loose", "fix.disk_loose", fields))
    return checks


def _failing_channels(config: Config, besides: str) -> list[CheckResult]:
    """The channels that take no alerts, as the running service has found out by sending some, `besides` left out."""
    try:
        with Queries(config.paths.state) as records:
            said = records.status() or {}
    except StoreError:
        return []
    at, channels = said.get("at"), said.get("channels")
    running = isinstance(at, int | float) and time.time() - at < SILENT_SECONDS
    told = [one for one in channels if isinstance(one, dict)] if running and isinstance(channels, list) else []
    return [
        _failing(one)
        for one in told
        if (one.get("unusable") or one.get("last_error")) and one.get("channel") != besides
    ]


def _failing(channel: Mapping[str, object]) -> CheckResult:
    fields = {"channel": str(channel.get("channel", "")), "error": str(channel.get("last_error", ""))}
    if channel.get("unusable"):
        return CheckResult(Level.CRITICAL, "check.channel_unusable", fields=fields)
    return CheckResult(Level.WARNING, "check.channel_failing", "fix.channel_failing", fields)


def _mistake(line: str) -> CheckResult:
    return CheckResult(Level.CRITICAL, "check.config_wrong", fields={"line": line})


def _print(checks: Sequence[CheckResult], worst: Level, language: str) -> None:
    for check in checks:
        _print_result(check, language)
    counts = {NAME[level]: sum(check.level is level for check in checks) for level in Level}
    say("\n" + text(f"check.result.{NAME[worst]}", language, **counts), "", style=f"bold {_STYLES[worst]}")


def _print_result(check: CheckResult, language: str) -> None:
    say(f"{MARK[check.level]} {check.text(language)}", "   ", style=_STYLES[check.level])
    for line in check.remedy(language).splitlines():
        say(f"{COMMAND}{line}")


def _numbers(check: CheckResult) -> dict[str, object]:
    """The numbers of a finding; empty where it has none."""
    numbers = {name: value for name, value in check.fields.items() if type(value) in (int, float)}
    return {"numbers": numbers} if numbers else {}


def _as_json(checks: Sequence[CheckResult], worst: Level, language: str) -> str:
    findings = [
        {
            "level": NAME[check.level],
            "code": check.code.removeprefix("check."),
            "text": check.text(language),
            "fix": check.remedy(language),
            **_numbers(check),
        }
        for check in checks
    ]
    return json.dumps({"result": NAME[worst], "findings": findings}, ensure_ascii=False, indent=2)
