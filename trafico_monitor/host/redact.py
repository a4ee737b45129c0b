"""Takes secrets out of text. Applied at the door, before anything stores or shows a line."""

from __future__ import annotations

import re

TOKEN = "<TOKEN>"

# A bot token is digits, a colon and 35 characters of base64url (core.telegram.org/bots/api);
# httpx percent-encodes the colon in file URLs (corpus L-N013). Shorter and longer tails down to
# 30 are taken too: a cut line must not leak most of a token.
_TOKEN = re.compile(r"(?<![0-9])\d{5,20}(?::|%3[Aa])[A-Za-z0-9_-]{30,}")


def redact(text: str) -> str:
    """`text` with every bot token replaced by `<TOKEN>`; the same object when there is none."""
    if ":" not in text and "%3" not in text:
        return text
    return _TOKEN.sub(TOKEN, text)
