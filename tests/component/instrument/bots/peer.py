"""A peer on loopback that MTProto libraries download from, below everything of them but the wire itself.

It is asked `<name> <offset> <limit>` and answers with a length and bytes. What it does not do is what a
datacentre does: no handshake, no encryption, no framing of MTProto. The file `flood` is refused with a wait,
`refused` with an RPC error, `dropped` loses the connection after its first piece, `short` ends half-way.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

PIECES = 3
SIZE = PIECES * (1 << 20) - 1000  # the libraries ask for 1 MiB or less at a time


def say(**what: Any) -> None:
    print(json.dumps(what, sort_keys=True), flush=True)


class Refused(Exception):
    """What the peer answered instead of bytes: the name of an RPC error."""


async def serve() -> int:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                name, offset, limit = line.decode().split()
                end = SIZE // 2 if name == "short" else SIZE
                if name == "dropped" and int(offset) > 0:
                    break
                if name in ("flood", "refused"):
                    writer.write(b"!\n")
                    continue
                data = b"v" * max(0, min(int(limit), end - int(offset)))
                writer.write(f"{len(data)}\n".encode() + data)
                await writer.drain()
        except asyncio.CancelledError:
            pass  # the program ends
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    serve.kept = server  # type: ignore[attr-defined]
    return port


class Wire:
    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, name: str, offset: int, limit: int) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"{name} {offset} {limit}\n".encode())
        line = await reader.readline()
        if line == b"!\n":
            raise Refused(name)
        if not line:
            self._streams = None
            writer.close()
            raise ConnectionResetError("the peer has gone")
        return await reader.readexactly(int(line))
