"""Takes secrets out of text. Applied at the door, before anything stores or shows a line.

A bot token is digits, a colon and 35 characters of base64url (core.telegram.org/bots/api). It goes in
every spelling that software makes of it by itself: plain; the colon percent-encoded (httpx does that in
file URLs, corpus L-N013), also more than once, or escaped for JSON or HTML; and with invisible characters
anywhere inside. What somebody would have to do on purpose (base64, a space between the letters) is not
recognised: who can write that into the bot's log has the token anyway.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

TOKEN = "<TOKEN>"

COLON = r"(?::|%(?:25){0,3}3[Aa]|\\u003[Aa]|&#(?:58|[xX]3[Aa]);|&colon;)"
# Shorter and longer tails down to 30 are taken too: a cut line must not leak most of a token. However
# many digits stand before it: a name may end in some. Possessive, or a line of digits alone would be
# walked through once for each of them. And again: right behind a token its tail takes in the digits of
# the next one.
_TOKEN = re.compile(rf"(?<![0-9])[0-9]{{5,}}+(?:{COLON}[A-Za-z0-9_-]{{30,}})+")

# Shown as nothing at all: controls, formats, separators of lines, halves of pairs, and those letters and
# marks that Unicode calls default-ignorable (DerivedCoreProperties.txt).
_NOTHING = (
    "\0-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_HIDDEN, _SHOWN = re.compile(f"[{_NOTHING}]+"), re.compile(f"[^{_NOTHING}]+")


def redact(text: str) -> str:
    """`text` with every bot token replaced by `<TOKEN>`; the same object when there is none."""
    if ":" in text or "%" in text or "&" in text or "\\" in text:
        if not (text.isascii() and text.isprintable()) and _HIDDEN.search(text) is not None:
            return _redact_hidden(text)
        return _TOKEN.sub(TOKEN, text)
    return text


def _redact_hidden(text: str) -> str:
    """As `redact`, for tokens with invisible characters inside. Those that have none are found here too:
    one taken out before would leave a part of its neighbour."""
    runs = [(run.start(), run[0]) for run in _SHOWN.finditer(text)]
    seen = "".join(run for _, run in runs)
    found = [match.span() for match in _TOKEN.finditer(seen)]
    if not found:
        return text
    begins = list(accumulate((len(run) for _, run in runs), initial=0))

    def place(number: int) -> int:
        """Where the character `number` of `seen` stands in `text`."""
        run = bisect_right(begins, number) - 1
        return runs[run][0] + number - begins[run]

    pieces, end = [], 0
    for first, behind in found:
        pieces += [text[end : place(first)], TOKEN]
        end = place(behind - 1) + 1
    return "".join((*pieces, text[end:]))
