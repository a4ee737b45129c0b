"""The first look at a line is only faster: it never changes what the rules say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.detection.extract.line_format import BLANK
from trafico_monitor.detection.prefilter import NoiseFilter, gates_for, passes
from trafico_monitor.detection.ruleset.engine import Rule, rule_set
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.statement import statement
from trafico_monitor.model.finding import ErrorType

from .test_lines import CASES, SHIPPED

RULES = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
LITERALS = sorted({literal for rule in RULES.rules for literal in (*rule.literals, *rule.all_literals)})
EXAMPLES = [line for rule in RULES.rules for line in (*rule.matches, *rule.misses)]


def ungated(line: str) -> ErrorType | None:
    rule = RULES.decide_said(statement(line))
    return rule.error_type if rule is not None else None


def gated(line: str) -> ErrorType | None:
    rule = RULES.decide(line)
    return rule.error_type if rule is not None else None


def test_a_real_line_is_decided_as_without_gates() -> None:
    lines = [line for _, line in CASES] + EXAMPLES
    assert [line for line in lines if gated(line) != ungated(line)] == []
    noise = NoiseFilter(RULES.literals)
    assert [line for line in lines if line in noise and ungated(line) is not None] == []


cut = st.tuples(st.sampled_from(LITERALS), st.integers(0, 12), st.integers(0, 12)).map(
    lambda one: one[0][one[1] :][: len(one[0]) - one[2] or None]
)
whole = st.sampled_from(LITERALS)
filling = st.sampled_from([" ", "' ", ": ", "", "x", "0", "19", "ñ", "🔍 ", "'a b.mp4'", "İ", "K", "\n"])
made = st.lists(st.one_of(whole, cut, filling, whole.map(str.upper), whole.map(str.title)), max_size=8).map("".join)


@given(made)
@settings(max_examples=examples(1500), deadline=None)
def test_a_made_line_is_decided_as_without_gates(line: str) -> None:
    assert gated(line) == ungated(line)


@given(st.lists(made, min_size=1, max_size=12), st.lists(st.integers(0, 9), min_size=40, max_size=40))
@settings(max_examples=examples(400), deadline=None)
def test_what_was_seen_before_answers_only_for_lines_like_it(lines: list[str], digits: list[int]) -> None:
    dull = NoiseFilter(RULES.literals)
    for line in lines:
        turning = iter(digits * (len(line) // len(digits) + 1))
        other = "".join(str(next(turning)) if "0" <= sign <= "9" else sign for sign in line)
        for one in (line, other, line):
            assert (one in dull) == (not passes(RULES.gates, one.lower()))


def test_a_sign_is_a_literal_like_the_others() -> None:
    dull = NoiseFilter(["http 500"], ("error",))
    for _ in range(2):  # the second time from what is remembered
        assert "an HTTP 200 answer" in dull and "nothing at 12:00" in dull
        assert "an HTTP 500 answer" not in dull and "an ERROR at 12:00" not in dull


def test_an_operators_literal_in_a_blanked_name_passes() -> None:
    rule = Rule("mine", ErrorType.TIMEOUT, (f"perdido {BLANK} entero",))
    line = "perdido 'x.mp4' entero"
    # The quotes stand around the blank: what matters is that the gate lets it be looked at.
    assert passes(rule_set((rule,)).gates, line) and passes(gates_for([BLANK * 2]), line)
