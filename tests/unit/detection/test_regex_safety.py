"""Patterns that could explode are refused; the others do what they say."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.detection.ruleset.regex_safety import MOST_WAYS, NotLinear, compiled


@each(
    ("pattern", "reason"),
    [
        ("a*", "unbounded"),
        ("x+y", "unbounded"),
        ("(a+)+$", "unbounded"),
        ("a{3,}", "unbounded"),
        (r"(a)\1", "backreference"),
        ("(?P<q>['\"])x(?P=q)", "backreference"),
        (".{0,200}x.{0,200}y", "ways"),
        ("(?:a{0,30}){0,30}", "ways"),
        ("(a|a|a){0,20}", "ways"),
        ("(?:(?:a{99}){99}){99}b", "ways"),
        ("(?:){4000000000}", "ways"),
        ("[a-z][a-z]{0,5000}[a-z]{9}\\d", "ways"),  # found by fuzzing: 0.5 s for one line of letters
        ("(?m)^[a-z]{0,5000}[a-z]{9}\\d", "ways"),
        ("x|[a-z]{0,5000}[a-z]{9}\\d", "ways"),
        ("(", "syntax"),
        ("a" * 3000, "long"),
    ],
)
def test_refused(pattern: str, reason: str) -> None:
    with pytest.raises(NotLinear) as refused:
        compiled(pattern)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "pattern",
    [
        "abc",
        "timed? out",
        r"errno \d{1,3}\]",
        "a.{0,80}b",
        "(?:x|y){0,3}z",
        "[^ ]{0,400}+/",
        "^[a-z]{0,5000}[a-z]{9}\\d",
        "error[a-z]{0,900}[a-z]{19}\\d",
    ],
)
def test_accepted(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


@given(st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=examples(60))
def test_the_bound_is_on_the_product_of_choices(first: int, second: int) -> None:
    pattern = f"a{{0,{first}}}b{{0,{second}}}c"
    ways = (first + 1) * (second + 1)
    if ways > MOST_WAYS:
        with pytest.raises(NotLinear):
            compiled(pattern)
    else:
        assert compiled(pattern).search("abc")


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", r"\w", "a|b", "aa|a", "^", "$", r"\b", " "])
_COUNTS = st.sampled_from(
    ["", "?", "*", "+", "{0,9}", "{1,40}", "{0,90}", "{30}", "{0,9}?", "{0,90}+", "{2000}", "{9,}"]
)
_PATTERNS = st.recursive(
    st.builds(lambda atom, count: f"(?:{atom}){count}", _ATOMS, _COUNTS),
    lambda inner: st.one_of(
        st.builds(lambda one, two: one + two, inner, inner),
        st.builds(lambda one, two: f"(?:{one}|{two})", inner, inner),
        st.builds(lambda one, count: f"({one}){count}", inner, _COUNTS),
        st.builds(lambda one: f"(?={one})", inner),
        st.builds(lambda one: f"(?>{one})", inner),
    ),
    max_leaves=6,
)
_HOSTILE = ("a" * 8192, "ab" * 4096, "a" * 8191 + "!", "a " * 4096, " " * 8192)
# One line of the greatest length that is looked at, on a slow machine that does other things.
_LIMIT_SECONDS = 6.0


@given(_PATTERNS)
@settings(max_examples=examples(150), deadline=None)
def test_whatever_is_accepted_ends_soon_on_a_hostile_line(pattern: str) -> None:
    try:
        accepted = compiled(pattern + "c")
    except NotLinear:
        return
    for line in _HOSTILE:
        began = time.thread_time()  # its own: others load the machine
        accepted.search(line)
        assert time.thread_time() - began < _LIMIT_SECONDS


@given(st.text(max_size=80))
@example("[[a]")  # Python warns of it, and takes it
@settings(max_examples=examples(300))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    try:
        compiled(pattern).search("a" * 500)
    except NotLinear as refused:
        assert refused.reason
