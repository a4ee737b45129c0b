"""Text as displayed to a reader: escape sequences, invisible characters and spelled-out characters resolved, with
the position of each character kept. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

PADDING = " \t\r\n\x0b\x0c│┃║|╎▏"  # beside the words of a row that a console draws
LEVELS = 4  # an escaped escape, as «%25253A» or JSON within JSON: no software nests deeper

# Shown as nothing at all: controls, formats, separators of lines, halves of pairs, and those letters and
# marks that Unicode calls default-ignorable (DerivedCoreProperties.txt).
_NOTHING = (
    "\0-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
HIDDEN = re.compile(f"[{_NOTHING}]+")
_ANY_HIDDEN = re.compile(f"[{_NOTHING}]")  # a search that can skip from one candidate to the next
# ECMA-48: CSI; OSC, DCS and the other strings with their end; any other escape; each also by its 8-bit form.
# The last is a colour whose ESC was spelled out or removed.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]{0,2048}+(?:\x07|\x9c|\x1b\\)"
    r"|\x1b[ -/]{0,8}+[0-~]"
    r"|(?:\\{1,4}+(?:x1[bB]|u001[bB]|033|e)|#033|\^\[|%1[bB]|&#(?:27|[xX]1[bB]);)?\[[0-9;]{1,24}+m"
)
_INTRODUCER, _COLOUR = re.compile("[\x1b\x90-\x9f]"), re.compile(r"\[[0-9;]{1,24}+m")
_ESCAPE = re.compile(r"1[bB]|033|\\e|27;|\^\[")  # its spelling, at any level
# Percent, Python's and JSON's backslash, HTML, rsyslog's «#033», and the caret form of ESC.
_SPELT = re.compile(
    r"%(?:[0-7][0-9A-Fa-f]|[89A-Fa-f][0-9A-Fa-f](?:%[89A-Fa-f][0-9A-Fa-f])*+)"
    r"|\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|U[0-9A-Fa-f]{8}|[0-3][0-7]{2}|[0abefnrtv]|[^\w\s]|_)"
    r"|&(?:#[0-9]{1,9}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z]{2,8});"
    r"|#0[0-3][0-7]"
    r"|\^\[(?=[\[\]])"
)
_ANY = re.compile(
    r"%[0-9A-Fa-f]{2}|\\[^ghijklmopqswyzA-TV-Z4-9\s]|&#?[A-Za-z0-9]{2,9};|\[[0-9;]{1,24}+m|#0[0-3][0-7]|\^\[[\[\]]"
)
_SOURCE = re.compile(r"\s{1,80}+[\w<>-]{1,60}\.[a-z]{1,4}:[0-9]{1,6}\Z")  # rich's right column
_ROW = 200  # characters at the end of a line
_LETTERS = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class View:
    """`text` as displayed; the source of its character `n` is `begins[n]` to `ends[n]` of the original."""

    text: str
    begins: Sequence[int]
    ends: Sequence[int]

    def gaps(self) -> list[int]:
        """Returns the places of the characters right before which text was removed."""
        if isinstance(self.begins, range):
            return []
        pairs = zip(self.begins[1:], self.ends, strict=False)
        return [place for place, (begin, end) in enumerate(pairs, 1) if begin != end]


def has_escapes(text: str) -> bool:
    """True if `text` may be displayed differently from its spelling."""
    return _has_hidden(text) or is_spelt(text)


def octets(text: str) -> str:
    """Returns `text` in lower case, and non-ASCII text as its UTF-8 octets: ASCII is found in half the time there."""
    return text.lower() if text.isascii() else text.encode("utf-8", "surrogatepass").lower().decode("latin-1")


def _is_drawn(text: str) -> bool:
    """False if `text` contains no escape sequence."""
    return _INTRODUCER.search(text) is not None or _COLOUR.search(text) is not None


def _bare(text: str) -> str:
    return HIDDEN.sub("", text) if _has_hidden(text) else text


def _has_hidden(text: str) -> bool:
    return not text.isprintable() if text.isascii() else _ANY_HIDDEN.search(text) is not None


def is_spelt(text: str) -> bool:
    """True if a character of `text` is spelled out, or a colour sequence lacks its ESC."""
    # Most of these are rare, and each test takes 20 ns.
    if "%" in text or "\\" in text or "[" in text or ("&" in text and ";" in text) or "#0" in text or "^[" in text:
        return _ANY.search(text) is not None
    return False


def as_written(text: str) -> View:
    """Returns the view of the unchanged `text`."""
    return View(text, range(len(text)), range(1, len(text) + 1))


def views(text: str) -> Iterator[View]:
    """Returns `text` as written, then with one level after another of spelled-out characters resolved: with its
    escape sequences as text, and without them; always without invisible characters."""
    written = as_written(text)
    yield written
    drawn = False
    for view in _levels(written, sequences=False):
        drawn = drawn or _is_drawn(view.text)
        yield view
    if drawn or _INTRODUCER.search(text) is not None or _ESCAPE.search(text) is not None:
        yield from _levels(written, sequences=True)


def _levels(view: View, *, sequences: bool) -> Iterator[View]:
    for _ in range(LEVELS):
        clear = _taken(_taken(view, _SEQUENCE) if sequences else view, HIDDEN)
        yield clear
        view = _taken(clear, _SPELT, _plain)
        if view is clear:
            return
    yield _taken(view, HIDDEN)


def texts(text: str) -> tuple[str, ...]:
    """Returns the texts of `views(text)` at a fraction of the cost; the first is omitted if there is another,
    because adjacent characters in it are also adjacent in the second. The last one is the same."""
    bare = _bare(text)
    if not is_spelt(bare) and _INTRODUCER.search(text) is None:
        return (bare,)
    found, drawn = _texts(text, sequences=False)
    return (*found, *_texts(text, sequences=True)[0]) if drawn else found


def _texts(text: str, *, sequences: bool) -> tuple[tuple[str, ...], bool]:
    """Returns the texts of `_levels`, and whether they contain an escape sequence."""
    found: list[str] = []
    drawn = False
    for _ in range(LEVELS):
        drawn = drawn or _is_drawn(text)
        clear = _bare(_SEQUENCE.sub("", text) if sequences else text)
        found.append(clear)
        text = _SPELT.sub(_of_match, clear)
        if text == clear:
            return tuple(found), drawn
    return (*found, _bare(text)), drawn


def seen(text: str) -> View:
    """Returns the last of `views(text)`: the final display in a terminal, a browser or a decoder."""
    if not has_escapes(text):
        return as_written(text)
    *_, last = _levels(as_written(text), sequences=True)
    return last


def end_of_words(text: str) -> int:
    """Returns the end of a row's words; padding, borders, and possibly rich's source location follow."""
    end = len(text.rstrip(PADDING))
    if text[end - 1 : end].isdigit() and (source := _SOURCE.search(text, max(0, end - _ROW), end)) is not None:
        end = len(text[: source.start()].rstrip(PADDING))
    return end


def _taken(view: View, pattern: re.Pattern[str], said: Callable[[str], str] = lambda _: "") -> View:
    """Returns `view` with each match of `pattern` replaced by `said`: nothing, or other characters."""
    pieces: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for match in pattern.finditer(view.text):
        first, behind = match.span()
        plain = said(match[0])
        if at < first:
            pieces.append(view.text[at:first])
            begins += view.begins[at:first]
            ends += view.ends[at:first]
        for character in plain:
            pieces.append(character)
            begins.append(view.begins[first])
            ends.append(view.ends[behind - 1])
        at = behind
    if not at:
        return view
    begins += view.begins[at:]
    ends += view.ends[at:]
    return View("".join((*pieces, view.text[at:])), begins, ends)


def _of_match(match: re.Match[str]) -> str:
    return _plain(match[0])


@lru_cache(4096)  # a line may consist of them
def _plain(spelt: str) -> str:
    """Returns the characters that `spelt` encodes; `spelt` itself if it encodes none."""
    if spelt[0] == "%":
        return bytes.fromhex(spelt.replace("%", "")).decode("utf-8", "replace")
    if spelt[0] == "&":
        return html.unescape(spelt)
    if spelt[0] == "^":
        return "\x1b"
    kind = spelt[1]
    if spelt[0] == "#" or (kind.isdigit() and len(spelt) > 2):
        return chr(int(spelt[1:], 8))
    if kind in "xuU":
        number = int(spelt[2:].strip("{}"), 16)
        return chr(number) if number < 0x110000 else spelt
    return _LETTERS.get(kind, kind)
