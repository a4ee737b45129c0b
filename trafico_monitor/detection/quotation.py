"""Takes quotations out of a record's text. Pure, and linear in the length of the text."""

from __future__ import annotations

import re

from .tools import names_tool

QUOTE = "·"
_CLOSING = {"«": "»", "“": "”", "‘": "’", '"': '"', "'": "'", "`": "`", "‹": "›", "„": "“"}
_SHORTEST = 5  # characters of a quotation; `'moov' atom` is none
_MARKS = re.compile("[«“‘\"'`‹„()\\[\\]]")
_URL = re.compile(r"(https?://[^\s/?#'\"<>]{1,253}+)[^\s'\")\]}]{1,4096}+")
_HOST = re.compile(r"(?:https?://)?[\w.-]{1,253}+:\d{1,5}(?:/·)?")
# Before a parenthesis: its arguments are an exception's, and so the library's own words.
_EXCEPTIONS = tuple(
    f"{name}{end}"
    for name in (
        "error", "exception", "timeout", "timedout", "disconnected", "expired", "refused", "read", "pool", "connection"
    )
    for end in ("", ":", ": ")
)  # fmt: skip


def unquoted(text: str) -> str:
    """`text` (lower case) with quotations and the paths of URLs blanked out.

    A quotation reaches from its first mark to the *last* one that can close it, because a stranger may
    write the closing mark, too. Strings among the arguments of an exception stay, as in
    `TimedOut('Timed out')`; so do the command of a `CalledProcessError` and an address such as
    `"127.0.0.1:8081"`. Of a tool's complaint the first mark closes: `nginx: open() "…" failed (…), "…"`.
    """
    if text.startswith((">", "| ")):
        return QUOTE  # as mail quotes
    text = _URL.sub(rf"\1/{QUOTE}", text)
    closings = _Closings(text)
    kept: list[str] = []
    start = at = 0
    arguments: list[bool] = []  # open parentheses: whether they hold an exception's arguments
    while (mark := _MARKS.search(text, at)) is not None:
        at = mark.start()
        inside = bool(arguments) and arguments[-1]
        if text[at] in "([":
            arguments.append(inside or text.endswith(_EXCEPTIONS, 0, at))
        elif text[at] in ")]":
            del arguments[-1:]
        elif text.startswith("'[", at) and text.endswith("command ", 0, at):
            at = max(at, text.find("]'", at))  # a CalledProcessError shows its command as a list
        else:
            end = closings.of(at, first=inside)
            if not inside and end - at > _SHORTEST and _HOST.fullmatch(text, at + 1, end) is None:
                kept += (text[start:at], QUOTE)
                start = end + 1
            at = end
        at += 1
    return "".join((*kept, text[start:]))


class _Closings:
    """Where the quotations of one text end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tool = names_tool(text)
        self._last: dict[str, int] = {}  # the last mark of each kind that can close: it is looked for once

    def of(self, at: int, *, first: bool) -> int:
        """The place of the mark that closes the quotation at `at`, the first or the last one; `at` for none."""
        text, sign = self._text, self._text[at]
        if sign in "'`" and at and text[at - 1].isalnum() and not text.endswith("b", max(0, at - 1), at):
            return at  # an apostrophe
        closing = _CLOSING[sign]
        last = self._last.get(closing)
        if last is None:
            last = self._last[closing] = self._find_last(closing)
        if last <= at:
            return at
        return text.find(closing, at + 1) if first or self._tool else last

    def _find_last(self, closing: str) -> int:
        text, end = self._text, len(self._text)
        while (end := text.rfind(closing, 0, end)) >= 0:
            if closing not in "'`" or not text[end + 1 : end + 2].isalnum():
                return end
        return -1
