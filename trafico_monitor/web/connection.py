"""One client: its requests one after the other, every read and write with a deadline.

h11 knows the protocol; here are the sizes, the deadlines and the end. A client that does not read,
does not write or vanishes costs one task and a bounded buffer, never the others' time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import h11

from .exchange import Answer, Asked, Peer, language_of, problem, target

logger = logging.getLogger(__name__)

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
IDLE_SECONDS = 75.0  # between two requests
ARRIVE_SECONDS = 10.0  # for a whole request, from its first byte
TAKE_SECONDS = 20.0  # for the client to take what is waiting to be sent
BUFFER_BYTES = 128 * 1024
PIECE = 64 * 1024
LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024

Handle = Callable[[Asked], Awaitable[Answer]]


class _Refused(Exception):
    """The request cannot be answered by a handler: `status` and the code of the text."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Connection:
    """`run` returns when the client has gone, or has to go. `language` is the configured one."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        local: bool,
        handle: Handle,
        language: str,
        pause: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`pause` is how long one who is not known waits for the next request."""
        self._reader, self._writer = reader, writer
        self._pause = pause
        self._handle, self._language = handle, language
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self.local = local
        self._peer = Peer(local)
        self.busy = False  # between a request's first byte and the end of its answer
        self.answering = False  # between its last byte and that
        self.streaming = False
        self.known = local  # who asks has been let in, now or before
        self.peer = ""  # whose it is (peers), "" while nobody has looked
        self.leaving = False
        self._method = ""
        writer.transport.set_write_buffer_limits(high=BUFFER_BYTES)

    async def run(self, peer: Peer) -> None:
        self._peer = peer
        try:
            while await self._converse():
                self._http.start_next_cycle()
                # Requests that lie ready must not take everybody else's turn.
                await asyncio.sleep(0.0 if self.known else self._pause())
            self._writer.close()
            async with asyncio.timeout(TAKE_SECONDS):
                await self._writer.wait_closed()
        except (OSError, h11.LocalProtocolError) as error:  # a TimeoutError is an OSError
            logger.debug("client: %s", error)

    def abort(self) -> None:
        self.leaving = True
        self._writer.transport.abort()

    async def _converse(self) -> bool:
        """One request and its answer; False when it was the last one."""
        self.busy = self.answering = False
        try:
            asked = await self._next()
            if asked is None:
                return False
            self.answering = True
            answer = await self._handle(asked)
            self.known = self.known or bool(answer.by)
        except h11.RemoteProtocolError as error:
            answer = problem(error.error_status_hint, "bad_request", self._language)
        except _Refused as refused:
            answer = problem(refused.status, refused.code, self._language)
        await self._send(answer)
        if self._http.their_state in (h11.SEND_BODY, h11.ERROR):
            await self._let_finish()
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    # Reading.

    async def _next(self) -> Asked | None:
        self._method = ""
        head = await self._head()
        if head is None:
            return None
        self._method = head.method.decode("ascii")
        headers: dict[str, str] = {}
        for name, value in head.headers:  # of a repeated header the first counts; h11 refuses two lengths
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        try:
            async with asyncio.timeout(ARRIVE_SECONDS):
                body = await self._body()
        except TimeoutError:
            raise _Refused(408, "too_slow") from None
        try:
            path, query = target(head.target.decode("ascii"))
        except ValueError:
            raise _Refused(400, "bad_request") from None
        return Asked(self._method, path, query, headers, body, self._peer, language_of(headers, self._language))

    async def _head(self) -> h11.Request | None:
        event = self._http.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(IDLE_SECONDS):
                self._http.receive_data(await self._reader.read(PIECE))
            self.busy = True
            try:
                async with asyncio.timeout(ARRIVE_SECONDS):
                    event = await self._event()
            except TimeoutError:
                raise _Refused(408, "too_slow") from None
        self.busy = True
        return event if isinstance(event, h11.Request) else None

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(PIECE))
        return event

    async def _body(self) -> bytes:
        body = b""
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise ConnectionResetError("gone in the middle of a request")
            body += event.data
            if len(body) > BODY_BYTES:
                raise _Refused(413, "too_large")
        return body

    # Writing.

    async def _send(self, answer: Answer) -> None:
        state = self._http.our_state
        if state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        headers = [("content-type", answer.content_type), *answer.headers]
        whole = answer.stream is None
        if whole:
            headers.append(("content-length", str(len(answer.body))))
        if not whole or self._http.their_state is not h11.DONE:
            headers.append(("connection", "close"))
        await self._write(h11.Response(status_code=answer.status, headers=headers))
        if whole and answer.body and self._method != "HEAD":
            await self._write(h11.Data(data=answer.body))
        if answer.stream is not None:
            await self._send_stream(answer.stream)
        await self._write(h11.EndOfMessage())

    async def _send_stream(self, stream: AsyncIterator[bytes]) -> None:
        """Until the stream ends, or the client does (whatever it may still say is its end too)."""
        self.streaming = True
        gone = asyncio.ensure_future(self._reader.read(1))
        try:
            while True:
                piece = asyncio.ensure_future(anext(stream, None))
                try:
                    await asyncio.wait((piece, gone), return_when=asyncio.FIRST_COMPLETED)
                    if gone.done() or (data := piece.result()) is None:
                        return
                except Exception:  # a broken story must not look like one that has ended well
                    logger.exception("stream")
                    raise ConnectionAbortedError from None
                finally:
                    await _ended(piece)
                await self._write(h11.Data(data=data))
        finally:
            await _ended(gone)
            with contextlib.suppress(AttributeError):
                await stream.aclose()  # type: ignore[attr-defined]

    async def _let_finish(self) -> None:
        """Take in what is still being sent: closing on unread bytes would take our answer back."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while left > 0 and (data := await self._reader.read(PIECE)):
                    left -= len(data)

    async def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            async with asyncio.timeout(TAKE_SECONDS):
                await self._writer.drain()


async def _ended(task: asyncio.Future[object] | asyncio.Future[bytes] | asyncio.Future[bytes | None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # looked at: nobody else will
