"""Complaints of the bot's children, such as `cp: error writing '…': No space left on device`. Pure.

A child's line is of level C: it opens nothing and names nothing. It may say of what type a failure is that the bot
itself reports without saying why (`returned non-zero exit status 1`), where it names that download's file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from ..model.journal_entry import JournalEntry
from .extract.line_format import LONGEST_LINE
from .ruleset.engine import Role, Rule, RuleSet

MOST_COMPLAINTS = 32
BELONGS_SECONDS = 10.0  # between a tool's complaint and the bot's own record
_QUOTES = frozenset("'\"`«»‘’“”")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A line that ends with a reason which `rule` knows."""

    line: str
    at: float
    rule: Rule

    def names(self, file: str) -> bool:
        """Whether `file` stands in the line as the last part of a path."""
        return re.search(rf"(?:^|[\s/'\"]){re.escape(file)}(?:$|[\s'\":])", self.line) is not None


class Complaints:
    """The latest of all children: they are gone before anybody can ask whose they were."""

    def __init__(self) -> None:
        self._latest: deque[Complaint] = deque(maxlen=MOST_COMPLAINTS)

    def take(self, entry: JournalEntry, rules: RuleSet) -> None:
        """Keeps `entry` if it ends with a reason. What stands before the last colon may be a file's name, which
        anybody chose; a reason holds no quotation mark."""
        line = entry.message[:LONGEST_LINE]
        _, colon, reason = line.rpartition(": ")
        if not colon or "\n" in line or _QUOTES & set(reason):
            return
        rule = rules.decide(reason)
        if rule is not None and rule.error_type is not None and rule.role is Role.FAILURE:
            self._latest.append(Complaint(line, entry.at, rule))

    def about(self, files: Collection[str], at: float) -> Complaint | None:
        """The newest one near `at` that names one of `files`."""
        near = (one for one in reversed(self._latest) if abs(at - one.at) <= BELONGS_SECONDS)
        return next((one for one in near if any(map(one.names, files))), None)
