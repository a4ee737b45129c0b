"""The first look at a line is only faster: it never changes what the rules say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.detection.detector import _SUSPECT, Detector
from trafico_monitor.detection.extract.line_format import BLANK
from trafico_monitor.detection.prefilter import Literals, NoiseFilter, outside_names
from trafico_monitor.detection.ruleset.engine import Rule, RuleSet, Scope
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.statement import statement
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.journal_entry import JournalEntry

from .test_lines import CASES, SHIPPED
from .test_properties import STORIES

RULES = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
LITERALS = sorted({literal for rule in RULES.rules for literal in (*rule.literals, *rule.all_literals)})
RAW = [outside_names(literal) for literal in RULES.literals]
EXAMPLES = [line for rule in RULES.rules for line in (*rule.matches, *rule.misses)]


def ungated(line: str) -> ErrorType | None:
    """Rule by rule, in their order, without any literal looked for before."""
    said = statement(line)
    alone = [rule for rule in RULES.rules if rule.scope is not Scope.FILE]
    return next((rule.error_type for rule in alone if rule.matches_said(said)), None)


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
            assert (one in dull) == (not any(literal in one.lower() for literal in RAW))


def test_a_sign_is_a_literal_like_the_others() -> None:
    dull = NoiseFilter(["http 500", "error"])
    for _ in range(2):  # the second time from what is remembered
        assert "an HTTP 200 answer" in dull and "nothing at 12:00" in dull
        assert "an HTTP 500 answer" not in dull and "an ERROR at 12:00" not in dull


def test_an_operators_literal_in_a_blanked_name_passes() -> None:
    rule = Rule("mine", ErrorType.TIMEOUT, (f"perdido {BLANK} entero",))
    line = "perdido 'x.mp4' entero"
    # The quotes stand around the blank: what matters is that the filter lets it be looked at.
    assert line not in NoiseFilter(RuleSet((rule,)).literals) and line not in NoiseFilter([BLANK * 2])


def test_no_literals_occur_nowhere() -> None:
    none: Literals[str] = Literals({})
    assert not none.any_in("error") and list(none.values_in("error")) == []
    assert "error" in NoiseFilter([]) and RuleSet().decide("ERROR:x:Timed out") is None


@given(st.lists(st.text("ab·0", min_size=1, max_size=4), max_size=6), st.text("ab·01", max_size=20))
def test_all_literals_are_found_at_once(literals: list[str], text: str) -> None:
    found = Literals({one: one for one in literals})
    assert set(found.values_in(text)) == {one for one in literals if one in text}
    assert found.any_in(text) == any(one in text for one in literals)


class Thorough(Detector):
    """The same, to which every line with a mark of a download is worth a look."""

    def new_dull(self) -> NoiseFilter:
        return NoiseFilter((*self._rules.literals, *self._marks, *_SUSPECT))


PLACES = ["modelos/luna/a.mp4", "/srv/telegram-bot-api/<TOKEN>/videos/file_3.mp4", "modelos/sol/b.mov", "modelos/"]
SAID = [
    "Guardado en {}",
    "Próxima: {}",
    "cp {} {}",
    "descarga {}",
    "✅ Descarga completa: {}",
    "{}",
    "{} listo",
    "📥 {}",
]
FORMS = [
    "{}", "INFO:__main__:{}", "ERROR:__main__:{}", "WARN | {}", "2026-01-01 10:10:10,123 - x - ERR - {}",
    '{{"level": "info", "message": "{}"}}', "level=info msg='{}'", "[ERR] {}", "    {}", "❌ {}", "E {}",
    "[10:10:10] INFO     {}          main.py:3", "           {}", "{}\nmodelos/luna/c.mp4", "\x1b[31m{}\x1b[0m",
]  # fmt: skip
named = st.builds(
    lambda form, said, one, other: form.format(said.format(one, other)),
    st.sampled_from(FORMS), st.sampled_from(SAID), st.sampled_from(PLACES), st.sampled_from(PLACES),
)  # fmt: skip


@given(st.lists(st.one_of(named, st.sampled_from(EXAMPLES), st.sampled_from(STORIES[0])), max_size=20))
@settings(max_examples=examples(400), deadline=None)
def test_a_line_with_a_place_is_passed_over_only_where_it_tells_nothing(lines: list[str]) -> None:
    quick, thorough = Detector(RULES), Thorough(RULES)
    for number, line in enumerate(lines):
        entry = JournalEntry(line, 7, 1000.0 + number, f"c{number}")
        assert quick.feed(entry) == thorough.feed(entry), repr(lines)
        assert quick.settle(entry.at) == thorough.settle(entry.at)
    assert quick.settle(5000.0) == thorough.settle(5000.0) and quick.overdue(9999.0) == thorough.overdue(9999.0)
