"""Rule files: what is accepted, and the one clear line for what is not."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafico_monitor.detection.ruleset.lint import faults
from trafico_monitor.detection.ruleset.loader import load, load_all
from trafico_monitor.errors import RuleError

from .test_lines import SHIPPED

GOOD = """
[[rule]]
name = "mine"
error_type = "timeout"
literals = ["se cansó de esperar"]
priority = 77
matches = ["ERROR: se cansó de esperar"]
"""


def test_a_good_file() -> None:
    rules = load({"mine.toml": GOOD})
    rule = rules.decide("ERROR: Se cansó de ESPERAR")
    assert rule is not None and rule.name == "mine" and rule.priority == 77
    assert not faults(rules)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("priority = 77", 'priority = "high"'), "priority"),
        (('error_type = "timeout"', 'error_type = "lento"'), "servidor_caido"),
        (("priority = 77", 'pattern = "(a+)+"'), "límite"),
        (("priority = 77", 'colour = "red"'), "colour"),
        (('literals = ["se cansó de esperar"]', ""), "literals"),
        (('"se cansó de esperar"', '"Se Cansó"'), "minúsculas"),
        (('name = "mine"', 'name = "no vale"'), "name"),
        (("[[rule]]", "[[rule]"), "TOML"),
    ],
)
def test_a_mistake_names_file_rule_and_reason(change: tuple[str, str], says: str) -> None:
    with pytest.raises(RuleError) as refused:
        load({"mine.toml": GOOD.replace(*change)})
    assert "mine.toml" in str(refused.value) and says in str(refused.value)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RuleError, match=r"b\.toml.*a\.toml"):
        load({"a.toml": GOOD, "b.toml": GOOD})


def test_lint_finds_wrong_examples_and_shadowed_rules() -> None:
    other = GOOD.replace('"mine"', '"other"').replace("77", "78")
    wrong = GOOD.replace('"mine"', '"wrong"').replace('["ERROR: se', '["ERROR: no se cansó", "x se')
    codes = {
        (fault.rule.name, fault.code) for fault in faults(load({"a.toml": GOOD, "b.toml": other, "c.toml": wrong}))
    }
    assert ("mine", "shadowed") in codes and ("wrong", "must_match") in codes


def test_the_shipped_rules_are_in_order() -> None:
    rules = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
    assert [fault for fault in faults(rules)] == []


_VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(['"timeout"', "(a+)+"])
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(["name", "error_type", "literals", "all_literals", "pattern", "priority", "scope", "unless"])


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "")
    return str(value)


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_as_a_rule_file_are_rules_or_one_refusal(data: bytes) -> None:
    content = data.decode("utf-8", "replace")
    with contextlib.suppress(RuleError):
        load({"x.toml": content})
    load_all({"x.toml": content, "good.toml": GOOD})


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
@settings(max_examples=300)
def test_any_values_in_a_rule_are_a_rule_or_one_refusal(table: dict[str, object]) -> None:
    content = "[[rule]]\n" + "\n".join(f"{key} = {_toml(value)}" for key, value in table.items())
    with contextlib.suppress(RuleError):
        load({"x.toml": content})
    rules, mistakes = load_all({"x.toml": content, "good.toml": GOOD})
    assert {rule.name for rule in rules.rules} >= {"mine"} and len(rules.rules) + len(mistakes) == 2


@pytest.mark.parametrize("content", ["a = " + "[" * 100_000, "a = 1" + "0" * 100_000, "[a" + ".a" * 9_000 + "]"])
def test_a_file_that_is_too_much_for_the_parser_is_refused(content: str) -> None:
    with pytest.raises(RuleError, match=r"x\.toml"):
        load({"x.toml": content})
