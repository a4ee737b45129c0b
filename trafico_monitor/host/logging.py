"""The logs of the libraries that speak HTTP hold addresses, and those hold secrets."""

from __future__ import annotations

import logging

# httpx logs every URL, token included, at INFO; PTB dumps unreadable answers at ERROR.
_LEVELS = (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL))


def silence_libraries() -> None:
    """Whatever level the root logger has, no library writes an address."""
    for logger, level in _LEVELS:
        logging.getLogger(logger).setLevel(level)
