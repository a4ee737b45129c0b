"""Where people's requests arrive: the one contract of command line, panel and alert bot."""

from __future__ import annotations

from typing import Protocol

from ..model.control import ControlRequest, ControlResponse


class ControlService(Protocol):
    """Each request is checked, carried out in the pipeline's own order, recorded with who asked,
    and answered; a request that cannot be met is a Reply with ok=False, never an exception."""

    async def ask(self, request: ControlRequest) -> ControlResponse: ...
