"""Entry point of `trafico-monitor` and of `python3 -m trafico_monitor`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command and return its exit status."""
    from .cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
