"""Lists a page at a time: every page costs the same, whatever came before it or lies behind."""

from __future__ import annotations

import sqlite3

from ..model.incident import Incident, IncidentFilter
from .serialization import readable


def page(connection: sqlite3.Connection, wanted: IncidentFilter, limit: int) -> tuple[Incident, ...]:
    """The newest first."""
    clauses, values = _clauses(wanted)
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    # The ids first, out of an index that holds all the columns; a body is read for those alone.
    rows = connection.execute(
        f"SELECT body FROM incidents WHERE id IN (SELECT id FROM incidents {_index(wanted)} {where}"
        " ORDER BY opened_at DESC, id DESC LIMIT ?) ORDER BY opened_at DESC, id DESC",
        (*values, limit),
    )
    return tuple(readable(Incident, rows))


def _clauses(wanted: IncidentFilter) -> tuple[list[str], list[object]]:
    found: list[tuple[str, tuple[object, ...]]] = []
    for clause, value in (
        ("opened_at >= ?", wanted.since),
        ("opened_at <= ?", wanted.until),
        ("error_type = ?", wanted.error_type),
        ("estado = ?", wanted.estado),
        ("modelo = ?", wanted.modelo),
    ):
        if value is not None:
            found.append((clause, (value,)))
    if wanted.open is not None:
        found.append((f"closed_at IS {'' if wanted.open else 'NOT '}NULL", ()))
    if wanted.after is not None:
        found.append(("(opened_at, id) < (?, ?)", wanted.after))
    return [clause for clause, _ in found], [value for _, values in found for value in values]


def _index(wanted: IncidentFilter) -> str:
    """Without statistics SQLite takes the wrong one for some combinations."""
    if wanted.modelo is not None:
        return "INDEXED BY incidents_modelo"
    return "INDEXED BY incidents_unfinished" if wanted.open else ""
