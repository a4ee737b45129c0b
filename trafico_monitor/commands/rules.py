"""`trafico-monitor rules`: list them, check them, ask which one decides about a line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from ..config.rule_files import read_rule_files
from ..detection.lint import Fault, faults
from ..detection.paths import Paths
from ..detection.rule_text import NONE, load
from ..detection.rules import Rule, RuleSet
from ..errors import RuleError
from ..host.redact import redact
from ..messages import text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|lint|test")
    for name in ("list", "lint", "test"):
        action = actions.add_parser(name)
        action.add_argument("--json", action="store_true")
        action.add_argument("--rules", type=Path, action="append", default=[], metavar="DIR")
        if name == "test":
            action.add_argument("file", metavar="FILE|-")


def run(args: argparse.Namespace) -> int:
    """Exit status: 0; `lint` 1 when something is wrong; 78 for a rule that is refused."""
    from ..cli import language

    spoken = language()
    rules = load(read_rule_files(args.rules, spoken), spoken)
    if args.action == "list":
        return _list(rules, args.json, spoken)
    if args.action == "lint":
        return _lint(rules, args.json, spoken)
    return _test(rules, args.file, args.json, spoken)


def lines_of(file: str, language: str) -> Iterator[str]:
    """The lines of `file` (`-`: standard input), whatever bytes they hold."""
    if file == "-":
        yield from _decoded(sys.stdin.buffer)
        return
    try:
        with Path(file).open("rb") as opened:
            yield from _decoded(opened)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RuleError(text("rules.unreadable", language, path=file, reason=reason)) from error


def _decoded(opened: object) -> Iterator[str]:
    for line in opened:  # type: ignore[attr-defined]
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _list(rules: RuleSet, as_json: bool, language: str) -> int:
    for rule in rules.rules:
        if as_json:
            print(json.dumps(_described(rule), ensure_ascii=False))
        else:
            kind = rule.error_type.value if rule.error_type else text("rules.list.none", language)
            print(f"{rule.priority:4} {kind:17} {rule.name:28} {rule.file}")
    return 0


def _described(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.name,
        "error_type": rule.error_type.value if rule.error_type else NONE,
        "priority": rule.priority,
        "scope": rule.scope.value,
        "file": rule.file,
        "literals": [*rule.literals, *rule.all_literals],
        "pattern": rule.pattern.pattern if rule.pattern else None,
    }


def _lint(rules: RuleSet, as_json: bool, language: str) -> int:
    found = faults(rules)
    for fault in found:
        print(json.dumps(_fault(fault), ensure_ascii=False) if as_json else _fault_text(fault, language))
    if not as_json:
        examples = sum(len(rule.matches) + len(rule.misses) for rule in rules.rules)
        code = "rules.lint.failed" if found else "rules.lint.ok"
        print(text(code, language, count=len(found) or len(rules.rules), examples=examples))
    return 1 if found else 0


def _fault(fault: Fault) -> dict[str, object]:
    rule = fault.rule
    return {"file": rule.file, "rule": rule.name, "fault": fault.code, "example": fault.example, "other": fault.other}


def _fault_text(fault: Fault, language: str) -> str:
    rule, example, other = fault.rule, fault.example, fault.other
    return text(f"rules.lint.{fault.code}", language, file=rule.file, rule=rule.name, example=example, other=other)


def _test(rules: RuleSet, file: str, as_json: bool, language: str) -> int:
    paths = Paths()
    for number, line in enumerate(lines_of(file, language), 1):
        verdict = _verdict(rules, paths, number, redact(line))
        if as_json:
            print(json.dumps(verdict, ensure_ascii=False))
        else:
            code = "rules.test.line" if verdict["error_type"] else "rules.test.nothing"
            shown = {key: value or text("unknown", language) for key, value in verdict.items()}
            print(text(code, language, **shown))
    return 0


def _verdict(rules: RuleSet, paths: Paths, number: int, line: str) -> dict[str, object]:
    rule = rules.decide(line)
    failed = rule is not None and rule.error_type is not None
    named = paths.read(line) if failed else None
    return {
        "line": number,
        "error_type": rule.error_type.value if rule is not None and rule.error_type is not None else None,
        "rule": rule.name if rule is not None else None,
        "modelo": named.modelo if named else None,
        "video": named.video if named else None,
    }
