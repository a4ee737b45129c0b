"""Process hardening at start: no access to memory, no secrets in the log, no unused imports."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from types import TracebackType
from typing import Any

from .redact import redact

_PR_SET_DUMPABLE = 4  # linux/prctl.h
# httpx logs every URL, token included, at INFO; PTB dumps unreadable answers at ERROR.
_LEVELS = (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL))

logger = logging.getLogger(__name__)


def close_memory() -> None:
    """Disables core files whatever the limits are, and denies other processes of the same user access to memory and
    environment: one that decodes a stranger's video (ffprobe) may be compromised by it."""
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        logger.warning("the memory of this process stays open to its own user")


def begin_log() -> None:
    """Writes warnings and errors to standard error, and so to the journal, redacted; uncaught exceptions as well."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    silence_libraries()
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and issubclass(kind, Exception):
        logger.critical("not foreseen", exc_info=(kind, error, trace))


def silence_libraries() -> None:
    """Prevents libraries from logging addresses, whatever the root logger's level is."""
    for logger, level in _LEVELS:
        logging.getLogger(logger).setLevel(level)


# httpx imports its command line (rich, pygments, click) if they are installed, and
# python-telegram-bot the cryptography of Telegram Passport. Both do without; together they take some
# 10 MiB of memory and a fifth of a second of the start.
UNUSED = ("httpx._main", "cryptography")


def leave_out_unused() -> None:
    """Makes imports of UNUSED fail as if it were not installed. Call it before any other import; modules already
    imported stay."""
    modules: dict[str, Any] = sys.modules
    for name in UNUSED:
        modules.setdefault(name, None)
