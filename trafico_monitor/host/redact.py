"""Takes secrets out of text. Applied at the door, before anything stores or shows a line.

`<TOKEN>` stands for the bot's token, `<SECRET>` for any other secret (`secret_shapes`). They go in every spelling
that software makes of them by itself: plain; percent-encoded (httpx does that in file URLs, corpus L-N013), also
more than once; escaped for JSON, HTML or by `repr`; with colours, other escape sequences or invisible characters
anywhere inside. What somebody would have to do on purpose (base64, a space between the letters) is not
recognised: who can write that into the bot's log has the secret anyway.

Invariant: behind the door (`redact_raw`, `torn.LineRedactor`) a `<TOKEN>` of a message is always our own work.
One that a raw line spells out, in whatever way a later stage might read it, is `‹TOKEN>` there: text, no place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .escapes import PADDING, View, as_written, end_of_words, has_escapes, is_spelt, octets, texts, views
from .secret_shapes import (
    SECRET,
    SHORTEST,
    TOKEN,
    Span,
    has_sign,
    has_token,
    holds_piece,
    is_signed,
    known,
    lines_without,
    may_be_at_ends,
    remember,
    spans,
    without_tokens,
)

__all__ = ["SECRET", "TOKEN", "redact", "redact_raw", "remember"]

_ROUNDS = 4  # a replacement may leave text that is a secret in its new context
_OPEN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_STAND_IN = re.compile(r"<token", re.IGNORECASE)
# The start of the next line may be appended to it.
_BEGUN = re.compile(rf"<(?:t(?:o(?:k(?:en?)?)?)?)?(?=[{PADDING}]*+$)", re.IGNORECASE | re.MULTILINE)


def redact(text: str) -> str:
    """Returns `text` with every secret replaced; the same object if there is none."""
    if is_ordinary(text):
        return text
    return _redacted(text, readings_of(text))


def redact_raw(text: str, readings: tuple[str, ...] | None = None) -> str:
    """As `redact`, for raw text: a literal `<TOKEN>` in it no longer counts as a redacted token. `readings` are its
    readings, if known."""
    if readings is None and is_ordinary(text):
        return text
    readings = readings_of(text) if readings is None else readings
    clear = _defused(text, readings)
    return _redacted(clear, readings if clear is text else readings_of(clear))


def readings_of(text: str) -> tuple[str, ...]:
    """Returns its `texts`; none if it reads as written."""
    return texts(text) if has_escapes(text) else ()


def defused(text: str) -> str:
    """Returns `text` without the brackets of literal stand-ins."""
    return _defused(text, readings_of(text))


def redact_spans(text: str, known: Iterable[Span]) -> str:
    """Returns the `defused` text, redacted, with the spans that are `known` to be secret replaced."""
    return _replaced(text, escapes=has_escapes(text), known=tuple(known))


def _defused(text: str, readings: tuple[str, ...]) -> str:
    if not readings and "<" not in text:
        return text
    if not any("<" in reading and any(True for _ in _brackets(reading)) for reading in readings or (text,)):
        return text
    return _closed(text, views(text) if readings else (as_written(text),))


def _redacted(text: str, readings: tuple[str, ...]) -> str:
    if not readings:
        if has_sign(text):
            return _replaced(text, escapes=False)
        return without_tokens(text) if has_token(text) else text
    if any(has_token(reading) or has_sign(reading) for reading in readings):
        return _replaced(text, escapes=True)
    return text


def _replaced(text: str, *, escapes: bool, known: tuple[Span, ...] = ()) -> str:
    for _ in range(_ROUNDS):
        seen = views(text) if escapes else (as_written(text),)
        found = _merged((*known, *(span for view in seen for span in spans(view))))
        known = ()
        if not found:
            break
        pieces: list[str] = []
        at = 0
        for first, behind, mark in found:
            pieces += (text[at:first], mark)
            at = behind
        again = "".join((*pieces, text[at:]))
        if again == text:
            break
        text = again
    return text


def _merged(found: Iterable[Span]) -> list[Span]:
    """Returns the spans without overlaps. A token that covers its whole span remains a token; anything larger is a
    secret."""
    merged: list[Span] = []
    for first, behind, mark in sorted(found, key=lambda span: (span[0], -span[1], span[2] != TOKEN)):
        if not merged or first >= merged[-1][1]:
            merged.append((first, behind, mark))
        elif behind > merged[-1][1]:
            merged[-1] = (merged[-1][0], behind, SECRET)
    return merged


def _closed(text: str, seen: Iterable[View]) -> str:
    """Returns `text` without the bracket of each stand-in that one of its views shows."""
    found = {(view.begins[at], view.ends[at]) for view in seen for at in _brackets(view.text)}
    pieces: list[str] = []
    at = 0
    for first, behind in sorted(found):
        if first >= at:
            pieces += (text[at:first], _OPEN)
            at = behind
    return "".join((*pieces, text[at:])) if pieces else text


def _brackets(text: str) -> Iterator[int]:
    yield from (match.start() for match in _STAND_IN.finditer(text))
    yield from (match.start() for match in _BEGUN.finditer(text))
    yield from (match.start() for match in _BEGUN.finditer(text[: end_of_words(text)]))


# Each test is one short search; no loop and no expression over the whole of it is as fast.

_HALF = "[A-Za-z0-9_-]"
# Behind a colon: a token, half of one, or the end of a row that may be the end of one.
_TOKEN = re.compile(rf":(?:{_HALF}{{30}}|(?<=[0-9]{{8}}:)|(?<![^0-9{PADDING}]:){_HALF}{{2,34}}+[{PADDING}]*+\Z)")
_ANY_STAND_IN = re.compile(rf"<[tT]?(?:[oO{PADDING}]|\Z)")  # or a part that the next line may complete
_EMOJI = "\ufe0f"  # makes a picture of the character before, and is shown as nothing: «⚠️»
_MOST, _LONGEST = 1024, 256


def is_ordinary(text: str) -> bool:
    """True if the line `text` reads as written (apart from characters shown as nothing) and contains no secret,
    piece of a secret or stand-in. False is inconclusive."""
    noted = lines_without()
    if text in noted:  # the lines of a traceback recur often
        return True
    if not _is_ordinary(text):
        return False
    if len(text) <= _LONGEST:
        if len(noted) >= _MOST:
            noted.clear()
        noted.add(text)
    return True


def _is_ordinary(text: str) -> bool:
    if not text.isprintable():
        text = text.rstrip("\r")
        if not text.isprintable():
            return False
    low = octets(text)
    if not text.isascii():
        if "\xef" in low:
            text = text.replace(_EMOJI, "")
            low = octets(text)
        # How those characters begin that are shown as nothing and yet printable: see the test.
        if "\xef" in low or "\xe1" in low or "\xe3\x85" in low or "\xcd\x8f" in low or "\xf3" in low:
            return False
    if is_spelt(low) or is_signed(text, low) or ("<" in low and _ANY_STAND_IN.search(text) is not None):
        return False
    if ":" in low and _TOKEN.search(text) is not None:
        return False
    if not known():
        return True
    end = text.rstrip(PADDING)[-SHORTEST:]
    if holds_piece(end) or holds_piece(text.lstrip(PADDING)[:SHORTEST]):
        return False
    return not end[-1:].isdigit() or not may_be_at_ends(text, end_of_words(text))
