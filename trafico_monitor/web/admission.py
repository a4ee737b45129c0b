"""Places of clients: a bounded number for each listener, and for each peer that has not signed in.

The peer of a connection is the address at the other end; of one of this machine it is the user, as the kernel's table
of connections has it (proc_net_tcp). That table takes milliseconds to read, and is read in a thread.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path

from ..host.blocking import run_blocking
from .protocol import ClientProtocol

MOST_CLIENTS = 64  # each listener
MOST_STRANGERS = 16  # clients of one peer that have not signed in
CROWDED_SECONDS = 0.1  # between two requests of a stranger while there are many
IDENTIFY_SECONDS = 0.25  # between two looks at the kernel's table of connections
LOOK_SECONDS = 10.0
_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_MOST_BYTES = 4_000_000
# "  1: LOCAL:PORT REMOTE:PORT st tx:rx tr:when retrnsmt uid …"
_ROW = re.compile(rb"^ *\d+: ([0-9A-F]+:[0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) 01 \S+ \S+ \S+ +(\d+) ", re.MULTILINE)


class ClientPlaces:
    """`clients` are those that have a place, in the order of their coming."""

    def __init__(self, port: Callable[[], int], language: Callable[[], str]) -> None:
        self.language = language
        self.clients: dict[ClientProtocol, None] = {}
        self._port = port
        self._crowded = asyncio.Event()

    def enter(self, client: ClientProtocol) -> bool:
        """True when there is room for `client`, or another one has been sent away for it."""
        client.peer = of_elsewhere(client.address[0]) if client.address else ""
        room = self._make_room(client)
        if room:
            self.clients[client] = None
        return room

    def leave(self, client: ClientProtocol) -> None:
        self.clients.pop(client, None)

    def pause(self) -> float:
        """Seconds between two requests of a stranger: requests that lie ready must not take everybody's turn."""
        return CROWDED_SECONDS if len(self._strangers()) >= MOST_STRANGERS else 0.0

    def _strangers(self) -> list[ClientProtocol]:
        return [one for one in self.clients if not (one.known or one.leaving)]

    def _make_room(self, client: ClientProtocol) -> bool:
        held = [one for one in self.clients if one.local == client.local and not one.leaving]
        strangers = [one for one in held if not one.known]
        if len(strangers) >= MOST_STRANGERS:
            self._crowded.set()
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

    async def tell_strangers_apart(self) -> None:
        """Look up whose the clients of this machine are, where there are many, and send away those of a user who
        has too many. Runs until cancelled."""
        while True:
            await self._crowded.wait()
            self._crowded.clear()
            try:
                known = await run_blocking(lambda: users(self._port()), seconds=LOOK_SECONDS, name="web peers")
            except OSError:  # a TimeoutError too
                known = {}
            counted = Counter[str]()
            for one in reversed(self._strangers()):
                if not one.peer and one.address:
                    one.peer = known.get(row_of(*one.address), "")
                counted[one.peer] += 1
                if one.peer and counted[one.peer] > MOST_STRANGERS:
                    one.abort()
            await asyncio.sleep(IDENTIFY_SECONDS)


def of_elsewhere(address: str) -> str:
    """The address as a peer's name; "" for this machine's own, behind which there are many users."""
    return "" if ip_address(address.partition("%")[0]).is_loopback else address


def row_of(address: str, port: int) -> bytes:
    """The end of a connection as the table names it: words of 32 bits, in the machine's own order."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.partition("%")[0])
    words = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    return "".join(f"{word:08X}" for word in words).encode() + b":%04X" % port


def users(port: int) -> Mapping[bytes, str]:
    """The user of each established connection to `port` by its own end (`row_of`), as `uid <number>`. Blocking."""
    wanted, found = b"%04X" % port, dict[bytes, str]()
    for table in _TABLES:
        try:
            with table.open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError:
            continue
        found |= {row[1]: f"uid {int(row[3])}" for row in _ROW.finditer(content) if row[2] == wanted}
    return found
