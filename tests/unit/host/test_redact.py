"""What is taken for a bot token, in which spellings, and in what time."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.host.redact import _HIDDEN, redact

DIGITS, SECRET = "1234567890", "AAExampleExampleExampleExampleExampl"
TOKEN = f"{DIGITS}:{SECRET}"


@pytest.mark.parametrize(
    "colon", [":", "%3A", "%3a", "%253A", "%25253a", "\\u003a", "\\u003A", "&#58;", "&#x3A;", "&colon;"]
)
def test_every_spelling_of_the_colon(colon: str) -> None:
    assert redact(f"POST /bot{DIGITS}{colon}{SECRET}/getFile") == "POST /bot<TOKEN>/getFile"


@pytest.mark.parametrize("before", ["", "bot", "1", "9" * 30, "file_1", "٣", "é", "<TOKEN>", ":", "12345:"])
@pytest.mark.parametrize("after", ["", "/", "_", "xyz", "\n", ":", TOKEN])
def test_whatever_stands_around_it(before: str, after: str) -> None:
    assert SECRET not in redact(before + TOKEN + after)


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u200d", "\u00ad", "\ufe0f", "\u034f", "\u202e", "\x1b", "\x7f", "\n", "\U000e0041", "\ud800"],
)
def test_invisible_characters_inside_hide_nothing(hidden: str) -> None:
    told = redact("⚠️ bot" + hidden.join(TOKEN) + "/getFile 👨‍👩‍👧")
    assert told == "⚠️ bot<TOKEN>/getFile 👨‍👩‍👧"


@pytest.mark.parametrize(
    "text", ["12:30:45 INFO:httpx: fine", "1234567890:short", "⚠️ Error: 👨‍👩‍👧\n\tx", "a" * 99, "%3A & \\u003a"]
)
def test_other_text_stays_the_same_object(text: str) -> None:
    assert redact(text) is text


def test_nothing_that_is_shown_as_nothing_is_forgotten() -> None:
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    unknown = [
        n for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in kinds and not _HIDDEN.match(chr(n))
    ]
    assert unknown == []
    assert not [c for c in "aZ09_-:%é❌😀 /'" if _HIDDEN.match(c)]


@given(st.text(max_size=400))
def test_again_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "line", ["1" * 65536 + ":", "12345:" * 11000, "12345%25" * 8000, "\u200b1" * 32000 + ":", ("1" * 99 + "&") * 650]
)
def test_a_hostile_line_takes_no_longer_than_its_length(line: str) -> None:
    began = time.thread_time()
    redact(line)
    assert time.thread_time() - began < 2  # 10 ms here; a quadratic walk takes half an hour
