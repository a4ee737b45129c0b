"""Counts for the report, updated in the same transaction as the incidents.

Per day and by one property at a time: a report over years reads a few hundred rows per day, however many incidents
there were.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..model.incident import Estado, Incident
from ..model.serialization import readable, storable
from ..model.task import TaskStat

HOUR = 3600
DAY = 24 * HOUR
TYPE, MODELO, HOURS, SECONDS = "type", "modelo", "hour", "seconds"
ORDER = "order"  # <hour of the day>/<error_type>/<order>/worked/<seconds>, or …/failed/<reason>
WORKED, FAILED = "worked", "failed"
SEPARATOR = "/"
_LONGEST = 7 * DAY  # seconds; a longer repair counts as so long
_PARTS = (1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 4, 5, 6, 7.5, 9, 10)

Place = tuple[int, str, str]  # (day, or the hour's first second; property; its value)

# What an older version has stored, counted once: `places_by_hour` in SQL.
BACKFILL = (
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'type', error_type || '/' || estado, count(*)"
    " FROM incidents GROUP BY 1, 3",
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'modelo', modelo, count(*)"
    " FROM incidents GROUP BY 1, 3",
    "INSERT INTO hours SELECT cast(opened_at / 3600 AS INTEGER) * 3600, 'seconds',"
    " coarse(cast(min(604800, max(0, round(closed_at - opened_at))) AS INTEGER)), count(*)"
    " FROM incidents WHERE estado = 'solucionado' AND closed_at IS NOT NULL GROUP BY 1, 3",
)


def count(connection: sqlite3.Connection, incident: Incident) -> None:
    """Count `incident` as it will be instead of as it was. Call before its row is written."""
    stored = connection.execute("SELECT body FROM incidents WHERE id = ?", (incident.id,))
    before = tuple(readable(Incident, stored))
    for table, places in (("tallies", places_by_day), ("hours", places_by_hour)):
        change = Counter(places(incident))
        for earlier in before:
            change.subtract(places(earlier))
        _add(connection, table, change)


def count_attempts(connection: sqlite3.Connection, attempts: Iterable[TaskStat]) -> None:
    """Count tasks that ran to their end, for the report."""
    _add(connection, "tallies", Counter(map(_place_of, attempts)))


def _place_of(attempt: TaskStat) -> Place:
    day, hour = int(attempt.at // DAY), int(attempt.at % DAY // HOUR)
    end = (WORKED, str(two_digits(attempt.seconds or 0.0))) if attempt.worked else (FAILED, attempt.reason)
    return day, ORDER, SEPARATOR.join((f"{hour:02}", attempt.error_type.value, attempt.kind.value, *end))


def _add(connection: sqlite3.Connection, table: str, change: Counter[Place]) -> None:
    connection.executemany(
        f"INSERT INTO {table} VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
        [(*place, number) for place, number in change.items() if number],
    )


def places_by_day(incident: Incident) -> list[Place]:
    """Where an incident counts in a report. Times to repair are whole seconds, of solved ones only."""
    day = int(incident.opened_at // DAY)
    return [*_places(incident, day, int), (day, HOURS, str(int(incident.opened_at // HOUR) * HOUR))]


def places_by_hour(incident: Incident) -> list[Place]:
    """Where an incident counts in the trends."""
    return list(_places(incident, int(incident.opened_at // HOUR) * HOUR, coarse))


def _places(incident: Incident, at: int, as_value: Callable[[int], int]) -> Iterator[Place]:
    yield at, TYPE, f"{incident.error_type.value}{SEPARATOR}{incident.estado.value}"
    yield at, MODELO, storable(incident.download.modelo or "")
    if incident.estado is Estado.SOLUCIONADO and incident.closed_at is not None:
        took = min(_LONGEST, max(0, round(incident.closed_at - incident.opened_at)))
        yield at, SECONDS, str(as_value(took))


def read_hours(
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


def two_digits(seconds: float) -> int:
    """Whole seconds, of two significant digits from 100 on: a day has few rows then, whatever
    happens in it."""
    whole = min(_LONGEST, max(0, round(seconds)))
    step: int = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / step) * step
