"""A unix socket before a PostgreSQL server whose traffic can be cut, or swallowed as by a dropped cable."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

NAME = ".s.PGSQL.5432"


class Proxy:
    """`heal`, `cut` (connections end, new ones are refused) or `swallow` (nothing passes, and nothing ends)."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder, self._server = folder, server / NAME
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        return f"postgresql:///postgres?host={self.folder}"

    def heal(self) -> None:
        self._open = True
        self._flowing.set()

    def cut(self) -> None:
        self.heal()
        self._open = False
        for task in self._tasks:
            task.cancel()

    def swallow(self) -> None:
        self.heal()
        self._flowing.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_unix_server(self._accepted, self.folder / NAME)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: asyncio.StreamWriter | None = None
        try:
            if self._open:
                back, onward = await asyncio.open_unix_connection(self._server)
                pumps = [asyncio.create_task(self._pump(*way)) for way in ((reader, onward), (back, writer))]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, onward):
                if end is not None:
                    end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flowing.wait()
                target.write(data)
                await target.drain()
