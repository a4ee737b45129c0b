"""Connections that end, stall or say too much in the middle, and what the server keeps of them."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from trafico_monitor.web import protocol, server

from .opened import SECONDS, Opened, opened, parsed

STATUS = b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def until_alone(window: Opened) -> None:
    """No client is left, and nothing is done for one."""
    async with asyncio.timeout(SECONDS):
        while window.window.server._clients.clients or window.window.server._state.tasks:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("requests", [1, 3])
async def test_who_has_only_stopped_writing_gets_every_answer(window: Opened, requests: int) -> None:
    reader, writer = await window.connect()
    writer.write(STATUS * requests)
    writer.write_eof()
    async with asyncio.timeout(SECONDS):
        assert (await reader.read()).count(b"HTTP/1.1 200") == requests
    writer.close()
    await until_alone(window)


@pytest.mark.parametrize(
    ("size", "chunked", "status"),
    [
        (protocol.BODY_BYTES, False, 422),
        (protocol.BODY_BYTES + 1, False, 413),
        (protocol.BODY_BYTES + 1, True, 413),
        (500_000, False, 413),
        (500_000, True, 413),
    ],
)
async def test_a_body_has_a_bounded_size(window: Opened, size: int, chunked: bool, status: int) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"a" * size) if chunked else b"a" * size
    told = b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % size
    reader, writer = await window.connect()
    writer.write(POST + told + body)
    async with asyncio.timeout(SECONDS):
        said = parsed(await reader.readuntil(b"}\n"))
    assert said.status == status
    assert (said.headers.get("connection") == "close") == (status == 413)
    writer.close()
    await until_alone(window)


async def test_a_body_that_trickles_is_given_up_in_time(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a byte comes: the time is that of the whole request."""
    monkeypatch.setattr(protocol, "ARRIVE_SECONDS", 0.5)
    reader, writer = await window.connect()
    writer.write(POST + b"Content-Length: 60000\r\n\r\n")
    answer = asyncio.create_task(reader.read())
    async with asyncio.timeout(SECONDS):
        while not answer.done():
            writer.write(b"a")
            await asyncio.wait([answer], timeout=0.02)
    assert parsed(answer.result()).status == 408
    writer.close()
    await until_alone(window)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", POST + b"Content-Length: 9\r\n\r\n{", STATUS + b"GET /", STATUS * 20]
)
async def test_a_client_that_vanishes_leaves_nothing(
    window: Opened, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    for _ in range(5):
        _, writer = await window.connect()
        writer.write(sent)
        writer.transport.abort()
    await until_alone(window)
    assert not caplog.records


async def test_an_answer_that_nobody_takes_is_given_up(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TAKE_SECONDS", 0.3)
    _, writer = await window.connect(local=False)
    writer.write(b"GET /static/uplot.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
    await until_alone(window)
    writer.close()


async def test_an_answer_that_is_on_its_way_is_given_before_the_stop(tmp_path: Path) -> None:
    async with opened(tmp_path) as there:
        desk = there.here.desk_now
        assert desk is not None
        desk.gate.clear()
        asking = asyncio.create_task(there.ask("POST", "/api/v1/requests", {"kind": "test"}))
        async with asyncio.timeout(SECONDS):
            while not desk.asked:
                await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, desk.gate.set)
    assert (await asking).status == 200


async def test_a_stop_ends_streams_at_once_and_takes_no_signal(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with opened(tmp_path) as there:
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
        reader, writer = await there.connect()
        writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(SECONDS):
            await reader.readuntil(b"hello")
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < server.CLOSE_SECONDS
    writer.close()


async def test_a_file_is_what_the_browser_needs_and_is_asked_for_again(window: Opened) -> None:
    kinds = {
        "app.js": "text/javascript; charset=utf-8",
        "app.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
    for name, kind in kinds.items():
        said = await window.ask("GET", f"/static/{name}", headers={"Range": "bytes=0-0,1-1"}, local=False)
        assert (said.status, said.headers["content-type"], said.headers["cache-control"]) == (200, kind, "no-cache")
        again = await window.ask(
            "GET", f"/static/{name}", headers={"If-None-Match": said.headers["etag"]}, local=False
        )
        assert (again.status, again.body) == (304, b"")
    assert (await window.ask("GET", "/static/uplot.LICENSE", local=False)).status == 404
