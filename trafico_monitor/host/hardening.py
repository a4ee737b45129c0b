"""What a process does to itself at start: closes its memory, keeps secrets out of its log and unused imports out."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from types import TracebackType
from typing import Any

from .redact import redact

_PR_SET_DUMPABLE = 4  # linux/prctl.h
# These write every URL, and with it the token, at INFO or DEBUG.
_TALKATIVE = ("httpx", "httpcore", "telegram")

logger = logging.getLogger(__name__)


def close_memory() -> None:
    """No core file whatever the limits are, and no look into our memory or environment for another
    process of our own user: one that reads a stranger's video (ffprobe) may be taken over by it."""
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        logger.warning("the memory of this process stays open to its own user")


def begin_log() -> None:
    """Warnings and worse to standard error, and with it to the journal, redacted; exceptions that
    nobody caught come the same way."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and issubclass(kind, Exception):
        logger.critical("not foreseen", exc_info=(kind, error, trace))


# httpx logs every URL, token included, at INFO; PTB dumps unreadable answers at ERROR.
_LEVELS = (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL))


def silence_libraries() -> None:
    """Whatever level the root logger has, no library writes an address."""
    for logger, level in _LEVELS:
        logging.getLogger(logger).setLevel(level)


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
