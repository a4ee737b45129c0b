"""Rows of predictions and of what they are made from. Work inside a transaction of the database."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from ..model.prediction import (
    DAY,
    HOUR,
    LIKELY,
    DeathSample,
    DownloadSample,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    ProbeSample,
    SaidPrediction,
    Samples,
    SpaceSample,
)
from ..model.serialization import storable

SPACE_SECONDS = 28 * DAY + HOUR
MOST_PATHS = 16
PROBE_SECONDS = 14 * DAY  # 40,000 rows of 30 bytes at the usual interval
HISTORY_SECONDS = 90 * DAY  # of downloads and deaths
MOST_ROWS = 50_000  # of probes, of downloads and of deaths
MOST_PREDICTIONS = 2000  # of a kind
_COLUMNS = "id, kind, said_at, until, p, lo, hi, about, reason, fields, told, outcome, judged_at, came_at"


def put(connection: sqlite3.Connection, predictions: Iterable[SaidPrediction]) -> None:
    """Writes predictions that were said or judged; one that is there already keeps what was said."""
    connection.executemany(
        f"INSERT INTO predictions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET told = max(told, excluded.told), outcome = excluded.outcome,"
        " judged_at = excluded.judged_at, came_at = excluded.came_at",
        [_row(one) for one in predictions],
    )


def put_samples(connection: sqlite3.Connection, samples: Samples) -> None:
    """Writes what was measured. Of an hour the first sample of a file system is kept."""
    connection.executemany(
        "INSERT OR IGNORE INTO space_hours (path, hour, at, free, total) VALUES (?, ?, ?, ?, ?)",
        [(storable(one.path), int(one.at // HOUR), one.at, one.free, one.total) for one in samples.spaces],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO probes (at, milliseconds, status) VALUES (?, ?, ?)",
        [(one.at, one.milliseconds, one.status) for one in samples.probes],
    )
    connection.executemany(
        "INSERT INTO downloads (started, size, seconds, outcome) VALUES (?, ?, ?, ?)",
        [(one.started, one.size, one.seconds, one.outcome) for one in samples.downloads],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO deaths (at, planned) VALUES (?, ?)", [(one.at, one.planned) for one in samples.deaths]
    )


def predictions(
    connection: sqlite3.Connection, since: float = 0.0, limit: int = MOST_PREDICTIONS
) -> tuple[SaidPrediction, ...]:
    """Those said since `since` (seconds since the epoch), the newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM predictions WHERE said_at >= ? ORDER BY said_at DESC, id LIMIT ?", (since, limit)
    )
    return tuple(_read(rows))


def foreseen(connection: sqlite3.Connection) -> tuple[SaidPrediction, ...]:
    """Those that are shown, the newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM predictions WHERE outcome IS NULL ORDER BY said_at DESC, id")
    return tuple(one for one in _read(rows) if one.foreseen)


def remembered(connection: sqlite3.Connection, judged: int = 200) -> tuple[SaidPrediction, ...]:
    """All that are not judged yet, and the last `judged` of each kind that are, likely and unlikely ones apart; in the
    order in which they were said."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT *, row_number() OVER (PARTITION BY kind, outcome IS NULL, p >= {LIKELY}"
        " ORDER BY said_at DESC) AS place FROM predictions) WHERE outcome IS NULL OR place <= ? ORDER BY said_at, id",
        (judged,),
    )
    return tuple(_read(rows))


def _spaces(connection: sqlite3.Connection, since: float) -> tuple[SpaceSample, ...]:
    """Free space by the hour since `since`, in order of time."""
    sql = "SELECT path, at, free, total FROM space_hours WHERE at >= ? ORDER BY at, path"
    return tuple(SpaceSample(*row) for row in connection.execute(sql, (since,)))


def samples(connection: sqlite3.Connection, since: float, spaces_since: float | None = None) -> Samples:
    """All that was measured after `since` (free space: after `spaces_since`), each in order of time."""
    probes = connection.execute("SELECT at, milliseconds, status FROM probes WHERE at > ? ORDER BY at", (since,))
    ended = connection.execute(
        "SELECT started, size, seconds, outcome FROM downloads WHERE started + seconds > ? ORDER BY started + seconds",
        (since,),
    )
    deaths = connection.execute("SELECT at, planned FROM deaths WHERE at > ? ORDER BY at", (since,))
    return Samples(
        _spaces(connection, since if spaces_since is None else spaces_since),
        tuple(ProbeSample(*row) for row in probes),
        tuple(DownloadSample(*row) for row in ended),
        tuple(DeathSample(at, bool(planned)) for at, planned in deaths),
    )


def trim(connection: sqlite3.Connection, now: float, before: float | None) -> None:
    """Deletes what is older than it is needed, or more than is kept. Predictions said before `before` go too (None:
    for ever); one that is not judged stays."""
    for table, column, seconds in (
        ("space_hours", "at", SPACE_SECONDS),
        ("probes", "at", PROBE_SECONDS),
        ("downloads", "started", HISTORY_SECONDS),
        ("deaths", "at", HISTORY_SECONDS),
    ):
        # A clock that was set back leaves samples of the future: they would never be old.
        limits = (now - seconds, now + DAY)
        connection.execute(f"DELETE FROM {table} WHERE {column} < ? OR {column} > ?", limits)
        if table != "space_hours":
            edge = f"SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 1 OFFSET {MOST_ROWS - 1}"
            connection.execute(f"DELETE FROM {table} WHERE {column} < ({edge})")
    connection.execute(
        "DELETE FROM space_hours WHERE path NOT IN"
        " (SELECT path FROM space_hours GROUP BY path ORDER BY max(at) DESC, path LIMIT ?)",
        (MOST_PATHS,),
    )
    for kind in PredictionKind:
        connection.execute(
            "DELETE FROM predictions WHERE kind = ? AND outcome IS NOT NULL AND (said_at < ? OR said_at <"
            " (SELECT said_at FROM predictions WHERE kind = ? ORDER BY said_at DESC LIMIT 1 OFFSET ?))",
            (kind.value, 0.0 if before is None else before, kind.value, MOST_PREDICTIONS - 1),
        )


def _row(said: SaidPrediction) -> tuple[object, ...]:
    one = said.prediction
    fields = json.dumps(one.fields, ensure_ascii=True, separators=(",", ":"))
    outcome = said.outcome.value if said.outcome is not None else None
    words = (storable(one.about), one.reason, fields)
    figures = (one.said_at, one.until, one.p, one.lo, one.hi)
    return (said.id, one.kind.value, *figures, *words, said.told, outcome, said.judged_at, said.came_at)


def _read(rows: Iterable[tuple[Any, ...]]) -> Iterator[SaidPrediction]:
    """The readable ones of `rows`: a single invalid row must not prevent the service from starting."""
    for row in rows:
        with contextlib.suppress(ValueError, TypeError):
            yield _said(*row)


def _said(
    name: str,
    kind: str,
    said_at: float,
    until: float,
    p: float,
    lo: float | None,
    hi: float | None,
    about: str,
    reason: str,
    fields: str,
    told: int,
    outcome: str | None,
    judged_at: float | None,
    came_at: float | None,
) -> SaidPrediction:
    given = tuple((str(key), value) for key, value in json.loads(fields))
    one = Prediction(PredictionKind(kind), said_at, until, p, lo, hi, about, reason, given)
    judged = None if outcome is None else PredictionOutcome(outcome)
    return SaidPrediction(name, one, bool(told), judged, judged_at, came_at)
