"""Every reason that an action or a verdict can give has a text in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.messages import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parents[3] / "trafico_monitor"
MAKERS = {
    "TaskResult", "Trouble", "Media", "Verdict", "PathRefused", "NotSettled", "media", "_damaged", "Provenance",
    "_not_there",
}  # fmt: skip
BY_NAME = MAKERS | {"Structure"}  # what else these are given are no reasons
TABLES = {"_BY_ERRNO", "_REFUSALS", "_FAILURES"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*\Z")


def reasons(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := called(node.func)) in BY_NAME:
            given = node.args if name in MAKERS else ()
            yield from texts(*given, *(word.value for word in node.keywords if word.arg == "reason"))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            table = node.targets[0].id in TABLES and isinstance(node.value, ast.Dict)
            yield from texts(*(node.value.values if table and isinstance(node.value, ast.Dict) else ()))


def called(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def texts(*nodes: ast.AST | None) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Call | ast.Tuple) and any(isinstance(each, ast.Call) for each in ast.walk(node)):
            continue  # evidence: another kind of code
        for part in ast.walk(node) if node else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and CODE.match(part.value):
                yield part.value


def found() -> list[str]:
    files = [*(ROOT / "repair").rglob("*.py"), *(ROOT / "verification").glob("*.py"), ROOT / "host/safe_open.py"]
    return sorted({reason for file in files for reason in reasons(ast.parse(file.read_text()))})


def test_the_search_finds_reasons() -> None:
    assert {"source_missing", "no_space", "media_truncated", "path_link", "size_differs"} - set(found()) <= {
        "size_differs"
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_a_text(language: str) -> None:
    assert [code for code in found() if f"reason.{code}" not in catalogue(language)] == []
