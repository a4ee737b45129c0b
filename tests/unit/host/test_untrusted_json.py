"""JSON that others have written is parsed in one place, and whatever it holds is a value or one error."""

from __future__ import annotations

import ast
import json
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.host.untrusted_json import DEEPEST, parse

ROOT = Path(__file__).resolve().parents[3] / "trafico_monitor"
# What else may call json.loads, and why that text is nobody else's.
ITS_OWN = {
    "host/untrusted_json.py": "the place",
    "detection/log_formats/fields.py": "lines of bounded length, by pairs and also cut off; catches RecursionError",
    "detection/line_model.py": "a file of the package",
    "notify/channels/apprise_worker.py": "a program of its own, told by its parent process; catches everything",
    "privileged/chown.py": "root's helper: one file of the standard library alone, with bounds of its own",
    "daemon/hub.py": "from the own database",
    "health/uptime.py": "from the own database",
    "fleet/records.py": "the monitor's own records, as it has just written them",
    "setup/state_file.py": "root's own file",
    "model/serialization.py": "from the own database",
    "store/read_repository.py": "from the own database",
    "store/fallback_database.py": "from the own database",
    "store/predictions.py": "from the own database",
    "store/repository.py": "from the own database",
    "web/auth.py": "from the own database",
    "web/responses.py": "bounded by the server, and catches RecursionError",
}
HOSTILE = {
    "arrays": "[" * 100_000,
    "closed arrays": "[" * 900 + "]" * 900,
    "objects": '{"a":' * 100_000,
    "closed objects": '{"a":' * 900 + "1" + "}" * 900,
    "just too deep": "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
    "deep behind the wide": json.dumps([0] * 1000)[:-1] + ", " + "[" * 500 + "]" * 501,
    "a number of many digits": "9" * 100_000,
    "cut": '{"ok": true, "result"',
    "nothing": "",
    "two": "{} {}",
    "a lone quote": '"',
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "too long": "[" + " " * 5_000_000 + "]",
}


def parsing(file: Path) -> set[str]:
    """The parsers of JSON that a module calls."""
    calls = (node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    names = {ast.unparse(call) for call in calls}
    return names & {"json.loads", "json.load", "loads", "json.JSONDecoder", "JSONDecoder"}


def test_nobody_else_parses_what_others_have_written() -> None:
    found = {str(file.relative_to(ROOT)) for file in sorted(ROOT.rglob("*.py")) if parsing(file)}
    assert found == ITS_OWN.keys()


@each("name", HOSTILE)
def test_whatever_is_no_sane_json_is_one_error(name: str) -> None:
    with pytest.raises(ValueError):
        parse(HOSTILE[name])


def test_an_error_is_an_error_however_deep_the_caller_is() -> None:
    """The parser's own limit counts the caller's frames, too."""

    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
            return
        for text in HOSTILE.values():
            with pytest.raises(ValueError):
                parse(text)

    deeper(sys.getrecursionlimit() // 2)


def test_a_refusal_costs_no_more_than_the_text() -> None:
    text = "[" * 4_000_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            parse(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)


@settings(max_examples=examples(200))
@given(values)
def test_what_is_sane_comes_through(value: object) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value).encode()) == value


@settings(max_examples=examples(300))
@given(st.text(alphabet='[]{},:"0123456789eE+-.tfnulrsa \\\n', max_size=300) | st.binary(max_size=200))
def test_any_text_is_a_value_or_the_error(text: str | bytes) -> None:
    try:
        parse(text)
    except ValueError:
        return
