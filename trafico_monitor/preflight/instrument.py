"""Instrumentation: does the bot report its downloads itself, or are they known from its log text alone?"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..host import systemd
from ..host.safe_open import beginning
from ..host.systemd import INSTRUMENT_FOLDER
from ..host.untrusted_json import objects
from ..journal.origin import runs
from .base import CheckContext, CheckResult, ok, warning
from .journal import where

_PROPERTIES = (
    "LoadState", "ActiveState", "InvocationID", "Environment", "EnvironmentFiles", "ExecStart", "FragmentPath",
    "DropInPaths", "ExecMainStartTimestampMonotonic",
)  # fmt: skip
_RUNNING = frozenset({"active", "reloading", "activating"})


@dataclass(frozen=True, slots=True)
class Heard:
    """What the bot has told since it was started: the libraries that are watched, and those that are left
    alone because their version is not known; `events`: it has told of a download."""

    libraries: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    events: bool = False


@dataclass(frozen=True, slots=True)
class Arranged:
    """How the unit is arranged: `set_up`, and whether that is `newer` than its last start."""

    set_up: bool
    newer: bool


async def instrument(context: CheckContext) -> list[CheckResult]:
    """Exactly, from its next start on, not in spite of all, or from text only: with the way to mend it."""
    unit = context.config.bot.system_unit
    if not unit:
        return await _without_unit(context)
    said = await systemd.show_unit(unit, _PROPERTIES)
    if said is None or said.get("LoadState") != "loaded":
        return []
    running, invocation = said.get("ActiveState") in _RUNNING, said.get("InvocationID", "")
    heard: Heard | None = Heard()
    if running and invocation:
        heard = await _heard(context, [f"_SYSTEMD_UNIT={unit}", f"_SYSTEMD_INVOCATION_ID={invocation}"])
    if heard is None:
        return []
    return judge(
        heard,
        arranged(said, time.time() - time.monotonic()),
        running=running,
        unit=unit,
        project=context.config.project.dir or ".",
    )


def judge(heard: Heard, unit_is: Arranged, *, running: bool, unit: str, project: str) -> list[CheckResult]:
    """What these facts mean."""
    fields = {"unit": unit, "dir": project}
    foreign = [warning("instrument_foreign", library=one) for one in heard.foreign]
    if heard.libraries or heard.events:
        return [ok("instrument", library=", ".join(heard.libraries) or "-"), *foreign]
    if foreign:
        return foreign
    if not unit_is.set_up:
        return [warning("instrument_text", "instrument_set_up", **fields)]
    if not running:
        return [ok("instrument_ready", **fields)]
    if unit_is.newer:
        return [warning("instrument_next", "instrument_restart", **fields)]
    return [warning("instrument_silent", "instrument_why", **fields)]


def arranged(said: Mapping[str, str], boot: float) -> Arranged:
    """Whether systemd's answer puts the instrumentation on PYTHONPATH, and whether a file that does was
    changed after the unit's main process began. `boot` is the wall's time at the monotonic clock's zero."""
    files = [said.get("FragmentPath", ""), *systemd.split_words(said.get("DropInPaths", ""))]
    variables = [str(file) for file in systemd.environment_files(said)]
    by_file = [file for file in variables if INSTRUMENT_FOLDER in beginning(Path(file))]
    set_up = (
        INSTRUMENT_FOLDER in said.get("Environment", "") or bool(by_file) or _by_command(said.get("ExecStart", ""))
    )
    began = said.get("ExecMainStartTimestampMonotonic", "")
    changed = [
        _changed(file) for file in files if INSTRUMENT_FOLDER in (text := beginning(Path(file))) or _by_command(text)
    ]
    changed += map(_changed, by_file)
    newer = began.isdecimal() and max(changed, default=0.0) > boot + int(began) / 1_000_000
    return Arranged(set_up, newer)


def _by_command(text: str) -> bool:
    return "trafico-monitor instrument" in text


def _changed(file: str) -> float:
    try:
        return Path(file).stat().st_mtime
    except OSError:
        return 0.0


async def _without_unit(context: CheckContext) -> list[CheckResult]:
    """A bot that is known by its user and its command line: one that lives has told, or none has."""
    bot = context.bot
    if bot is None:
        return []
    heard = await _heard(context, ["--boot", f"_UID={bot.uid}"], alive=True)
    if heard is None:
        return []
    if heard.libraries or heard.events or heard.foreign:
        return judge(heard, Arranged(True, False), running=True, unit="", project="")
    return [warning("instrument_text", "instrument_start")]


async def _heard(context: CheckContext, of: Sequence[str], *, alive: bool = False) -> Heard | None:
    """What the journal has of the bot's own telling, by the same trusted fields as the monitor's reader; None
    where that cannot be told. The beginning of a journal goes, so that later events count too."""
    about = await _entries(context, [*of, "TRAFICO_CONTRATO=1", "TRAFICO_EVENTO=activo", "TRAFICO_EVENTO=ajeno"])
    if about is None:
        return None
    wanted = [one for one in about if _is_bot(one, context.config.bot.process, alive=alive)]
    libraries, foreign = (
        tuple(
            dict.fromkeys(str(one.get("TRAFICO_BIBLIOTECA", "?")) for one in wanted if one["TRAFICO_EVENTO"] == event)
        )
        for event in ("activo", "ajeno")
    )
    if libraries or foreign:
        return Heard(libraries, foreign)
    latest = await _entries(context, [*of, "TRAFICO_CONTRATO=1"]) or []
    return Heard(events=any(_is_bot(one, context.config.bot.process, alive=alive) for one in latest))


def _is_bot(entry: Mapping[str, object], process: str, *, alive: bool) -> bool:
    if not runs(str(entry.get("_CMDLINE", "")), process):
        return False
    pid = str(entry.get("_PID", ""))
    return not alive or (pid.isdecimal() and psutil.pid_exists(int(pid)))


async def _entries(context: CheckContext, of: Sequence[str]) -> list[Mapping[str, object]] | None:
    fields = "TRAFICO_EVENTO,TRAFICO_BIBLIOTECA,_CMDLINE,_PID"
    command = ["journalctl", *where(context), "-n", "50", "-o", "json", f"--output-fields={fields}", *of]
    done = await context.run(command)
    if done is None or not done.ok:
        return None
    return [entry for entry in objects(done.output) if "TRAFICO_EVENTO" in entry]
