"""uvicorn's HTTP protocol with the deadlines, sizes and peer credentials that it does not have.

A client that does not read, does not write or vanishes costs one task and a bounded buffer, never the others' time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import sys
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Protocol

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .responses import Problem

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
IDLE_SECONDS = 75.0  # between two requests
ARRIVE_SECONDS = 10.0  # for a whole request, from its first byte
TAKE_SECONDS = 20.0  # for the client to take what is waiting to be sent
BUFFER_BYTES = 128 * 1024
LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024
_UCRED = struct.Struct("3i")

# Anybody may cause uvicorn's warnings (an invalid request, an upgrade) as often as they like; its errors are ours.
logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class Admission(Protocol):
    """Decides about the places of clients (admission.py)."""

    def enter(self, client: ClientProtocol) -> bool:
        """True when there is a place for `client`."""
        ...

    def leave(self, client: ClientProtocol) -> None: ...

    def pause(self) -> float:
        """Seconds between two requests of a client that has not signed in."""
        ...

    def language(self) -> str: ...


class ClientProtocol(H11Protocol):
    """One connection. A request reaches the application with it as `request.state.connection`."""

    def __init__(self, config: Config, state: ServerState, admission: Admission, *, local: bool) -> None:
        super().__init__(config, state, {"connection": self})
        self.timeout_keep_alive = IDLE_SECONDS  # type: ignore[assignment]  # a float as well
        self._admission = admission
        self.local = local  # on the unix socket
        self.uid = -1  # of the process at the other end of the unix socket, as the kernel says
        self.known = local  # the client was let in, now or before
        self.streaming = False  # the answer under way ends with the client
        self.peer = ""  # whose the connection is (admission.py), "" while unknown
        self.address: tuple[str, int] | None = None
        self._arrived = 0  # bytes of the request that is arriving
        self._arrival, self._taking = _Deadline(self.loop), _Deadline(self.loop)
        self._half_closed = False
        self._lingering: int | None = None

    @property
    def answering(self) -> bool:
        """True between the last byte of a request and the end of its answer."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    @property
    def leaving(self) -> bool:
        """True once the connection is being closed."""
        return self.transport.is_closing()

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    # asyncio.Protocol.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        if self.local:
            self.uid = _uid(transport.get_extra_info("socket"))
        else:
            self.address = self.client
        if not self._admission.enter(self):
            transport.abort()
            return
        self.timeout_keep_alive_task = self.loop.call_later(IDLE_SECONDS, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._admission.leave(self)
        self._arrival.stop()
        self._taking.stop()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self.app_state = {}  # it holds this connection

    def data_received(self, data: bytes) -> None:
        if self._lingering is not None:
            self._lingering -= len(data)
            if self._lingering < 0:
                self.transport.abort()
            return
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._arrived += len(data)
        super().data_received(data)
        self._watch_arrival()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whoever has only stopped writing still gets the answer; for a stream it is the end."""
        self._half_closed = True
        return self.answering and not self.streaming

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expire_writing()

    def resume_writing(self) -> None:
        self._taking.stop()
        super().resume_writing()
        if self.leaving:
            self._expire_writing()

    # uvicorn.

    def on_response_complete(self) -> None:
        """The next request, at once or after the pause of those who are not known."""
        pause = 0.0 if self.known else self._admission.pause()
        if pause:
            self.loop.call_later(pause, self._next_request)
        else:
            self._next_request()

    def _next_request(self) -> None:
        self._arrived = 0
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._watch_arrival()
        if self._half_closed and not self.answering:
            self.transport.close()
        if self.leaving:
            self._expire_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expire_writing()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn for what is no HTTP, while the error is being handled."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._refuse(hint, "bad_request")

    # Deadlines.

    def _watch_arrival(self) -> None:
        """Hold a request that has begun and is not whole to its time and size."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY) or self._lingering is not None:
            self._arrival.stop()
        elif self._arrived > HEAD_BYTES + BODY_BYTES:
            self._refuse(413, "too_large")
        else:
            self._arrival.start(ARRIVE_SECONDS, lambda: self._refuse(408, "too_slow"))

    def _expire_writing(self) -> None:
        self._taking.start(TAKE_SECONDS, self.transport.abort)

    def _refuse(self, status: int, code: str) -> None:
        """Answer a request that the application does not get to see, and close."""
        self._arrival.stop()
        self._unset_keepalive_if_required()
        if self.leaving:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = Problem(status, code).response(self._admission.language())
            date = formatdate(usegmt=True).encode()
            headers: list[Any] = [*response.raw_headers, (b"date", date), (b"connection", b"close")]
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=bytes(response.body))):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        self._linger()

    def _linger(self) -> None:
        """Take in what is still being sent: closing on unread bytes would take the answer back."""
        self._lingering = LINGER_BYTES
        with contextlib.suppress(OSError, RuntimeError):
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
        self._expire_writing()


def _uid(connected: socket.socket) -> int:
    """The user at the other end of a unix socket."""
    _, uid, _ = _UCRED.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


class _Deadline:
    """A timer that runs once at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float, act: Callable[[], object]) -> None:
        """Begin, unless it runs already."""
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, act)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
