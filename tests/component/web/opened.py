"""A real window on a unix socket and on a port of the kernel's choice, with people to ask behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trafico_monitor.model.request import Reply, Request
from trafico_monitor.web.server import Places
from trafico_monitor.web.window import Window

SECONDS = 20.0  # for anything that is waited for
NOON = 1_766_700_000.0


class ScriptedDesk:
    """Answers every request with `reply`, once `gate` is open, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.reply = Reply(True, "done", {"id": "7K2M9QXA"})
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        await self.gate.wait()
        return self.reply


@dataclass
class Here:
    """The present, as a test sets it."""

    desk_now: ScriptedDesk | None = field(default_factory=ScriptedDesk)
    said: dict[str, object] = field(default_factory=lambda: {"open": 0})

    def status(self) -> Mapping[str, object]:
        return self.said

    def desk(self) -> ScriptedDesk | None:
        return self.desk_now


@dataclass(frozen=True)
class Said:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass
class Opened:
    window: Window
    here: Here
    socket: Path
    clock: Callable[[], float]

    async def connect(self, *, local: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(SECONDS):
            if local:
                return await asyncio.open_unix_connection(str(self.socket))
            return await asyncio.open_connection("127.0.0.1", self.window.server.port)

    async def raw(self, sent: bytes, *, local: bool = True) -> bytes:
        """Everything that comes back on a connection of its own, until the server closes it."""
        reader, writer = await self.connect(local=local)
        try:
            writer.write(sent)
            async with asyncio.timeout(SECONDS):
                return await reader.read()
        finally:
            writer.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        local: bool = True,
    ) -> Said:
        """`body` is bytes, or what JSON is made of."""
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        host = "monitor" if local else f"127.0.0.1:{self.window.server.port}"
        all_headers = {"Host": host, "Connection": "close", **(headers or {})}
        if body is not None:
            all_headers = {"Content-Type": "application/json", "Content-Length": str(len(sent)), **all_headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
        return parsed(await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + sent, local=local))


def parsed(answer: bytes) -> Said:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Said(int(first.split()[1]), headers, body)


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Opened]:
    here, socket = Here(), folder / "api.sock"

    def clock() -> float:
        return NOON

    window = Window(Places(socket, "127.0.0.1:0"), here, lambda: "es", clock)
    running = asyncio.create_task(window.run())
    try:
        async with asyncio.timeout(SECONDS):
            while not (socket.exists() and window.server.port):
                await asyncio.sleep(0.01)
        yield Opened(window, here, socket, clock)
    finally:
        running.cancel()
        await asyncio.wait([running], timeout=SECONDS)
        assert running.done()
