"""`trafico-monitor setup`: prepares this machine for the monitor, asking before each change."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable

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
from ..main import language
from ..output import say

_COMMAND = "   → "  # whole, to be copied
_CONTENT = "    │ "


class NotRoot(MonitorError):
    """Only root may write what setup writes."""

    exit_code = 77  # EX_NOPERM


class NeedsAnswer(MonitorError):
    """There is nobody to ask, and nobody has said yes to everything."""

    exit_code = 64  # EX_USAGE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    spoken = language()
    parser.add_argument("--project", metavar="DIR", help=text("setup.option.project", spoken))
    parser.add_argument("--user", metavar="NAME", default="", help=text("setup.option.user", spoken))
    parser.add_argument("--unit", metavar="UNIT", default="", help=text("setup.option.unit", spoken))
    parser.add_argument("--yes", action="store_true", help=text("setup.option.yes", spoken))
    parser.add_argument("--docker", action="store_true", help=text("setup.option.docker", spoken))
    parser.add_argument("--no-instrument", action="store_true", help=text("setup.option.no_instrument", spoken))
    parser.add_argument("--restart", action="store_true", help=text("setup.option.restart", spoken))
    parser.add_argument("--no-start", action="store_true", help=text("setup.option.no_start", spoken))
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--dry-run", action="store_true", help=text("setup.option.dry_run", spoken))
    way.add_argument("--undo", action="store_true", help=text("setup.option.undo", spoken))


def run(args: argparse.Namespace) -> int:
    """Do it, show it or undo it; 0 when all that was agreed to is done."""
    spoken = language()
    if os.geteuid() != 0:
        raise NotRoot(text("setup.not_root", spoken))
    if not systemd.systemd_runs():
        raise MonitorError(text("setup.no_systemd", spoken))
    if not (args.yes or args.dry_run or sys.stdin.isatty()):
        raise NeedsAnswer(text("setup.nobody", spoken))
    if args.undo:
        return asyncio.run(_undo(args, spoken))
    if not args.project:
        raise NeedsAnswer(text("setup.no_project", spoken))
    return asyncio.run(_setup(args, spoken))


async def _setup(args: argparse.Namespace, spoken: str) -> int:
    project, user = path_safety.judge(args.project, args.user, spoken)
    unit = args.unit if not args.unit or "." in args.unit else f"{args.unit}.service"
    asks = not (args.yes or args.dry_run)
    wishes = Wishes(
        unit,
        spoken,
        start=not args.no_start,
        docker=args.docker,
        asks=asks,
        instrument=not args.no_instrument,
        restart=args.restart,
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
        if args.dry_run:
            for number, change in enumerate(todo.changes, 1):
                _explain(number, len(todo.changes), change, facts, spoken)
            say("\n" + text("setup.dry_run", spoken, n=len(todo.changes)))
            return 0
        done, failed = await _make(todo, facts, ledger, args, spoken)
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
        if line.startswith(_COMMAND):
            print(line)
        else:
            say(line, _CONTENT if line.startswith(_CONTENT) else below)


async def _make(todo: Plan, facts: Facts, ledger: Ledger, args: argparse.Namespace, spoken: str) -> tuple[int, bool]:
    """Each change in its turn: (how many were made, whether one failed)."""
    done, failed, declined = 0, False, set[str]()
    for number, change in enumerate(todo.changes, 1):
        if _pointless(change, declined) or (change.kind is Kind.RESTART_UNIT and not done):
            continue
        _explain(number, len(todo.changes), change, facts, spoken)
        if not _agreed(change, args, spoken):
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


def _agreed(change: Change, args: argparse.Namespace, spoken: str) -> bool:
    if change.careful:  # equal to root, or the end of downloads: a plain --yes does not mean this
        named = args.restart if change.kind is Kind.RESTART_UNIT else args.docker
        return (args.yes and named) or prompts.ask(text("setup.ask", spoken), spoken, default=False)
    return args.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)


async def _undo(args: argparse.Namespace, spoken: str) -> int:
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
            whole = await _undo_one(entry, kept, ledger, args, spoken) and whole
        await apply.settle()
    say("\n" + text("setup.undo.done" if whole else "setup.undo.part", spoken))
    return 0 if whole else 1


async def _undo_one(entry: Entry, kept: frozenset[str], ledger: Ledger, args: argparse.Namespace, spoken: str) -> bool:
    """True when the change is taken back, or somebody else's by now."""
    if not (args.yes or prompts.ask(text("setup.ask", spoken), spoken, default=True)):
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
