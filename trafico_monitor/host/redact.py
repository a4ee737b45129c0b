"""Takes secrets out of text. Applied at the door, before anything stores or shows a line.

`<TOKEN>` stands for the bot's token, `<SECRET>` for any other secret (`secret_shapes`). They go in every spelling
that software makes of them by itself: plain; percent-encoded (httpx does that in file URLs, corpus L-N013), also
more than once; escaped for JSON, HTML or by `repr`; with colours, other escape sequences or invisible characters
anywhere inside. What somebody would have to do on purpose (base64, a space between the letters) is not
recognised: who can write that into the bot's log has the secret anyway.

Invariant: behind the door (`redact_raw`, `torn.LineRedactor`) a `<TOKEN>` of a message is always our own work.
One that a raw line spells out, in whatever way a later stage might read it, is `‹TOKEN>` there: text, no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .escapes import View, as_written, has_escapes, texts, views
from .secret_shapes import SECRET, TOKEN, Span, has_sign, has_token, remember, spans, without_tokens

__all__ = ["SECRET", "TOKEN", "redact", "redact_raw", "remember"]

_ROUNDS = 4  # what one replacement leaves may be a secret by its new surroundings
_OPEN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
# Also the beginning of one at the end of a line: what follows may be put behind it.
_STAND_IN = re.compile(
    r"<(?:token|(?:t(?:o(?:k(?:en?)?)?)?)?(?=[\s│┃║|╎]*+(?:[\w./<>-]{1,80}:[0-9]{1,6})?\s*+\Z))", re.IGNORECASE
)


def redact(text: str) -> str:
    """`text` with every secret replaced; the same object when there is none."""
    if not has_escapes(text):
        if has_sign(text):
            return _replaced(text, escapes=False)
        return without_tokens(text) if has_token(text) else text
    if any(has_token(seen) or has_sign(seen) for seen in texts(text)):
        return _replaced(text, escapes=True)
    return text


def redact_raw(text: str) -> str:
    """As `redact`, for text that did not come out of it: a `<TOKEN>` that it spells out is no more one."""
    return redact(_defused(text))


def _replaced(text: str, *, escapes: bool) -> str:
    for _ in range(_ROUNDS):
        seen = views(text) if escapes else (as_written(text),)
        found = _merged(span for view in seen for span in spans(view))
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
    """Without overlaps. A token that is all of its span stays one; whatever is more is a secret."""
    merged: list[Span] = []
    for first, behind, mark in sorted(found, key=lambda span: (span[0], -span[1], span[2] != TOKEN)):
        if not merged or first >= merged[-1][1]:
            merged.append((first, behind, mark))
        elif behind > merged[-1][1]:
            merged[-1] = (merged[-1][0], behind, SECRET)
    return merged


def _defused(text: str) -> str:
    if not has_escapes(text):
        return _closed(text, (as_written(text),)) if "<" in text else text
    if not any("<" in seen for seen in texts(text)):
        return text
    return _closed(text, views(text))


def _closed(text: str, seen: Iterable[View]) -> str:
    """`text` without the bracket of each stand-in that one of its views shows."""
    found = {
        (view.begins[match.start()], view.ends[match.start()])
        for view in seen
        for match in _STAND_IN.finditer(view.text)
    }
    pieces: list[str] = []
    at = 0
    for first, behind in sorted(found):
        if first >= at:
            pieces += (text[at:first], _OPEN)
            at = behind
    return "".join((*pieces, text[at:])) if pieces else text
