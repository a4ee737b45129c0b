"""Rule files: what is accepted, and the one clear line for what is not."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.rule_files import Doubt, doubts
from trafico_monitor.detection.ruleset.engine import Role, RuleSet
from trafico_monitor.detection.ruleset.explain import faults
from trafico_monitor.detection.ruleset.loader import load, load_all
from trafico_monitor.errors import RuleError
from trafico_monitor.model.finding import Finding

from . import episodes as e
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
        (("priority = 77", 'role = "chapter"'), "bot_fix"),
        (('error_type = "timeout"', 'error_type = "none"\nrole = "detail"'), "role"),
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
    rules = load(shipped())
    assert [fault for fault in faults(rules)] == []


def shipped() -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")}


REPAIRED = [
    *e.starting("file_3.mp4"),
    "WARNING:__main__:⚠️ Error de permisos detectado, aplicando fix automático...",
    "ERROR:__main__:❌ Timeout al ejecutar chmod (¿sudoers configurado?)",
    "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device",
]
DETAILED = [
    *e.starting("file_3.mp4"),
    "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '/srv/x/videos/file_3.mp4'",
    "ERROR:__main__:❌ Error al aplicar permisos: Command '['sudo', 'chmod', 'x']' returned non-zero exit status 1.",
]


def story(rules: RuleSet, lines: list[str]) -> list[Finding]:
    detector = Detector(rules)
    return [replace(one, rule=None) for entry in e.entries(lines) for one in detector.feed(entry)]


@pytest.mark.parametrize("lines", [REPAIRED, DETAILED])
def test_the_names_of_rules_decide_nothing(lines: list[str]) -> None:
    rules = load(shipped())
    names = {rule.name: f"r{number}" for number, rule in enumerate(rules.rules)}
    renamed = RuleSet(replace(rule, name=names[rule.name]) for rule in rules.rules)
    assert story(renamed, lines) == story(rules, lines)
    swapped = RuleSet(replace(rule, role=Role.FAILURE) for rule in rules.rules)
    assert story(swapped, lines) != story(rules, lines)


@pytest.mark.parametrize("lines", [REPAIRED, DETAILED])
def test_a_rule_file_of_version_one_keeps_its_roles(lines: list[str]) -> None:
    old = {file: re.sub(r"^role = .*\n", "", text, flags=re.MULTILINE) for file, text in shipped().items()}
    assert old != shipped()
    rules = load(old)
    assert {rule.name: rule.role for rule in rules.rules} == {rule.name: rule.role for rule in load(shipped()).rules}
    assert story(rules, lines) == story(load(shipped()), lines)
    assert set(doubts((), rules)) == {
        Doubt("role_by_name", "permisos.toml", "permisos_bot_fix"),
        Doubt("role_by_name", "permisos.toml", "permisos_fix_detail"),
        Doubt("role_by_name", "permisos.toml", "permisos_meaning_bot_fix"),
        Doubt("role_by_name", "ruta_inexistente.toml", "ruta_bot_fix"),
    }
    assert doubts((), load(shipped())) == ()


def test_a_given_role_overrules_the_name() -> None:
    given = GOOD.replace('"mine"', '"my_bot_fix"\nrole = "failure"')
    negative = GOOD.replace('"mine"', '"chat_detail"').replace('"timeout"', '"none"')
    rules = load({"a.toml": given, "b.toml": negative})
    assert {(rule.name, rule.role, rule.role_by_name) for rule in rules.rules} == {
        ("my_bot_fix", Role.FAILURE, False), ("chat_detail", Role.FAILURE, False),
    }  # fmt: skip


_VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(['"timeout"', "(a+)+"])
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(
    ["name", "error_type", "literals", "all_literals", "pattern", "priority", "scope", "unless", "role"]
)


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "")
    return str(value)


@given(st.binary(max_size=300))
@settings(max_examples=examples(300))
def test_any_bytes_as_a_rule_file_are_rules_or_one_refusal(data: bytes) -> None:
    content = data.decode("utf-8", "replace")
    with contextlib.suppress(RuleError):
        load({"x.toml": content})
    load_all({"x.toml": content, "good.toml": GOOD})


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
@settings(max_examples=examples(300))
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
