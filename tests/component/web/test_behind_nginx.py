"""The documented example, with a real nginx and real TLS before the monitor."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from .opened import SECONDS, Opened, Said, opened, parsed
from .samples import sample

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[3] / "packaging" / "monitoring" / "nginx.conf"
NAME = "monitor.example"
ORIGIN = f"https://{NAME}"
SURROUNDINGS = """
daemon off; master_process off; pid {home}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    {example}
}}
"""


class Behind:
    def __init__(self, port: int, trusted: ssl.SSLContext) -> None:
        self._port, self._trusted = port, trusted

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=self._trusted, server_hostname=NAME)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Said:
        sent = b"" if body is None else json.dumps(body).encode()
        lines = {"Host": NAME, "Connection": "close", "Content-Length": str(len(sent)), **headers}
        if body is not None:
            lines["Content-Type"] = "application/json"
        reader, writer = await self.connect()
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + sent)
        async with asyncio.timeout(SECONDS):
            answer = await reader.read()
        writer.close()
        return parsed(answer)


@asynccontextmanager
async def nginx(home: Path, window: Opened) -> AsyncIterator[Behind]:
    pem, key = home / "monitor.pem", home / "monitor.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(pem)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    port = _free_port()
    example = (
        EXAMPLE.read_text()
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace("/etc/ssl/monitor.example.pem", str(pem))
        .replace("/etc/ssl/monitor.example.key", str(key))
        .replace("127.0.0.1:8787", f"127.0.0.1:{window.window.server.port}")
    )
    file = home / "nginx.conf"
    file.write_text(SURROUNDINGS.format(home=home, example=example))
    program = await asyncio.create_subprocess_exec("/usr/sbin/nginx", "-p", str(home), "-c", str(file))
    behind = Behind(port, ssl.create_default_context(cafile=str(pem)))
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    _, writer = await behind.connect()
                    writer.close()
                    break
                except OSError:
                    assert program.returncode is None
                    await asyncio.sleep(0.05)
        yield behind
    finally:
        if program.returncode is None:
            program.terminate()
        async with asyncio.timeout(SECONDS):
            await program.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_signing_in_looking_and_acting_through_the_proxy(tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    async with opened(tmp_path, origins=(ORIGIN,)) as window, nginx(tmp_path / "n", window) as behind:
        assert (await behind.ask("GET", "/")).status == 200
        assert (await behind.ask("GET", "/api/v1/status")).status == 401
        assert (await behind.ask("GET", "/metrics")).status == 403
        code = (await window.ask("POST", "/api/v1/codes")).json["code"]
        said = await behind.ask("POST", "/api/v1/session", {"code": code}, Origin=ORIGIN)
        assert said.status == 201 and re.search(r"; Secure$", said.headers["set-cookie"])
        cookie = said.headers["set-cookie"].partition(";")[0]
        assert (await behind.ask("GET", "/api/v1/status", Cookie=cookie)).status == 200
        assert (
            await behind.ask("POST", "/api/v1/requests", {"kind": "test"}, Cookie=cookie, Origin=ORIGIN)
        ).status == 200
        stranger = await behind.ask(
            "POST", "/api/v1/requests", {"kind": "test"}, Cookie=cookie, Origin="https://attacker.example"
        )
        assert stranger.status == 403


async def test_the_stream_comes_through_at_once(tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    async with opened(tmp_path, origins=(ORIGIN,)) as window, nginx(tmp_path / "n", window) as behind:
        cookie = await window.cookie()
        reader, writer = await behind.connect()
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {NAME}\r\nCookie: {cookie}\r\n\r\n".encode())
        async with asyncio.timeout(SECONDS):
            await reader.readuntil(b"event: hello")
            await window.keep(sample(1))
            await reader.readuntil(b'"id":"00000001"')
        writer.close()
