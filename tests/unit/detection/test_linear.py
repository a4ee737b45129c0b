"""Patterns that could explode are refused; the others do what they say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafico_monitor.detection.linear import MOST_WAYS, NotLinear, compiled


@pytest.mark.parametrize(
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
        ("(", "syntax"),
        ("a" * 3000, "long"),
    ],
)
def test_refused(pattern: str, reason: str) -> None:
    with pytest.raises(NotLinear) as refused:
        compiled(pattern)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "pattern", ["abc", "timed? out", r"errno \d{1,3}\]", "a.{0,80}b", "(?:x|y){0,3}z", "[^ ]{0,400}+/"]
)
def test_accepted(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


@given(st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=60)
def test_the_bound_is_on_the_product_of_choices(first: int, second: int) -> None:
    pattern = f"a{{0,{first}}}b{{0,{second}}}c"
    ways = (first + 1) * (second + 1)
    if ways > MOST_WAYS:
        with pytest.raises(NotLinear):
            compiled(pattern)
    else:
        assert compiled(pattern).search("abc")
