"""What a rule is, and which rule decides about a line. Pure.

A line is decided by the first rule in order of priority that matches it. A rule with the
error_type `none` (a negative rule) decides as well: the line is then known not to be a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ...model.finding import ErrorType
from ..extract.line_format import LONGEST_LINE, without_names
from ..line_model import RULE, LineModel, Opinion, asked_about
from ..prefilter import Literals, outside_names
from ..statement import Statement, Voice, of_text, reports, statement
from .amounts import CONDITIONS
from .os_errors import os_errors
from .phrases import place as place_of


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


class Role(Enum):
    """Part that a matched line plays in the story of a failure."""

    FAILURE = "failure"  # reports the failure itself
    DETAIL = "detail"  # tells more of a failure reported just before; opens one only when there was none
    BOT_FIX = "bot_fix"  # announces a repair by the bot itself: how that ends is the failure


@dataclass(frozen=True, slots=True)
class Rule:
    """All texts and patterns are lower case and compared with the lower-cased record, its prefix taken off.

    `literals`: one must occur; `all_literals`: every one must; `pattern`: must be found;
    `errors`: one of these errors of the operating system must be named, by number, name or words (its literals are
    made of them); `says`: one of these phrases (phrases.py), near one of `about` where there are any; `condition`:
    the amounts of bytes in the text must compare so (amounts.py).
    `unless` and `unless_patterns`: none may be. Names of media files are blanked out before the
    comparison: a video may be called timeout.mp4.

    A rule with an error type speaks of the record's own words, which quotations are not, and counts
    from level WARNING on; of a `guarded` rule the words before its match must be about a download, the
    disk, the server or nothing in particular. An `exact` one is a template of a library or of the
    operator: its pattern is anchored at the beginning, it sees the whole record, and it counts at every
    level; `loggers` then bind it to the beginnings of loggers' names, where the format says the logger.
    """

    name: str
    error_type: ErrorType | None
    literals: tuple[str, ...]
    all_literals: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    errors: frozenset[str] = frozenset()
    says: re.Pattern[str] | None = None
    about: re.Pattern[str] | None = None
    condition: str = ""
    unless: tuple[str, ...] = ()
    unless_patterns: tuple[re.Pattern[str], ...] = ()
    priority: int = 50
    scope: Scope = Scope.DOWNLOAD
    silences: Silence = Silence.LINE
    matches: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()
    file: str = ""
    guarded: bool = False
    exact: bool = False
    loggers: tuple[str, ...] = ()
    role: Role = Role.FAILURE
    role_by_name: bool = False  # no `role` is given: taken from the name's ending, as 1.0.0 did

    def matches_said(self, said: Statement) -> bool:
        """Whether the rule decides about `said`: a negative rule may see the quotations, too."""
        return self.holds(said.line) if self.error_type is None else self.reports(said)

    def reports(self, said: Statement) -> bool:
        """Whether `said` reports a failure of this rule's type in its own words."""
        if self.exact:
            bound = not (said.logger and self.loggers) or said.logger.startswith(self.loggers)
            return bound and self.holds(said.message)
        if said.voice is Voice.QUIET or any(refused in said.line for refused in self.unless):
            return False
        if any(refused.search(said.line) for refused in self.unless_patterns):
            return False
        place = self._place(said.own)
        if place is None or not self.guarded:
            return place is not None
        # Phrases and amounts of bytes tell by themselves what a record is about, unless it is a page of the web.
        told = (self.condition or self.says is not None) and said.voice is Voice.RECORD
        begin = 0 if told and "://" not in said.own[: place[1]] else said.own.rfind(" ", 0, place[0]) + 1
        return reports(said.own, begin, place[1], said.voice)

    def _place(self, own: str) -> tuple[int, int] | None:
        """Where the rule's words begin and end in `own`; None when they are not all there."""
        if any(literal not in own for literal in self.all_literals):
            return None
        places = [at for literal in self.literals if (at := own.find(literal)) >= 0]
        if self.literals and not places:
            return None
        found = (first := min(places, default=0)), first
        for searched in self._searched(own):
            if searched is None:
                return None
            found = searched
        return found

    def _searched(self, text: str) -> Iterator[tuple[int, int] | None]:
        """Where each of what the rule searches for is in `text`; None for what is not there."""
        if self.errors:
            yield next(((one.begin, one.end) for one in os_errors(text) if one.name in self.errors), None)
        if self.pattern is not None:
            found = self.pattern.search(text)
            yield found.span() if found is not None else None
        if self.says is not None:
            yield place_of(text, self.says, self.about)
        if self.condition:
            yield CONDITIONS[self.condition](text)

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
        if any(searched is None for searched in self._searched(text)):
            return False
        return not any(refused.search(text) for refused in self.unless_patterns)


class _Undecided:
    pass


_UNDECIDED = _Undecided()
_MOST_DECIDED, _LONGEST_DECIDED = 1024, 512


class RuleSet:
    """`rules` in order of priority, the highest first, equal ones by name, and the line model that is asked where no
    rule knows a line. For one thread: it remembers decisions."""

    def __init__(self, rules: Iterable[Rule] = (), model: Callable[[], LineModel] | None = None) -> None:
        self._model = model  # read when it is first asked
        self.rules = tuple(sorted(rules, key=lambda rule: (-rule.priority, rule.name)))
        self._alone = tuple(rule for rule in self.rules if rule.scope is not Scope.FILE)
        telling = [rule for rule in self._alone if rule.error_type is not None]
        self._types = {rule.error_type for rule in telling}
        literals = {literal for rule in telling for literal in _needed(rule)}
        # Without any of them no rule with an error type matches a line alone, and the line is
        # uninteresting whatever a negative rule says.
        self.literals = tuple(sorted(literals))
        self._gate = Literals(dict.fromkeys(map(outside_names, literals)))
        self._polling = Literals(
            {
                outside_names(word): None
                for rule in self.rules
                if rule.silences is Silence.NETWORK
                for word in rule.literals
            }
        )
        by_literal: dict[str, tuple[int, ...]] = {}
        for place, rule in enumerate(self._alone):
            for literal in _needed(rule):
                by_literal[literal] = (*by_literal.get(literal, ()), place)
        self._by_literal = Literals(by_literal)
        self._always = frozenset(place for place, rule in enumerate(self._alone) if not _needed(rule))
        # Lines that differ only in the name of the video are one text: what was decided about it.
        self._decided: dict[tuple[Voice, str, str], Rule | None] = {}

    def decide(self, line: str) -> Rule | None:
        """The rule that decides about `line` alone, or what the model is sure of when no rule knows it, or None."""
        return self.decide_by_rules(line) or self.guess(line)

    def opinion(self, line: str) -> Opinion | None:
        """The model's opinion about a line that no rule knows; None for one about which it is not asked."""
        said = asked_about(line) if self._model is not None else None
        if said is None or self._model is None or self.decide_said(said) is not None:
            return None
        return self._model().opinion(said)

    def guess(self, line: str) -> Rule | None:
        """The type that the model is sure of, as a rule named `line_model`; None when it is not sure of a failure, and
        for a type of which the operator has taken the rules away."""
        opinion = self.opinion(line)
        if opinion is None or not opinion.sure or opinion.error_type not in self._types:
            return None
        return Rule(RULE, opinion.error_type, ())

    def decide_by_rules(self, line: str) -> Rule | None:
        """The rule that decides about `line` alone, or None when no rule knows it."""
        return self.decide_said(statement(line)) if self._gate.any_in(line[:LONGEST_LINE].lower()) else None

    def decide_exception(self, line: str) -> Rule | None:
        """As `decide`, for the exception's line of a traceback: it begins with a class, not with a format."""
        return self.decide_said(of_text(line[:LONGEST_LINE]))

    def is_polling(self, lowered: str) -> bool:
        """True when a lower-cased line tells of polling or sending: no video was lost by it."""
        return self._polling.any_in(lowered)

    def decide_said(self, said: Statement) -> Rule | None:
        """The first rule in order of priority that decides about `said`, or None."""
        key = (said.voice, said.logger, said.line)
        decided = self._decided.get(key, _UNDECIDED)
        if isinstance(decided, _Undecided):
            decided = self._first(said)
            if len(said.line) <= _LONGEST_DECIDED:
                if len(self._decided) >= _MOST_DECIDED:
                    self._decided.clear()
                self._decided[key] = decided
        return decided

    def _first(self, said: Statement) -> Rule | None:
        # A rule looks for its literals in one of the three; nearly always the first holds the others.
        texts = [said.line, *(text for text in (said.message, said.own) if text not in said.line)]
        places = self._always.union(*self._by_literal.values_in("\n".join(texts)))
        return next((rule for place in sorted(places) if (rule := self._alone[place]).matches_said(said)), None)

    def decide_fetching(self, line: str) -> Rule | None:
        """The rule of Scope.FILE that decides about the last line of a traceback, or None."""
        text = without_names(line[:LONGEST_LINE].lower())
        return next((rule for rule in self.rules if rule.scope is Scope.FILE and rule.holds(text)), None)


def _needed(rule: Rule) -> tuple[str, ...]:
    """Literals without any of which `rule` matches nothing."""
    return rule.literals or rule.all_literals[:1]
