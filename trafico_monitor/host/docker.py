"""The Docker Engine, through its SDK in a thread with a deadline."""

from __future__ import annotations

import contextlib
import socket as socket_module
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import blocking

if TYPE_CHECKING:
    import docker

SOCKET = Path("/var/run/docker.sock")


class Status(str, Enum):
    RUNNING = "running"
    STOPPED = "stopped"
    RESTARTING = "restarting"
    PAUSED = "paused"
    MISSING = "missing"  # no such container
    NO_PERMISSION = "no_permission"  # no access to the socket (group docker)
    NO_DOCKER = "no_docker"  # no engine listens
    NO_ANSWER = "no_answer"  # the engine hangs, or its answer is invalid


@dataclass(frozen=True, slots=True)
class Container:
    """`mounts` are pairs (source on the host, destination inside). `local` tells whether the server runs with
    --local, None if unknown; the rest of its environment contains API_HASH and is not read."""

    status: Status
    exit_code: int | None = None
    health: str = ""  # "", starting, healthy, unhealthy
    restarts: int = 0
    mounts: tuple[tuple[str, str], ...] = ()
    local: bool | None = None


async def inspect(name: str, *, seconds: float = 5.0, socket: Path = SOCKET) -> Container:
    """Returns the container `name` as described by the engine within `seconds`. No state of either raises an
    exception."""
    try:
        return await blocking.run_blocking(
            lambda: _inspect(name, seconds, socket), seconds=seconds, name=f"docker {socket} {name}"
        )
    except TimeoutError:
        return Container(Status.NO_ANSWER)


def _inspect(name: str, seconds: float, socket: Path) -> Container:
    try:
        with _client(seconds, socket) as client:
            return parse(_table(client.inspect_container(name)))
    except PermissionError:
        return Container(Status.NO_PERMISSION)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return Container(Status.NO_DOCKER)
    except Exception as error:  # any exception of the SDK about an invalid answer
        missing = getattr(getattr(error, "response", None), "status_code", None) == HTTPStatus.NOT_FOUND
        return Container(Status.MISSING if missing else Status.NO_ANSWER)


@contextlib.contextmanager
def _client(seconds: float, socket: Path) -> Iterator[docker.APIClient]:
    """A new client for each question: nothing is left over from an engine that was replaced meanwhile. `auto` asks
    the engine for its API version first: the SDK of Debian 12 is older than most engines, that of Debian 13 newer."""
    _probe(socket, seconds)
    import docker  # 7 MiB: only where there is an engine to ask

    client = docker.APIClient(base_url=f"unix://{socket}", version="auto", timeout=seconds)
    try:
        yield client
    finally:
        client.close()


def _probe(path: Path, seconds: float) -> None:
    """Connects and hangs up: here the reason for a refusal is an errno, which the SDK wraps three times over."""
    with socket_module.socket(socket_module.AF_UNIX, socket_module.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(str(path))


def parse(answer: Mapping[str, Any]) -> Container:
    """Converts the engine's inspect result to a Container; absent parts are unknown."""
    state = _table(answer.get("State"))
    health = _table(state.get("Health")).get("Status")
    exit_code = state.get("ExitCode")
    mounts = (m for m in answer.get("Mounts") or () if isinstance(m, dict))
    return Container(
        status=_status(state),
        exit_code=exit_code if isinstance(exit_code, int) else None,
        health=health if isinstance(health, str) and health != "none" else "",
        restarts=int(answer.get("RestartCount") or 0),
        mounts=tuple((str(m.get("Source", "")), str(m.get("Destination", ""))) for m in mounts),
        local=_local(answer),
    )


def _status(state: Mapping[str, Any]) -> Status:
    # Restarting and Paused come with Running=true: they must be asked first.
    if state.get("Restarting"):
        return Status.RESTARTING
    if state.get("Paused"):
        return Status.PAUSED
    return Status.RUNNING if state.get("Running") else Status.STOPPED


def _local(answer: Mapping[str, Any]) -> bool | None:
    """Whether the server runs with --local (image aiogram/telegram-bot-api: TELEGRAM_LOCAL)."""
    settings = _table(answer.get("Config"))
    arguments = [*(answer.get("Args") or ()), *(settings.get("Cmd") or ())]
    if "--local" in arguments:
        return True
    for line in settings.get("Env") or ():
        name, _, value = str(line).partition("=")
        if name == "TELEGRAM_LOCAL":
            return value.strip().lower() not in ("", "0", "false", "no")
    return False if settings else None


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


async def names_like(word: str, *, seconds: float = 5.0, socket: Path = SOCKET) -> list[str]:
    """Returns the names of containers whose name or image contains `word`; none if the engine does not answer."""
    try:
        return await blocking.run_blocking(
            lambda: _names_like(word, seconds, socket), seconds=seconds, name=f"docker {socket} list"
        )
    except TimeoutError:
        return []


def _names_like(word: str, seconds: float, socket: Path) -> list[str]:
    try:
        with _client(seconds, socket) as client:
            listed = client.containers(all=True)
    except Exception:  # no engine, no permission, or an invalid answer
        return []
    tables = [_table(row) for row in listed] if isinstance(listed, list) else []
    found = ((str(name).lstrip("/"), str(row.get("Image", ""))) for row in tables for name in row.get("Names") or ())
    return sorted(name for name, image in found if word in name or word in image)
