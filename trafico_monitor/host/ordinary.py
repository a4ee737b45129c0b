"""Tells a line in which nothing is to be looked for: nearly every one, in the time of one expression.

Each test is one short search; no loop and no expression over the whole of it is as fast.
"""

from __future__ import annotations

import re

from .escapes import PADDING, end_of_words, is_spelt, octets
from .known_pieces import may_be_at_ends
from .secret_shapes import SHORTEST, holds_piece, is_signed, known, lines_without

_HALF = "[A-Za-z0-9_-]"
# Behind a colon: a token, half of one, or the end of a row that may be the end of one.
_TOKEN = re.compile(rf":(?:{_HALF}{{30}}|(?<=[0-9]{{8}}:)|(?<![^0-9{PADDING}]:){_HALF}{{2,34}}+[{PADDING}]*+\Z)")
_STAND_IN = re.compile(rf"<[tT]?(?:[oO{PADDING}]|\Z)")  # or what the next line may complete to one
_EMOJI = "\ufe0f"  # makes a picture of the character before, and is shown as nothing: «⚠️»
_MOST, _LONGEST = 1024, 256


def is_ordinary(text: str) -> bool:
    """True when `text`, a line, reads as it is written (but for what is shown as nothing), and there is neither a
    secret nor a piece of one nor a stand-in in it. False says nothing."""
    noted = lines_without()
    if text in noted:  # the lines of a traceback come again and again
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
    if is_spelt(low) or is_signed(text, low) or ("<" in low and _STAND_IN.search(text) is not None):
        return False
    if ":" in low and _TOKEN.search(text) is not None:
        return False
    if not known():
        return True
    end = text.rstrip(PADDING)[-SHORTEST:]
    if holds_piece(end) or holds_piece(text.lstrip(PADDING)[:SHORTEST]):
        return False
    return not end[-1:].isdigit() or not may_be_at_ends(text, end_of_words(text))
