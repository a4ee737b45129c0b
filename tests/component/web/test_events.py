"""The stream: live, resumable, and harmless to everybody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from trafico_monitor.model.download import Download, Phase, UnderWay
from trafico_monitor.web import auth, events, protocol

from .opened import NOON, SECONDS, Opened, opened
from .samples import HOSTILE, sample


class Listener:
    """One client of the stream, message by message."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._text = b""

    async def next(self, wanted: str = "record") -> dict[str, Any]:
        """The next message of that name; `id` is added to its data."""
        async with asyncio.timeout(SECONDS):
            while True:
                fields = await self._message()
                if fields.get("event") == wanted:
                    return {"id": fields.get("id"), **json.loads(fields["data"])}

    async def ended(self) -> bytes:
        """All that still comes before the server ends the stream."""
        async with asyncio.timeout(SECONDS):
            return await self._reader.readuntil(b"0\r\n\r\n")

    async def _message(self) -> dict[str, str]:
        while b"\n\n" not in self._text:
            size = int((await self._reader.readuntil(b"\r\n")).strip(), 16)
            self._text += (await self._reader.readexactly(size + 2))[:-2]
        message, _, self._text = self._text.partition(b"\n\n")
        return dict(line.split(": ", 1) for line in message.decode().split("\n") if not line.startswith(":"))


@contextlib.asynccontextmanager
async def listening(window: Opened, after: int | None = None, cookie: str = "") -> AsyncIterator[Listener]:
    """On the unix socket; with a cookie, on the listener."""
    reader, writer = await window.connect(local=not cookie)
    last = "" if after is None else f"Last-Event-ID: {after}\r\n"
    last += f"Cookie: {cookie}\r\n" if cookie else ""
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n{last}\r\n".encode())
    async with asyncio.timeout(SECONDS):
        head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head and b"text/event-stream" in head
    try:
        yield Listener(reader, writer)
    finally:
        writer.close()


async def test_what_is_stored_is_said_at_once(window: Opened) -> None:
    async with listening(window) as listener:
        await listener.next("hello")
        begin = asyncio.get_running_loop().time()
        await window.keep(sample(1))
        said = await listener.next()
        assert said["incident"]["id"] == "00000001" and said["id"] == str(said["seq"]) == "1"
        assert asyncio.get_running_loop().time() - begin < events.BEAT_SECONDS


async def test_only_news_without_a_number(window: Opened) -> None:
    await window.keep(sample(1), sample(2))
    async with listening(window) as listener:
        assert (await listener.next("hello"))["seq"] == 2
        await window.keep(sample(3))
        assert (await listener.next())["seq"] == 3


@pytest.mark.parametrize("kept", [3, 256])
async def test_it_goes_on_behind_the_last_number(window: Opened, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    """Also beyond what is held in memory, batch by batch."""
    monkeypatch.setattr(events, "BATCH", 7)
    window.window._events._kept = events.deque(maxlen=kept)
    for n in range(30):
        await window.keep(sample(n))
    async with listening(window, after=4) as listener:
        assert [(await listener.next())["seq"] for _ in range(26)] == list(range(5, 31))
        await window.keep(sample(31))
        assert (await listener.next())["seq"] == 31


@pytest.mark.parametrize(("after", "most"), [(1, 10), (10_000, 2000)])
async def test_one_who_is_too_far_behind_or_of_another_database_begins_anew(
    window: Opened, monkeypatch: pytest.MonkeyPatch, after: int, most: int
) -> None:
    monkeypatch.setattr(events, "MOST_BEHIND", most)
    await window.keep(*(sample(n) for n in range(30)))
    async with listening(window, after=after) as listener:
        said = await listener.next("reset")
        assert (said["seq"], said["id"]) == (30, "30")
        await window.keep(sample(31))
        assert (await listener.next())["seq"] == 31


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30])
async def test_a_strange_number_is_refused(window: Opened, after: str) -> None:
    assert (await window.ask("GET", "/api/v1/events", headers={"Last-Event-ID": after})).status == 422


async def test_the_present_is_said_when_it_changes(window: Opened) -> None:
    async with listening(window) as listener:
        assert (await listener.next("now"))["status"]["open"] == 0
        window.here.under_way = [UnderWay(Download("ana", HOSTILE), NOON, NOON, Phase.COPYING, 100, 40)]
        said = await listener.next("now")
        assert said["downloads"][0]["done"] == 40 and said["downloads"][0]["video"] == HOSTILE


async def test_a_hostile_name_cannot_end_a_message(window: Opened) -> None:
    name = "a\n\nevent: record\ndata: {}\n\n\r\n"
    async with listening(window) as listener:
        await listener.next("hello")
        await window.keep(sample(1, download=Download("ana", name)))
        assert (await listener.next())["incident"]["video"] == name


async def test_a_client_that_reads_nothing_keeps_nobody_waiting_and_is_sent_home(
    window: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "TAKE_SECONDS", 0.3)
    _, writer = await window.connect()
    writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    async with listening(window) as listener:
        await listener.next("hello")
        big = sample(1, download=Download("ana", "x" * 30_000))
        for n in range(1, 41):
            await window.keep(big)
            assert (await listener.next())["seq"] == n
        async with asyncio.timeout(SECONDS):
            while window.window._events._clients > 1:
                await asyncio.sleep(0.02)
    writer.close()


async def test_one_that_has_gone_gives_its_place_back(window: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_CLIENTS", 2)
    for _ in range(6):
        async with listening(window) as listener:
            await listener.next("hello")
        async with asyncio.timeout(SECONDS):
            while window.window._events._clients:
                await asyncio.sleep(0.02)
    async with listening(window) as one, listening(window) as other:
        await one.next("hello")
        await other.next("hello")
        assert (await window.ask("GET", "/api/v1/events")).status == 503


async def test_a_database_that_goes_away_ends_no_stream(window: Opened) -> None:
    async with listening(window) as listener:
        await listener.next("now")
        (window.socket.parent / "state" / "monitor.db").unlink()
        window.window._events.woke()
        window.here.said = {"open": 5, "lag": 0.0}
        assert (await listener.next("now"))["status"]["open"] == 5


@pytest.mark.parametrize("everybody", [False, True])
async def test_a_stream_ends_with_its_session_and_no_other_does(window: Opened, everybody: bool) -> None:
    cookie, other = await window.cookie(), await window.cookie()
    origin = f"http://127.0.0.1:{window.window.server.port}"
    async with (
        listening(window, cookie=cookie) as mine,
        listening(window, cookie=other) as theirs,
        listening(window) as local,
    ):
        for one in (mine, theirs, local):
            await one.next("now")
        begin = asyncio.get_running_loop().time()
        if everybody:
            await window.ask("DELETE", "/api/v1/sessions")
        else:
            headers = {"Cookie": cookie, "Origin": origin}
            assert (await window.ask("DELETE", "/api/v1/session", headers=headers, local=False)).status == 200
        for one in (mine, theirs) if everybody else (mine,):
            await one.ended()
        assert asyncio.get_running_loop().time() - begin < events.BEAT_SECONDS, "at once, not at the next beat"
        await window.keep(sample(1))
        for one in (local,) if everybody else (theirs, local):
            assert (await one.next())["seq"] == 1


async def test_a_stream_ends_when_its_session_is_over(tmp_path: Path) -> None:
    now = [NOON]
    async with opened(tmp_path, clock=lambda: now[0]) as window:
        cookie = await window.cookie()
        async with listening(window, cookie=cookie) as listener:
            await listener.next("now")
            now[0] += auth.SESSION_SECONDS
            await window.keep(sample(1))
            assert b"record" not in await listener.ended()


async def test_a_stream_with_no_news_says_that_it_lives(window: Opened) -> None:
    async with listening(window) as listener:
        begin = asyncio.get_running_loop().time()
        for _ in range(2):
            await listener.next("alive")
        assert asyncio.get_running_loop().time() - begin >= events.ALIVE_SECONDS
