"""How a finding about an entry is written down. Pure."""

from __future__ import annotations

from typing import Any

from ..model.finding import Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .extract.line_format import LONGEST_LINE


def about(entry: JournalEntry, kind: FindingKind, **fields: Any) -> Finding:
    """A finding of `kind` that `entry` is the only sign of; `fields` say what else is known, or better."""
    fields.setdefault("origin", entry.cursor)
    fields.setdefault("last", entry.cursor)
    fields.setdefault("message", entry.message[:LONGEST_LINE])
    return Finding(kind, entry.at, pid=entry.pid, **fields)
