"""`trafico-monitor rules unknown`: errors that no rule knows, each with a rule to accept."""

from __future__ import annotations

import sys
from pathlib import Path

from ...detection.rule_files import directories
from ...detection.ruleset.engine import RuleSet
from ...detection.statement import statement
from ...detection.unknown.rule_suggestion import proposal
from ...messages import text
from ...model.finding import UnknownKind
from ..common import clock, print_json, printable, records_of
from ..output import say


def show(rules: RuleSet, config: Path | None, as_json: bool, known_too: bool, spoken: str) -> int:
    """Print the kinds, the newest first; those that the present rules know by now are left out
    unless `known_too`. Exit status 0."""
    with records_of(config) as records:
        kinds = [kind for kind in records.unknown() if known_too or not _known(kind, rules)]
    if not kinds and not as_json:
        say(text("rules.unknown.none", spoken))
    for kind in kinds:
        if as_json:
            print_json(_as_data(kind))
        else:
            _print(kind, directories(config)[-1], spoken)
    return 0


def _known(kind: UnknownKind, rules: RuleSet) -> bool:
    return all(rules.decide_said(statement(sample)) is not None for sample in kind.samples)


def _as_data(kind: UnknownKind) -> dict[str, object]:
    return {
        "id": kind.id,
        "template": kind.template,
        "frame": kind.frame or None,
        "count": kind.count,
        "first": kind.first,
        "last": kind.last,
        "samples": list(kind.samples),
        "rule": proposal(kind),
    }


def _print(kind: UnknownKind, directory: Path, spoken: str) -> None:
    frame = text("rules.unknown.frame", spoken, frame=printable(kind.frame)) if kind.frame else ""
    say(
        text(
            "rules.unknown.kind",
            spoken,
            count=kind.count,
            template=printable(kind.template),
            frame=frame,
            first=clock(kind.first, spoken),
            last=clock(kind.last, spoken),
        )
    )
    for sample in kind.samples:
        say(f"    {printable(sample)}", "      ", most=sys.maxsize)
    rule = proposal(kind)
    if rule is None:
        say(text("rules.unknown.no_rule", spoken) + "\n")
        return
    say(text("rules.unknown.rule", spoken, directory=directory) + "\n")
    print("\n".join(printable(line) for line in rule.splitlines()) + "\n")
