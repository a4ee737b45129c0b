"""Request heads of anybody, without signing in: a plain refusal, never a 500, and not a line in the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.component.service.running import RunningService
from tests.examples import examples
from tests.journal_fixtures import Line, wait_until, write_journal
from trafico_monitor.cli.client import call
from trafico_monitor.web.middleware import known_host, known_origin

from .opened import Opened, opened

HOSTS = (
    "[", "]", "[]", "[]:80", "[::1", "::1]", "[::1]]", "[::1]x", "[v1.x]", "[::1%25lo]", "[::1%lo]:1", "[1.2.3.4]",
    "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:8a", "127.0.0.1:" + "9" * 5000, "127.0.0.1:80:80", "a@127.0.0.1",
    "127.0.0.1/x", "127.0.0.1?", "127.0.0.1#", "127.0.0.1\\", "//127.0.0.1", "http://127.0.0.1", "", " ", ":", ":80",
    "localhost.", "localhost@evil", "evil#localhost",
    "%6cocalhost", "127.0.0.1%00", "\xff", "\xe2\x84\x80", "x" * 9000,
)  # fmt: skip
GOOD = (
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65535",
    "[::1]",
    "[::1]:8787",
    "192.168.1.5:80",
)
ORIGINS = (
    "http://[", "http://]", "https://[::1", "http://[x]", "http://", "://", "null", "http://127.0.0.1:99999", "http:",
    "http://a@b", "\xff", "javascript://x", "http://127.0.0.1:1/", "x" * 9000,
)  # fmt: skip
TARGETS = (
    "/", "/api/v1/status", "/api/v1/session", "/api/v1/events", "/api/v1/incidents?limit=" + "9" * 5000, "/metrics",
    "/static/%", "/%", "/%f", "/%ff", "/%00", "/static/%c0%af", "/%ed%a0%80", "*", "//", "//[", "/\\",
    "/?%", "/?a=%ff", "/?&&&", "/?" + "&" * 5000, "http://[/", "http://127.0.0.1/",
    "/#", "/api/v1/incidents/" + "x" * 5000, "/;[",
    "/\xff",
)  # fmt: skip
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "G\xff", "*")
NAMES = (
    "Cookie", "Accept-Language", "Content-Type", "Content-Length", "Transfer-Encoding", "Expect", "Connection",
    "Upgrade", "Sec-Fetch-Site", "Last-Event-ID", "Host", "Origin", "X", "Access-Control-Request-Method",
)  # fmt: skip
VALUES = (
    "", "trafico_monitor=", "trafico_monitor=\"\\", "trafico_monitor=\xff; ;;=", "a=b; \"", "en;q=\xff", "0",
    "-1", "1e9", "9" * 5000, "chunked", "100-continue", "close", "websocket", "same-origin",
    "application/json", "[", "%",
    "x" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: ascii(host)[:40])
def test_what_is_no_host_is_none_of_ours(host: str) -> None:
    assert not known_host(host, ())
    assert not known_host(host, ("https://panel.example", "https://["))


@pytest.mark.parametrize("host", GOOD)
def test_what_is_a_host_of_ours_stays_one(host: str) -> None:
    assert known_host(host, ())
    assert known_origin(f"http://{host}", host, ())


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: ascii(origin)[:40])
def test_what_is_no_origin_may_ask_nothing(origin: str) -> None:
    for host in ("127.0.0.1:8787", "", "[", origin):
        assert not (known_host(host, ()) and known_origin(origin, host, ()))


class Heard(logging.Handler):
    """All that is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def head(method: str, target: str, host: str | None, more: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *([] if host is None else [f"Host: {host}"])]
    lines += [f"{name}: {value}" for name, value in more]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def some(*known: str) -> st.SearchStrategy[str]:
    """One of those, mostly; else anything that may stand in a head."""
    letters = st.characters(codec="latin-1", exclude_characters="\r\n\0")
    return st.one_of(*[st.sampled_from(known)] * 7, st.text(letters, max_size=40))


HEADS = st.builds(
    head,
    some("GET", "OPTIONS", "POST", *METHODS),
    some("/", "/", "/metrics", "/api/v1/session", *TARGETS),
    st.one_of(st.none(), some(*HOSTS, *GOOD)),
    st.lists(st.tuples(some(*NAMES), st.one_of(some(*VALUES), some(*ORIGINS))), max_size=3),
)


def test_any_head(tmp_path: Path, heard: Heard) -> None:
    unforeseen: list[dict[str, Any]] = []

    async def ask(window: Opened, sent: bytes) -> bytes:
        reader, writer = await window.connect(local=False)
        try:
            writer.write(sent)
            writer.write_eof()
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda _, context: unforeseen.append(context))
        around = opened(tmp_path)
        window = runner.run(around.__aenter__())

        @settings(
            max_examples=examples(400),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(HEADS)
        def walk(sent: bytes) -> None:
            answer = runner.run(ask(window, sent))
            assert b"HTTP/1.1 50" not in answer.replace(b"HTTP/1.1 501", b""), (sent, answer[:200])
            assert not heard.said and not unforeseen, (sent, heard.said, unforeseen)

        walk()
        runner.run(around.__aexit__(None, None, None))


async def test_every_odd_head_is_refused_on_every_route(window: Opened, heard: Heard) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
        for path in ("/", "/metrics", "/api/v1/status", "/api/v1/session", "/api/v1/requests", "/nothing"):
            for odd in ({"Host": "["}, {"Host": "127.0.0.1:99999"}, {"Origin": "http://["}, {"Origin": "http://]:x"}):
                said = await window.ask(method, path, headers=odd, local=False)
                assert 400 <= said.status < 500, (method, path, odd, said)
    assert not heard.said


async def test_a_broken_answer_is_said_once_a_minute_a_route(
    window: Opened, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise RecursionError

    monkeypatch.setattr("trafico_monitor.web.middleware.known_host", broken)
    for path in ("/", "/metrics", "/api/v1/status?secret=1", "/static/\u2028x".encode().decode("latin-1")):
        for _ in range(20):
            await window.ask("GET", path.encode("latin-1").decode("ascii", "ignore"), local=False)
            await window.ask("OPTIONS", path.encode("latin-1").decode("ascii", "ignore"), local=False)
    assert len(heard.said) == 5  # four routes, and what has none
    assert not any("secret" in line.partition("\n")[0] for line in heard.said)


def test_the_running_service_writes_no_line_about_them(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    with RunningService(tmp_path, directory=journal, web='listen = "127.0.0.1:0"') as service:
        wait_until((tmp_path / "state" / "api.sock").exists, "the socket is there")
        address = ""

        def listens() -> bool:
            nonlocal address
            said = call(tmp_path / "config.toml", "POST", "/api/v1/codes", spoken="es")[1]
            address = str(said.get("address", ""))
            return bool(address)

        wait_until(listens, "the listener is open")
        port = int(address.rpartition(":")[2])
        before = (tmp_path / "output").read_text()
        answered = asyncio.run(_many(port, 300))
        assert answered.count(b"HTTP/1.1 403") == 300 and b"HTTP/1.1 5" not in answered
        asyncio.run(_raw(port))
        assert service.process.poll() is None
        assert "Traceback" not in (tmp_path / "output").read_text()[len(before) :]
        assert "web" not in (tmp_path / "output").read_text()[len(before) :]


async def _many(port: int, number: int) -> bytes:
    """So many requests on one connection, as the reviewer sent them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    for _ in range(number):
        writer.write(b"GET / HTTP/1.1\r\nHost: [\r\n\r\n")
        async with asyncio.timeout(20):
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
        got += answer
    writer.close()
    return got


async def _raw(port: int) -> None:
    for host in HOSTS[:30]:
        for origin in ORIGINS[:6]:
            for method in ("GET", "OPTIONS"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(head(method, "/api/v1/status", host, [("Origin", origin), ("Connection", "close")]))
                async with asyncio.timeout(20):
                    assert b"HTTP/1.1 5" not in await reader.read()
                writer.close()
