"""`trafico-monitor run`: the service itself."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from ...errors import MonitorError
from ...messages import text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("option.config"))


def run(args: argparse.Namespace) -> int:
    """Watch until SIGTERM; the exit status is 0, or that of the error that ended it."""
    from ...host import hardening

    hardening.leave_out_unused()
    from ...daemon.service import Service

    hardening.begin_log()
    hardening.close_memory()
    try:
        return asyncio.run(_run(Service, args.config))
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
