"""The fleet in memory: its machines as the hub sees them, and the newest records of all of them.

Each refresh reads what has changed since the last one. The clock is the database's: a hub with a wrong clock of its
own judges no machine by it.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...model.fleet import Heartbeat, Machine, MachineState
from ...model.incident import Event
from .untrusted import clean, decode_untrusted, sound_heartbeat, sound_incident, sound_time

if TYPE_CHECKING:
    import psycopg

MOST_RECORDS = 1000  # kept for whoever reads the timeline
MOST_OPENINGS = 5000
OPENINGS_SECONDS = 3600.0
LARGEST_BODY = 16_384  # characters; of a longer one the columns have to do
PAGE = 500  # records, and machines, in one question
PAGES = 4  # in one refresh: a machine that catches up keeps nobody else's records waiting
HEARTBEAT_OVERLAP = 10.0  # seconds that a row may be committed after its time
POSITION_OVERLAP = 30.0  # more than a statement may take
ALL_SECONDS = 60.0  # between two looks at every machine
OPEN_SECONDS = 5.0  # between two counts of open incidents

Numbered = tuple[int, Event]

_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8, extract(epoch FROM pg_postmaster_start_time())::float8"
_MACHINES = (
    "SELECT machine, extract(epoch FROM invited_at)::float8, extract(epoch FROM certificate_until)::float8,"
    " extract(epoch FROM revoked_at)::float8 FROM trafico.machines"
)
_HEARD = (
    "SELECT machine, extract(epoch FROM received_at)::float8 FROM trafico.heartbeats"
    " WHERE received_at > to_timestamp(%s)"
)
_HEARTBEATS = (
    "SELECT machine, extract(epoch FROM received_at)::float8, extract(epoch FROM sent_at)::float8, flips,"
    " extract(epoch FROM flipped_at)::float8, host, other_host,"
    f" CASE WHEN octet_length(body::text) <= {LARGEST_BODY} THEN body::text END"
    " FROM trafico.heartbeats WHERE machine = ANY(%s)"
)
_POSITIONS = "SELECT machine, base::text, last_seq, missing FROM trafico.positions WHERE updated_at > to_timestamp(%s)"
_OPEN = (
    "SELECT machine, error_type, count(*) FROM trafico.incidents WHERE closed_at IS NULL GROUP BY machine, error_type"
)
_COLUMNS = (
    "r.machine, r.base::text, r.seq, extract(epoch FROM r.at)::float8, extract(epoch FROM r.received_at)::float8,"
    " r.event, r.priority, r.text, r.error_type, r.modelo,"
    f" CASE WHEN octet_length(r.body::text) <= {LARGEST_BODY} THEN r.body::text END"
)
_NEWEST = f"SELECT {_COLUMNS} FROM trafico.records r ORDER BY r.received_at DESC LIMIT {PAGE}"
_OPENED = (
    f"SELECT {_COLUMNS} FROM trafico.records r WHERE r.received_at > to_timestamp(%s)"
    f" AND r.event = 'incident_detected' ORDER BY r.received_at DESC LIMIT {MOST_OPENINGS}"
)
_AFTER = (
    f"SELECT {_COLUMNS} FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS k (machine, base, after)"
    " CROSS JOIN LATERAL (SELECT * FROM trafico.records s WHERE s.machine = k.machine AND s.base = k.base"
    " AND s.seq > k.after ORDER BY s.seq LIMIT %s) r"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that was opened on a machine, at `at` by the database's clock. Texts are the machine's own."""

    machine: str
    error_type: str
    at: float
    modelo: str = ""
    exception: str = ""


class Overview:
    """`silent_after` is asked at each refresh. `machines`, `machine`, `records_after` and `latest_records` ask nobody;
    before the first refresh there is nothing. `records_after` knows the newest MOST_RECORDS records. Their numbers are
    the hub's own, and higher after each start.
    """

    def __init__(self, silent_after: Callable[[], float], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._silent_after = silent_after
        self._monotonic = monotonic
        self._database = (0.0, 0.0)  # its clock, and ours of the same moment
        self._judged_from = 0.0
        self._machines: dict[str, Machine] = {}
        self._sorted: tuple[Machine, ...] = ()
        self._positions: dict[tuple[str, str], tuple[int, int, int]] = {}  # last record: read, there; missing
        self._timeline: deque[Numbered] = deque(maxlen=MOST_RECORDS)
        self._openings: deque[Opening] = deque(maxlen=MOST_OPENINGS)
        self._seq = 0
        self._heard_at = self._positions_at = self._all_at = self._open_at = 0.0

    @property
    def refreshed(self) -> bool:
        """Whether the fleet has been read at all."""
        return self._seq > 0

    @property
    def now(self) -> float:
        """The database's clock, in seconds since the epoch."""
        at, ours = self._database
        return at + self._monotonic() - ours

    @property
    def read_at(self) -> float:
        """The time of the last refresh, by that clock."""
        return self._database[0]

    def machines(self) -> Sequence[Machine]:
        """All machines by name, as of the last refresh."""
        return self._sorted

    def machine(self, name: str) -> Machine | None:
        """The machine with that name."""
        return self._machines.get(name)

    def records_after(self, seq: int, limit: int) -> Sequence[Numbered]:
        """At most `limit` records with a higher number, in order."""
        first = self._timeline[0][0] if self._timeline else 0
        start = max(0, seq - first + 1)
        return tuple(islice(self._timeline, start, start + limit))

    def latest_records(self, limit: int) -> Sequence[Numbered]:
        """The newest `limit` records, in order."""
        return tuple(islice(self._timeline, max(0, len(self._timeline) - limit), None))

    def openings(self, since: float) -> Sequence[Opening]:
        """The incidents opened since `since`, of those that arrived within the last hour."""
        return [one for one in self._openings if one.at >= since]

    def returned(self) -> None:
        """The database was away, and is back: whoever could not reach it meanwhile has `silent_after` from now on."""
        self._judged_from = float("inf")  # until the next refresh says what time it is

    async def refresh(self, cursor: psycopg.AsyncCursor[Any]) -> Sequence[Event]:
        """Read what has changed; return the new records. The caller's transaction has the deadline."""
        now, started = (await _rows(cursor, _CLOCK))[0]
        self._database = (now, self._monotonic())
        if self._judged_from > now:
            self._judged_from = now
        self._judged_from = max(self._judged_from, min(now, started))
        if everything := not 0 <= now - self._all_at < ALL_SECONDS:
            self._all_at = now
            self._take_invitations(await _rows(cursor, _MACHINES))
        await self._refresh_heartbeats(cursor, now, everything)
        new = await self._refresh_records(cursor, now)
        if not 0 <= now - self._open_at < OPEN_SECONDS:
            self._open_at = now
            self._take_open(await _rows(cursor, _OPEN))
        self._judge_states(now)
        return new

    # Machines.

    def _take_invitations(self, rows: Sequence[Any]) -> None:
        invited = {row[0] for row in rows}
        for name in [one.name for one in self._sorted if one.name not in invited and one.received_at is None]:
            del self._machines[name]
        for name, invited_at, until, revoked_at in rows:
            known = self._machines.get(name) or Machine(name, MachineState.INVITED)
            self._machines[name] = replace(
                known, invited_at=invited_at, certificate_until=until, revoked_at=revoked_at
            )

    async def _refresh_heartbeats(self, cursor: psycopg.AsyncCursor[Any], now: float, everything: bool) -> None:
        since = 0.0 if everything else self._heard_at - HEARTBEAT_OVERLAP
        heard = await _rows(cursor, _HEARD, since)
        self._heard_at = now
        changed = [
            name for name, at in heard if (known := self._machines.get(name)) is None or known.received_at != at
        ]
        if changed:
            for row in await _rows(cursor, _HEARTBEATS, changed):
                self._take_heartbeat(*row)

    def _take_heartbeat(
        self,
        name: str,
        received_at: float,
        sent_at: float,
        flips: int,
        flipped_at: float | None,
        host: str,
        other: str,
        body: str | None,
    ) -> None:
        known = self._machines.get(name) or Machine(name, MachineState.INVITED)
        try:
            heartbeat = None if body is None else sound_heartbeat(decode_untrusted(Heartbeat, body))
        except ValueError:
            heartbeat = None
        self._machines[name] = replace(
            known,
            received_at=received_at,
            skew=sound_time(sent_at) - received_at,
            flips=flips,
            flipped_at=flipped_at,
            hosts=tuple(dict.fromkeys(clean(one, 64) for one in (host, other) if one)),
            heartbeat=heartbeat,
        )

    def _take_open(self, rows: Sequence[Any]) -> None:
        counts: dict[str, list[tuple[str, int]]] = {}
        for name, error_type, number in sorted(rows):
            counts.setdefault(name, []).append((clean(error_type, 60), number))
        for name, known in self._machines.items():
            if known.open_types != (now := tuple(counts.get(name, ()))):
                self._machines[name] = replace(known, open_types=now)

    def _judge_states(self, now: float) -> None:
        limit, since = self._silent_after(), self._judged_from
        for name, known in self._machines.items():
            state = state_of(known, now, since, limit)
            if state is not known.state:
                self._machines[name] = replace(known, state=state)
        self._sorted = tuple(self._machines[name] for name in sorted(self._machines))

    # Records.

    async def _refresh_records(self, cursor: psycopg.AsyncCursor[Any], now: float) -> Sequence[Event]:
        since, first = self._positions_at - POSITION_OVERLAP, self._seq == 0
        rows = await _rows(cursor, _POSITIONS, 0.0 if first else since)
        self._positions_at = now
        for name, base, last, missing in rows:
            read = self._positions.get((name, base), (last if first else 0, 0, 0))[0]
            self._positions[name, base] = (read, last, missing)
        if rows:
            self._take_missing()
        if first:
            self._seq = max(1, int(now * 1000))
            newest = await _rows(cursor, _NEWEST)
            opened = await _rows(cursor, _OPENED, now - OPENINGS_SECONDS)
            self._take_openings(reversed(opened))
            self._append(list(reversed(newest)))
            return ()
        return await self._read_new(cursor)

    async def _read_new(self, cursor: psycopg.AsyncCursor[Any]) -> Sequence[Event]:
        """A machine's records are committed in their order: its row of positions keeps two transactions apart. Whoever
        has least waiting comes first."""
        new: list[Event] = []
        for _ in range(PAGES):
            behind = [(last - read, *key) for key, (read, last, _) in self._positions.items() if last > read]
            keys = [(name, base) for _, name, base in sorted(behind)[:PAGE]]
            if not keys:
                break
            each = max(1, PAGE // len(keys))
            after = [self._positions[key][0] for key in keys]
            rows = await _rows(cursor, _AFTER, [name for name, _ in keys], [base for _, base in keys], after, each)
            self._take_openings(rows)
            new += self._append(rows)
            counts = Counter((row[0], row[1]) for row in rows)
            for key in keys:
                if counts[key] < each:  # what is not among them is not there any more
                    self._mark_read(*key, self._positions[key][1])
        return new

    def _append(self, rows: Sequence[Any]) -> list[Event]:
        events = []
        for name, base, seq, at, _, event, priority, text, *_, body in rows:
            self._mark_read(name, base, seq)
            events.append(_event(name, at, event, priority, text, body))
            self._seq += 1
            self._timeline.append((self._seq, events[-1]))
        return events

    def _mark_read(self, name: str, base: str, seq: int) -> None:
        read, last, missing = self._positions.get((name, base), (0, seq, 0))
        self._positions[name, base] = (max(read, seq), max(last, seq), missing)

    def _take_openings(self, rows: Any) -> None:
        for name, _, _, at, received_at, event, _, _, error_type, modelo, body in rows:
            if event == "incident_detected" and error_type:
                known = self._machines.get(name)
                when = min(at - (known.skew if known else 0.0), received_at)
                said = _event(name, at, event, 6, "", body).incident
                exception = said.exception if said else ""
                self._openings.append(Opening(name, clean(error_type, 60), when, clean(modelo or "", 200), exception))

    def _take_missing(self) -> None:
        missing: dict[str, int] = {}
        for (name, _), (_, _, number) in self._positions.items():
            missing[name] = missing.get(name, 0) + number
        for name, known in self._machines.items():
            if known.missing != (number := missing.get(name, 0)):
                self._machines[name] = replace(known, missing=number)


def state_of(machine: Machine, now: float, judged_from: float, silent_after: float) -> MachineState:
    """The state of `machine` at `now`. Silence counts from `judged_from` at the earliest: before, the database itself
    was away. All by the database's clock, in seconds since the epoch."""
    if machine.revoked_at is not None:
        return MachineState.REVOKED
    if machine.received_at is None:
        return MachineState.INVITED
    if now - max(machine.received_at, judged_from) > silent_after:
        return MachineState.SILENT
    said = machine.heartbeat
    if (
        said is None
        or not said.healthy
        or said.unanswered
        or said.waiting
        or False in (said.bot_active, said.server_up)
    ):
        return MachineState.TROUBLED
    return MachineState.OK


def _event(machine: str, at: float, event: str, priority: int, text: str, body: str | None) -> Event:
    """A record; what its columns say wins over its body."""
    try:
        said = Event(at, event, "") if body is None else decode_untrusted(Event, body)
    except ValueError:
        said = Event(at, event, "")
    return replace(
        said,
        at=sound_time(at),
        event=clean(event, 80),
        priority=min(max(priority, 0), 7),
        text=clean(text),
        incident=said.incident and sound_incident(said.incident, machine),
        machine=machine,
    )


async def _rows(cursor: psycopg.AsyncCursor[Any], sql: str, *values: object) -> list[Any]:
    await cursor.execute(sql.encode(), values)
    return await cursor.fetchall()
