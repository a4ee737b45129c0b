"""Rows of a console as wide as they were written: what wraps is told by widths, and redaction has changed them. Pure.

A character of a private use area stands for each one that the door took away, right behind the first stand-in, or
where the row's words begin when the rest of a broken secret left none. No line leaves unfolding with it."""

from __future__ import annotations

from dataclasses import replace

from ..host.escapes import PADDING
from ..host.redact import SECRET, TOKEN
from ..model.journal_entry import JournalEntry

_FILL = "\ue000"


def widened(entry: JournalEntry, column: int = 0) -> JournalEntry:
    """`entry` with its message as wide as it was written; `column` is where the words of a row begin."""
    if not entry.shortened or _FILL in entry.message:
        return entry
    text = entry.message
    marks = [at + len(mark) for mark in (TOKEN, SECRET) if (at := text.find(mark)) >= 0]
    place = min(marks, default=len(text) - len(text.lstrip(PADDING)) if text.strip(PADDING) else column)
    return replace(entry, message=text[:place] + _FILL * entry.shortened + text[place:], shortened=0)


def narrowed(text: str) -> str:
    """`text` without what `widened` has put into it."""
    return text.replace(_FILL, "") if _FILL in text else text
