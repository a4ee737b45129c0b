"""The bot's unit, its Bot API server, the container, and the server's files."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..config import dotenv_file
from ..config.telegram_endpoints import file_server
from ..health.bot_api import ServerState, explanation, reason_text
from ..health.processes import BotProcess, find_bot_processes
from ..health.unit import UnitState
from ..host import accounts
from ..host.accounts import SERVICE_USER, Account
from ..host.docker import Container, Status
from ..messages import format
from .base import CheckContext, CheckResult, Level, critical, ok, warning

_EARLIER_MONITOR = "monitor_descarga.py"  # workers/monitor_descarga.py, which this program replaces
_MOST_LEFT_OVER = 5  # lines


def unit(context: CheckContext, state: UnitState, outside: Sequence[CheckResult] = ()) -> list[CheckResult]:
    """The bot's unit: loaded, active, restarted after a crash, and logging to the journal that is read. `outside`
    are the results of `left_over`: a bot that runs elsewhere must not be started a second time."""
    name = state.unit
    if not name:  # the bot is told by its command line alone
        return []
    if not state.known:
        return [warning("unit_unknown", "unit_lines", unit=name)]
    if state.load == "not-found":
        return [critical("unit_missing", "unit_install", unit=name)]
    found: list[CheckResult] = []
    if state.active not in ("active", "reloading"):
        fields = {"active": state.active, "sub": state.sub, "result": state.result}
        found.append(_inactive(state, fields, runs_elsewhere=any(one.code == "check.left_over" for one in outside)))
    if state.restart in ("", "no"):
        found.append(warning("unit_restart", "unit_restart", unit=name))
    if state.namespace != context.config.journal.namespace and not context.config.journal.directory:
        found.append(critical("unit_namespace", "journal_namespace", unit=name, namespace=state.namespace or '""'))
    return found or [ok("unit", unit=name, restarts=state.restarts, pid=state.main_pid)]


def _inactive(state: UnitState, fields: Mapping[str, str], *, runs_elsewhere: bool) -> CheckResult:
    """A unit that does not run: critical, unless it waits for its first start since the boot, as after
    `setup --no-start`."""
    if runs_elsewhere:
        return critical("unit_elsewhere", unit=state.unit, **fields)
    if state.active == "inactive" and state.result == "success" and not state.began and state.enabled == "enabled":
        return warning("unit_not_started", "unit_first_start", unit=state.unit)
    return critical("unit_inactive", "unit_start", unit=state.unit, **fields)


def left_over(context: CheckContext) -> list[CheckResult]:
    """Processes of the bot outside its unit, and the mission's own monitor, of the project's user and of root."""
    watched, project, user = context.config.bot, context.config.project.dir, context.bot
    if not (watched.unit and project and user):
        return []
    programs = {"main.py", Path(watched.process or "main.py").name, _EARLIER_MONITOR}
    found = [
        process
        for process in find_bot_processes(project, programs, {user.uid, 0})
        if not process.in_unit(watched.unit, of_user=watched.user_unit)
    ]
    return [_left_over(one, context) for one in found[:_MOST_LEFT_OVER]] or [ok("no_left_over", unit=watched.unit)]


def _left_over(process: BotProcess, context: CheckContext) -> CheckResult:
    account = accounts.by_uid(process.uid)
    fields = {
        "program": process.program,
        "pid": process.pid,
        "user": account.name if account else process.uid,
        "age": format.duration(time.time() - process.began, context.config.language),
        "unit": context.config.bot.unit,
        "service": process.service or process.user_service,
    }
    found = warning("left_over", "left_over", **fields)
    if process.program.endswith(_EARLIER_MONITOR):
        found = warning("left_over_monitor", "left_over", **fields)
    if process.user_service:  # its manager would start it again
        return replace(found, fix="fix.left_over_user_service")
    return replace(found, fix="fix.left_over_service") if process.service else found


def server(context: CheckContext, state: ServerState, container: Container | None) -> list[CheckResult]:
    """The Bot API server: HTTP decides, the container explains."""
    language, url = context.config.language, file_server(context.config)
    name = context.config.bot_api.container
    found: list[CheckResult] = []
    if state.up:
        found.append(ok("server", url=url, took=f"{state.took * 1000:.0f}"))
    else:
        fix = "container_restart" if container is not None and container.status is Status.RUNNING else ""
        fields = {"url": url, "reason": reason_text(state, language), "name": name}
        found.append(critical("server_down", fix, **fields))
    if container is not None:
        found.append(_container(context, container, up=state.up))
    return found


def _container(context: CheckContext, container: Container, *, up: bool) -> CheckResult:
    name = context.config.bot_api.container
    fields = {"line": explanation(name, container, context.config.language), "name": name, "user": SERVICE_USER}
    if container.status is Status.RUNNING and container.health in ("", "healthy", "starting"):
        return ok("container", **fields)
    if container.status is Status.NO_PERMISSION:
        # Not being in the group docker is the safe choice: no reason to warn while HTTP answers.
        level = Level.OK if up else Level.WARNING
        return CheckResult(level, "check.container_hidden", "" if up else "fix.docker_group", fields)
    if up:
        return CheckResult(Level.WARNING, "check.container_other", "", fields)
    fix = "docker_start" if container.status in (Status.NO_DOCKER, Status.NO_ANSWER) else "container_start"
    return critical("container", fix, **fields)


def local_mode(context: CheckContext, container: Container | None) -> list[CheckResult]:
    """The server's local mode: without it, or without --local, a bot gets no file over 20 MB."""
    if not context.config.bot_api.local:
        env = dotenv_file.path(context.config) or "src/.env"
        return [warning("not_local", "not_local", env=env)]
    names = {"name": context.config.bot_api.container, "dir": context.config.project.dir or "."}
    if container is not None and container.local is False:
        return [warning("container_not_local", "container_not_local", **names)]
    return []


async def files(context: CheckContext) -> list[CheckResult]:
    """Access of the bot's user and of the service to the files of the Bot API server.

    Files of uid 101 with mode 0640 were the most frequent real failure.
    """
    if context.site is None or context.site.bot_api is None or context.bot is None:
        return []
    folder = context.site.bot_api
    found: list[CheckResult] = []
    unknown = False
    for account in dict.fromkeys((context.bot, context.user)):
        seen = await _unreadable(context, folder, account)
        if seen is None:
            unknown = True
        elif seen:
            found.append(seen[0])
    if found:
        return found
    if unknown:
        return [warning("files_unknown", "as_root", dir=folder)]
    if _other_owner(folder, context.bot) and not _default_acl(folder):
        return [warning("files_acl", "files_acl", **_names(context, context.bot, folder))]
    return [ok("files", dir=folder)]


async def _unreadable(context: CheckContext, folder: Path, account: Account) -> list[CheckResult] | None:
    """[] when everything is readable, the result for the first file that is not, None when that is unknown."""
    closed = await context.closed_parent(folder, account)
    if closed is not None:
        bot = context.bot or account
        # A folder of somebody else's is not to be opened: other containers' volumes lie beside.
        fix = "bind_mount"
        if closed.lstat().st_uid == bot.uid:
            fix = "open_folder"
        return [critical("closed", fix, path=closed, user=account.name, target=folder, place=_usual(bot))]
    # Only <dir>/<token>/<kind>/<file>: the server's own database above is nobody else's business.
    deep = glob.escape(str(folder)) + "/*/*/*"
    closed_folder = ["-type", "d", "!", "(", "-readable", "-executable", ")"]
    closed_file = ["-type", "f", "-path", deep, "!", "-readable"]
    look = ["(", *closed_folder, "-o", *closed_file, ")", "-print", "-quit"]
    done = await context.run(["find", str(folder), "-maxdepth", "3", *look], account)
    if done is None or done.code is None:
        return None
    if done.output:
        return [critical("files_closed", "files_acl", path=done.output, **_names(context, account, folder))]
    return [] if done.ok else None


def _usual(bot: Account) -> str:
    return f"{bot.home or '/srv'}/.telegram-bot-api"


def _names(context: CheckContext, account: Account, folder: Path) -> dict[str, object]:
    bot = context.bot or account
    return {"who": account.name, "bot": bot.name, "user": context.user.name, "dir": folder}


def _other_owner(folder: Path, bot: Account) -> bool:
    """True when a file there belongs to another user than the bot's: the next one will too."""
    try:
        inside = [folder, *sorted(folder.iterdir())[:20]]
        return any(path.lstat().st_uid != bot.uid for path in inside)
    except OSError:
        return False


def _default_acl(folder: Path) -> bool:
    try:
        return bool(os.getxattr(folder, "system.posix_acl_default"))
    except OSError:
        return False
