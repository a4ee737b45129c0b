"""A bot token in any surroundings: no way onward may carry it, or most of it.

Promised for the spellings that software makes of a token by itself: plain, with its colon percent-encoded
(also twice), escaped for JSON or HTML, and with invisible characters anywhere inside. Not for what
somebody has to do on purpose: base64, a space between the letters, the halves in two lines.
"""

from __future__ import annotations

import json
import re

from trafico_monitor.host.redact import redact
from trafico_monitor.journal.parse import MESSAGE_LIMIT, READ_LIMIT, message_text
from trafico_monitor.notify.message import clean, clip, name, verbatim

from ..feed import Feed

LONGEST = 1024
WORDS = (
    "http://127.0.0.1:8081/bot", "/getUpdates", "https://api.telegram.org/file/bot", "//var/lib/", "bot", "'", '"',
    "12345", "99999999999999999999", "٣٤٥٦٧", "a:", ":", "<TOKEN>", "%3A", "%", "&", "\\u003a", "1234567890:short",
    "3A", "::",
)  # fmt: skip
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
COLONS = (":", "%3A", "%3a", "%253A", "%25253a", "\\u003a", "\\u003A", "&#58;", "&#x3a;", "&#x3A;", "&colon;")
INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u202e\u2066\u180e\ufe0f\U000e0041\x1b\x07\x7f\u0085\r\n\t\u2028"
)


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    if feed.chance(8):  # any text: redacting it again changes nothing, and nothing grows
        text = feed.rest().decode("utf-8", "replace")
        once = redact(text)
        assert redact(once) == once and len(once) <= len(text)
        return
    digits = "".join(str(feed.below(10)) for _ in range(8 + feed.below(4)))
    secret = "".join(ALPHABET[feed.below(64)] for _ in range(35))
    if len(set(secret[:24])) < 6 or len(set(secret[11:])) < 6:  # a word of one letter is in many texts
        secret = "AA" + ALPHABET[7:40]
    written = digits + feed.pick(COLONS) + secret
    if feed.chance():
        written = "".join(c + (feed.pick(INVISIBLE) if feed.chance(4) else "") for c in written)
    text = feed.text(8, WORDS) + written + feed.text(8, WORDS)
    _gone(redact(text), secret)
    _gone(clean(text), secret)
    _gone(verbatim(text, 400).html + name(text, 400).html + name(text, 400).plain, secret)
    _gone(clip(clean(text), 60), secret)
    _gone(message_text(text), secret)
    _gone(json.dumps(message_text(text.encode("utf-8", "replace"))), secret)
    # At the places where a long message is cut.
    limit = feed.pick((MESSAGE_LIMIT, READ_LIMIT, 0))
    if limit and text:
        ahead = max(0, limit - feed.below(len(text) + 60))
        _gone(message_text(b". " * (ahead // 2) + text.encode("utf-8", "replace")), secret)


def _gone(said: str, secret: str) -> None:
    """Neither the secret nor two thirds of it, whatever stands in between."""
    seen = re.sub(r"[^A-Za-z0-9_-]+", "", said)
    for start in range(len(secret) - 23):
        assert secret[start : start + 24] not in seen, (secret, said[:200], said[-200:])
