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

    return _serve(Service, config)


def run_hub(config: Path | None) -> int:
    """Run the hub of a fleet until SIGTERM; the exit status as that of `run`."""
    from ...host import hardening

    hardening.leave_out_unused()
    from ...daemon.hub import Hub

    return _serve(Hub, config)


def _serve(service: type, config: Path | None) -> int:
    from ...host import hardening

    hardening.begin_log()
    hardening.close_memory()
    try:
        return asyncio.run(_run(service, config))
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
