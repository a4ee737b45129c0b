"""Keeps out of memory what libraries import for things that the service never does."""

from __future__ import annotations

import sys
from typing import Any

# httpx brings its command line with it (rich, pygments, click) where they are installed, and
# python-telegram-bot the cryptography of Telegram Passport. Both do without; together they take some
# 10 MiB of memory and a fifth of a second of the start.
UNUSED = ("httpx._main", "cryptography")


def leave_out_unused() -> None:
    """Let imports of UNUSED fail as if it were not installed. To be called before anything imports it;
    what is there already stays."""
    modules: dict[str, Any] = sys.modules
    for name in UNUSED:
        modules.setdefault(name, None)
