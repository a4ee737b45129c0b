"""The journal: readable, persistent, and without dropped lines."""

from __future__ import annotations

import re
from pathlib import Path

from ..health.unit import UnitState
from ..host import subprocesses, systemd
from ..journal.origin import SUPPRESSED
from .base import CheckContext, CheckResult, critical, ok, warning

_BASES = (Path("/var/log/journal"), Path("/run/log/journal"))
_MACHINE = Path("/etc/machine-id")
_DEFAULT_RATE = (10_000, 30.0)  # journald.conf(5): messages in seconds
_TIME = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "min": 60.0, "m": 60.0, "h": 3600.0}


async def access(context: CheckContext) -> list[CheckResult]:
    """Access to the journal's files: sd-journal itself reports no missing right."""
    files = _files(context)
    if not files:
        return [critical("journal_absent", "journald", user=context.user.name)]
    for file in files:
        if await context.may("-r", file) is False:
            return [critical("journal_closed", "journal_group", path=file, user=context.user.name)]
    return [ok("journal", user=context.user.name)]


def _files(context: CheckContext) -> list[Path]:
    journal = context.config.journal
    if journal.directory:
        place = Path(journal.directory)  # sd_journal_open_directory(3): the folder itself, and a machine's in it
        return sorted((*place.glob("*.journal"), *place.glob("*/*.journal")))[:1] or [place]
    name = machine_folder(journal.namespace)
    files = [base / name / "system.journal" for base in _BASES]
    if context.config.bot.user_unit and context.bot is not None:  # where journald splits the journal by users
        own = (base / name / f"user-{context.bot.uid}.journal" for base in _BASES)
        files += [file for file in own if file.exists()]
    return [file for file in files if file.parent.is_dir() and name]


def machine_folder(namespace: str) -> str:
    """The name of this machine's folder in /var/log/journal; "" where there is no machine-id."""
    try:
        machine = _MACHINE.read_text().strip()
    except OSError:
        return ""
    return machine + (f".{namespace}" if namespace and machine else "")


async def kept(context: CheckContext) -> list[CheckResult]:
    """Persistence: without it, failures shortly before a reboot are lost."""
    if context.config.journal.directory or not systemd.systemd_runs():
        return []
    name = machine_folder(context.config.journal.namespace)
    # Storage=volatile leaves an old folder as it is and writes in the other; a flush may leave an
    # old file there: the one that is written now tells. journald touches its file (sd-journal(3)).
    kept_at, lost_at = (_written(base / name / "system.journal") for base in _BASES)
    lost = lost_at > kept_at or not (_BASES[0] / name).is_dir()
    return [warning("journal_volatile", "journal_persistent")] if lost else [ok("journal_kept")]


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


async def dropped(context: CheckContext, bot: UnitState) -> list[CheckResult]:
    """journald's rate limit: lines of the bot that were dropped, and a limit that is too low."""
    unit = context.config.bot.system_unit
    if not unit:
        return []
    show = ["-n", "50", "-o", "cat", "--since", "-24h", f"MESSAGE_ID={SUPPRESSED}"]
    done = await context.run(["journalctl", *where(context), *show])
    if done is not None and unit in done.output:
        count = sum(unit in line for line in done.output.splitlines())
        return [warning("lines_dropped", "rate_limit", unit=unit, count=count)]
    if not systemd.systemd_runs():
        return []
    settings = await subprocesses.run(["systemd-analyze", "cat-config", "systemd/journald.conf"], seconds=5)
    burst, interval = rate(settings.output if settings.ok else "")
    burst = bot.rate_burst or burst
    if burst and interval and burst / interval < _DEFAULT_RATE[0] / _DEFAULT_RATE[1]:
        return [warning("rate_low", "rate_limit", unit=unit, burst=burst, interval=f"{interval:g}")]
    return [ok("rate", unit=unit)]


def rate(text: str) -> tuple[int, float]:
    """(messages, seconds) of journald's rate limit from its joined configuration; the last wins."""
    burst, interval = _DEFAULT_RATE
    for line in text.splitlines():
        name, _, value = line.partition("=")
        amount = re.fullmatch(r"\s*+(\d++)\s*+([a-z]*+)\s*+", value)
        if amount is None:
            continue
        if name.strip() == "RateLimitBurst":
            burst = int(amount[1])
        elif name.strip() == "RateLimitIntervalSec":
            interval = int(amount[1]) * _TIME.get(amount[2], 1.0)
    return burst, interval


def where(context: CheckContext) -> list[str]:
    """journalctl's options for the journal that the monitor reads."""
    journal = context.config.journal
    place = [f"--directory={journal.directory}"] if journal.directory else []
    space = [f"--namespace={journal.namespace}"] if journal.namespace and not place else []
    return ["-q", "--no-pager", *place, *space]
