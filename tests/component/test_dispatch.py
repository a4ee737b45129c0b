"""When orders run."""

from __future__ import annotations

import asyncio

from trafico_monitor.dispatch import Dispatcher
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.order import Order, OrderKind
from trafico_monitor.model.result import Outcome, Result
from trafico_monitor.model.verdict import Verdict

DAY = 86400.0


async def test_a_clock_that_is_set_back_holds_up_no_order() -> None:
    """Made a second before it is due, and given when the clock shows the day before."""
    ran = asyncio.Event()

    async def repair(order: Order, inherited: bool) -> tuple[Result, Verdict]:
        ran.set()
        return Result(order.id, Outcome.DONE), Verdict(True)

    async def report(order: Order, result: Result, verdict: Verdict) -> None:
        pass

    now = 1_767_261_600.0
    dispatcher = Dispatcher(repair, report, lambda order: order, lambda: now - DAY)
    order = Order("A/1", "A", OrderKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, now + 0.1, made_at=now)
    dispatcher.give([order], inherited=True)
    async with asyncio.timeout(60):
        await ran.wait()
    await dispatcher.stop(10)
