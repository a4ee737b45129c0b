"""A message in a channel's format, and the only conversion of foreign text into its markup. Pure.

The order matters: remove invisible characters, then secrets, then truncate, then escape. Otherwise a token hidden by a
zero-width space would become complete again, and truncating after escaping breaks a tag.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ...host.redact import redact
from ...messages import catalogue, text
from ...model.alert import Notification
from ..chatops.keyboard import Button

# 4096 characters a message (core.telegram.org/bots/api#sendmessage). Telegram counts after the
# mark-up is taken away, in UTF-16 units; we count with it, which is never less.
LONGEST_MESSAGE = 4096
_ROOM_FOR_CLOSING = 96
# Not made into a link by Telegram: a word, at most with a video's ending. Everything else is set
# as code, where `evil.com`, `@somebody` and `/command` stay dead text.
_TAME = re.compile(r"[^\W_][\w-]*(\.(mp4|mov|mkv|avi|webm|m4v))?")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True, slots=True)
class Message:
    """`html` has Telegram's mark-up, `plain` says the same without any. `silent`: no ringing.

    `notice` is what it tells, where that is one thing (None for a digest). `actions` are what may
    be asked for by a button beneath it: `retry:ID`, `acknowledge:ID`, `silence:ID`; `choices` are
    rows of buttons that are no such thing.
    """

    html: str
    plain: str
    silent: bool = False
    notice: Notification | None = None
    actions: tuple[str, ...] = ()
    choices: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or one field of a line, in both forms."""

    html: str = ""
    plain: str = ""


def units(value: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(value) + sum(1 for c in value if c > "\uffff")


def clean(value: object) -> str:
    """One printable line of `value` without secrets: no control, bidi or zero-width characters."""
    # Secrets before and after: a line break inside a token is about to become a space.
    kept = (c if c.isprintable() else " " if c.isspace() else "" for c in redact(str(value)))
    return redact(" ".join("".join(kept).split()))


def clip(value: str, limit: int) -> str:
    """`value` cut so that its escaped form has at most `limit` UTF-16 units."""
    used = 0
    for place, character in enumerate(value):
        used += units(html.escape(character, quote=False))
        if used > limit:
            return value[: max(0, place - 1)].rstrip() + "…"
    return value


def name(value: object, limit: int) -> Line:
    """A foreign name: as it is when tame, else as code."""
    shown = clip(clean(value), limit)
    return Line(shown, shown) if _TAME.fullmatch(shown) else _code(shown)


def verbatim(value: object, limit: int) -> Line:
    """Any other foreign text: always as code."""
    return _code(clip(clean(value), limit))


def words(value: object, limit: int = 300) -> Line:
    """Text of our own catalogue, number or time: escaped, not set as code."""
    shown = clip(clean(value), limit)
    return Line(html.escape(shown, quote=False), shown)


def line(code: str, language: str, **fields: Line) -> Line:
    """The text `code` with both forms of its fields filled in."""
    if code not in catalogue(language):
        return verbatim(code, 80)
    marked = text(code, language, **{key: field.html for key, field in fields.items()})
    return Line(marked, text(code, language, **{key: field.plain for key, field in fields.items()}))


def bold(what: Line) -> Line:
    return Line(f"<b>{what.html}</b>", what.plain)


def assemble(lines: Iterable[Line], closing: Line | None = None, *, silent: bool = False) -> Message:
    """A message of whole lines: those that do not fit are left out, `closing` always fits."""
    room = LONGEST_MESSAGE - _ROOM_FOR_CLOSING - 4
    kept: list[Line] = []
    for one in lines:
        room -= max(units(one.html), units(one.plain)) + 1
        if room < 0:
            kept.append(Line("…", "…"))
            break
        kept.append(one)
    if closing is not None:
        kept += [Line(), closing]
    return Message("\n".join(k.html for k in kept).strip(), "\n".join(k.plain for k in kept).strip(), silent)


def _code(shown: str) -> Line:
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in shown):
        shown = f"{_ISOLATE}{shown}{_END_ISOLATE}"  # must not turn the rest of the line around
    return Line(f"<code>{html.escape(shown, quote=False)}</code>" if shown else "", shown)
