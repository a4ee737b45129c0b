"""What is taken for a secret, in which spellings, and in what time; and what is left alone."""

from __future__ import annotations

import html
import json
import re
import sys
import unicodedata
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from tests.growth import assert_linear
from tests.unit.host.secrets import JWT, SECRETS
from trafico_monitor.host.escapes import HIDDEN
from trafico_monitor.host.redact import defused, is_ordinary, readings_of, redact, redact_raw, remember
from trafico_monitor.host.secret_shapes import has_sign, has_token
from trafico_monitor.host.torn import may_go_on

DIGITS, SECRET = "1234567890", "AAExampleExampleExampleExampleExamp"
TOKEN = f"{DIGITS}:{SECRET}"


@each("colon", [
        ":", "%3A", "%3a", "%253A", "%25253a", "\\u003a", "\\u003A", "\\x3a", "\\\\u003a", "\\072", "\\:", "&#58;",
        "&#058;", "&#x3A;", "&#x03a;", "&colon;", "&amp;colon;",
    ])  # fmt: skip
def test_every_spelling_of_the_colon(colon: str) -> None:
    assert redact(f"POST /bot{DIGITS}{colon}{SECRET}/getFile") == "POST /bot<TOKEN>/getFile"


@each("before", ["", "bot", "1", "9" * 30, "file_1", "٣", "é", "<TOKEN>", ":", "12345:"])
@each("after", ["", "/", "_", "xyz", "\n", ":", TOKEN])
def test_whatever_stands_around_it(before: str, after: str) -> None:
    assert SECRET not in redact(before + TOKEN + after)


@each("blanks", [" ", "  ", "\t", "     ", "\u3000\u3000"])
@each("quote", ['"', "'"])
@each("name", ["password=", "api_key: ", "token => b"])
@each("after", ["", " y algo más", " "])
def test_blanks_at_the_beginning_of_a_quoted_value_uncover_no_character(
    blanks: str, quote: str, name: str, after: str
) -> None:
    told = redact(f"{name}{quote}{blanks}Zq9vXwYk37916482{after}{quote}")
    assert not any(map(str.isdigit, told)), told


@each("hidden", [
        "\u200b", "\u200d", "\u00ad", "\ufe0f", "\u034f", "\u202e", "\x1b", "\x7f", "\n", "\U000e0041", "\ud800", "\r",
        "\t",
    ])  # fmt: skip
def test_invisible_characters_inside_hide_nothing(hidden: str) -> None:
    told = redact("⚠️ bot" + hidden.join(TOKEN) + "/getFile 👨‍👩‍👧")
    assert told == "⚠️ bot<TOKEN>/getFile 👨‍👩‍👧"


SEQUENCES = {
    "colour": "\x1b[1;36m",
    "colour by number": "\x1b[38;2;255;100;0m",
    "colour in eight bits": "\x9b1;36m",
    "colour with its ESC taken out": "[1;36m",
    "cursor": "\x1b[2K",
    "link": "\x1b]8;;http://127.0.0.1/x\x1b\\",
    "title, ended by BEL": "\x1b]0;bot\x07",
    "string in eight bits": "\x9d0;bot\x9c",
    "character set": "\x1b(B",
    "reset": "\x1bc",
    "in Python's spelling": "\\x1b[0m",
    "in octal": "\\033[0m",
    "in JSON": "\\u001b[0m",
    "in JSON within JSON": "\\\\u001b[0m",
    "in rsyslog's spelling": "#033[0m",
    "in the caret's spelling": "^[[0m",
    "line break by repr": "\\n",
    "tab by repr": "\\t",
    "zero width, by repr": "\\u200b",
    "zero width, percent-encoded": "%E2%80%8B",
    "zero width, in HTML": "&#8203;",
}


@each("sequence", SEQUENCES.values())
@each("place", [1, 5, len(DIGITS), len(DIGITS) + 1, len(DIGITS) + 9, len(TOKEN) - 1])
def test_escape_sequences_inside_hide_nothing(sequence: str, place: int) -> None:
    told = redact(f"a{sequence}b /bot{TOKEN[:place]}{sequence}{TOKEN[place:]}/getFile {sequence}z")
    assert told == f"a{sequence}b /bot<TOKEN>/getFile {sequence}z"


def test_what_spells_a_character_may_be_hidden_in_itself() -> None:
    for colon in ("&\u200b#\u200b5\r8;", "%\u200b3A", "%2\u200b53A", "\\x\u200b3a"):
        assert redact(f"bot{DIGITS}{colon}{SECRET}/x") == "bot<TOKEN>/x"


def test_a_token_within_a_sequence_is_seen_as_well() -> None:
    assert SECRET not in redact(f"\x1b]8;;http://127.0.0.1:8081/bot{TOKEN}/x\x1b\\link\x1b]8;;\x1b\\")
    assert SECRET not in redact(f"\x1b[{TOKEN}m")
    assert SECRET not in redact(f"\x1b]0;{TOKEN}")  # never ended


SPELLINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "percent twice": lambda text: "".join(f"%25{ord(c):02x}" for c in text),
    "python": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "json": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "json twice": lambda text: json.dumps("".join(f"\\u{ord(c):04x}" for c in text))[1:-1],
    "javascript": lambda text: "".join(f"\\u{{{ord(c):x}}}" for c in text),
    "octal": lambda text: "".join(f"\\{ord(c):03o}" for c in text),
    "html": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html, hexadecimal": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "markdown": lambda text: re.sub(r"([-_:])", r"\\\1", text),
    "some of them": lambda text: text.replace("A", "\\u0041").replace("E", "%45").replace(":", "&colon;"),
}


@each("spelt", SPELLINGS.values())
def test_any_character_may_be_spelt_out(spelt: Callable[[str], str]) -> None:
    remember(["long-and:known_value"])
    for secret, mark in ((TOKEN, "<TOKEN>"), (JWT, "<SECRET>"), ("long-and:known_value", "<SECRET>")):
        assert redact(f"é/ {spelt(secret)} /z%41") == f"é/ {mark} /z%41"


@each(("line", "secret"), SECRETS.values())
def test_secrets_of_other_kinds(line: str, secret: str) -> None:
    told = redact(line)
    assert secret in line and secret not in told and ("<SECRET>" in told or "<TOKEN>" in told)
    assert redact(f"INFO:x: {json.dumps(line)} · fin").count(secret) == 0
    assert redact(f"INFO:x: {line!r} · fin").count(secret) == 0
    assert told == redact(told) == redact_raw(line)


ORDINARY = (
    "12:30:45 INFO:httpx: fine", "1234567890:short", "⚠️ Error: 👨‍👩‍👧\n\tx", "a" * 99, "%3A & \\u003a",
    "telegram.error.InvalidToken: Not Found", "ERROR:x: Invalid token: expected a string", "token: None",
    "password=None", "❌ Error de @x password=': [Errno 28] No space left on device: 'modelos/luna/x.mp4'",
    "max_tokens=8192 total_token_count: 1234567", "tokenizer='bert-base-multilingual'", "Basic authentication failed",
    "Bearer authentication is required", "KeyError: 'modelos/luna/20260101_101010_abcdef.mp4'", "api_key=<hidden>",
    "hash=-1234567890123", "INFO:x:hashtags: ['sol', 'playa1234567']", "password: incorrect",
    "Wrong password: try again",
    "TELEGRAM_TOKEN=${TELEGRAM_TOKEN} %(token)s", "token_file=/etc/trafico/token-2024", "secret_id=123",
    "http://127.0.0.1:8081/file/@luna/x.mp4", "https://t.me/@luna_2024",
    "to luna@example.org: 550 https://example.org",
    "cookies: accepted", "Cookie consent shown", "postgres://db.example.org:5432/bot", "[in#0 @ 0x55ebe7e62d00] Error",
    'INFO:httpx:HTTP Request: GET https://a.supabase.co/rest/v1/modelos?select=id&id=eq.7 "HTTP/2 200 OK"',
    "📥 Copiando desde: /home/ana/.telegram-bot-api/x/file_1.mp4 %20 C:\\new\\x.mp4", "-----BEGIN CERTIFICATE-----",
    "task-1234567890abcdefghij desk-1234567890abcdefghij", "the keyboard key: 1234567890abcdef", "session-3.scope",
)  # fmt: skip


@each("text", ORDINARY)
def test_other_text_stays_the_same_object(text: str) -> None:
    assert redact(text) is text
    assert redact_raw(text) == text


def test_what_is_known_goes_whatever_its_shape() -> None:
    remember(["correct horse battery", "corta", "palabra-larga%41", "a+b/c=d&e"])
    assert redact("x correct horse battery y corta") == "x <SECRET> y corta"
    assert redact("q=correct+horse+battery&z=1") == "q=<SECRET>&z=1"
    assert redact(f"x {quote('palabra-larga%41', safe='')} {quote('a+b/c=d&e')}") == "x <SECRET> <SECRET>"
    assert redact('{"p": "a+b\\/c=d\\u0026e"}') == '{"p": "<SECRET>"}'


def test_only_the_bots_own_token_is_a_place() -> None:
    """Anybody can write what looks like one: it must not be read as the directory of ours."""
    other = TOKEN.replace("AA", "AB", 1)
    assert (
        redact(f"/var/lib/telegram-bot-api/{other}/videos/x.mp4") == "/var/lib/telegram-bot-api/<TOKEN>/videos/x.mp4"
    )
    remember([], TOKEN)
    assert redact(f"/{TOKEN}/x {TOKEN.replace(':', '%3A')}") == "/<TOKEN>/x <TOKEN>"
    assert redact(f"/{other}/x /1{TOKEN}/x /{TOKEN}x/") == "/<SECRET>/x /<SECRET>/x /<SECRET>/"
    assert redact(f"the half alone: {SECRET}") == "the half alone: <SECRET>"


def test_what_follows_a_whole_token_on_another_line_stays() -> None:
    assert redact(f"bot{TOKEN}\nTraceback (most") == "bot<TOKEN>\nTraceback (most"
    assert redact(f"\x1b[31m{TOKEN}\x1b[0mfailed") == "\x1b[31m<TOKEN>\x1b[0mfailed"


# -- a stand-in that was there before


LITERALS = (
    "<TOKEN>", "<token>", "<Token-0123456789ab>", "%3CTOKEN%3E", "%253cTOKEN%253E", "<T%4fKEN>", "&lt;TOKEN&gt;",
    "&#60;TOKEN>", "&amp;lt;TOKEN>", "\\x3cTOKEN\\x3e", "\\u003cTOKEN>", "\\074TOKEN>", "<TO\x1b[0mKEN>",
    "<TO\u200bKEN>",
    "<\x1b[1mTOKEN>", "<TO\nKEN>", "<TO\\nKEN>", "<\\u0054OKEN>", "<TO\u212aEN>", "<TO[31mKEN>", "\\<TOKEN\\>",
)  # fmt: skip


@each("literal", LITERALS)
def test_a_stand_in_of_the_raw_line_is_text(literal: str) -> None:
    line = f"INFO:x: /var/lib/telegram-bot-api/{literal}/videos/file_1.mp4 modelos/luna/x.mp4"
    assert not [seen for seen in readings(redact_raw(line)) if "<token" in seen.lower()]
    assert not [
        seen for seen in readings(redact_raw(f"{line} {TOKEN}").replace("<TOKEN>", "")) if "<token" in seen.lower()
    ]


@pytest.mark.parametrize(
    "begun", ["<", "<T", "<TOK", "<TOKE", "%3CTOKE", "<TOK   ", "<TOK   _client.py:1740", "│ <to │"]
)
def test_nor_may_the_next_line_complete_one(begun: str) -> None:
    assert "<" not in unquote(redact_raw(f"/var/lib/{begun}"))


def readings(text: str) -> set[str]:
    """What the decoders of others make of `text`, one after the other in any order, up to three."""
    found = {text}
    for _ in range(3):
        found |= {
            decoded for seen in found for decoded in (unquote(seen), html.unescape(seen), _plain(seen), _bare(seen))
        }
    return found


def _plain(text: str) -> str:
    return re.sub(r"\\(?:x(..)|u(....)|([0-3][0-7]{2}))", _of_number, text, flags=re.DOTALL)


def _of_number(match: re.Match[str]) -> str:
    try:
        return chr(int(match[3], 8) if match[3] else int(match[1] or match[2], 16))
    except ValueError:
        return match[0]


def _bare(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))


DECODERS: tuple[Callable[[str], str], ...] = (unquote, html.unescape, _plain, _bare)
_PIECES = st.sampled_from(
    [
        "<", ">", "TOKEN", "<TOKEN>", "token", "T", "OKEN", "%3C", "%3c", "%25", "3C", "&lt;", "&amp;", "lt;", "&",
        ";",
        "\\x3c", "\\u003c", "\\", "x3c", "u003c", "\u200b", "\x1b[0m", "\x1b", "[0m", "\n", " ", "/", "%54",
        "\\x54", "é",
        TOKEN, "a",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=9).map("".join))
@example("%3%43TOKEN")
@settings(max_examples=examples(600), deadline=None)
def test_behind_the_door_every_token_is_our_own_work(text: str) -> None:
    """Invariant: with the stand-ins that stand for a real token taken away, no reader finds another."""
    if SECRET not in "".join(readings(text)):
        told = redact_raw(text)
        assert "<TOKEN>" not in told
        assert not [
            seen for seen in (told, unquote(told), html.unescape(told), _plain(told), _bare(told)) if "<TOKEN" in seen
        ]


def test_nothing_that_is_shown_as_nothing_is_forgotten() -> None:
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    unknown = [
        n for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in kinds and not HIDDEN.match(chr(n))
    ]
    assert unknown == []
    assert not [c for c in "aZ09_-:%é❌😀 /'" if HIDDEN.match(c)]


def test_what_is_shown_as_nothing_makes_no_line_ordinary_unseen() -> None:
    """The short way looks at few characters only: of every one that is shown as nothing it says no, but for the
    one that makes pictures, which it looks through."""
    passed = [c for c in map(chr, range(sys.maxunicode + 1)) if HIDDEN.match(c) and is_ordinary(f"a{c}b")]
    assert passed == ["\ufe0f"]
    assert not is_ordinary("\ufe0f".join(TOKEN)) and is_ordinary("⚠️ Error") and is_ordinary("Error\r")


@each(("line", "secret"), SECRETS.values())
def test_no_line_with_a_secret_is_ordinary(line: str, secret: str) -> None:
    remember([], TOKEN)
    for said in (line, f"é {line}", f"⚠️ {line} ✅", line.upper(), f"{line}\r", *(f"{' ' * n}{line}" for n in (1, 20))):
        assert not is_ordinary(said)
    assert not is_ordinary(f"a {TOKEN[-12:]}") and not is_ordinary(f"{TOKEN[14:24]} b")


def test_what_was_ordinary_is_so_no_more_once_it_is_known() -> None:
    line = "INFO:x: palabra-larga"
    assert redact(line) is line and is_ordinary(line)
    remember(["palabra-larga"])
    assert not is_ordinary(line) and redact(line) == "INFO:x: <SECRET>"


@given(st.text(max_size=200) | st.lists(_PIECES, max_size=20).map("".join))
@settings(deadline=None)
def test_an_ordinary_line_goes_through_as_it_is(text: str) -> None:
    """By the long way: with a line's neighbours, and what its readings say."""
    if is_ordinary(text):
        seen = readings_of(text)
        assert not any(has_sign(reading) or has_token(reading) for reading in (text, *seen))
        assert not may_go_on((text, *seen)[-1])
        assert defused(text) == text


@given(st.text(max_size=400) | st.lists(_PIECES, max_size=20).map("".join))
@settings(deadline=None)
def test_again_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)
    assert redact(redact_raw(text)) == redact_raw(text)


@each("line", [
        "1" * 65536 + ":", "12345:" * 11000, "12345%25" * 8000, "\u200b1" * 32000 + ":", ("1" * 99 + "&") * 650,
        "\x1b[" * 30000, "\x9d" * 60000, "\x1b]" * 30000, "%25" * 20000, "\\" * 60000, "&amp;" * 13000, "eyJ" * 20000,
        "://" * 20000, "a@" * 30000 + "://", "token=" * 10000, "token:" * 10000, "password:'" * 6000,
        "token: token:" * 5000, "hash='x " * 8000, "hash='hash[" * 6000,
        "-----BEGIN PRIVATE KEY-----" * 2000,
        "cookie:a=" * 7000, "authorization:" * 4500, "--" * 30000 + "token", "<" * 60000, "<tok" * 16000,
        "%3c" * 20000,
    ])  # fmt: skip
def test_a_hostile_line_takes_no_longer_than_its_length(line: str) -> None:
    assert_linear(lambda size: partial(redact_raw, line[-size:]), 10_000, 40_000)
