"""The server against clients of every kind."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from trafico_monitor.web import admission, protocol, server

from .opened import SECONDS, Opened, opened, parsed

STATUS = b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_the_socket_is_closed_to_others(window: Opened) -> None:
    assert stat.S_IMODE(window.socket.stat().st_mode) == 0o660
    assert sorted(file.name for file in window.socket.parent.iterdir()) == ["api.sock", "state"]


async def test_one_connection_takes_many_requests(window: Opened) -> None:
    reader, writer = await window.connect()
    for _ in range(3):
        writer.write(STATUS)
        async with asyncio.timeout(SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(parsed(head).headers["content-length"])
            assert b'"running":true' in await reader.readexactly(length)
    writer.close()


async def test_requests_may_come_all_at_once(window: Opened) -> None:
    answer = await window.raw(STATUS + STATUS + STATUS.replace(b"Host", b"Connection: close\r\nHost"))
    assert answer.count(b"HTTP/1.1 200") == 3


async def test_head_has_no_body(window: Opened) -> None:
    said = await window.ask("HEAD", "/api/v1/status")
    assert (said.status, said.body) == (200, b"") and int(said.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # TLS on a plain port
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET /?" + b"&".join(b"a=1" for _ in range(40)) + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000, 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"DELETE /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
    ],
)
async def test_what_is_no_request_is_answered_and_closed(window: Opened, sent: bytes, status: int) -> None:
    assert parsed(await window.raw(sent)).status == status


async def test_a_slow_request_is_given_up(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "ARRIVE_SECONDS", 0.2)
    for sent in (b"GET / HT", b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"):
        assert parsed(await window.raw(sent)).status == 408


async def test_a_client_that_says_nothing_is_sent_home(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.2)
    assert await window.raw(b"") == b""


async def test_a_crowd_of_idle_clients_keeps_nobody_out(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_CLIENTS", 3)
    crowd = [await window.connect() for _ in range(10)]
    assert (await window.ask("GET", "/api/v1/status")).status == 200
    for _, writer in crowd:
        writer.close()


async def test_a_taken_port_is_said_and_keeps_nothing_else_closed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with opened(tmp_path / "one") as first:
        taken = f"127.0.0.1:{first.window.server.port}"
        second = server.WebServer(server.Places(tmp_path / "two" / "api.sock", taken), first.window.app, lambda: "es")
        running = asyncio.create_task(second.run())
        async with asyncio.timeout(SECONDS):
            while not second.trouble or not (tmp_path / "two" / "api.sock").exists():
                await asyncio.sleep(0.01)
        assert list(second.trouble) == [taken]
        running.cancel()
        await asyncio.wait([running])


async def test_the_next_monitor_takes_the_socket_over(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    assert (tmp_path / "api.sock").exists()
    async with opened(tmp_path) as there:
        assert (await there.ask("GET", "/api/v1/status")).status == 200


async def test_a_stop_does_not_wait_for_those_who_only_hold_a_connection(tmp_path: Path) -> None:
    async with opened(tmp_path) as there:
        held = [await there.connect() for _ in range(5)]
        before = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - before < 5 * server.CLOSE_SECONDS
    for _, writer in held:
        writer.close()
