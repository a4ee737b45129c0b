"""`trafico-monitor setup`: prepares this machine for the monitor, asking before each change."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...errors import MonitorError
from ...host import systemd
from ...messages import text
from ...privileged import chown
from ...setup import apply, path_safety, prompts
from ...setup.apply import ChangeError, carry_out
from ...setup.discover import look
from ...setup.model import Change, Facts, Kind, Wishes
from ...setup.plan import Plan, plan
from ...setup.state_file import Entry, Ledger, opened
from ...setup.unit_files import UNITS, environment_path, instrument_path, unit_path
from ..output import language, say

_CONTENT = "    │ "


class NotRoot(MonitorError):
    """Only root may write what setup writes."""

    exit_code = 77  # EX_NOPERM


class NeedsAnswer(MonitorError):
    """There is nobody to ask, and nobody has said yes to everything."""

    exit_code = 64  # EX_USAGE


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
        if any(entry.after is None and not entry.undone for entry in ledger.entries):
            say(text("setup.resumed", spoken))
        say(text("setup.looking", spoken))
        facts = await look(project, user, wishes, ledger)
        todo = plan(facts, wishes)
        _show(facts, todo, spoken)
        if todo.refusals:
            return 1
        if options.dry_run:
            for number, change in enumerate(todo.changes, 1):
                _explain(number, len(todo.changes), change, facts, spoken)
            say("\n" + text("setup.dry_run", spoken, n=len(todo.changes)))
            return 0
        done, failed = await _make(todo, facts, ledger, options, spoken)
    say("\n" + text("setup.done" if todo.changes else "setup.nothing", spoken, n=done))
    if todo.changes and not failed:
        say(text("setup.next", spoken))
    return 1 if failed else 0


def _show(facts: Facts, todo: Plan, spoken: str) -> None:
    say("\n" + text("setup.found", spoken))
    _tell(prompts.facts_lines(facts, spoken), " " * 25)
    if todo.notes or todo.refusals:
        print()
    for note in todo.notes:
        _tell(prompts.note_lines(note, spoken))
    for note in todo.refusals:
        _tell(prompts.note_lines(note, spoken, mark="❌"))


def _tell(lines: Iterable[str], below: str = "      ") -> None:
    for line in lines:
        say(line, _CONTENT if line.startswith(_CONTENT) else below)


async def _make(todo: Plan, facts: Facts, ledger: Ledger, options: Options, spoken: str) -> tuple[int, bool]:
    """Each change in its turn: (how many were made, whether one failed)."""
    done, failed, declined = 0, False, set[str]()
    for number, change in enumerate(todo.changes, 1):
        if _pointless(change, declined) or (change.kind is Kind.RESTART_UNIT and not done):
            continue
        _explain(number, len(todo.changes), change, facts, spoken)
        if not _agreed(change, options, spoken):
            say(f"  ⏭️ {text('setup.skipped', spoken)}")
            if change.required:
                say("\n" + text("setup.ended", spoken))
                break
            declined.add(change.target)
            continue
        try:
            await carry_out(change, ledger, spoken)
        except ChangeError as error:
            say(f"  ❌ {error}")
            failed = True
            if change.required:
                break
            declined.add(change.target)
            continue
        say(f"  ✅ {text('setup.made', spoken)}")
        done += 1
    return done, failed


def _pointless(change: Change, declined: set[str]) -> bool:
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


def _explain(number: int, total: int, change: Change, facts: Facts, spoken: str) -> None:
    print()
    _tell(prompts.describe(change, spoken, before=f"[{number}/{total}] "))
    there = facts.files.get(change.target)
    lines = [*prompts.meaning(change, spoken), *prompts.content_lines(change, there.content if there else None)]
    _tell(lines, "    ")


def _agreed(change: Change, options: Options, spoken: str) -> bool:
    if change.careful:  # equal to root, or the end of downloads: a plain --yes does not mean this
        named = options.restart if change.kind is Kind.RESTART_UNIT else options.docker
        return (options.yes and named) or prompts.ask(text("setup.ask", spoken), spoken, default=False)
    return options.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)


async def _undo(options: Options, spoken: str) -> int:
    with opened(spoken) as ledger:
        for entry in ledger.open_entries():
            if entry.change.kind is Kind.RESTART_UNIT:  # nothing to take back
                ledger.undo(entry)
        entries = ledger.open_entries()
        if not entries:
            say(text("setup.undo.nothing", spoken))
            return 0
        kept = apply.altered(ledger.entries)
        whole = True
        for number, entry in enumerate(entries, 1):
            before = f"[{number}/{len(entries)}] {text('setup.undo.one', spoken)} "
            print()
            _tell(prompts.describe(entry.change, spoken, before=before))
            whole = await _undo_one(entry, kept, ledger, options, spoken) and whole
        await apply.settle()
    say("\n" + text("setup.undo.done" if whole else "setup.undo.part", spoken))
    return 0 if whole else 1


async def _undo_one(entry: Entry, kept: frozenset[str], ledger: Ledger, options: Options, spoken: str) -> bool:
    """True when the change is taken back, or somebody else's by now."""
    if not (options.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)):
        say(f"  ⏭️ {text('setup.skipped', spoken)}")
        return False
    try:
        left = await apply.take_back(entry, kept)
    except (OSError, chown.Stop) as error:
        reason = error.code if isinstance(error, chown.Stop) else (error.strerror or str(error))
        say(f"  ❌ {text('setup.failed', spoken, target=entry.change.target, reason=reason)}")
        return False
    ledger.undo(entry)
    for code, about in left:
        say(f"  ⚠️ {text(f'setup.left.{code}', spoken, target=about)}")
    if not left:
        say(f"  ✅ {text('setup.undo.made', spoken)}")
    return True
