"""Blocking file work in a thread that can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ...host.blocking import run_blocking

Found = TypeVar("Found")
QUICK = 30.0  # seconds for a few system calls


class Stopped(Exception):
    """Raised inside the thread when nobody waits for its work any more."""


async def in_thread(work: Callable[[threading.Event], Found], seconds: float = QUICK, name: str = "files") -> Found:
    """What `work(stop)` returns. After `seconds` (TimeoutError), or when cancelled, `stop` is set:
    the thread is to leave as soon as it looks, and to clean up behind itself."""
    stop = threading.Event()
    try:
        return await run_blocking(lambda: work(stop), seconds=seconds, name=name)
    except BaseException:
        stop.set()
        raise
