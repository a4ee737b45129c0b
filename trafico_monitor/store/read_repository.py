"""Read-only access to the database for the command line, beside the running service."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import StoreError
from ..model.alert import Alert, Silence
from ..model.finding import UnknownKind
from ..model.incident import Event, Incident, IncidentFilter
from ..model.prediction import ForecastView, SaidPrediction, Samples
from ..model.serialization import decode, readable
from ..model.task import percentile
from . import predictions, tables, tallies
from . import tables as alarms
from . import tables as unknown
from .fallback_database import reading_only
from .repository import DATABASE, FORECAST, NumberedRecord
from .tallies import DAY, HOUR, HOURS, MODELO, ORDER, SECONDS, SEPARATOR, TYPE, WORKED, places_by_day


@dataclass(frozen=True, slots=True)
class Story:
    """An incident with all that happened to it, in order."""

    incident: Incident
    records: tuple[NumberedRecord, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of incidents opened since a time. `hours` are keyed by the hour's first second since the epoch;
    `modelos` has "" for an unknown modelo. Repair times in seconds, None if nothing was solved. `ledger` has the
    statistics of each kind of repair."""

    total: int = 0
    types: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (error_type, estado)
    modelos: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[int, int] = field(default_factory=dict)
    mean_seconds: float | None = None
    median_seconds: float | None = None
    ledger: tuple[Worth, ...] = ()


class Queries:
    """A context manager over one read-only connection. Raises StoreError when there is nothing to
    read or it may not be read."""

    def __init__(self, directory: Path, seconds: float | None = None) -> None:
        """With `seconds`, whatever is asked ends in a StoreError when it takes longer."""
        self._path = directory / DATABASE
        self._connection = self._open()
        if seconds is not None:
            end = time.monotonic() + seconds
            self._connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)

    def _open(self) -> sqlite3.Connection:
        try:
            with self._path.open("rb"):
                pass  # SQLite says only «unable to open»
            connection = self._connected()
        except FileNotFoundError:
            raise StoreError(f"{self._path}: not there yet; has the service run? (systemctl status)") from None
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(f"{self._path}: {reason}; try sudo") from error
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if os.access(self._path.parent, os.W_OK):
                raise
            # Its log or the log's index would have to be made first, and cannot be: nobody writes here.
            return reading_only(self._path)
        return connection

    def __enter__(self) -> Queries:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def incidents(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        estado: str | None = None,
        error_type: str | None = None,
        limit: int = 50,
    ) -> tuple[Incident, ...]:
        """Returns the incidents opened in [since, until] (seconds since the epoch), newest first."""
        wanted = {
            "opened_at >= ?": since,
            "opened_at <= ?": until,
            "estado = ?": estado,
            "error_type = ?": error_type,
        }
        given = {clause: value for clause, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        sql = f"SELECT body FROM incidents {where} ORDER BY opened_at DESC, id DESC LIMIT ?"
        with self._errors():
            return tuple(readable(Incident, self._connection.execute(sql, (*given.values(), limit))))

    def story(self, name: str) -> Story | None:
        """The incident of exactly that id."""
        with self._errors():
            there = self._connection.execute("SELECT 1 FROM incidents WHERE id = ?", (name,)).fetchone()
            return self.incident(name) if there else None

    def incident(self, id_or_prefix: str) -> Story | None:
        """One incident by its id, or by the beginning of it. None when there is none; StoreError
        when several begin so."""
        with self._errors():
            row = self._one(id_or_prefix)
            if row is None:
                return None
            records = self._connection.execute(
                "SELECT seq, body FROM records WHERE incident_id = ? ORDER BY seq", (row[0],)
            )
            numbered = tuple(NumberedRecord(seq, decode(Event, body)) for seq, body in records)
            return Story(decode(Incident, row[1]), numbered)

    def _one(self, prefix: str) -> tuple[str, str] | None:
        if not prefix:
            return None
        rows = self._connection.execute(
            "SELECT id, body FROM incidents WHERE id >= ? AND id < ? ORDER BY id LIMIT 2",
            (prefix, f"{prefix}\U0010ffff"),
        ).fetchall()
        if len(rows) > 1 and rows[0][0] != prefix:
            raise StoreError(f"{prefix}: several incidents begin so ({rows[0][0]}, {rows[1][0]}, …)")
        return rows[0] if rows else None

    def summary(self, since: float = 0.0) -> Summary:
        """Returns counts and repair times since then."""
        counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
        with self._errors():
            for kind, value, number in self._tallies(since):
                counted[kind][value] += number
            ledger = worths(self._connection, since)
        types = {_type_and_estado(name): number for name, number in counted[TYPE].items() if number}
        hours = {int(hour): number for hour, number in counted[HOURS].items() if number}
        seconds = Counter({int(took): number for took, number in counted[SECONDS].items()})
        return Summary(
            sum(types.values()),
            types,
            {name: number for name, number in counted[MODELO].items() if number},
            dict(sorted(hours.items())),
            *_times(seconds),
            ledger,
        )

    def _tallies(self, since: float) -> Iterator[tuple[str, str, int]]:
        first = int(-(-since // DAY))
        if since % DAY:  # of the day that `since` lies in, the incidents themselves are counted
            part = self._connection.execute(
                "SELECT body FROM incidents WHERE opened_at >= ? AND opened_at < ?", (since, first * DAY)
            )
            for incident in readable(Incident, part):
                for _, kind, value in places_by_day(incident):
                    yield kind, value, 1
        yield from self._connection.execute("SELECT property, value, number FROM tallies WHERE day >= ?", (first,))

    def page(self, wanted: IncidentFilter, limit: int) -> tuple[Incident, ...]:
        """Returns the matching incidents, newest first; (opened_at, id) of the last one continues."""
        with self._errors():
            return page(self._connection, wanted, limit)

    def count(self, wanted: IncidentFilter) -> int:
        """Returns the number of matching incidents, on every page."""
        clauses, values = _clauses(replace(wanted, after=None))
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        with self._errors():
            sql = f"SELECT count(*) FROM incidents {_index(wanted)} {where}"
            found: int = self._connection.execute(sql, values).fetchone()[0]
            return found

    def records_after(self, seq: int, limit: int) -> tuple[NumberedRecord, ...]:
        """Records with a higher number, in order."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT seq, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
            )
            return tuple(NumberedRecord(row[0], decode(Event, row[1])) for row in rows)

    def latest_records(self, limit: int) -> tuple[NumberedRecord, ...]:
        """The newest records, in order."""
        with self._errors():
            last = self._connection.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()[0]
            return self.records_after(last - limit, limit)

    def hours(
        self, since: float, until: float, step: int = tallies.HOUR, offset: int = 0
    ) -> list[tuple[int, str, str, int]]:
        """Returns (first second, property, value, number) of the hours that start in [since, until), summed in
        spans of `step` seconds that start `offset` seconds before those of UTC."""
        with self._errors():
            return tallies.read_hours(self._connection, since, until, step, offset)

    def status(self) -> dict[str, object] | None:
        """The service's last word about itself; None when it has never run."""
        with self._errors():
            row = self._connection.execute("SELECT value FROM state WHERE name = 'status'").fetchone()
        found = json.loads(row[0]) if row else None
        return found if isinstance(found, dict) else None

    def unknown(self) -> tuple[UnknownKind, ...]:
        """The kinds of errors that no rule knows, the newest first."""
        with self._errors():
            return unknown.known_error_groups(self._connection) if self._has("unknown") else ()

    def alarms(self) -> tuple[Alert, ...]:
        """Returns the active alerts, in the order in which they fired."""
        with self._errors():
            return alarms.active_alerts(self._connection) if self._has("alarms") else ()

    def ledger(self, since: float) -> tuple[Worth, ...]:
        """Returns the statistics of each kind of repair since then."""
        with self._errors():
            return worths(self._connection, since)

    def silences(self, at: float) -> tuple[Silence, ...]:
        """Returns the silences active at `at`; () before the first run of this version."""
        with self._errors():
            return tables.silences_not_ended(self._connection, at) if self._has("silences") else ()

    def forecast(self) -> ForecastView | None:
        """The service's last forecast, with the predictions as they are now; None when there is none."""
        with self._errors():
            if not self._has("predictions"):
                return None
            row = self._connection.execute("SELECT value FROM state WHERE name = ?", (FORECAST,)).fetchone()
            view = next(readable(ForecastView, [row] if row else []), None)
            return view and replace(view, foreseen=predictions.foreseen(self._connection))

    def predictions(self, since: float, limit: int = predictions.MOST_PREDICTIONS) -> tuple[SaidPrediction, ...]:
        """Those said since then, the newest first."""
        with self._errors():
            return predictions.predictions(self._connection, since, limit) if self._has("predictions") else ()

    def samples(self, since: float) -> Samples:
        """What the predictions since then were made from."""
        with self._errors():
            return predictions.samples(self._connection, since) if self._has("predictions") else Samples()

    def _has(self, table: str) -> bool:
        """False before the service of this version has run once."""
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return found is not None

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error


def _type_and_estado(name: str) -> tuple[str, str]:
    """(error_type, estado) of a tally's value."""
    error_type, _, estado = name.partition(SEPARATOR)
    return error_type, estado


def _times(seconds: Counter[int]) -> tuple[float | None, float | None]:
    """Mean and median of a counter of whole seconds."""
    total = seconds.total()
    if not total:
        return None, None
    mean = sum(value * number for value, number in seconds.items()) / total
    ordered = sorted(seconds.items())
    return mean, (_at(ordered, (total - 1) // 2) + _at(ordered, total // 2)) / 2


def _at(ordered: list[tuple[int, int]], place: int) -> int:
    for value, number in ordered:
        place -= number
        if place < 0:
            return value
    raise AssertionError("beyond the last")


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


# 100,000 incidents in less than a second: no index is worth its writes.
_NAMED = (
    "instr(lower(id || ' ' || coalesce(body ->> '$.download.video', '') || ' ' ||"
    " coalesce(body ->> '$.download.source', '')), lower(?))"
)


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
    if wanted.video is not None:
        found.append((_NAMED, (wanted.video,)))
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


@dataclass(frozen=True, slots=True)
class Worth:
    """One kind of order for one type of error. Times in seconds from the first line of the failure
    to the proof, None where nothing worked; `reasons` are those of the failures."""

    error_type: str
    order: str
    worked: int = 0
    failed: int = 0
    median_seconds: float | None = None
    p95_seconds: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        return self.worked + self.failed


def worths(connection: sqlite3.Connection, since: float) -> tuple[Worth, ...]:
    """All that ran since the beginning of the hour that `since` lies in, by type and order."""
    took: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    reasons: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    rows = connection.execute(
        "SELECT day, value, number FROM tallies WHERE day >= ? AND property = ?", (int(since // DAY), ORDER)
    )
    for day, value, number in rows:
        hour, error_type, order, end, detail = value.split(SEPARATOR, 4)
        if day * DAY + (int(hour) + 1) * HOUR <= since:
            continue
        if end == WORKED:
            took[error_type, order][int(detail)] += number
        else:
            reasons[error_type, order][detail] += number
    return tuple(_worth(key, took[key], reasons[key]) for key in sorted({*took, *reasons}))


def _worth(key: tuple[str, str], took: Counter[int], reasons: Counter[str]) -> Worth:
    return Worth(
        *key,
        took.total(),
        reasons.total(),
        percentile(took, 0.5),
        percentile(took, 0.95),
        dict(reasons.most_common()),
    )
