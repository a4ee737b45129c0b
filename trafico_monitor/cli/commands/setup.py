"""`trafico-monitor setup`: prepares this machine for the monitor, asking before each change."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ...errors import MonitorError
from ...host import systemd
from ...messages import text
from ...setup import apply, path_safety, prompts
from ...setup.discover import look
from ...setup.model import Change, Command, Facts, Kind, Wishes
from ...setup.plan import Plan, plan
from ...setup.state_file import opened
from ...setup.unit_files import UNITS, environment_path, instrument_path, unit_path
from .. import changes
from ..changes import NeedsAnswer, NotRoot, tell
from ..output import language, say


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command."""

    project: str
    user: str
    unit: str
    yes: bool
    docker: bool
    no_instrument: bool
    restart: bool
    no_start: bool
    dry_run: bool
    undo: bool


def setup(**given: Any) -> int:
    """Carry the changes out, show or undo them (`given` are the fields of Options); exit status 0 when all that
    was agreed to is done. Raises NotRoot (77), NeedsAnswer (64)."""
    options, spoken = Options(**given), language()
    if os.geteuid() != 0:
        raise NotRoot(text("setup.not_root", spoken))
    if not systemd.systemd_runs():
        raise MonitorError(text("setup.no_systemd", spoken))
    if not (options.yes or options.dry_run or sys.stdin.isatty()):
        raise NeedsAnswer(text("setup.nobody", spoken))
    if options.undo:
        return asyncio.run(_undo(options, spoken))
    if not options.project:
        raise NeedsAnswer(text("setup.no_project", spoken))
    return asyncio.run(_setup(options, spoken))


async def _setup(options: Options, spoken: str) -> int:
    project, user = path_safety.judge(options.project, options.user, spoken)
    unit = options.unit if not options.unit or "." in options.unit else f"{options.unit}.service"
    asks = not (options.yes or options.dry_run)
    wishes = Wishes(
        unit,
        spoken,
        start=not options.no_start,
        docker=options.docker,
        asks=asks,
        instrument=not options.no_instrument,
        restart=options.restart,
    )
    with opened(spoken) as ledger:
        if any(entry.after is None for entry in ledger.open_entries() if entry.change.command is Command.SETUP):
            say(text("setup.resumed", spoken))
        say(text("setup.looking", spoken))
        facts = await look(project, user, wishes, ledger)
        todo = plan(facts, wishes)
        _show(facts, todo, spoken)
        if todo.refusals:
            return 1
        if options.dry_run:
            changes.explain(todo.changes, facts.files, spoken)
            return 0
        done, failed = await changes.make(
            todo.changes, ledger, spoken, agree=_agree(options, spoken), files=facts.files, pointless=_pointless
        )
    say("\n" + text("setup.done" if todo.changes else "setup.nothing", spoken, n=done))
    if todo.changes and not failed:
        say(text("setup.next", spoken))
    return 1 if failed else 0


def _show(facts: Facts, todo: Plan, spoken: str) -> None:
    say("\n" + text("setup.found", spoken))
    tell(prompts.facts_lines(facts, spoken), " " * 25)
    if todo.notes or todo.refusals:
        print()
    for note in todo.notes:
        tell(prompts.note_lines(note, spoken))
    for note in todo.refusals:
        tell(prompts.note_lines(note, spoken, mark="❌"))


def _pointless(change: Change, declined: Collection[str]) -> bool:
    """True for what stands beside, enables or starts a unit whose file was not written, and for starting
    anew a bot that was to stay as it is."""
    if change.kind is Kind.RESTART_UNIT:
        return instrument_path(change.target) in declined
    if change.kind is Kind.WRITE_FILE and change.target.startswith(UNITS):
        unit = change.target.rpartition(".d/")[0].rpartition("/")[2]
        return bool(unit) and not {unit_path(unit), environment_path(unit)}.isdisjoint(declined)
    return change.kind in (Kind.ENABLE_UNIT, Kind.START_UNIT) and (
        unit_path(change.target) in declined or (change.kind is Kind.START_UNIT and change.target in declined)
    )


def _agree(options: Options, spoken: str) -> changes.Agree:
    def agree(change: Change) -> bool:
        if change.careful:  # equal to root, or the end of downloads: a plain --yes does not mean this
            named = options.restart if change.kind is Kind.RESTART_UNIT else options.docker
            return (options.yes and named) or prompts.ask(text("setup.ask", spoken), spoken, default=False)
        return options.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)

    return agree


async def _undo(options: Options, spoken: str) -> int:
    """Take back the changes of `setup` and of `fleet join`."""
    with opened(spoken) as ledger:
        mine = (Command.SETUP, Command.FLEET)
        undone = await changes.take_back(
            ledger,
            spoken,
            mine,
            agree=lambda _: options.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True),
        )
        if undone is None:
            say(text("setup.undo.nothing", spoken))
            return 0
        await apply.settle()
    say("\n" + text(f"setup.undo.{undone.value}", spoken))
    return undone.status
