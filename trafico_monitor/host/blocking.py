"""Blocking calls (a query to Docker, an access to a file system that may hang) with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Calls past their deadline: until one returns, no other call of that name is started.
# A dead NFS mount must cost one thread, not one every thirty seconds.
_overran: dict[str, threading.Thread] = {}


async def run_blocking(work: Callable[[], T], *, seconds: float, name: str) -> T:
    """Runs the blocking `work`; returns its value or raises its exception.

    Raises TimeoutError after `seconds`, and at once while an earlier call with the same `name` is still stuck. The
    thread is a daemon thread outside the loop's pool, because `asyncio.run` waits for the pool at its end: a frozen
    Docker daemon must not delay a stop.
    """
    earlier = _overran.pop(name, None)
    if earlier is not None and earlier.is_alive():
        _overran[name] = earlier
        raise TimeoutError(f"{name}: an earlier call has not come back")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # work's own value, None included

    def run() -> None:
        value: T | None = None
        failure: BaseException | None = None
        try:
            value = work()
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: the result is no longer awaited
            loop.call_soon_threadsafe(settle, value, failure)

    worker = threading.Thread(target=run, name=name, daemon=True)
    worker.start()
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        _overran[name] = worker
        raise
