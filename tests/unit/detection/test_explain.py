"""Why a rule decides: what of it was found in the line, and what else would have."""

from __future__ import annotations

from trafico_monitor.detection.ruleset.explain import explain
from trafico_monitor.detection.ruleset.loader import load

RULES = load(
    {
        "a.toml": """
[[rule]]
name = "first"
error_type = "timeout"
literals = ["tarde", "lento"]
all_literals = ["demasiado"]
pattern = 'demasiado .{0,20}tarde'
priority = 90
[[rule]]
name = "second"
error_type = "corrupto"
literals = ["demasiado"]
[[rule]]
name = "hint"
error_type = "none"
literals = ["consejo"]
priority = 95
"""
    }
)


def test_a_decision_with_its_reasons() -> None:
    why = explain(RULES, "ERROR: Demasiado, DEMASIADO muy tarde: /m/lento.mp4")
    assert why.rule is not None and why.rule.name == "first" and not why.negative and why.blanked
    assert why.literals == ("tarde", "demasiado") and why.part == "demasiado muy tarde" and why.below == ("second",)


def test_a_negative_rule_and_none_at_all() -> None:
    assert explain(RULES, "consejo: demasiado tarde").negative
    assert explain(RULES, "nada").rule is None
