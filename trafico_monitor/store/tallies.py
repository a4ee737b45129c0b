"""Counts for the report, kept in step with the incidents in the same transaction.

Per day and by one property at a time: a report over years reads some hundred rows a day,
however many incidents there were."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from ..model.incident import Estado, Incident
from ..model.task import TaskStat
from . import hours
from .serialization import readable, storable

HOUR = 3600
DAY = 24 * HOUR
TYPE, MODELO, HOURS, SECONDS = "type", "modelo", "hour", "seconds"
ORDER = "order"  # <hour of the day>/<error_type>/<order>/worked/<seconds>, or …/failed/<reason>
WORKED, FAILED = "worked", "failed"
SEPARATOR = "/"
_LONGEST = 7 * DAY  # seconds; a longer repair counts as so long

Place = tuple[int, str, str]  # (day, property, its value)


def count(connection: sqlite3.Connection, incident: Incident) -> None:
    """Count `incident` as it will be instead of as it was. Call before its row is written."""
    change = Counter(places(incident))
    stored = connection.execute("SELECT body FROM incidents WHERE id = ?", (incident.id,))
    before = tuple(readable(Incident, stored))
    for one in before:
        change.subtract(places(one))
    hours.change(connection, before, incident)
    _add(connection, change)


def count_attempts(connection: sqlite3.Connection, attempts: Iterable[TaskStat]) -> None:
    """Count orders that ran to their end, for the ledger."""
    _add(connection, Counter(map(_place_of, attempts)))


def _place_of(attempt: TaskStat) -> Place:
    day, hour = int(attempt.at // DAY), int(attempt.at % DAY // HOUR)
    end = (WORKED, str(coarse(attempt.seconds or 0.0))) if attempt.worked else (FAILED, attempt.reason)
    return day, ORDER, SEPARATOR.join((f"{hour:02}", attempt.error_type.value, attempt.kind.value, *end))


def coarse(seconds: float) -> int:
    """Whole seconds, of two significant digits from 100 on: a day has few rows then, whatever
    happens in it."""
    whole = min(_LONGEST, max(0, round(seconds)))
    step: int = 10 ** max(0, len(str(whole)) - 2)
    return round(whole / step) * step


def _add(connection: sqlite3.Connection, change: Counter[Place]) -> None:
    rows = [(*place, number) for place, number in change.items() if number]
    connection.executemany(
        "INSERT INTO tallies VALUES (?, ?, ?, ?)"
        " ON CONFLICT (day, property, value) DO UPDATE SET number = number + excluded.number",
        rows,
    )


def places(incident: Incident) -> list[Place]:
    """Where an incident counts. Times to repair are whole seconds, of solved ones only."""
    day = int(incident.opened_at // DAY)
    counted = [
        (day, TYPE, f"{incident.error_type.value}{SEPARATOR}{incident.estado.value}"),
        (day, MODELO, storable(incident.download.modelo or "")),
        (day, HOURS, str(int(incident.opened_at // HOUR) * HOUR)),
    ]
    if incident.estado is Estado.SOLUCIONADO and incident.closed_at is not None:
        took = min(_LONGEST, max(0, round(incident.closed_at - incident.opened_at)))
        counted.append((day, SECONDS, str(took)))
    return counted
