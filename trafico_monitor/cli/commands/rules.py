"""`trafico-monitor rules`: list them, check them, ask which one decides about a line and why."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ...detection.extract.paths import Paths
from ...detection.rule_files import directories, doubts, read_rule_files
from ...detection.ruleset.engine import Rule, RuleSet
from ...detection.ruleset.explain import Why, explain
from ...detection.ruleset.lint import Fault, faults
from ...detection.ruleset.loader import NONE, load, load_all
from ...errors import MonitorError, RuleError
from ...host.torn import LineRedactor
from ...messages import text
from ..common import printable
from ..main import language
from ..output import say, table

ACTIONS = ("list", "lint", "test", "unknown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions and their options."""
    spoken = language()
    actions = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
    for name in ACTIONS:
        action = actions.add_parser(name, help=text(f"cli.rules.{name}", spoken))
        action.description = text(f"cli.rules.{name}", spoken)
        action.add_argument("--json", action="store_true", help=text("option.json", spoken))
        action.add_argument("--config", type=Path, metavar="FILE", help=text("option.config", spoken))
        action.add_argument(
            "--rules", type=Path, action="append", default=[], metavar="DIR|FILE", help=text("option.rules", spoken)
        )
        if name == "test":
            action.add_argument("--since", metavar="TIME", help=text("option.since", spoken))
            action.add_argument("--until", metavar="TIME", help=text("option.until", spoken))
            action.add_argument("file", nargs="?", metavar="FILE|-", help=text("option.lines", spoken))
        if name == "unknown":
            action.add_argument("--all", action="store_true", help=text("option.all", spoken))


def run(args: argparse.Namespace) -> int:
    """Exit status: 0; for `lint` 1 when there are only hints and 2 when something is wrong; 78 for
    a rule that is refused."""
    spoken = language()
    places = (*directories(args.config), *args.rules)
    if args.action == "lint":
        return _lint(places, args.json, spoken)
    rules = load(read_rule_files(places, spoken), spoken)
    if args.action == "list":
        return _list(rules, args.json, spoken)
    if args.action == "unknown":
        from .rules_unknown import show

        return show(rules, args.config, args.json, args.all, spoken)
    return _test(rules, _lines(args, spoken), args.json, spoken)


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


# list


def _list(rules: RuleSet, as_json: bool, language: str) -> int:
    if as_json:
        for rule in rules.rules:
            print(json.dumps(_described(rule), ensure_ascii=False))
    elif rules.rules:
        none = text("rules.list.none", language)
        rows = [
            (str(rule.priority), rule.error_type.value if rule.error_type else none, rule.name, rule.file)
            for rule in rules.rules
        ]
        print("\n".join(table(rows, least=(4, 17, 28, 0), right=(0,), cuttable=(2,))))
    return 0


def _described(rule: Rule) -> dict[str, object]:
    return {
        "rule": rule.name,
        "error_type": rule.error_type.value if rule.error_type else NONE,
        "priority": rule.priority,
        "scope": rule.scope.value,
        "role": rule.role.value,
        "file": rule.file,
        "literals": [*rule.literals, *rule.all_literals],
        "pattern": rule.pattern.pattern if rule.pattern else None,
    }


# lint


def _lint(places: tuple[Path, ...], as_json: bool, language: str) -> int:
    rules, mistakes = load_all(read_rule_files(places, language), language)
    wrong = faults(rules)
    hints = doubts(places, rules)
    if as_json:
        said: list[dict[str, object]] = [{"fault": "refused", "detail": str(one)} for one in mistakes]
        said += [_fault(one) for one in wrong]
        said += [{"fault": one.code, "file": one.file, "other": one.other, "hint": True} for one in hints]
        for one in said:
            print(json.dumps(one, ensure_ascii=False))
    else:
        for line in (*(f"❌ {one}" for one in mistakes), *(_fault_text(one, language) for one in wrong)):
            say(printable(line), "   ")
        for hint in hints:
            say(
                text(
                    f"rules.lint.{hint.code}", language, file=hint.file, other=_meant(hint.code, hint.other, language)
                )
            )
        say(_verdict_of_lint(rules, len(mistakes) + len(wrong), len(hints), language))
    return 2 if mistakes or wrong else 1 if hints else 0


def _meant(code: str, other: str, language: str) -> str:
    return text("rules.lint.meant", language, other=other) if code == "masks_nothing" and other else other


def _verdict_of_lint(rules: RuleSet, wrong: int, hints: int, language: str) -> str:
    if wrong:
        return text("rules.lint.failed", language, count=wrong)
    examples = sum(len(rule.matches) + len(rule.misses) for rule in rules.rules)
    code = "rules.lint.hints" if hints else "rules.lint.ok"
    return text(code, language, count=len(rules.rules), examples=examples, hints=hints)


def _fault(fault: Fault) -> dict[str, object]:
    rule = fault.rule
    return {"file": rule.file, "rule": rule.name, "fault": fault.code, "example": fault.example, "other": fault.other}


def _fault_text(fault: Fault, language: str) -> str:
    rule, example, other = fault.rule, fault.example, fault.other
    return text(f"rules.lint.{fault.code}", language, file=rule.file, rule=rule.name, example=example, other=other)


# test


def _lines(args: argparse.Namespace, language: str) -> Iterator[str]:
    if args.file:
        door = LineRedactor()
        return (door.line(line, 0) for line in lines_of(args.file, language))
    if not args.since and not args.until:
        raise MonitorError(text("rules.test.source", language))
    return _journal(args, language)


def _journal(args: argparse.Namespace, language: str) -> Iterator[str]:
    from ...config.discovery import bots_user
    from ...config.loader import load as load_config
    from ...journal.reader import read_all
    from ...model.journal_entry import Origin
    from ..timespec import parse

    config, now = load_config(args.config), time.time()
    found = read_all(
        directory=config.journal.directory,
        namespace=config.journal.namespace,
        unit=config.bot.unit,
        process=config.bot.process,
        uid=bots_user(config),
        since=parse(args.since, now, language) if args.since else None,
        until=parse(args.until, now, language) if args.until else None,
    )
    return (entry.message for entry in found if entry.origin is Origin.BOT)


def _test(rules: RuleSet, lines: Iterator[str], as_json: bool, language: str) -> int:
    paths = Paths()
    for number, line in enumerate(lines, 1):
        why = explain(rules, line)
        verdict = _verdict(why, paths, number, line)
        if as_json:
            print(json.dumps({**verdict, "why": _reasons(why)}, ensure_ascii=False))
            continue
        code = "rules.test.line" if verdict["error_type"] else "rules.test.nothing"
        shown = {key: value or text("unknown", language) for key, value in verdict.items()}
        say(text(code, language, **shown), "    ")
        for reason in _reason_lines(why, language):
            say(reason, "      ")
    return 0


def _verdict(why: Why, paths: Paths, number: int, line: str) -> dict[str, object]:
    """The five keys of the contract (design document, section 5)."""
    rule = why.rule
    named = paths.read(line) if rule is not None and rule.error_type is not None else None
    return {
        "line": number,
        "error_type": rule.error_type.value if rule is not None and rule.error_type is not None else None,
        "rule": rule.name if rule is not None else None,
        "modelo": named.modelo if named else None,
        "video": named.video if named else None,
    }


def _reasons(why: Why) -> dict[str, object] | None:
    if why.rule is None:
        return None
    return {
        "file": why.rule.file,
        "priority": why.rule.priority,
        "negative": why.negative,
        "literals": list(why.literals),
        "pattern": why.part,
        "also": list(why.below),
        "names_left_out": why.blanked,
    }


def _reason_lines(why: Why, language: str) -> Iterator[str]:
    rule = why.rule
    if rule is None:
        return
    kind = text("rules.why.negative", language) if why.negative else ""
    yield text("rules.why.rule", language, rule=rule.name, file=rule.file, priority=rule.priority, kind=kind)
    if why.literals:
        yield text("rules.why.literals", language, literals=" · ".join(f"«{one}»" for one in why.literals))
    if why.part is not None:
        yield text("rules.why.pattern", language, part=printable(why.part))
    if why.below:
        yield text("rules.why.below", language, below=", ".join(why.below))
    if why.blanked:
        yield text("rules.why.blanked", language)
