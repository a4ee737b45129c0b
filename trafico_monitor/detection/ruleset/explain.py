"""Explanations of decisions, and checks that each rule decides about its own examples. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..extract.line_format import LONGEST_LINE
from ..line_model import RULE as LINE_MODEL
from ..line_model import Opinion
from ..statement import statement
from .engine import Rule, RuleSet, Scope

_MOST_SHOWN = 120  # characters of what a pattern found
_MOST_BELOW = 5


@dataclass(frozen=True, slots=True)
class Why:
    """`literals` are those of the rule that the line holds, `part` is what its pattern found.
    `below` are the names of the rules that match as well and come later. `blanked`: names of
    media files were taken out before the comparison. Without a rule all else is empty. `opinion` is
    the line model's, where no rule knows the line and the model was asked."""

    rule: Rule | None = None
    literals: tuple[str, ...] = ()
    part: str | None = None
    below: tuple[str, ...] = ()
    blanked: bool = False
    opinion: Opinion | None = None

    @property
    def negative(self) -> bool:
        """True when the line is known not to be a failure."""
        return self.rule is not None and self.rule.error_type is None


def explain(rules: RuleSet, line: str) -> Why:
    """The decision of `rules` about `line` with its reasons: the same rule as `rules.decide`."""
    said = statement(line)
    blanked = said.line != line[:LONGEST_LINE].lower()
    rule = rules.decide_by_rules(line)
    if rule is None:
        return Why(rules.guess(line), blanked=blanked, opinion=rules.opinion(line))
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


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` is one of messages/ (`rules.lint.<code>`)."""

    code: str
    rule: Rule
    example: str = ""
    other: str = ""


def faults(rules: RuleSet) -> tuple[Fault, ...]:
    """Every example that a rule gets wrong, every rule without examples, every shadowed rule."""
    return tuple(fault for rule in rules.rules for fault in _faults_of(rule, rules))


def _faults_of(rule: Rule, rules: RuleSet) -> list[Fault]:
    found: list[Fault] = []
    if rule.scope is Scope.FILE:
        return [Fault("must_match", rule, one) for one in rule.matches if rules.decide_fetching(one) is None]
    if not rule.matches:
        return [Fault("no_examples", rule)]
    deciding = [rules.decide_by_rules(example) for example in rule.matches]
    for example, decider in zip(rule.matches, deciding, strict=True):
        if not rule.matches_said(statement(example)):
            found.append(Fault("must_match", rule, example))
        elif decider is not None and decider.error_type is not rule.error_type:
            found.append(Fault("decided_by_other", rule, example, decider.name))
    for example in rule.misses:
        decider = rules.decide(example)
        if decider is rule:
            found.append(Fault("must_not_match", rule, example))
        elif decider is not None and decider.name == LINE_MODEL and decider.error_type is rule.error_type:
            found.append(Fault("model_matches", rule, example))
    # A negative rule's example may have no gate at all: then nothing has to decide about it.
    others = [decider for decider in deciding if decider is not rule]
    if len(others) == len(deciding) and all(other is not None for other in others) and not found:
        found.append(Fault("shadowed", rule, other=others[0].name if others[0] else ""))
    return found
