"""Tasks are ended, also those that lose their cancellation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from trafico_monitor.host import tasks


async def for_ever() -> None:
    await asyncio.Event().wait()


async def at_a_deadline() -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await for_ever()
    await for_ever()


async def swallows_one() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await for_ever()
    await for_ever()


@pytest.mark.parametrize("work", [for_ever, at_a_deadline, swallows_one])
async def test_a_task_that_loses_its_cancellation_is_ended_all_the_same(
    work: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    # Only what has swallowed the cancellation is broken off.
    monkeypatch.setattr(tasks, "BREAK_OFF_SECONDS", 0.01 if work is swallows_one else 3600.0)

    async def run() -> None:
        await work()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)  # it begins
    await asyncio.sleep(0)  # its deadline passes, and it does not know yet
    assert task.cancelling() == (work is at_a_deadline)
    async with asyncio.timeout(60):
        await tasks.end([task])
    assert task.cancelled()


@pytest.mark.parametrize("by_somebody_else", [True, False])
async def test_what_a_task_does_at_its_end_is_not_broken_off(
    by_somebody_else: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)
    finished = asyncio.Event()

    async def run() -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0.1)
            finished.set()

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    if by_somebody_else:
        task.cancel()
    await tasks.end([task])
    assert finished.is_set()
    await tasks.end([])
