"""HTTP to an address of the operator's: bounded answers, no redirects, errors as fixed codes."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import httpx

from ...host.hardening import silence_libraries

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
# Of an answer's body, whose content is not used.
MOST_ANSWER = 64 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def is_address(url: str) -> bool:
    """True for http:// and https:// with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(httpx.URL(url).host)
    except (ValueError, httpx.InvalidURL):
        return False


def is_loopback(url: str) -> bool:
    """True for this machine: a proxy from the environment must not get between."""
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False


def open_client(url: str) -> httpx.AsyncClient:
    """A client for `url` alone: no redirects, no cookies worth keeping, a deadline for each step."""
    silence_libraries()
    return httpx.AsyncClient(
        trust_env=not is_loopback(url),
        follow_redirects=False,
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=2, max_keepalive_connections=1),
        headers={"User-Agent": "trafico-monitor"},
    )


async def ask(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer to `request`, with at most MOST_ANSWER bytes of its body read. Raises httpx.HTTPError; the caller
    sets the deadline for all of it."""
    answer = await client.send(request, stream=True)
    try:
        read = 0
        async for piece in answer.aiter_raw():
            read += len(piece)
            if read > MOST_ANSWER:
                break
    finally:
        await answer.aclose()
    return answer


def cause_of(error: BaseException) -> str:
    """The code `channels.cause.<code>` of an error. The library's own text contains names and addresses, so it is
    not used."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "certificate"
        if isinstance(seen, socket.gaierror):
            return "name"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, httpx.TimeoutException):
        return "silent"
    return "refused" if isinstance(error, httpx.ConnectError) else "broken"
