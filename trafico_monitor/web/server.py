"""The listeners: a unix socket for users of this machine, a port of the loopback for the browser.

uvicorn's protocol serves the connections; its `Server` is not used: it takes the signals, gives up where a place
cannot be listened on, and wakes ten times a second. Neither listener is worth stopping the monitor for: a place that
cannot be opened is logged, and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from .admission import ClientPlaces
from .protocol import HEAD_BYTES, ClientProtocol

logger = logging.getLogger(__name__)

SOCKET_MODE = 0o660  # its folder is closed to others too (RuntimeDirectoryMode=)
AGAIN_SECONDS = 10.0
CLOSE_SECONDS = 1.0  # for answers that are on their way at the end
BACKLOG = 64
# Of those who queue up asyncio takes its `backlog` in one turn of the loop. With fewer than there are places, who
# came last has been read from, and is known, before as many others have come.
AT_ONCE, QUEUE = 8, 1024
_LONGEST_PATH = 107  # sun_path of sockaddr_un, less its end


@dataclass(frozen=True, slots=True)
class Places:
    """The places to listen on; None and "" for none. `listen` is host:port, checked by the configuration."""

    socket: Path | None
    listen: str = ""


class WebServer:
    """Serves an ASGI application until `run` is cancelled, and leaves nothing behind. `trouble` holds the places
    that cannot be listened on now, each with the reason; `port` is the one that the kernel chose."""

    def __init__(self, places: Places, app: ASGIApp, language: Callable[[], str]) -> None:
        self._places = places
        self._config = Config(
            app,
            http=ClientProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        self._state = ServerState()
        self._clients = ClientPlaces(lambda: self.port, language)
        self.trouble: dict[str, str] = {}
        self.port = 0

    @property
    def address(self) -> str:
        """The dashboard's address for a browser of this machine; "" while it is not open."""
        host = self._places.listen.rpartition(":")[0]
        if host in ("0.0.0.0", "[::]", ""):  # every address: the loopback is one of them
            host = "127.0.0.1"
        return f"http://{host}:{self.port}" if self.port else ""

    async def run(self) -> None:
        """Listen on every place, those that refuse again and again."""
        works = [self._listen_on_socket(), self._listen_on_loopback(), self._clients.tell_strangers_apart()]
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in works:
                    tasks.create_task(work)
        finally:
            await self._shutdown()

    def _protocol(self, *, local: bool) -> Callable[[], ClientProtocol]:
        return lambda: ClientProtocol(self._config, self._state, self._clients, local=local)

    async def _listen_on_socket(self) -> None:
        path, loop = self._places.socket, asyncio.get_running_loop()
        if path is not None:
            made = self._protocol(local=True)
            await self._keep_open(str(path), lambda: loop.create_unix_server(made, sock=_bound(path)))
            # Not unlinked at the end: by then it may be the next monitor's.

    async def _listen_on_loopback(self) -> None:
        if self._places.listen:
            host, _, port = self._places.listen.rpartition(":")
            loop, made = asyncio.get_running_loop(), self._protocol(local=False)

            async def start() -> asyncio.Server:
                server = await loop.create_server(made, host.strip("[]"), int(port), backlog=AT_ONCE)
                for one in server.sockets:
                    with socket.socket(fileno=os.dup(one.fileno())) as listening:
                        listening.listen(QUEUE)
                self.port = server.sockets[0].getsockname()[1]
                return server

            await self._keep_open(self._places.listen, start)

    async def _keep_open(self, name: str, start: Callable[[], Awaitable[asyncio.Server]]) -> None:
        while True:
            try:
                server = await start()
            except (OSError, ValueError, OverflowError) as error:  # no such address, or no address at all
                reason = getattr(error, "strerror", None) or str(error)
                if self.trouble.get(name) != reason:  # logged once, not every ten seconds
                    logger.warning("%s: %s", name, reason)
                self.trouble[name] = reason
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self.trouble.pop(name, None)
            try:
                await asyncio.Event().wait()
            finally:
                server.close()

    async def _shutdown(self) -> None:
        """Answers that are on their way get a moment; then every client goes."""
        for client in list(self._clients.clients):
            if client.answering and not client.streaming:
                client.shutdown()  # closes once it is answered
            else:
                client.abort()
        if self._state.tasks:
            await asyncio.wait(set(self._state.tasks), timeout=CLOSE_SECONDS)
        for client in list(self._clients.clients):
            client.abort()
        left = set(self._state.tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_SECONDS)
        await asyncio.sleep(0)  # what was aborted is closed in the next turn of the loop


def _bound(path: Path) -> socket.socket:
    """A socket of that name, also where an earlier monitor has left its own. Raises OSError."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise OSError(36, "longer than a socket's name may be")
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    aside = path.with_name(f".{os.getpid()}")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        if len(os.fsencode(aside)) > _LONGEST_PATH:
            raise OSError(36, "longer than a socket's name may be")
        listening.bind(str(aside))
        aside.chmod(SOCKET_MODE)
        listening.listen(BACKLOG)
        aside.replace(path)  # nobody meets a socket with another mode, or one that nobody serves
    except BaseException:
        listening.close()
        raise
    return listening
