"""End of asyncio tasks that others own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

AGAIN_SECONDS = 0.5
BREAK_OFF_SECONDS = 60.0  # longer than a message takes that is under way


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel `tasks`, and return once all have ended.

    What a task does at its end is not broken off for `BREAK_OFF_SECONDS`: it is cancelled once. But `cancelling()` is
    also true for the moment at which a deadline of the task's own (`asyncio.timeout`) passes, and a library may
    swallow a cancellation: whatever goes on is cancelled again.
    """
    pending = set(tasks)
    loop = asyncio.get_running_loop()
    patient_until = loop.time() + BREAK_OFF_SECONDS
    while pending:
        for task in pending:
            if not task.cancelling() or loop.time() > patient_until:
                task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
        for task in done:
            _ = task.cancelled() or task.exception()  # whoever started it has seen it
