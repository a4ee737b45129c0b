"""Clients that have not signed in and never end what they have begun: they keep nobody out."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from trafico_monitor.web import admission

from .opened import SECONDS, Opened, parsed

pytestmark = pytest.mark.slow

HALF = b"GET / HTTP/1.1\r\n"
MOST_SECONDS = 3.0  # (1 s on a quiet machine) within which somebody who is signed in gets an answer
CROWD = 200

# Holds so many connections, each of which has said the beginning of a request, says when it has them and then
# how many of them are left; with `again` it makes new ones for those that have gone, as fast as it can.
_CROWD = r"""
import json, os, select, socket, sys, time
port, number, sent, again = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3]), sys.argv[4] == "again"
held = {}
def fill():
    while len(held) < number:
        one = socket.create_connection(("127.0.0.1", port))
        one.setblocking(False)
        held[one.fileno()] = one
        try:
            one.send(sent)
        except OSError:
            pass
def drop():
    seen = select.poll()
    for fd in held:
        seen.register(fd, select.POLLRDHUP)
    for fd, _ in seen.poll(0):
        held.pop(fd).close()
fill()
print("here", flush=True)
while True:
    if again:
        drop(); fill()
    elif sys.stdin.readline():
        drop(); print(json.dumps(len(held)), flush=True)
    else:
        break
"""


@asynccontextmanager
async def crowd(
    window: Opened, number: int = CROWD, sent: bytes = HALF, *, again: bool = False, user: str = ""
) -> AsyncIterator[subprocess.Popen[str]]:
    as_user = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
    asked = [str(window.window.server.port), str(number), sent.hex(), "again" if again else "once"]
    with subprocess.Popen(
        [*as_user, sys.executable, "-I", "-S", "-c", _CROWD, *asked],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        try:
            assert await line_of(running) == "here\n"
            yield running
        finally:
            running.kill()


async def line_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return await asyncio.wait_for(asyncio.to_thread(running.stdout.readline), SECONDS)


async def answered(window: Opened, cookie: str) -> float:
    """How long an answer takes on a connection of its own."""
    began = time.monotonic()
    said = await window.ask("GET", "/api/v1/status", headers={"Cookie": cookie}, local=False)
    assert said.status == 200
    return time.monotonic() - began


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        HALF,
        b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n{",
        b"GET /static/uplot.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100,  # and takes no answer
    ],
    ids=["nothing", "half a head", "half a body", "takes nothing"],
)
async def test_somebody_signed_in_gets_in_at_once(window: Opened, sent: bytes) -> None:
    cookie = await window.cookie()
    async with crowd(window, sent=sent):
        took = [await answered(window, cookie) for _ in range(5)]
    assert max(took) < MOST_SECONDS, took


async def test_who_is_signed_in_and_connected_stays(window: Opened) -> None:
    cookie = await window.cookie()
    request = f"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    reader, writer = await window.connect(local=False)
    for number in range(2):
        writer.write(request)
        async with asyncio.timeout(SECONDS):
            head = parsed(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(int(head.headers["content-length"]))
        assert head.status == 200
        if not number:
            async with crowd(window):
                await answered(window, cookie)
    writer.close()


async def test_those_who_come_again_and_again_keep_nobody_out(window: Opened) -> None:
    cookie = await window.cookie()
    async with crowd(window, again=True, user="nobody"):
        took = [await answered(window, cookie) for _ in range(20)]
    assert max(took) < 5 * MOST_SECONDS, took  # they leave the loop, and a machine that is shared, little time
    await answered(window, cookie)  # whoever had queued up has been met by now


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
async def test_one_user_has_a_bounded_number_and_others_their_own(window: Opened) -> None:
    """Our own connection, older than all of theirs, has not signed in either."""
    reader, writer = await window.connect(local=False)
    writer.write(HALF)
    async with crowd(window, admission.MOST_CLIENTS - 10, user="nobody") as running:
        assert running.stdin is not None
        async with asyncio.timeout(SECONDS):
            while True:
                running.stdin.write("\n")
                running.stdin.flush()
                if (left := json.loads(await line_of(running))) <= admission.MOST_STRANGERS:
                    break
                await asyncio.sleep(0.05)
        assert left == admission.MOST_STRANGERS
        writer.write(b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(SECONDS):
            assert parsed(await reader.read()).status == 200
    writer.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_kernel_says_whose_a_connection_is(address: str) -> None:
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection((address, port)) as one:
            row = admission.row_of(*one.getsockname()[:2])
            assert admission.users(port)[row] == f"uid {os.geteuid()}"
    assert admission.of_elsewhere(address) == ""
    assert admission.of_elsewhere("192.0.2.7") == "192.0.2.7"
    assert admission.of_elsewhere("fe80::1%eth0") == "fe80::1%eth0"
