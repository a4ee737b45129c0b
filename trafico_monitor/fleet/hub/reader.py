"""The stored records of all machines: the questions of the API and the dashboard, on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ...errors import AmbiguousIncident, FleetError, StoreError
from ...messages.fleet import reason
from ...model.alert import Silence
from ...model.finding import ErrorType
from ...model.incident import Estado, Event, Incident, IncidentFilter
from .connections import Connections
from .untrusted import FIRST, LAST, clean, decode_untrusted, sound_incident, sound_time

Numbered = tuple[int, Event]
Hour = tuple[int, str, str, int]

MOST_COUNTED = 10_000
MOST_RECORDS = 500  # of one incident
MOST_NAME = 200
MOST_MACHINES = 20
HOURS_AT_ONCE = 24
HOUR = 3600
COUNT_SECONDS = 3.0
LARGEST_BODY = 65_536  # characters; a longer one is not read, and its columns have to do
_TIMES = ", ".join(f"extract(epoch FROM {name}_at)::float8" for name in ("opened", "updated", "closed"))
_HOURS = (
    "SELECT (hour + %s) / %s * %s - %s AS span, property, value, sum(number)::bigint FROM trafico.hours"
    " WHERE hour >= %s AND hour < %s GROUP BY 1, 2, 3"
)
# The machines with the most incidents of the days that the time touches, then their counts in each span.
_OF_MACHINES = f"""
WITH most AS (
    SELECT machine FROM trafico.days WHERE day > %s - 86400 AND day < %s
    GROUP BY machine ORDER BY sum(number) DESC, machine LIMIT {MOST_MACHINES}
)
SELECT (extract(epoch FROM date_trunc('hour', i.opened_at, 'UTC'))::bigint + %s) / %s * %s - %s, 'machine', i.machine,
    count(*)
FROM most JOIN trafico.incidents i USING (machine)
WHERE i.opened_at >= to_timestamp(%s) AND i.opened_at < to_timestamp(%s) GROUP BY 1, 3
"""
_COLUMNS = f"machine, id, error_type, estado, modelo, video, {_TIMES}"
# Lines and proof are of one incident's page alone. A machine may write anything; `-` fails on what is no object.
_SHORT_BODY = (
    f"CASE WHEN octet_length(body::text) <= {LARGEST_BODY} AND jsonb_typeof(body->'incident') = 'object'"
    " THEN ((body->'incident') - '{lines,evidence,error_message,exception}'::text[])::text END"
)


class Timeline(Protocol):
    """New records of all machines, numbered by the hub."""

    def records_after(self, seq: int, limit: int) -> Sequence[Numbered]: ...

    def latest_records(self, limit: int) -> Sequence[Numbered]: ...


class FleetReader:
    """Each method has a deadline of its own and raises StoreError."""

    def __init__(
        self,
        connections: Connections,
        timeline: Timeline,
        silences: Callable[[], Awaitable[Sequence[Silence]]],
        language: Callable[[], str],
    ) -> None:
        self._connections = connections
        self._timeline = timeline
        self._silences = silences
        self._language = language

    async def page(self, wanted: IncidentFilter, limit: int) -> Sequence[Incident]:
        clauses, values = _clauses(wanted)
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        rows = await self._rows(
            f"SELECT {_COLUMNS}, {_SHORT_BODY} FROM (SELECT * FROM trafico.incidents {where}"
            " ORDER BY opened_at DESC, id DESC, machine DESC LIMIT %s) found"
            " ORDER BY opened_at DESC, id DESC, machine DESC",
            (*values, limit),
        )
        return [_incident(row) for row in rows]

    async def count(self, wanted: IncidentFilter) -> int:
        """The number of matching incidents, up to MOST_COUNTED."""
        clauses, values = _clauses(replace(wanted, after=None))
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        rows = await self._rows(
            f"SELECT count(*) FROM (SELECT 1 FROM trafico.incidents {where} LIMIT {MOST_COUNTED}) found", values
        )
        return int(rows[0][0])

    async def story(self, name: str, machine: str = "") -> tuple[Incident, Sequence[Numbered]] | None:
        """The incident of that id; `machine` is necessary where several have one: else AmbiguousIncident."""
        rows = await self._rows(
            f"SELECT {_COLUMNS}, (body->'incident')::text FROM trafico.incidents"
            " WHERE id = %s AND (%s = '' OR machine = %s) ORDER BY machine LIMIT 20",
            (name, machine, machine),
        )
        if not rows:
            return None
        if len(rows) > 1:
            raise AmbiguousIncident(name, tuple(row[0] for row in rows))
        incident = _incident(rows[0])
        records = await self._rows(
            "SELECT seq, extract(epoch FROM at)::float8, event, left(text, 4096), priority, estado"
            " FROM trafico.records WHERE incident_id = %s AND machine = %s ORDER BY base, seq LIMIT %s",
            (name, incident.machine, MOST_RECORDS),
        )
        return incident, [_record(row, incident) for row in records]

    async def records_after(self, seq: int, limit: int) -> Sequence[Numbered]:
        return self._timeline.records_after(seq, limit)

    async def latest_records(self, limit: int) -> Sequence[Numbered]:
        return self._timeline.latest_records(limit)

    async def hours(self, since: float, until: float, step: int, offset: int) -> Sequence[Hour]:
        """Counts of types and seconds as a monitor's, and `machine` instead of modelo: the MOST_MACHINES of the most
        incidents by name, all others as ""."""
        first, last = int(-(-max(since, FIRST) // HOUR)) * HOUR, int(min(until, LAST))
        span = (offset, step, step, offset)
        hours = await self._rows(_HOURS, (*span, first, last))
        named = await self._rows(_OF_MACHINES, (first, last, *span, first, last))
        others: Counter[int] = Counter()
        for begin, kind, _, number in hours:
            others[begin] += number if kind == "type" else 0
        for begin, _, _, number in named:
            others[begin] -= number
        rest = [(begin, "machine", "", number) for begin, number in others.items() if number > 0]
        return [*(tuple(row) for row in (*hours, *named)), *rest]

    async def roll_up(self) -> bool:
        """Count some of the hours in which something has changed; whether there are more."""
        rows = await self._connections.rows("SELECT trafico.roll_up(%s)", (HOURS_AT_ONCE,))
        return bool(rows and rows[0][0])

    async def keep_counted(self) -> None:
        """Count what changes, for ever. A database that is away is the poller's to tell of."""
        while True:
            more = False
            with contextlib.suppress(FleetError):
                more = await self.roll_up()
            await asyncio.sleep(0 if more else COUNT_SECONDS)

    async def silences(self) -> Sequence[Silence]:
        return await self._silences()

    async def ledger(self, since: float) -> Sequence[Mapping[str, object]]:
        """Nothing: corrections are counted where they are made."""
        return ()

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return await self._connections.rows(sql, values)
        except FleetError as error:
            raise StoreError(reason(error, self._language())) from error


def _clauses(wanted: IncidentFilter) -> tuple[list[str], list[object]]:
    found: list[tuple[str, tuple[object, ...]]] = [
        (clause, (value,))
        for clause, value in (
            ("opened_at >= to_timestamp(%s)", wanted.since),
            ("opened_at <= to_timestamp(%s)", wanted.until),
            ("error_type = %s", wanted.error_type),
            ("estado = %s", wanted.estado),
            ("modelo = %s", wanted.modelo),
            ("strpos(lower(id || ' ' || video), lower(%s)) > 0", wanted.video),
            ("machine = %s", wanted.machine),
        )
        if value is not None
    ]
    if wanted.open is not None:
        found.append((f"closed_at IS {'' if wanted.open else 'NOT '}NULL", ()))
    if wanted.after is not None:
        at, name = wanted.after
        found.append(("(opened_at, id, machine) < (to_timestamp(%s), %s, %s)", (at, name, wanted.after_machine)))
    return [clause for clause, _ in found], [value for _, values in found for value in values]


def _incident(row: Sequence[Any]) -> Incident:
    """An incident out of its columns and, as far as it can be read, its body. The columns win: by them it is found."""
    machine, name, error_type, estado, modelo, video, opened, updated, closed, body = row
    found = Incident(name, ErrorType.OTRO, opened, updated)
    with contextlib.suppress(ValueError):
        found = decode_untrusted(Incident, body or "")
    download = replace(found.download, modelo=clean(modelo, MOST_NAME) or None, video=clean(video, MOST_NAME) or None)
    return replace(
        sound_incident(replace(found, download=download), machine),
        id=clean(name, 60),
        error_type=_known(ErrorType, error_type, ErrorType.OTRO),
        estado=_known(Estado, estado, Estado.DETECTADO),
        opened_at=opened,
        updated_at=updated,
        closed_at=closed,
    )


def _record(row: Sequence[Any], incident: Incident) -> Numbered:
    """A record in an incident's history, with the state that it tells of."""
    seq, at, event, said, priority, estado = row
    state = replace(incident, estado=_known(Estado, estado, Estado.DETECTADO))
    return seq, Event(sound_time(at), clean(event, 80), clean(said), _priority(priority), "", state)


def _priority(value: int) -> int:
    return value if 0 <= value <= 7 else 6


def _known(kind: Any, value: str, otherwise: Any) -> Any:
    """The member of that value; a later version may know others."""
    try:
        return kind(value)
    except ValueError:
        return otherwise
