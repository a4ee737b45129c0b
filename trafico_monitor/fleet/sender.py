"""Sender of a machine: its records, each exactly once, and its heartbeat.

The position in the records moves behind the server's commit only; what is sent again after a lost answer meets
`ON CONFLICT DO NOTHING`. The server's answer to a heartbeat tells a restored database, which gets the rest again, and
a second machine with the same name: then nothing is sent until it is quiet, and nothing is lost here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import FleetError, StoreError
from ..model.fleet import PROGRESS, Heartbeat, Identity, Position
from ..model.serialization import encode
from .database import STATEMENT_SECONDS, Endpoint, check_schema, connect, transaction
from .progress import Progress, resumed
from .records import Numbered, Row, fitted, moment, rows

if TYPE_CHECKING:
    import psycopg

BATCH = 500
# Of stored records; a row is about twice as long, since columns repeat parts of its body. Larger batches arrive no
# sooner, and libpq keeps the memory of the largest.
BATCH_BYTES = 64 * 1024
MOST_HEARTBEAT = 60_000  # bytes; the column's CHECK has 65,536
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds before another attempt, of which half is drawn: machines do not march
REST_SECONDS = 0.02  # the pipeline's, between two batches
GATHER_SECONDS = 0.1  # from the first new record to its batch
DUPLICATE_BEATS = 3  # heartbeats for which a second machine with this name has to be quiet

_ADD = """INSERT INTO trafico.records (base, seq, at, prev, event, priority, text, incident_id, error_type, estado,
        modelo, video, opened_at, closed_at, body)
    SELECT %s::uuid, seq, to_timestamp(at), prev, event, priority, text, incident_id, error_type, estado,
        modelo, video, to_timestamp(opened_at), to_timestamp(closed_at), body
    FROM jsonb_to_recordset(%s::jsonb) AS x (seq bigint, at float8, prev bigint, event text, priority smallint,
        text text, incident_id text, error_type text, estado text, modelo text, video text, opened_at float8,
        closed_at float8, body jsonb)
    ON CONFLICT DO NOTHING"""
_BEAT = """INSERT INTO trafico.heartbeats AS h (base, instance, host, sent_at, body)
    VALUES (%s::uuid, %s::uuid, %s, to_timestamp(%s), %s::jsonb)
    ON CONFLICT (machine) DO UPDATE SET base = excluded.base, instance = excluded.instance, host = excluded.host,
        sent_at = excluded.sent_at, body = excluded.body
    RETURNING coalesce((SELECT last_seq FROM trafico.positions p WHERE p.machine = h.machine AND p.base = h.base), 0),
        flips, other_host, extract(epoch FROM other_at)::float8, extract(epoch FROM received_at)::float8,
        extract(epoch FROM flipped_at)::float8"""


class Store(Protocol):
    """The machine's database. Each method raises StoreError."""

    async def unsent(self, seq: int, limit: int, size: int) -> Sequence[Numbered]: ...

    async def number_after(self, seq: int) -> int: ...

    @property
    def opened_after(self) -> int:
        """The last number that a record had been given when the database was opened."""
        ...

    async def keep(self, name: str, value: str) -> None: ...

    async def kept(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class SenderState:
    """`since` is the time of the last change between well and failing, in seconds since the epoch; `error` None: well.
    `pending` records waited at the last heartbeat, less those sent since. `heard_at` is the last answer, None before
    the first; `skew` was the machine's clock less the database's then, in seconds."""

    error: FleetError | None = None
    since: float = 0.0
    pending: int = 0
    heard_at: float | None = None
    skew: float = 0.0


# Makes the heartbeat from the progress and the number of records that wait.
Beat = Callable[[Progress, int], Awaitable[Heartbeat]]
# Tells what an operator should know: the text is `fleet.note.<code>`.
Note = Callable[[str, Mapping[str, str]], None]


class Sender:
    """`run` is owned by the service; `wake` signals new records. `identity.base` is not used: the progress has it."""

    def __init__(
        self,
        endpoint: Endpoint,
        store: Store,
        identity: Identity,
        beat: Beat,
        note: Note,
        *,
        progress: Progress | None = None,
        every: float = 60.0,
        names: bool = True,
        seconds: float = STATEMENT_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint, self._store, self._identity = endpoint, store, identity
        self._make_beat, self._note = beat, note
        self._every, self._names, self._seconds, self._clock = every, names, seconds, clock
        self.progress = progress  # of an earlier sender of this process; None: the one that was kept
        self.state = SenderState(since=clock())
        self._new = asyncio.Event()
        self._caught_up = asyncio.Event()

    def wake(self) -> None:
        """New records are stored."""
        self._caught_up.clear()
        self._new.set()

    async def settle(self, seconds: float) -> None:
        """Wait until all stored records are sent; not at all where the database cannot be reached."""
        if self.state.error is None and self.state.heard_at is not None:
            self.wake()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._caught_up.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._begin()
                connection = await connect(self._endpoint)
                try:
                    async with transaction(connection, self._endpoint, seconds=self._seconds) as cursor:
                        await check_schema(cursor)
                    await self._exchange(connection)
                    pause = FIRST_PAUSE
                    await self._serve(connection)
                finally:
                    await connection.close()
            except FleetError as error:
                self._failed(error)
            except StoreError:  # told of by whoever writes; here it only waits
                pass
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def _begin(self) -> None:
        """Read the progress; the base of a first start is kept before anything is sent with it."""
        if self.progress is None:
            kept = await self._store.kept(PROGRESS)
            await self._keep(resumed(kept, self._identity.host, self._store.opened_after))

    async def _keep(self, progress: Progress) -> None:
        await self._store.keep(PROGRESS, encode(progress))
        self.progress = progress

    async def _serve(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Heartbeats and records over one connection, until it fails."""
        due = time.monotonic() + self._every
        while True:
            self._new.clear()
            if self.state.error is None and await self._send_batch(connection):
                await asyncio.sleep(REST_SECONDS)
            else:
                self._caught_up.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, due - time.monotonic())):
                        await self._new.wait()
                await asyncio.sleep(GATHER_SECONDS)
            if time.monotonic() >= due:
                await self._exchange(connection)
                due = time.monotonic() + self._every

    async def _exchange(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Send a heartbeat, and follow the server's answer."""
        position = await self._beat(connection)
        assert self.progress is not None
        before, now = self.progress, self.progress.confirmed(position.last_seq)
        if now != before:
            await self._keep(now)
        if now.base != before.base:
            self._note("new_base", {})
            await self._beat(connection)
        elif now.seq != before.seq:
            self._note("rewound", {"n": str(now.seq + 1)})
        self._heard(self._duplicate(position))

    async def _beat(self, connection: psycopg.AsyncConnection[Any]) -> Position:
        assert self.progress is not None
        pending = await self._store.number_after(self.progress.seq)
        beat = await self._make_beat(self.progress, pending)
        body = fitted(encode(beat), MOST_HEARTBEAT)
        values = (self.progress.base, self._identity.instance, self._identity.host, moment(beat.sent_at), body)
        async with transaction(connection, self._endpoint, seconds=self._seconds) as cursor:
            await cursor.execute(_BEAT, values)
            row = await cursor.fetchone()
        assert row is not None
        position = Position(*row)
        skew = beat.sent_at - position.received_at
        self.state = replace(self.state, pending=pending, heard_at=self._clock(), skew=skew)
        return position

    async def _send_batch(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        """Send the next records; False where there are none."""
        assert self.progress is not None
        records = await self._store.unsent(self.progress.seq, BATCH, BATCH_BYTES)
        if not records:
            self.state = replace(self.state, pending=0)
            return False
        made = await asyncio.to_thread(rows, records, names=self._names)
        parts = [made]
        while parts:
            part = parts.pop()
            try:
                await self._add(connection, part)
            except FleetError as error:
                if not error.refused_content:
                    raise
                if len(part) == 1:
                    await self._set_aside(connection, part[0].seq, error)
                else:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
        self.state = replace(self.state, pending=max(0, self.state.pending - len(records)))
        return True

    async def _add(self, connection: psycopg.AsyncConnection[Any], part: Sequence[Row]) -> None:
        """Insert rows in one transaction; then the progress moves behind them."""
        assert self.progress is not None
        befores = (self.progress.sent, *(one.seq for one in part))
        body = ",".join(one.after(prev) for one, prev in zip(part, befores, strict=False))
        async with transaction(connection, self._endpoint, seconds=self._seconds) as cursor:
            await cursor.execute(_ADD, (self.progress.base, f"[{body}]"))
        await self._keep(self.progress.taken(part[-1].seq))

    async def _set_aside(self, connection: psycopg.AsyncConnection[Any], seq: int, error: FleetError) -> None:
        """Leave out a record that the server refuses for its content, once it has taken a heartbeat: then neither the
        connection nor this machine's rights are the reason."""
        await self._beat(connection)
        assert self.progress is not None
        counted = self.progress.refused
        await self._keep(self.progress.refusing(seq))
        if self.progress.refused != counted:
            self._note("refused", {"n": str(seq), "detail": error.detail})

    def _duplicate(self, position: Position) -> FleetError | None:
        """The error of a second machine that has sent under this name lately."""
        quiet = None if position.flipped_at is None else position.received_at - position.flipped_at
        if not position.flips or quiet is None or quiet > DUPLICATE_BEATS * self._every:
            return None
        ago = position.received_at - (position.other_at or position.received_at)
        return FleetError("duplicate", fields={"user": self._endpoint.user, "ago": f"{ago:.0f} s"})

    def _heard(self, error: FleetError | None) -> None:
        since = self.state.since if (error is None) == (self.state.error is None) else self._clock()
        self.state = replace(self.state, error=error, since=since)

    def _failed(self, error: FleetError) -> None:
        self._caught_up.set()
        self._heard(error)
