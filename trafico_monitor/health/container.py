"""The container of the Bot API server: it explains, the HTTP probe decides."""

from __future__ import annotations

from .. import messages
from ..config.schema import Config
from ..host import docker
from ..host.docker import Container, Status


async def look_at_container(config: Config, *, seconds: float = 5.0) -> Container | None:
    """What Docker says about the configured container; None where none is configured."""
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
