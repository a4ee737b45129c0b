"""`python -m tests.component.service.faulty … run …`: the service, one task of which meets a fault each time."""

from __future__ import annotations

import sys
from typing import NoReturn

from trafico_monitor.cli import main
from trafico_monitor.tidying import Tidying


async def _fail(_: Tidying) -> NoReturn:
    await _fail(_)
    raise AssertionError


if __name__ == "__main__":
    Tidying.tidy = _fail  # type: ignore[method-assign]
    sys.exit(main(sys.argv[sys.argv.index("run") :]))
