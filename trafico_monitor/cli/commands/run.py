"""`trafico-monitor run`: runs the service."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ...errors import MonitorError


def run(config: Path | None) -> int:
    """Run the service until SIGTERM; the exit status is 0, or that of the error that ended it."""
    from ...host import hardening

    hardening.leave_out_unused()
    from ...daemon.service import Service

    hardening.begin_log()
    hardening.close_memory()
    try:
        return asyncio.run(_run(Service, config))
    except* MonitorError as several:
        raise _first(several) from None


async def _run(service: type, config: Path | None) -> int:
    code: int = await service(config).run()
    return code


def _first(several: BaseExceptionGroup[MonitorError]) -> MonitorError:
    found: BaseException = several
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, MonitorError)
    return found
