"""Which rule decides about a line, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..extract.line_format import LONGEST_LINE
from ..statement import statement
from .engine import Rule, RuleSet, Scope

_MOST_SHOWN = 120  # characters of what a pattern found
_MOST_BELOW = 5


@dataclass(frozen=True, slots=True)
class Why:
    """`literals` are those of the rule that the line holds, `part` is what its pattern found.
    `below` are the names of the rules that match as well and come later. `blanked`: names of
    media files were taken out before the comparison. Without a rule all else is empty."""

    rule: Rule | None = None
    literals: tuple[str, ...] = ()
    part: str | None = None
    below: tuple[str, ...] = ()
    blanked: bool = False

    @property
    def negative(self) -> bool:
        """True when the line is known not to be a failure."""
        return self.rule is not None and self.rule.error_type is None


def explain(rules: RuleSet, line: str) -> Why:
    """The decision of `rules` about `line` with its reasons: the same rule as `rules.decide`."""
    said = statement(line)
    blanked = said.line != line[:LONGEST_LINE].lower()
    rule = rules.decide(line)
    if rule is None:
        return Why(blanked=blanked)
    text = said.line if rule.error_type is None else said.message if rule.exact else said.own
    found = rule.pattern.search(text) if rule.pattern is not None else None
    later = rules.rules[rules.rules.index(rule) + 1 :]
    # Scope.FILE counts in tracebacks only; it never decides about a line alone.
    below = tuple(one.name for one in later if one.scope is not Scope.FILE and one.matches_said(said))
    return Why(
        rule,
        tuple(literal for literal in (*rule.literals, *rule.all_literals) if literal in text),
        found[0][:_MOST_SHOWN] if found else None,
        below[:_MOST_BELOW],
        blanked,
    )
