"""End of asyncio tasks that others own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN_SECONDS = 3.0  # what finishes something at its end has this long before it is broken off


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel `tasks`, and return once all have ended.

    A task that is being cancelled already is not broken off at once. But `cancelling()` is also true for the moment at
    which a deadline of the task's own (`asyncio.timeout`) passes, and a library may swallow a cancellation: whatever
    goes on is cancelled again.
    """
    pending = set(tasks)
    for task in pending:
        if not task.cancelling():
            task.cancel()
    while pending:
        done, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
        for task in done:
            _ = task.cancelled() or task.exception()  # whoever started it has seen it
        for task in pending:
            task.cancel()
