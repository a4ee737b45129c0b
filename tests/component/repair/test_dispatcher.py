"""When orders run."""

from __future__ import annotations

import asyncio

from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.repair.dispatcher import Dispatcher

DAY = 86400.0


async def test_a_clock_that_is_set_back_holds_up_no_order() -> None:
    """Made a second before it is due, and given when the clock shows the day before."""
    ran = asyncio.Event()

    async def repair(order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        ran.set()
        return TaskResult(order.id, Outcome.DONE), Verdict(True)

    async def report(order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        pass

    now = 1_767_261_600.0
    dispatcher = Dispatcher(repair, report, lambda order: order, lambda: now - DAY)
    order = RepairTask("A/1", "A", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, now + 0.1, made_at=now)
    dispatcher.give([order], inherited=True)
    async with asyncio.timeout(60):
        await ran.wait()
    await dispatcher.stop(10)


async def test_a_clock_that_jumps_makes_a_late_attempt_neither_happen_at_once_nor_never() -> None:
    """It waits by a clock that nobody sets; only once what has been waited for is over is the date looked at."""
    now, ran = [1_767_261_600.0], asyncio.Event()

    async def repair(order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        ran.set()
        return TaskResult(order.id, Outcome.DONE), Verdict(True)

    async def report(order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        pass

    dispatcher = Dispatcher(repair, report, lambda order: order, lambda: now[0])
    loop = asyncio.get_running_loop()
    for jump in (DAY, -DAY):
        ran.clear()
        order = RepairTask(
            f"A/{jump}", "A", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, now[0] + 1.0, made_at=now[0], late_wait=1.0
        )
        given = loop.time()
        dispatcher.give([order])
        await asyncio.sleep(0)
        now[0] += jump
        async with asyncio.timeout(60):
            await ran.wait()
        assert loop.time() - given >= 0.99
    await dispatcher.stop(10)


async def test_only_what_has_not_begun_is_cancelled() -> None:
    gate, began, reported, ran = asyncio.Event(), asyncio.Event(), [], []

    async def repair(order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        ran.append(order.id)
        began.set()
        await gate.wait()
        return TaskResult(order.id, Outcome.DONE), Verdict(True)

    async def report(order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        reported.append(order.id)
        dispatcher.cancel([order.id])  # as the step does that ends it

    dispatcher = Dispatcher(repair, report, lambda order: order, lambda: 0.0)
    first = RepairTask("A/1", "A", TaskKind.CREATE_FOLDER, ErrorType.TIMEOUT, 0.0)
    dispatcher.give([first, RepairTask("A/2", "A", TaskKind.CREATE_FOLDER, ErrorType.TIMEOUT, 0.0)])
    async with asyncio.timeout(60):
        await began.wait()
        dispatcher.cancel(["A/1", "A/2"])  # the second waits for the first one's file
        gate.set()
        while dispatcher.under_way:
            await asyncio.sleep(0)
    assert (ran, reported) == (["A/1"], ["A/1"])


async def test_what_was_overtaken_while_it_waited_never_begins_and_the_rest_begins_as_it_stands_now() -> None:
    ran: list[RepairTask] = []

    async def repair(order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        ran.append(order)
        return TaskResult(order.id, Outcome.DONE), Verdict(True)

    async def report(order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        pass

    given = RepairTask("A/1", "A", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, 0.0)
    better = RepairTask("A/1", "A", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, 0.0, attempt=2)
    dispatcher = Dispatcher(repair, report, lambda order: better if order.id == "A/1" else None, lambda: 0.0)
    dispatcher.give([given, RepairTask("B/1", "B", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, 0.0)])
    async with asyncio.timeout(60):
        while dispatcher.under_way:
            await asyncio.sleep(0)
    assert ran == [better]


async def test_an_order_that_comes_during_the_stop_is_left_to_the_next_start() -> None:
    """A check that was under way still finds something; what it orders is stored."""
    ran: list[str] = []

    async def repair(order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        ran.append(order.id)
        return TaskResult(order.id, Outcome.DONE), Verdict(True)

    async def report(order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        pass

    dispatcher = Dispatcher(repair, report, lambda order: order, lambda: 0.0)
    await dispatcher.stop(10)
    dispatcher.give([RepairTask("A/1", "A", TaskKind.WAIT_FOR_SERVER, ErrorType.SERVIDOR_CAIDO, 0.0)])
    assert dispatcher.under_way == 0
    for _ in range(5):
        await asyncio.sleep(0)
    assert ran == []
