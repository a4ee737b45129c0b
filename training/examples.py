"""Labelled lines of this repository that the line model learns from, each with its source.

What is kept aside is never read here: `tests/corpus/aside`, and the corpora beside the project.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trafico_monitor.detection.line_model import NONE
from trafico_monitor.detection.rule_files import PACKAGED, read_rule_files
from trafico_monitor.detection.ruleset.engine import RuleSet, Scope
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.host.redact import redact

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / "tests"
OWN = HERE / "lines.jsonl"
ROWS = tuple(TESTS / "unit" / "detection" / name for name in ("lines.toml", "sentences.toml"))
GIVEN = TESTS / "corpus" / "given" / "lines.jsonl"
ASIDE = TESTS / "corpus" / "aside" / "lines.jsonl"
BESIDE = Path(os.environ.get("CORPUS", HERE.parents[1] / "shared" / "corpus"))


@dataclass(frozen=True)
class Example:
    """A redacted line and its label: an error_type or «none». `source` is empty where lines have none."""

    line: str
    label: str
    source: str
    part: str


def examples() -> list[Example]:
    """Every example of the repository."""
    rows = [tomllib.loads(file.read_text(encoding="utf-8")) for file in ROWS if file.exists()]
    found = [
        Example(redact(line), label, "", "rows") for each in rows for label, lines in each.items() for line in lines
    ]
    found += of_rules(load(read_rule_files((PACKAGED,))))
    found += _of_file(OWN, "own")
    return found + _of_file(GIVEN, "given")


def of_rules(rules: RuleSet) -> list[Example]:
    """What `rules` say they match. An operator's, too."""
    return [
        Example(redact(line), rule.error_type.value if rule.error_type else NONE, f"rule {rule.name}", "rules")
        for rule in rules.rules
        if rule.scope is not Scope.FILE
        for line in rule.matches
    ]


def aside() -> list[Example]:
    """What nothing learns from: empty where the corpora are not at hand."""
    beside = [one for file in sorted(BESIDE.glob("lines*.jsonl")) for one in _of_file(file, f"beside {file.stem}")]
    return [*_of_file(ASIDE, "aside"), *beside]


def fingerprint(found: Iterable[Example]) -> str:
    """The SHA-256 of the examples, whatever their order."""
    rows = sorted(f"{one.label}\t{one.line}" for one in found)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _of_file(file: Path, part: str) -> list[Example]:
    return list(_rows(file, part)) if file.exists() else []


def _rows(file: Path, part: str) -> Iterator[Example]:
    for text in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        if "DEBATABLE" not in (row.get("note") or ""):
            yield Example(redact(row["line"]), row["label"], row["source"], part)
