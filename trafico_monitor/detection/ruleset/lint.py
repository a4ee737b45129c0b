"""Checks a rule set against its own examples. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..statement import statement
from .engine import Rule, RuleSet, Scope


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
    deciding = [rules.decide(example) for example in rule.matches]
    for example, decider in zip(rule.matches, deciding, strict=True):
        if not rule.matches_said(statement(example)):
            found.append(Fault("must_match", rule, example))
        elif decider is not None and decider.error_type is not rule.error_type:
            found.append(Fault("decided_by_other", rule, example, decider.name))
    found.extend(Fault("must_not_match", rule, example) for example in rule.misses if rules.decide(example) is rule)
    # A negative rule's example may have no gate at all: then nothing has to decide about it.
    others = [decider for decider in deciding if decider is not rule]
    if len(others) == len(deciding) and all(other is not None for other in others) and not found:
        found.append(Fault("shadowed", rule, other=others[0].name if others[0] else ""))
    return found
