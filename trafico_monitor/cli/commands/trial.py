"""`trafico-monitor trial`: the mission's supervised session, from the terminal to the summary."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from ...config.discovery import discover as installation
from ...config.loader import load
from ...config.schema import Config
from ...errors import MonitorError, StoreError
from ...health.processes import container_of
from ...host import accounts, subprocesses
from ...host import systemd as host_units
from ...host.accounts import Account
from ...messages import text
from ...preflight import MARK, CheckContext, CheckResult, Level, bot_output, preflight
from ...preflight.base import subject
from ...setup import discover, path_safety
from ...store.read_repository import Queries
from ...trial import units
from ...trial.timeline import Counted, Line, line_of
from .. import output
from ..changes import NotRoot
from ..output import COMMAND, language
from . import report

_FIELDS = "MESSAGE,MESSAGE_ID,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT"
_LAST_WORDS = 6.0  # seconds for the monitor's own summary after it was told to stop
_LOOK, _LOOKS = 2.0, 30  # seconds between two looks for the bot's process, and their number
_QUIET = 1.0  # seconds without a line that end the output where the monitor was not started here


@dataclass(frozen=True, slots=True)
class Session:
    """The bot's unit, the units to start and therefore to stop, and how the bot runs where no unit is
    installed."""

    bot: str
    starts: tuple[str, ...]
    transient: tuple[str, Account, str] | None = None  # project, user, interpreter


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    project: str
    user: str
    monitor_only: bool


def trial(project: str, user: str, monitor_only: bool) -> int:
    """Print the events until Ctrl+C, SIGTERM or SIGHUP; exit status 0 when all was started. Raises NotRoot (77)."""
    options, spoken = Options(project, user, monitor_only), language()
    if os.geteuid() != 0:
        raise NotRoot(text("trial.not_root", spoken))
    if not host_units.systemd_runs():
        raise MonitorError(text("trial.no_systemd", spoken))
    if not units.in_scope():
        sys.stdout.flush()
        units.enter_scope(sys.argv[1:])
    # A terminal that is gone must not keep us from ending in order.
    with contextlib.suppress(BrokenPipeError):
        return asyncio.run(_trial(options, spoken))
    return 0


async def _trial(options: Options, spoken: str) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = load()
    session = await _session(options, config, spoken)
    say(text("trial.head", spoken))
    await units.guard(session.starts, reload_after=session.transient is not None)
    since = time.time()
    counted = Counted()
    async with _journal(session.bot, since) as lines:
        show = asyncio.create_task(_show(lines, counted))
        try:
            await _start(options, session, spoken)
            told = await _preflight(config, spoken)
            looking = asyncio.create_task(_output(config, told, spoken))
            say(text("trial.now" if not options.monitor_only else "trial.now_monitor", spoken, unit=session.bot))
            await _until(stop, show)
            looking.cancel()
        finally:
            say("\n" + text("trial.stopping", spoken))
            await units.stop([unit for unit in (session.bot, units.MONITOR) if unit in session.starts])
            await _last_lines(show, counted, told=units.MONITOR in session.starts)
            await units.stop([units.GUARD])
    _summary(config, since, counted, spoken)
    return 0


def say(line: str, below: str = "   ") -> None:
    """Print at once: the events are read live, also through a pipe."""
    with contextlib.suppress(OSError):
        output.say(line, below)


async def _session(options: Options, config: Config, spoken: str) -> Session:
    unit = config.bot.unit or "trafico-main.service"
    bot, monitor = await units.state(unit), await units.state(units.MONITOR)
    starts = [] if monitor.active else [units.MONITOR]
    if not monitor.there:
        raise units.TrialError(text("trial.no_monitor", spoken))
    watched = config.bot
    if not options.monitor_only and (watched.user_unit or (watched.container and not watched.unit)):
        raise units.TrialError(text("trial.not_of_system", spoken))
    if options.monitor_only or bot.active:
        return Session(unit, tuple(starts))
    project = options.project or config.project.dir
    if bot.there:
        _, site = await installation(config)
        if site is not None and site.project is not None:
            _refuse_second(str(site.project), site.uid, unit, spoken)
        return Session(unit, (unit, *starts))
    if not project:
        raise units.TrialError(text("trial.no_project", spoken))
    folder, user = path_safety.judge(project, options.user or config.project.owner, spoken)
    if config.project.dir and config.project.dir != folder:
        raise units.TrialError(text("trial.other_project", spoken, there=config.project.dir, given=folder))
    _refuse_second(folder, user.uid, unit, spoken)
    python, _ = await discover.python_of(folder, user)
    return Session(unit, (unit, *starts), (folder, user, python))


def _refuse_second(project: str, uid: int, unit: str, spoken: str) -> None:
    """Raises TrialError while the project's main.py runs outside `unit`."""
    if container := container_of(project, {discover.PROGRAM}):
        raise units.TrialError(text("trial.in_container", spoken, container=container))
    found = [process for process in discover.processes(project, uid) if not process.in_unit(unit)]
    of_user = next((process.user_service for process in found if process.user_service), "")
    if of_user:  # its manager would start it again
        fields = {"unit": of_user, "user": accounts.name_of(uid)}
        raise units.TrialError(text("trial.of_user", spoken, **fields))
    if found:
        raise units.TrialError(text("trial.by_hand", spoken, pids=" ".join(str(process.pid) for process in found)))


@contextlib.asynccontextmanager
async def _journal(bot: str, since: float) -> AsyncIterator[AsyncIterator[Line]]:
    """The lines of the bot's and the monitor's units from `since` on."""
    follow = ["journalctl", "--quiet", "--no-pager", "--follow", "--lines=all", f"--since=@{since:.6f}",
              "--output=json", f"--output-fields={_FIELDS}", f"--unit={bot}", f"--unit={units.MONITOR}"]  # fmt: skip
    async with subprocesses.lines(follow) as entries:

        async def told() -> AsyncIterator[Line]:
            async for entry in entries:
                line = line_of(entry, bot)
                if line is not None:
                    yield line

        yield told()


async def _show(lines: AsyncIterator[Line], counted: Counted) -> None:
    async for line in lines:
        counted.take(line)
        say(line.shown(), below=" " * 11)


async def _start(options: Options, session: Session, spoken: str) -> None:
    if session.transient is not None:
        await units.start_transient(session.bot, *session.transient)
    elif session.bot in session.starts:
        await units.start(session.bot)
    how = "transient" if session.transient else "started" if session.bot in session.starts else "running"
    if not options.monitor_only:
        say(text(f"trial.bot.{how}", spoken, unit=session.bot))
    if units.MONITOR in session.starts:
        await units.start(units.MONITOR)
    elif session.transient is not None:  # it runs already, and does not know this project yet
        await units.reload(units.MONITOR)
    how = "started" if units.MONITOR in session.starts else "running"
    say(text(f"trial.monitor.{how}", spoken, unit=units.MONITOR))


async def _preflight(config: Config, spoken: str) -> frozenset[str]:
    """Prints what is critical, and returns its codes."""
    checks = await preflight(replace(config, language=spoken))
    bad = [check for check in checks if check.level is Level.CRITICAL]
    for check in bad:
        _say_check(check, spoken)
    warnings = sum(check.level is Level.WARNING for check in checks)
    if bad or warnings:
        say(text("trial.check", spoken, critical=len(bad), warning=warnings))
    return frozenset(check.code for check in bad)


def _say_check(check: CheckResult, spoken: str) -> None:
    say(f"{MARK[check.level]} {check.text(spoken)}")
    for part in check.remedy(spoken).splitlines():
        say(f"{COMMAND}{part}")


async def _output(config: Config, told: frozenset[str], spoken: str) -> None:
    """Say once the bot's process is there that the monitor cannot see what it prints."""
    config, site = await installation(config)
    context = CheckContext(config, site, subject())
    for _ in range(_LOOKS):
        found = await bot_output.output(context)
        for check in found:
            if check.level is not Level.OK and check.code not in told:
                _say_check(check, spoken)
        if found:
            return
        await asyncio.sleep(_LOOK)


async def _until(stop: asyncio.Event, show: asyncio.Task[None]) -> None:
    """Until somebody ends it, or the journal's own reader has ended."""
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({waiting, show}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _last_lines(show: asyncio.Task[None], counted: Counted, *, told: bool) -> None:
    """Print the remaining events: until the monitor's last record, or until no more come."""
    deadline = time.monotonic() + _LAST_WORDS
    seen, quiet_since = -1, time.monotonic()
    while time.monotonic() < deadline and not show.done():
        total = sum(counted.events.values())
        if total != seen:
            seen, quiet_since = total, time.monotonic()
        ended = counted.of("service_stopping") if told else time.monotonic() - quiet_since > _QUIET
        if ended:
            break
        await asyncio.sleep(0.1)
    show.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await show


def _summary(config: Config, since: float, counted: Counted, spoken: str) -> None:
    minutes = max((time.time() - since) / 60, 1 / 60)
    done = counted.of("download_done")
    say("\n" + text("trial.downloads", spoken, n=done, minutos=f"{minutes:.1f}", por_minuto=f"{done / minutes:.1f}"))
    try:
        with Queries(config.paths.state) as records:
            summary = records.summary(since)
    except StoreError as error:
        say(str(error))
        return
    report.print_summary(summary, since, spoken)
    say("\n" + text("trial.more", spoken, logs=config.paths.logs))
