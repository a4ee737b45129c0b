"""What the window needs from the rest of the program; the service gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..model.request import Reply, Request


class Desk(Protocol):
    """Where requests are carried out (desk.Desk)."""

    async def ask(self, request: Request) -> Reply: ...


class Present(Protocol):
    """How things stand now, as the service knows it without asking anybody."""

    def status(self) -> Mapping[str, object]: ...

    def desk(self) -> Desk | None:
        """None while there is nobody to ask: the monitor starts or stops."""
        ...
