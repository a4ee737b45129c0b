"""What a rule is, and which rule decides about a line. Pure.

A line is decided by the first rule in order of priority that matches it. A rule with the
error_type `none` (a negative rule) decides as well: the line is then known not to be a failure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from ..model.finding import ErrorType
from .gates import Gates, gates_for, passes
from .lines import LONGEST_LINE, without_names


class Scope(Enum):
    """Where in a program the failure counts."""

    ANY = "any"  # also while polling or sending: a full disk, a refused connection
    DOWNLOAD = "download"  # not while polling or sending: a timeout there loses no video
    FILE = "file"  # only in a traceback that was fetching a file: alone the line says nothing


class Silence(Enum):
    """How far the word of a negative rule reaches."""

    LINE = "line"  # this line only
    NETWORK = "network"  # of the traceback that follows only Scope.ANY counts
    BLOCK = "block"  # nothing of the traceback that follows counts


@dataclass(frozen=True, slots=True)
class Rule:
    """All texts and patterns are lower case and compared with the lower-cased line.

    `literals`: one must occur; `all_literals`: every one must; `pattern`: must be found;
    `unless` and `unless_patterns`: none may be. Names of media files are blanked out before the
    comparison: a video may be called timeout.mp4.
    """

    name: str
    error_type: ErrorType | None
    literals: tuple[str, ...]
    all_literals: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    unless: tuple[str, ...] = ()
    unless_patterns: tuple[re.Pattern[str], ...] = ()
    priority: int = 50
    scope: Scope = Scope.DOWNLOAD
    silences: Silence = Silence.LINE
    matches: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    file: str = ""

    def holds(self, text: str) -> bool:
        """Whether the rule matches `text`: a lower-cased line without names of media files."""
        for literal in self.literals:
            if literal in text:
                break
        else:
            if self.literals:
                return False
        for literal in self.all_literals:
            if literal not in text:
                return False
        for literal in self.unless:
            if literal in text:
                return False
        if self.pattern is not None and self.pattern.search(text) is None:
            return False
        return not any(refused.search(text) for refused in self.unless_patterns)


class _Undecided:
    pass


_UNDECIDED = _Undecided()
_MOST_DECIDED, _LONGEST_DECIDED = 1024, 512


@dataclass(frozen=True, slots=True)
class RuleSet:
    """`rules` are in order of priority, the highest first; `literals` are those without any of
    which no rule with an error type matches a line alone."""

    rules: tuple[Rule, ...] = ()
    literals: tuple[str, ...] = ()
    gates: Gates = ()
    idle_gates: Gates = ()
    # Lines that differ only in the name of the video are one text: what was decided about it.
    _decided: dict[str, Rule | None] = field(default_factory=dict, compare=False, repr=False)

    def decide(self, line: str) -> Rule | None:
        """The rule that decides about `line`, or None when no rule knows it."""
        lowered = line[:LONGEST_LINE].lower()
        return self.decide_gated(lowered) if passes(self.gates, lowered) else None

    def idle(self, lowered: str) -> bool:
        """True when a lower-cased line tells of polling or sending: no video was lost by it."""
        return passes(self.idle_gates, lowered)

    def decide_gated(self, lowered: str) -> Rule | None:
        """As `decide`, for a lower-cased line in which a gate was found."""
        text = without_names(lowered)
        decided = self._decided.get(text, _UNDECIDED)
        if isinstance(decided, _Undecided):
            decided = self._first(text)
            if len(text) <= _LONGEST_DECIDED:
                if len(self._decided) >= _MOST_DECIDED:
                    self._decided.clear()
                self._decided[text] = decided
        return decided

    def _first(self, text: str) -> Rule | None:
        for rule in self.rules:
            if rule.scope is not Scope.FILE and rule.holds(text):
                return rule
        return None

    def decide_fetching(self, line: str) -> Rule | None:
        """The rule of Scope.FILE that decides about the last line of a traceback, or None."""
        text = without_names(line[:LONGEST_LINE].lower())
        return next((rule for rule in self.rules if rule.scope is Scope.FILE and rule.holds(text)), None)


def rule_set(rules: tuple[Rule, ...]) -> RuleSet:
    """`rules` in order of priority (equal ones by name), with the gates that they need.

    Gates come from the rules with an error type only: a line that no such rule can match is
    uninteresting whatever a negative rule says.
    """
    ordered = tuple(sorted(rules, key=lambda rule: (-rule.priority, rule.name)))
    telling = [rule for rule in ordered if rule.error_type is not None and rule.scope is not Scope.FILE]
    literals = {literal for rule in telling for literal in rule.literals or rule.all_literals[:1]}
    idle = [word for rule in ordered if rule.silences is Silence.NETWORK for word in rule.literals]
    return RuleSet(ordered, tuple(sorted(literals)), gates_for(literals), gates_for(idle))
