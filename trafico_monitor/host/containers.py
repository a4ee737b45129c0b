"""The one door to the Docker Engine: one inspect, through the docker SDK, with a deadline."""

from __future__ import annotations

import socket as socket_module
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from . import thread

SOCKET = Path("/var/run/docker.sock")
_ANY_VERSION = "1.41"  # not sent: the first question is asked without a version


class Status(str, Enum):
    RUNNING = "running"
    STOPPED = "stopped"
    RESTARTING = "restarting"
    PAUSED = "paused"
    MISSING = "missing"  # the engine knows no such container
    NO_PERMISSION = "no_permission"  # the socket is not for us (group docker)
    NO_DOCKER = "no_docker"  # no engine listens, or no SDK is installed
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
        return await thread.call(
            lambda: _inspect(name, seconds, socket), seconds=seconds, name=f"docker {socket} {name}"
        )
    except TimeoutError:
        return Container(Status.NO_ANSWER)


def _inspect(name: str, seconds: float, socket: Path) -> Container:
    try:
        import docker  # 16 MiB: only where it is used
        from docker.errors import NotFound
    except ImportError:
        return Container(Status.NO_DOCKER)

    # New clients for each look: nothing is left over from an engine that was replaced meanwhile.
    def client(version: str) -> Any:
        return closing(docker.APIClient(base_url=f"unix://{socket}", version=version, timeout=seconds))

    try:
        _knock(socket, seconds)
        # The engine is asked which API it speaks: SDK 5.0.3 (Debian 12) would by itself choose one
        # that new engines refuse. version="auto" does the same, but leaks its socket on failure.
        with client(_ANY_VERSION) as first:
            version = str(first.version(api_version=False)["ApiVersion"])
        with client(version) as second:
            return parse(second.inspect_container(name))
    except NotFound:
        return Container(Status.MISSING)
    except PermissionError:
        return Container(Status.NO_PERMISSION)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return Container(Status.NO_DOCKER)
    except Exception:  # the SDK lets those of requests, urllib3, json … through
        return Container(Status.NO_ANSWER)


def _knock(path: Path, seconds: float) -> None:
    """Connect and hang up. The SDK wraps an errno three times over, and leaks the socket with it."""
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
        return await thread.call(
            lambda: _names_like(word, seconds, socket), seconds=seconds, name=f"docker {socket} list"
        )
    except TimeoutError:
        return []


def _names_like(word: str, seconds: float, socket: Path) -> list[str]:
    try:
        import docker

        _knock(socket, seconds)
        with closing(docker.APIClient(base_url=f"unix://{socket}", version=_ANY_VERSION, timeout=seconds)) as first:
            version = str(first.version(api_version=False)["ApiVersion"])
        with closing(docker.APIClient(base_url=f"unix://{socket}", version=version, timeout=seconds)) as second:
            listed = second.containers(all=True)
    except Exception:  # no SDK, no engine, no permission: nothing was found
        return []
    found = (
        (str(name).lstrip("/"), str(each.get("Image", ""))) for each in listed for name in each.get("Names") or ()
    )
    return sorted(name for name, image in found if word in name or word in image)
