"""Does the Bot API server answer? Real servers on loopback that answer, hang, cut and lie."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from trafico_monitor.config import Config
from trafico_monitor.config.schema import settle
from trafico_monitor.health.bot_api import check_bot_api, probe
from trafico_monitor.model.finding import FindingKind

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[str]:
    talking: set[asyncio.Task[None] | None] = set()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.current_task())
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(once, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        listening.close()
        for task in filter(None, talking):
            task.cancel()
        await asyncio.gather(*filter(None, talking), return_exceptions=True)
        await listening.wait_closed()


def answering(status: str, seen: list[bytes] | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(request)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        await writer.drain()

    return talk


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "401 Unauthorized", "429 Too Many", "302 Found"])
async def test_any_answer_below_500_is_up(status: str) -> None:
    seen: list[bytes] = []
    async with server(answering(status, seen)) as url:
        state = await probe(url, 2)
    assert state.up and state.status == int(status[:3])
    assert seen[0].startswith(b"GET / HTTP/1.1\r\n")
    assert b"bot" not in seen[0].lower()  # no token, no method


async def test_a_server_that_fails_is_down() -> None:
    async with server(answering("502 Bad Gateway")) as url:
        state = await probe(url, 2)
    assert (state.up, state.reason, state.status) == (False, "http", 502)


async def test_a_refused_connection() -> None:
    async with server(answering("200 OK")) as url:
        pass
    assert (await probe(url, 2)).reason == "refused"


async def test_a_server_that_hangs_without_closing_costs_the_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up

    began = time.monotonic()
    async with server(talk) as url:
        assert (await probe(url, 0.2)).reason == "timeout"
    assert time.monotonic() - began < 10  # and not for ever


async def test_a_server_that_drips_is_no_answer_either() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with server(talk) as url:
        assert not (await probe(url, 0.2)).up


async def test_a_server_that_cuts_the_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with server(talk) as url:
        assert (await probe(url, 2)).reason == "reset"


async def test_garbage_is_no_answer() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    async with server(talk) as url:
        assert (await probe(url, 2)).reason == "garbage"


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with server(answering("200 OK")) as url:
        assert (await probe(url, 2)).up


def configured(url: str, language: str = "es") -> Config:
    return settle(Config(), {"bot_api.url": url, "bot_api.container": "no-such", "language": language})


async def test_the_finding_says_up() -> None:
    async with server(answering("404 Not Found")) as url:
        finding = await check_bot_api(configured(url))
    assert (finding.kind, finding.code) == (FindingKind.SERVER, "up")
    assert abs(finding.at - time.time()) < 10


async def test_the_finding_says_down_with_the_reason_and_the_container() -> None:
    async with server(answering("200 OK")) as url:
        pass
    finding = await check_bot_api(configured(url, "en"))
    assert finding.code == "down"
    assert finding.message.startswith(f"The Bot API server does not answer at {url}: connection refused; ")
    assert "container no-such: " in finding.message
