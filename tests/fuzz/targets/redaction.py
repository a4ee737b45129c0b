"""A secret in any surroundings: no way onward may carry it, or most of it.

Promised for the spellings that software makes by itself: plain, percent-encoded (also twice), escaped for JSON or
HTML or by repr, coloured, with invisible characters anywhere inside, and broken over the rows of a console. Not for
what somebody has to do on purpose: base64, a space between the letters.
"""

from __future__ import annotations

import json
import re

from trafico_monitor.host.redact import redact, redact_raw
from trafico_monitor.host.torn import LineRedactor
from trafico_monitor.journal.origin import READ_LIMIT
from trafico_monitor.journal.parser import MESSAGE_LIMIT, message_text
from trafico_monitor.notify.messages.markup import clean, clip, name, verbatim

from ..feed import Feed

LONGEST = 1024
WORDS = (
    "http://127.0.0.1:8081/bot", "/getUpdates", "https://api.telegram.org/file/bot", "//var/lib/", "bot", "'", '"',
    "12345", "99999999999999999999", "٣٤٥٦٧", "a:", ":", "<TOKEN>", "%3A", "%", "&", "\\u003a", "1234567890:short",
    "3A", "::", "password=", "token: ", "Bearer ", "eyJ", "://", "@", "<SECRET>", "Cookie: a=", "--token ",
    "-----BEGIN ", "PRIVATE KEY-----", "\x1b[31m", "\x9b", "\x1b]", "[0m", "\\x1b", "&lt;", "%3C", "<", "│ ", "  ",
)  # fmt: skip
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
COLONS = (
    ":", "%3A", "%3a", "%253A", "%25253a", "\\u003a", "\\u003A", "\\x3a", "&#58;", "&#058;", "&#x3a;", "&#x3A;",
    "&colon;",
)  # fmt: skip
INVISIBLE = (
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u202e\u2066\u180e\ufe0f\U000e0041\x1b\x07\x7f\u0085\r\n\t\u2028"
)
# Longer ones stand between characters, and not within the spelling of one.
SPELT = (*INVISIBLE.replace("\x1b", ""), "\x1b[1;36m", "\x1b[0m", "\x9b0m", "\\x1b[0m", "\\n", "%E2%80%8B", "&#8203;")
BESIDE = (
    "password=", "api_hash='", "Authorization: Bearer ", "SUPABASE_TOKEN=", "sk-", "postgres://u:", "?apikey=",
)  # fmt: skip


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    kind = feed.below(6)
    if kind == 0:
        _any_text(feed.rest().decode("utf-8", "replace"))
        return
    digits = "".join(str(feed.below(10)) for _ in range(8 + feed.below(3)))
    secret = "".join(ALPHABET[feed.below(64)] for _ in range(35))
    if len(set(secret[:24])) < 6 or len(set(secret[11:])) < 6:  # a word of one letter is in many texts
        secret = "AA" + ALPHABET[7:40]
    if kind == 1:
        _broken(feed, digits, secret)
        return
    if kind == 2:  # what makes it a secret has to stand by itself
        written = f" {feed.pick(BESIDE)}{secret}" + feed.pick(("'", " ", "&", "@h/x"))
        written = written.replace(f"postgres://u:{secret}", f"postgres://u:{secret}@h ")
    elif kind == 3:
        units = (*digits, feed.pick(COLONS), *secret)
        written = "".join(unit + (feed.pick(SPELT) if feed.chance(4) else "") for unit in units)
    else:
        written = digits + feed.pick(COLONS) + secret
        if feed.chance():
            written = "".join(c + (feed.pick(INVISIBLE) if feed.chance(4) else "") for c in written)
    _everywhere(feed, feed.text(8, WORDS) + written + feed.text(8, WORDS), secret)


def _any_text(text: str) -> None:
    """Redacting it again changes nothing, and nothing grows much."""
    for once in (redact(text), redact_raw(text), LineRedactor().line(text, 1)):
        assert redact(once) == once and len(once) <= 2 * len(text) + 8
    if not re.search(r"[0-9]{5}", text):
        assert "<TOKEN>" not in redact_raw(text)


def _broken(feed: Feed, digits: str, secret: str) -> None:
    """Two rows of a console: no piece of ten characters stays."""
    token = f"{digits}:{secret}"
    at = 1 + feed.below(len(token) - 1)
    margin, end = feed.pick(("", " " * 20, "│ ", "| ")), feed.pick(("", "    ", " │"))
    door = LineRedactor()
    rows = [door.line(f"{margin}bot{token[:at]}{end}", 7), door.line(f"{margin}{token[at:]}/getFile{end}", 7)]
    seen = re.sub(r"[^A-Za-z0-9_-]", "", "".join(rows))
    rest = secret[max(0, at - len(digits) - 1) :]
    if re.match(r".[a-z]*[A-Z0-9_-]", rest):  # else it may be a word of a language
        for start in range(len(secret) - 9):
            assert secret[start : start + 10] not in seen, (rows, token, at)


def _everywhere(feed: Feed, text: str, secret: str) -> None:
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
