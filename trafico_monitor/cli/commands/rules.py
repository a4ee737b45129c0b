"""`trafico-monitor rules`: lists and checks the rules, and shows the matching rule of a line with its reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ...detection.extract.paths import Paths
from ...detection.line_model import Opinion
from ...detection.rule_files import directories, doubts, read_rule_files
from ...detection.ruleset.engine import Rule, RuleSet
from ...detection.ruleset.explain import Fault, Why, explain, faults
from ...detection.ruleset.loader import NONE, load, load_all
from ...detection.statement import statement
from ...detection.unknown import proposal
from ...errors import MonitorError, RuleError
from ...host.torn import LineRedactor
from ...messages import text
from ...model.finding import UnknownKind
from ..output import clock, language, print_json, printable, say, table
from ..records import open_records


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


def list_rules(as_json: bool, config: Path | None, proposed: tuple[Path, ...]) -> int:
    """Print the rules in the order in which they decide. Raises RuleError (78) for a rule that is refused."""
    spoken = language()
    rules = _rules(config, proposed, spoken)
    if as_json:
        for rule in rules.rules:
            print_json(_described(rule))
    elif rules.rules:
        none = text("rules.list.none", spoken)
        rows = [
            (str(rule.priority), rule.error_type.value if rule.error_type else none, rule.name, rule.file)
            for rule in rules.rules
        ]
        table(rows, least=(4, 17, 28, 0), right=(0,), cuttable=(2,), headed=False)
    return 0


def _rules(config: Path | None, proposed: tuple[Path, ...], spoken: str) -> RuleSet:
    return load(read_rule_files((*directories(config), *proposed), spoken), spoken)


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


def lint(as_json: bool, config: Path | None, proposed: tuple[Path, ...]) -> int:
    """Check every rule against its own examples. Exit status 0; 1 when there are only hints; 2 when
    something is wrong."""
    spoken = language()
    places = (*directories(config), *proposed)
    rules, mistakes = load_all(read_rule_files(places, spoken), spoken)
    wrong = faults(rules)
    hints = doubts(places, rules)
    if as_json:
        said: list[dict[str, object]] = [{"fault": "refused", "detail": str(one)} for one in mistakes]
        said += [_fault(one) for one in wrong]
        said += [{"fault": one.code, "file": one.file, "other": one.other, "hint": True} for one in hints]
        for one in said:
            print_json(one)
    else:
        for line in (*(f"❌ {one}" for one in mistakes), *(_fault_text(one, spoken) for one in wrong)):
            say(printable(line), "   ")
        for hint in hints:
            say(text(f"rules.lint.{hint.code}", spoken, file=hint.file, other=_meant(hint.code, hint.other, spoken)))
        say(_verdict_of_lint(rules, len(mistakes) + len(wrong), len(hints), spoken))
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


def test(
    as_json: bool,
    config: Path | None,
    proposed: tuple[Path, ...],
    since: str | None,
    until: str | None,
    file: str | None,
) -> int:
    """Print for each line of a file or of the journal which rule decides, and why."""
    spoken = language()
    rules = _rules(config, proposed, spoken)
    paths = Paths()
    for number, line in enumerate(_lines(config, file, since, until, spoken), 1):
        why = explain(rules, line)
        verdict = _verdict(why, paths, number, line)
        if as_json:
            print_json({**verdict, "why": _reasons(why)})
            continue
        code = "rules.test.line" if verdict["error_type"] else "rules.test.nothing"
        shown = {key: value or text("unknown", spoken) for key, value in verdict.items()}
        say(text(code, spoken, **shown), "    ")
        for reason in _reason_lines(why, spoken):
            say(reason, "      ")
    return 0


def _lines(config: Path | None, file: str | None, since: str | None, until: str | None, spoken: str) -> Iterator[str]:
    if file:
        redactor = LineRedactor()
        return (redactor.line(line, 0) for line in lines_of(file, spoken))
    if not since and not until:
        raise MonitorError(text("rules.test.source", spoken))
    from ...config.loader import load as load_config
    from ...model.journal_entry import Origin
    from .replay import journal_entries

    found = journal_entries(load_config(config), since, until, spoken)
    return (entry.message for entry in found if entry.origin is Origin.BOT)


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
    if why.opinion is not None:
        return {"model": _opinion(why.opinion), "names_left_out": why.blanked}
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


def _opinion(opinion: Opinion) -> dict[str, object]:
    return {
        "error_type": opinion.error_type.value if opinion.error_type else NONE,
        "confidence": round(opinion.confidence, 3),
        "sure": opinion.sure,
        "words": list(opinion.words),
    }


def _opinion_text(opinion: Opinion, language: str) -> str:
    shown = text(f"type.{opinion.error_type.value}" if opinion.error_type else "rules.list.none", language)
    words = " · ".join(f"«{word}»" for word in opinion.words) or "–"
    code = "rules.why.model" if opinion.sure else "rules.why.model_unsure"
    return text(code, language, error_type=shown, percent=round(100 * opinion.confidence), words=words)


def _reason_lines(why: Why, language: str) -> Iterator[str]:
    rule = why.rule
    if why.opinion is not None:
        yield _opinion_text(why.opinion, language)
        return
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


# unknown


def unknown(as_json: bool, config: Path | None, proposed: tuple[Path, ...], known_too: bool) -> int:
    """Print the groups of errors that no rule knows, the newest first, each with a rule to accept; the groups
    that the present rules know by now are left out unless `known_too`."""
    spoken = language()
    rules = _rules(config, proposed, spoken)
    with open_records(config) as records:
        groups = [each for each in records.unknown() if known_too or not _known(each, rules)]
    if not groups and not as_json:
        say(text("rules.unknown.none", spoken))
    for group in groups:
        opinion = rules.opinion(group.samples[0]) if group.samples else None
        if as_json:
            print_json({**_group_json(group), "model": _opinion(opinion) if opinion else None})
        else:
            _print_group(group, directories(config)[-1], opinion, spoken)
    return 0


def _known(group: UnknownKind, rules: RuleSet) -> bool:
    return all((rules.decide_said(statement(sample)) or rules.guess(sample)) is not None for sample in group.samples)


def _group_json(group: UnknownKind) -> dict[str, object]:
    return {
        "id": group.id,
        "template": group.template,
        "frame": group.frame or None,
        "count": group.count,
        "first": group.first,
        "last": group.last,
        "samples": list(group.samples),
        "rule": proposal(group),
    }


def _print_group(group: UnknownKind, directory: Path, opinion: Opinion | None, spoken: str) -> None:
    frame = text("rules.unknown.frame", spoken, frame=printable(group.frame)) if group.frame else ""
    shown = {"count": group.count, "template": printable(group.template), "frame": frame}
    times = {"first": clock(group.first, spoken), "last": clock(group.last, spoken)}
    say(text("rules.unknown.kind", spoken, **shown, **times))
    for sample in group.samples:
        say(f"    {printable(sample)}", "      ", most=None)
    if opinion is not None:
        say(_opinion_text(opinion, spoken), "      ")
    rule = proposal(group)
    if rule is None:
        say(text("rules.unknown.no_rule", spoken) + "\n")
        return
    say(text("rules.unknown.rule", spoken, directory=directory) + "\n")
    print("\n".join(printable(line) for line in rule.splitlines()) + "\n")
