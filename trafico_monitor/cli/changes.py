"""Changes to this machine on a terminal: shown, agreed to, made, and taken back. For `setup`, `hub setup`, `fleet`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum

from ..errors import MonitorError
from ..messages import text
from ..privileged import chown
from ..setup import apply, prompts
from ..setup.apply import ChangeError, carry_out
from ..setup.model import Change, Command, FoundFile, Kind
from ..setup.state_file import Entry, Ledger
from .output import say

_CONTENT = "    │ "
Agree = Callable[[Change], bool]
_RESTARTS = (Kind.RESTART_UNIT, Kind.RESTART_CLUSTER)


class Undone(Enum):
    """What is left of the changes that were taken back: `setup.undo.<value>` in messages/."""

    WHOLE = "done"
    LEFT = "left"  # what was said with a ⚠️: somebody else's by now, or a bot that goes on
    PART = "part"  # the ledger keeps the rest

    @property
    def status(self) -> int:
        """The exit status."""
        return int(self is Undone.PART)


class NotRoot(MonitorError):
    """Only root may change this machine."""

    exit_code = 77  # EX_NOPERM


class NeedsAnswer(MonitorError):
    """There is nobody to ask, and nobody has said yes to everything."""

    exit_code = 64  # EX_USAGE


def tell(lines: Iterable[str], below: str = "      ") -> None:
    """Print lines of `setup/prompts`."""
    for line in lines:
        say(line, _CONTENT if line.startswith(_CONTENT) else below)


def explain(changes: Sequence[Change], files: Mapping[str, FoundFile], spoken: str) -> None:
    """Print every change, and how many there are."""
    for number, change in enumerate(changes, 1):
        _explain(number, len(changes), change, files, spoken)
    say("\n" + text("setup.dry_run", spoken, n=len(changes)))


async def make(
    changes: Sequence[Change],
    ledger: Ledger,
    spoken: str,
    *,
    agree: Agree,
    files: Mapping[str, FoundFile] | None,
    pointless: Callable[[Change, Collection[str]], bool] = lambda change, declined: False,
) -> tuple[int, bool]:
    """Make each change that is agreed to: (how many were made, whether one failed). `pointless` judges by the targets
    that were declined; a unit restarts after a change only. `files` None: no content is shown."""
    done, failed, declined = 0, False, set[str]()
    for number, change in enumerate(changes, 1):
        if pointless(change, declined) or (change.kind is Kind.RESTART_UNIT and not done):
            continue
        _explain(number, len(changes), change, files, spoken)
        if not agree(change):
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


async def take_back(ledger: Ledger, spoken: str, commands: Collection[Command], *, agree: Agree) -> Undone | None:
    """Take back what `commands` have made, latest first; None for nothing."""
    mine = [entry for entry in ledger.open_entries() if entry.change.command in commands]
    for entry in mine:
        if entry.change.kind in _RESTARTS:  # nothing to take back
            ledger.undo(entry)
    entries = [entry for entry in mine if not entry.undone]
    if not entries:
        return None
    kept = apply.altered(ledger.entries)
    found = set[Undone]()
    for number, entry in enumerate(entries, 1):
        before = f"[{number}/{len(entries)}] {text('setup.undo.one', spoken)} "
        print()
        tell(prompts.describe(entry.change, spoken, before=before))
        found.add(await _take_one_back(entry, kept, ledger, agree, spoken))
    return next(one for one in (Undone.PART, Undone.LEFT, Undone.WHOLE) if one in found)


async def _take_one_back(entry: Entry, kept: frozenset[str], ledger: Ledger, agree: Agree, spoken: str) -> Undone:
    if not agree(entry.change):
        say(f"  ⏭️ {text('setup.skipped', spoken)}")
        return Undone.PART
    try:
        left = await apply.take_back(entry, kept)
    except (OSError, chown.Stop) as error:
        reason = error.code if isinstance(error, chown.Stop) else (error.strerror or str(error))
        say(f"  ❌ {text('setup.failed', spoken, target=entry.change.target, reason=reason)}")
        return Undone.PART
    ledger.undo(entry)
    for code, about in left:
        say(f"  ⚠️ {text(f'setup.left.{code}', spoken, target=about)}")
    if not left:
        say(f"  ✅ {text('setup.undo.made', spoken)}")
    return Undone.LEFT if left else Undone.WHOLE


def _explain(number: int, total: int, change: Change, files: Mapping[str, FoundFile] | None, spoken: str) -> None:
    print()
    tell(prompts.describe(change, spoken, before=f"[{number}/{total}] "))
    if files is None:
        return
    there = files.get(change.target)
    lines = [*prompts.meaning(change, spoken), *prompts.content_lines(change, there.content if there else None)]
    tell(lines, "    ")
