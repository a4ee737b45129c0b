"""The Bot API server: one HTTP request without a token decides whether it answers; its container explains why not."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from .. import messages
from ..config.schema import Config
from ..config.telegram_endpoints import file_server
from ..host import docker
from ..host.docker import Container, Status
from ..model.finding import Finding, FindingKind
from ..model.prediction import ProbeSample, Samples

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ServerState:
    """`reason` is a code (`server.<code>` in messages/): "", refused, reset, timeout, garbage,
    http, name, unreachable. `status` is the HTTP status, `took` seconds."""

    up: bool
    reason: str = ""
    status: int | None = None
    took: float = 0.0


async def probe(url: str, seconds: float = _SECONDS) -> ServerState:
    """Given a server's address, return within `seconds` whether it answers.

    Any status below 500 counts: the server answers 404 to `/`. Proxies of the environment are not used, redirects not
    followed, the body not read.
    """
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds):  # httpx counts for each read: a dripping server has no end
            status = await _status(url, seconds)
    except TimeoutError:
        return ServerState(False, "timeout", took=time.monotonic() - started)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return ServerState(False, _reason(error), took=time.monotonic() - started)
    took = time.monotonic() - started
    return ServerState(status < 500, "" if status < 500 else "http", status, took)


async def _status(url: str, seconds: float) -> int:
    # Making a TLS context costs 20 ms and is of use for https alone.
    secure = url.startswith("https:")
    async with (
        httpx.AsyncClient(trust_env=False, timeout=seconds, verify=secure) as client,
        client.stream("GET", f"{url}/") as answer,
    ):
        return answer.status_code


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return "refused"
        if isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "unreachable"
        if type(cause).__name__ == "gaierror":
            return "name"
    if isinstance(error, httpx.ConnectError):
        return "refused"
    if isinstance(error, httpx.RemoteProtocolError) and "without sending" not in str(error):
        return "garbage"
    return "reset"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):  # anyio tries IPv6 and IPv4 at once
            yield from seen.exceptions
        seen = seen.__cause__ or seen.__context__


async def check_bot_api(config: Config, *, seconds: float = _SECONDS) -> Finding:
    """The server as a Finding: code up or down, the message with the reason and the container's state.

    The HTTP answer decides; Docker only explains a failure.
    """
    url = file_server(config)
    state = await probe(url, seconds)
    now = time.time()
    if state.up:
        message = messages.text("server.up", config.language, url=url)
        return Finding(FindingKind.SERVER, now, code="up", message=message, samples=_sample(state, now))
    message = messages.text("server.down", config.language, url=url, reason=reason_text(state, config.language))
    container = await query_container(config, seconds=seconds)
    if container is not None:
        message += "; " + explanation(config.bot_api.container, container, config.language)
    return Finding(FindingKind.SERVER, now, code="down", message=message, samples=_sample(state, now))


def _sample(state: ServerState, now: float) -> Samples:
    """The probe: milliseconds until the answer, None without one."""
    took = None if state.status is None else 1000 * state.took
    return Samples(probes=(ProbeSample(now, took, state.status),))


def reason_text(state: ServerState, language: str) -> str:
    """The reason why the server counts as down, for the operator."""
    fields = {"status": state.status, "seconds": f"{state.took:.1f}"}
    return messages.text(f"server.{state.reason}", language, **fields)


async def query_container(config: Config, *, seconds: float = 5.0) -> Container | None:
    """The configured container as Docker describes it; None where none is configured."""
    if not config.bot_api.local or not config.bot_api.container:
        return None
    return await docker.inspect(config.bot_api.container, seconds=seconds)


def explanation(name: str, container: Container, language: str) -> str:
    """One sentence about the container for the operator."""
    state = messages.text(f"container.{container.status.value}", language)
    details = [state]
    if container.status is Status.STOPPED and container.exit_code is not None:
        details.append(messages.text("container.exit_code", language, exit_code=container.exit_code))
    if container.health and container.health != "healthy":
        details.append(messages.text("container.health", language, health=container.health))
    if container.restarts:
        details.append(messages.text("container.restarts", language, count=container.restarts))
    return messages.text("container.line", language, name=name, details=", ".join(details))
