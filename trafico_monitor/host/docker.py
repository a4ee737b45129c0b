"""The one door to the Docker Engine: one question to its socket, with a deadline.

Through httpx, which is there anyway: the Docker SDK would take 10 MiB of memory for the same GET.
"""

from __future__ import annotations

import socket as socket_module
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import blocking

SOCKET = Path("/var/run/docker.sock")


class Status(str, Enum):
    RUNNING = "running"
    STOPPED = "stopped"
    RESTARTING = "restarting"
    PAUSED = "paused"
    MISSING = "missing"  # the engine knows no such container
    NO_PERMISSION = "no_permission"  # the socket is not for us (group docker)
    NO_DOCKER = "no_docker"  # no engine listens
    NO_ANSWER = "no_answer"  # the engine is frozen, or talks nonsense


@dataclass(frozen=True, slots=True)
class Container:
    """`mounts` are (source on the host, destination inside). `arguments` and `environment` are
    how the server was started; the environment holds API_HASH and so stays out of the repr by
    keeping only the flag that matters: `local` (None = not told)."""

    status: Status
    exit_code: int | None = None
    health: str = ""  # "", starting, healthy, unhealthy
    restarts: int = 0
    mounts: tuple[tuple[str, str], ...] = ()
    local: bool | None = None


async def inspect(name: str, *, seconds: float = 5.0, socket: Path = SOCKET) -> Container:
    """What the engine says about container `name` within `seconds`; never raises for its state."""
    try:
        return await blocking.run_blocking(
            lambda: _inspect(name, seconds, socket), seconds=seconds, name=f"docker {socket} {name}"
        )
    except TimeoutError:
        return Container(Status.NO_ANSWER)


def _inspect(name: str, seconds: float, socket: Path) -> Container:
    try:
        answer = _ask(f"/containers/{quote(name, safe='')}/json", seconds, socket)
        return Container(Status.MISSING) if answer is None else parse(_table(answer))
    except PermissionError:
        return Container(Status.NO_PERMISSION)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return Container(Status.NO_DOCKER)
    except Exception:  # whatever httpx and json have to say about an engine that talks nonsense
        return Container(Status.NO_ANSWER)


def _ask(path: str, seconds: float, socket: Path) -> object | None:
    """The engine's answer to one question. A path without a version is of the newest API that the
    engine speaks, whatever its age. A new client for each: nothing is left over from an engine that
    was replaced meanwhile. None where the engine knows no such thing."""
    import httpx

    _knock(socket, seconds)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=seconds, trust_env=False) as client:
        answer = client.get(f"http://docker{path}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    told: object = answer.raise_for_status().json()
    return told


def _knock(path: Path, seconds: float) -> None:
    """Connect and hang up: the reason why not is an errno here, and wrapped three times over later."""
    with socket_module.socket(socket_module.AF_UNIX, socket_module.SOCK_STREAM) as door:
        door.settimeout(seconds)
        door.connect(str(path))


def parse(answer: Mapping[str, Any]) -> Container:
    """The engine's answer to inspect as a Container; absent parts are simply not told."""
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
    """Whether the server was started with --local (image aiogram/telegram-bot-api: TELEGRAM_LOCAL)."""
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
    """The names of the containers whose name or image holds `word`; none where Docker does not say."""
    try:
        return await blocking.run_blocking(
            lambda: _names_like(word, seconds, socket), seconds=seconds, name=f"docker {socket} list"
        )
    except TimeoutError:
        return []


def _names_like(word: str, seconds: float, socket: Path) -> list[str]:
    try:
        listed = _ask("/containers/json?all=1", seconds, socket)
    except Exception:  # no engine, no permission, no sense: nothing was found
        return []
    tables = [_table(each) for each in listed] if isinstance(listed, list) else []
    found = (
        (str(name).lstrip("/"), str(each.get("Image", ""))) for each in tables for name in each.get("Names") or ()
    )
    return sorted(name for name, image in found if word in name or word in image)
