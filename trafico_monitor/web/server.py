"""The listeners: a unix socket for the machine's own people, the loopback for the browser.

Not one of the two is worth stopping the monitor for: what cannot be opened is said, and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..host.accounts import by_uid
from ..host.blocking import run_blocking
from .connection import Connection, Handle
from .exchange import Peer
from .peers import of_elsewhere, row_of
from .peers import users as users_of
from .seldom import Seldom

logger = logging.getLogger(__name__)

SOCKET_MODE = 0o660  # its folder is closed to others too (RuntimeDirectoryMode=)
MOST_CLIENTS = 64  # each listener
MOST_STRANGERS = 16  # clients of one peer that have not signed in
CROWDED_SECONDS = 0.1  # between two requests of a stranger while there are many
IDENTIFY_SECONDS = 0.25  # between two looks at the kernel's table of connections
LOOK_SECONDS = 10.0
AGAIN_SECONDS = 10.0
CLOSE_SECONDS = 1.0  # for answers that are on their way at the end
BACKLOG = 64
# Of those who queue up asyncio takes its `backlog` in one turn of the loop. With fewer than there are places, who
# came last has been read from, and is known, before as many others have come.
AT_ONCE, QUEUE = 8, 1024
_LONGEST_PATH = 107  # sun_path of sockaddr_un, less its end
_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Places:
    """Where to listen; None and "" for not at all. `listen` is host:port, checked by the configuration."""

    socket: Path | None
    listen: str = ""


class WebServer:
    """`run` serves until it is cancelled, and leaves nothing behind. `trouble` holds the places that
    cannot be listened on now, each with the reason; `port` is what the kernel chose."""

    def __init__(self, places: Places, handle: Handle, language: Callable[[], str]) -> None:
        self._places = places
        self._handle = handle
        self._language = language
        self._clients: dict[asyncio.Task[None], Connection] = {}
        self._addresses: dict[Connection, bytes] = {}
        self._identify = asyncio.Event()
        self._said = Seldom()
        self.trouble: dict[str, str] = {}
        self.port = 0

    @property
    def address(self) -> str:
        """Where a browser of this machine finds the dashboard; "" while it is not open."""
        host = self._places.listen.rpartition(":")[0]
        if host in ("0.0.0.0", "[::]", ""):  # every address: the loopback is one of them
            host = "127.0.0.1"
        return f"http://{host}:{self.port}" if self.port else ""

    async def run(self) -> None:
        """Listen on every place, those that refuse again and again."""
        works = [self._listen_on_socket(), self._listen_on_loopback(), self._tell_strangers_apart()]
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in works:
                    tasks.create_task(work)
        finally:
            await self._send_home()

    async def _listen_on_socket(self) -> None:
        path = self._places.socket
        if path is not None:
            await self._keep_open(str(path), lambda: asyncio.start_unix_server(self._welcome_local, sock=_bound(path)))
            # Not unlinked at the end: by then it may be the next monitor's.

    async def _listen_on_loopback(self) -> None:
        if self._places.listen:
            host, _, port = self._places.listen.rpartition(":")

            async def start() -> asyncio.Server:
                server = await asyncio.start_server(self._welcome, host.strip("[]"), int(port), backlog=AT_ONCE)
                for one in server.sockets:
                    with socket.socket(fileno=os.dup(one.fileno())) as listening:
                        listening.listen(QUEUE)
                self.port = server.sockets[0].getsockname()[1]
                return server

            await self._keep_open(self._places.listen, start)

    async def _keep_open(self, name: str, start: Callable[[], object]) -> None:
        while True:
            try:
                server = await start()  # type: ignore[misc]
            except (OSError, ValueError, OverflowError) as error:  # no such address, or no address at all
                reason = getattr(error, "strerror", None) or str(error)
                if self.trouble.get(name) != reason:  # said once, not every ten seconds
                    logger.warning("%s: %s", name, reason)
                self.trouble[name] = reason
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self.trouble.pop(name, None)
            async with server:
                await server.serve_forever()

    async def _welcome_local(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer, local=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer, local=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, local: bool) -> None:
        task = asyncio.current_task()
        assert task is not None
        client = Connection(reader, writer, local, self._handle, self._language(), self._pause)
        address = None if local else writer.get_extra_info("peername")
        client.peer = of_elsewhere(address[0]) if address else ""
        if not self._place_for(client):
            client.abort()
            return
        self._clients[task] = client
        self._addresses[client] = row_of(*address[:2]) if address else b""
        try:
            peer = await asyncio.to_thread(_who, writer.get_extra_info("socket")) if local else Peer(local=False)
            await client.run(peer)
        except asyncio.CancelledError:  # asyncio's streams would log it as an error
            pass
        except Exception:  # so it would this, and as often as somebody likes
            if self._said.due("client"):
                logger.exception("a client")
        finally:
            client.abort()  # what has ended well has nothing left to lose
            del self._clients[task], self._addresses[client]

    def _place_for(self, client: Connection) -> bool:
        """Whether `client` can stay, because there is room or another one has been sent away for it."""
        held = [one for one in self._clients.values() if one.local == client.local and not one.leaving]
        strangers = [one for one in held if not one.known]
        if len(strangers) >= MOST_STRANGERS:
            self._identify.set()
        own = [one for one in strangers if one.peer and one.peer == client.peer]
        if len(own) < MOST_STRANGERS and len(held) < MOST_CLIENTS:
            return True
        crowds = Counter(one.peer for one in strangers if one.peer)
        able = [one for one in (own if len(own) >= MOST_STRANGERS else held) if not (one.known and one.answering)]
        # Of several alike the oldest: who means to ask something has done so in a moment.
        going = min(able, key=lambda one: (one.known, -crowds[one.peer], one.answering), default=None)
        if going is not None:
            going.abort()
        return going is not None

    def _pause(self) -> float:
        strangers = sum(not (one.known or one.leaving) for one in self._clients.values())
        return CROWDED_SECONDS if strangers >= MOST_STRANGERS else 0.0

    async def _tell_strangers_apart(self) -> None:
        """Of this machine's own clients nobody knows whose they are. Where there are many, look it up, and send
        away what one user has too many of."""
        while True:
            await self._identify.wait()
            self._identify.clear()
            try:
                users = await run_blocking(lambda: users_of(self.port), seconds=LOOK_SECONDS, name="web peers")
            except OSError:  # a TimeoutError too
                users = {}
            strangers = [one for one in self._clients.values() if not (one.known or one.leaving)]
            counted = Counter[str]()
            for one in reversed(strangers):
                one.peer = one.peer or users.get(self._addresses[one], "")
                counted[one.peer] += 1
                if one.peer and counted[one.peer] > MOST_STRANGERS:
                    one.abort()
            await asyncio.sleep(IDENTIFY_SECONDS)

    async def _send_home(self) -> None:
        """Answers that are on their way get a moment; then every client goes."""
        busy = [task for task, client in self._clients.items() if client.busy and not client.streaming]
        if busy:
            await asyncio.wait(busy, timeout=CLOSE_SECONDS)
        left = list(self._clients)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_SECONDS)


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


def _who(connected: socket.socket) -> Peer:
    """The user at the other end, as the kernel says."""
    _, uid, _ = _UCRED.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    account = by_uid(uid)
    return Peer(local=True, name=account.name if account else str(uid))
