from __future__ import annotations

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.samples import TOKEN
from trafico_monitor.notify.messages.markup import (
    LONGEST_MESSAGE,
    Line,
    Message,
    assemble,
    clean,
    clip,
    name,
    units,
    verbatim,
)


class Tags(HTMLParser):
    """Checks what Telegram checks: only known tags, without attributes, properly nested."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("b", "code") and not attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment in a message")


def check(message: Message) -> str:
    """Assert that `message` is one that Telegram takes; return what a reader sees."""
    assert 0 < units(message.html) <= LONGEST_MESSAGE
    assert 0 < units(message.plain) <= LONGEST_MESSAGE
    message.html.encode(), message.plain.encode()
    tags = Tags()
    tags.feed(message.html)
    tags.close()
    assert tags.open == []
    assert tags.text.strip()
    return tags.text


HOSTILE = [
    "<b>",
    "</code><a href='tg://user?id=1'>x</a>",
    "&lt;&amp;",
    "*bold* _it_ `code` [a](http://evil.example)",
    "\u202egnp.exe",
    "a\x00b\x1b[31mc\r\nd\te",
    "{0.__class__} {modelo!r} %s %n",
    "\ud800\udfff",
    "\U0001f480" * 5000,
    "&" * 100_000,
    "\u200b" * 100_000 + TOKEN,
    TOKEN[:14] + "\u200b" + TOKEN[14:],
    "../../etc/passwd",
    "א" * 300,
    "",
    "   ",
]
anything = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), max_size=300))


@given(anything, st.integers(1, 500))
def test_a_field_has_no_secret_no_line_break_and_nothing_invisible(value: str, limit: int) -> None:
    for field in (name(value, limit), verbatim(value, limit)):
        assert TOKEN not in field.plain and TOKEN[14:44] not in field.plain
        assert all(c.isprintable() for c in field.plain.replace("\u2068", "").replace("\u2069", ""))
        assert units(html.escape(clip(clean(value), limit), quote=False)) <= limit + 1


@given(st.lists(anything, max_size=60), anything)
def test_any_lines_make_a_message_that_telegram_takes(values: list[str], closing: str) -> None:
    lines = [Line("title", "title"), *(verbatim(value, 400) for value in values)]
    shown = check(assemble(lines, verbatim(closing, 40)))
    assert shown.startswith("title")


def test_a_token_hidden_by_invisible_characters_is_redacted() -> None:
    assert clean(TOKEN[:14] + "\u200b" + TOKEN[14:]) == "<TOKEN>"


@pytest.mark.parametrize("tame", ["victor", "20251225_143020_a3f2b1.mp4", "José-2", "niña_3.MOV".lower()])
def test_a_tame_name_is_shown_as_it_is(tame: str) -> None:
    assert name(tame, 80) == Line(tame, tame)


@pytest.mark.parametrize("wild", ["evil.com", "@somebody", "/start", "a b", "http://evil.example", "#tag"])
def test_what_telegram_would_make_a_link_is_code(wild: str) -> None:
    assert name(wild, 80) == Line(f"<code>{wild}</code>", wild)


def test_right_to_left_text_cannot_turn_the_line_around() -> None:
    assert name("א ב", 80).plain == "\u2068א ב\u2069"
