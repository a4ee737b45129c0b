"""How a finding about an entry is written down. Pure."""

from __future__ import annotations

from ..model.entry import Entry
from ..model.finding import Finding, FindingKind
from .lines import LONGEST_LINE


def about(entry: Entry, kind: FindingKind, **fields: object) -> Finding:
    """A finding of `kind` that `entry` is the only sign of; `fields` say what else is known, or better."""
    known: dict[str, object] = {
        "pid": entry.pid,
        "message": entry.message[:LONGEST_LINE],
        "origin": entry.cursor,
        "last": entry.cursor,
    }
    return Finding(kind, entry.at, **{**known, **fields})  # type: ignore[arg-type]
