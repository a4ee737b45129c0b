"""`GET /api/v1/events`: new records and the present state as server-sent events.

Every client reads the numbered records at its own pace: nothing is kept for the one that is slow, so
nobody can hold anybody up. One that has fallen too far behind is told to load everything anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..errors import StoreError
from ..model.validation import Number, Schema
from .middleware import connection_of
from .ports import Numbered, Present, Records
from .responses import Problem, language_of
from .serializers import event, under_way, volume

BEAT_SECONDS = 2.0  # how often the present is said, when it has changed
ALIVE_SECONDS = 4.0  # a message at least so often: a client tells by its absence that the monitor hangs
KEPT = 256  # records in memory, for all who are up to date
BATCH = 256
MOST_BEHIND = 2000  # records; beyond that reading the lists anew is cheaper
MOST_CLIENTS = 24
_LARGEST = 2**53
AFTER = Schema({"after": Number(0, _LARGEST - 1, whole=True)})


class _EventStream(StreamingResponse):
    """Closes its generator when the client has gone, wherever that was waiting."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self.body_iterator):  # type: ignore[type-var]  # a generator
            await super().__call__(scope, receive, send)


class Events:
    """The stream. `woke` reports that records have been stored; it costs nothing without clients. A stream ends
    once `admits` is false for its request."""

    def __init__(self, records: Records, present: Present, admits: Callable[[Request], Awaitable[bool]]) -> None:
        self._records = records
        self._present = present
        self._admits = admits
        self._kept: deque[Numbered] = deque(maxlen=KEPT)
        self._changed = asyncio.Event()
        self._loading = asyncio.Lock()
        self._last: int | None = None  # the number of the newest record that is known here
        self._clients = 0
        self._stale = True
        self._said: tuple[float, bytes] = (float("-inf"), b"")

    def woke(self) -> None:
        self._stale = True
        self.recheck()

    def recheck(self) -> None:
        """Let every stream look at once whether it may go on."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self, request: Request) -> Response:
        """The stream from `Last-Event-ID` (or `after`) on. Raises Problem: too many listeners, not a number."""
        if self._clients >= MOST_CLIENTS:
            raise Problem(503, "too_many")
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        if given and not (given.isascii() and given.isdecimal() and int(given) < _LARGEST):
            raise Problem(422, "invalid", campos="Last-Event-ID")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        connection_of(request).streaming = True
        story = self._story(request, int(given) if given else None)
        return _EventStream(story, headers=headers, media_type="text/event-stream")

    async def _story(self, request: Request, after: int | None) -> AsyncIterator[bytes]:
        language = language_of(request)
        self._clients += 1
        try:
            yield b"retry: 2000\n\n"
            with contextlib.suppress(StoreError):
                await self._catch_up()
            place = (self._last or 0) if after is None else after
            yield _message("hello", {"seq": place})
            said, quiet = b"", 0.0
            while True:
                changed = self._changed
                news = await self._news(place, language)
                if not await self._admits(request):
                    return
                for number, piece in news:
                    yield piece
                    place, quiet = number, 0.0
                now = await self._now()
                if now != said:
                    yield now
                    said, quiet = now, 0.0
                elif quiet >= ALIVE_SECONDS:
                    yield _message("alive", {"seq": place})
                    quiet = 0.0
                if not news or place >= (self._last or 0):
                    quiet += await _waited(changed)
        finally:
            self._clients -= 1

    async def _news(self, place: int, language: str) -> list[tuple[int, bytes]]:
        """The records after `place`, up to a batch; a `reset` instead when there are too many."""
        try:
            await self._catch_up()
            last = self._last or 0
            if place > last or last - place > MOST_BEHIND:  # another database, or hours away
                return [(last, _message("reset", {"seq": last}, last))]
            if place == last:
                return []
            if self._kept and self._kept[0][0] <= place + 1:
                found = [numbered for numbered in self._kept if numbered[0] > place][:BATCH]
            else:
                found = list(await self._records.records_after(place, BATCH))
        except StoreError:
            return []  # the next beat tries again
        return [(one[0], _message("record", event(one, self._present, language, whole=True), one[0])) for one in found]

    async def _catch_up(self) -> None:
        """Read the records stored since: once for all clients."""
        async with self._loading:
            if self._last is None:
                self._stale = False
                newest = await self._records.latest_records(1)
                self._last = newest[-1][0] if newest else 0
                self._kept.extend(newest)
            while self._stale:
                self._stale = False
                found = await self._records.records_after(self._last, BATCH)
                self._kept.extend(found)
                self._last = found[-1][0] if found else self._last
                self._stale = self._stale or len(found) == BATCH

    async def _now(self) -> bytes:
        """The present state, computed once in BEAT_SECONDS for all clients."""
        now = asyncio.get_running_loop().time()
        if now - self._said[0] >= BEAT_SECONDS * 0.9:
            self._said = (now, self._said[1])  # the others take the last one meanwhile
            downloads = [under_way(one) for one in await self._present.downloads()]
            status = {name: value for name, value in self._present.status().items() if name != "at"}
            lag = status.get("lag")
            status["lag"] = round(lag, 1) if isinstance(lag, float) else lag
            volumes = [{**volume(one), "history": None} for one in self._present.volumes()]
            self._said = (now, _message("now", {"status": status, "downloads": downloads, "volumes": volumes}))
        return self._said[1]


async def _waited(changed: asyncio.Event) -> float:
    """Wait until records are stored, for BEAT_SECONDS at most; the longest time that this took, in seconds."""
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            await changed.wait()
    except TimeoutError:
        return BEAT_SECONDS
    return 0.0


def _message(name: str, data: object, number: int | None = None) -> bytes:
    """One message. JSON is one line: a record's text cannot end the message."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    mark = "" if number is None else f"id: {number}\n"
    return f"event: {name}\n{mark}data: {text}\n\n".encode("utf-8", "replace")
