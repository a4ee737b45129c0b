"""Where the bot's running process prints: into the journal, or into a pipe or a file that hides its lines."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import psutil

from ..health.processes import is_in_unit
from ..host import blocking
from ..host.command_line import program
from ..journal.origin import runs
from ..messages import text
from ..messages.format import shortened
from .base import CheckContext, CheckResult, critical, ok, warning

_SECONDS, _LONGEST = 5.0, 60
_STDOUT, _STDERR = 1, 2  # print() writes into the first, logging into the second
_PROC = Path("/proc")


async def output(context: CheckContext) -> list[CheckResult]:
    """The bot's process in its unit, and where its two streams go; nothing where none runs or it may not be seen."""
    bot = context.config.bot
    if not bot.unit or bot.container:
        return []
    try:
        found = await blocking.run_blocking(
            lambda: streams(bot.unit, bot.process), seconds=_SECONDS, name="output of the bot"
        )
    except TimeoutError:
        return []
    for number, level in ((_STDERR, critical), (_STDOUT, warning)):
        pid, to = next(((pid, to[number]) for pid, to in found if to.get(number)), (0, ""))
        if to:
            where = _reader(to, pid, context.config.language) or to
            fields = {"unit": bot.unit, "pid": pid, "process": bot.process, "where": where}
            fix = "output_of_user" if bot.user_unit else "output_unit"
            return [level(f"output_{'stderr' if number == _STDERR else 'stdout'}", fix, **fields)]
    return [ok("output", unit=bot.unit, pid=found[0][0])] if found else []


def streams(unit: str, process: str) -> list[tuple[int, dict[int, str]]]:
    """The processes of `unit` that run `process`, each with the places other than the journal that its streams
    go to."""
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if runs(shlex.join(one.info["cmdline"] or ()), process) and is_in_unit(one.pid, unit):
            targets = {number: _target(one.pid, number) for number in (_STDOUT, _STDERR)}
            # journald's stream is a socket; of what may not be seen nothing is said.
            found.append((one.pid, {n: to for n, to in targets.items() if to and not to.startswith("socket:")}))
    return found


def _target(pid: int, number: int) -> str:
    try:
        return str((_PROC / str(pid) / "fd" / str(number)).readlink())
    except OSError:
        return ""


def _reader(target: str, writer: int, language: str) -> str:
    """The program that reads the pipe `target`, in words; "" for a file."""
    if not target.startswith("pipe:"):
        return ""
    names = [name for pid, name in _holders(target) if pid != writer]
    return text("check.output.pipe", language, program=shortened(names[0], _LONGEST) if names else "?")


def _holders(target: str) -> Iterator[tuple[int, str]]:
    """The processes that read from `target` at their standard input, or by a descriptor of their own."""
    for one in psutil.process_iter(["cmdline"]):
        if _target(one.pid, 0) == target or any(_reads(one.pid, number, target) for number in range(3, 64)):
            yield one.pid, program(one.info["cmdline"] or ()).base


def _reads(pid: int, number: int, target: str) -> bool:
    if _target(pid, number) != target:
        return False
    try:
        flags = (_PROC / str(pid) / "fdinfo" / str(number)).read_text().partition("flags:")[2].split()[0]
    except (OSError, IndexError):
        return False
    return int(flags, 8) & os.O_ACCMODE == os.O_RDONLY
