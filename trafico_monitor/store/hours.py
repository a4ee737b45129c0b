"""Counts by the hour, for the panel's trends: beside the tallies, in the same transaction.

An hour is what days are made of in every time zone. Reading a year is some ten thousand rows,
however many incidents there were."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from ..model.incident import Estado, Incident
from .serialization import storable

HOUR = 3600
TYPE, MODELO, SECONDS = "type", "modelo", "seconds"
SEPARATOR = "/"
_LONGEST = 7 * 24 * HOUR  # seconds; a longer repair counts as so long
_PARTS = (1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4, 5, 6, 7.5, 9, 10)

# What an older version has stored, counted once: `places` in SQL.
BACKFILL = (
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'type', error_type || '/' || estado, count(*)"
    " FROM incidents GROUP BY 1, 3",
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'modelo', modelo, count(*)"
    " FROM incidents GROUP BY 1, 3",
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'seconds',"
    " coarse(cast(min(604800, max(0, round(closed_at - opened_at))) AS INTEGER)), count(*)"
    " FROM incidents WHERE estado = 'solucionado' AND closed_at IS NOT NULL GROUP BY 1, 3",
)


def change(connection: sqlite3.Connection, before: Iterable[Incident], after: Incident) -> None:
    """Count `after` instead of what was stored `before`."""
    counted = Counter(places(after))
    for incident in before:
        counted.subtract(places(incident))
    connection.executemany(
        "INSERT INTO hours VALUES (?, ?, ?, ?)"
        " ON CONFLICT (hour, property, value) DO UPDATE SET number = number + excluded.number",
        [(*place, number) for place, number in counted.items() if number],
    )


def places(incident: Incident) -> list[tuple[int, str, str]]:
    """(hour, property, value) of everything that an incident counts as."""
    hour = int(incident.opened_at // HOUR) * HOUR
    counted = [
        (hour, TYPE, f"{incident.error_type.value}{SEPARATOR}{incident.estado.value}"),
        (hour, MODELO, storable(incident.download.modelo or "")),
    ]
    if incident.estado is Estado.SOLUCIONADO and incident.closed_at is not None:
        took = min(_LONGEST, max(0, round(incident.closed_at - incident.opened_at)))
        counted.append((hour, SECONDS, str(coarse(took))))
    return counted


def read(
    connection: sqlite3.Connection, since: float, until: float, step: int = HOUR, offset: int = 0
) -> list[tuple[int, str, str, int]]:
    """(first second, property, value, number) of the hours that begin in [since, until), summed up
    in spans of `step` seconds that begin `offset` seconds before those of UTC."""
    first = int(-(-since // HOUR)) * HOUR
    return connection.execute(
        "SELECT (hour + ?) / ? * ? - ? AS span, property, value, sum(number) FROM hours"
        " WHERE hour >= ? AND hour < ? AND number > 0 GROUP BY span, property, value",
        (offset, step, step, offset, first, until),
    ).fetchall()


def coarse(seconds: int) -> int:
    """The nearest of few values, none of them farther than a tenth away: an hour has few rows then."""
    if seconds <= 10:
        return seconds
    power: int = 10 ** (len(str(seconds)) - 1)
    return min((round(power * part) for part in _PARTS), key=lambda value: abs(value - seconds))
