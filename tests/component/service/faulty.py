"""`python -m tests.component.service.faulty … run …`: the service, one task of which meets a fault each time."""

from __future__ import annotations

import sys
from typing import NoReturn

from trafico_monitor.cli.main import main
from trafico_monitor.daemon.quarantine_cleanup import QuarantineCleanup


async def _fail(_: QuarantineCleanup) -> NoReturn:
    await _fail(_)
    raise AssertionError


if __name__ == "__main__":
    QuarantineCleanup.clean_up = _fail  # type: ignore[method-assign]
    sys.exit(main(sys.argv[sys.argv.index("run") :]))
