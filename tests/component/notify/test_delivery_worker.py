"""The courier with a clock of the test's own: hours pass in milliseconds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.component.notify.outbox import Clock, MemoryOutbox, ScriptedChannel
from tests.unit.notify.samples import NOON, TOKEN, failed, incident
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.notify.delivery import worker as couriers
from trafico_monitor.notify.delivery.worker import DeliveryWorker, RefusedByServer
from trafico_monitor.notify.triggers import notifications_for

DOWN = DeliveryError("down")


class Desk:
    """An outbox, a channel, a clock and the courier between them."""

    def __init__(self) -> None:
        self.outbox, self.channel, self.clock = MemoryOutbox(), ScriptedChannel(), Clock(NOON)
        self.courier = DeliveryWorker(self.outbox, self.channel, self.clock, "es")
        self.times: list[float] = []

    async def work(self, seconds: float) -> None:
        """Let `seconds` pass for the courier."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            before = len(self.channel.calls)
            pause = await self.courier.step()
            self.times += [self.clock.now] * (len(self.channel.calls) - before)
            self.clock.now = min(end, self.clock.now + max(pause, 0.001))

    def tell(self, *notices: Notification) -> None:
        self.outbox.put(*notices)

    @property
    def texts(self) -> list[str]:
        return list(self.channel.shown.values())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def news(number: int, at: float = NOON, severity: Severity = Severity.RECOVERABLE) -> Notification:
    code = "critical" if severity is Severity.CRITICAL else "detected"
    return Notification(f"I{number:04}", NotificationCode(code), severity, at, incident=incident(id=f"I{number:04}"))


def alarm(number: int, at: float = NOON) -> Notification:
    return news(number, at, Severity.CRITICAL)


async def test_messages_go_in_order_at_most_one_a_second(desk: Desk) -> None:
    desk.tell(*(alarm(n) for n in range(8)))
    await desk.work(30)
    assert [f"#I{n:04}" in t for n, t in enumerate(desk.texts)] == [True] * 8
    assert all(b - a >= 1 for a, b in zip(desk.times, desk.times[1:], strict=False))


async def test_an_incident_is_one_message_that_is_edited(desk: Desk) -> None:
    kind = ErrorType.CORRUPTO
    steps = [
        incident(kind),
        incident(kind, estado=Estado.REINTENTANDO, attempt=1),
        incident(kind, estado=Estado.SOLUCIONADO, attempt=1, closed_at=NOON + 7),
    ]
    before: Incident | None = None
    for after in steps:
        desk.tell(*notifications_for(before, after, desk.clock.now))
        await desk.work(2)
        before = after
    assert len(desk.channel.calls) == 3
    (only,) = desk.texts
    assert "✅ solucionado en 7 s" in only


async def test_what_changed_before_it_was_sent_is_one_message_with_the_last_state(desk: Desk) -> None:
    kind = ErrorType.CORRUPTO
    new, done = incident(kind), incident(kind, estado=Estado.SOLUCIONADO, closed_at=NOON + 7)
    desk.tell(*notifications_for(None, new, NOON), *notifications_for(new, done, NOON))
    await desk.work(5)
    assert len(desk.channel.calls) == 1 and "✅ solucionado" in desk.texts[0]


async def test_a_change_while_a_message_is_being_sent_is_edited_afterwards(desk: Desk) -> None:
    class Slow(ScriptedChannel):
        async def deliver(self, message: object, *, message_id: str | None) -> str:
            if not self.calls:
                desk.tell(replace(news(1), code=NotificationCode.SOLVED))
            return await super().deliver(message, message_id=message_id)  # type: ignore[arg-type]

    desk.channel = Slow()
    desk.courier.use(desk.channel, "es")
    desk.tell(news(1))
    await desk.work(5)
    assert [given for given, _ in desk.channel.calls] == [None, "1000"]
    assert "✅ solucionado" in desk.texts[0]


async def test_a_failed_message_rings_anew_and_the_edited_one_points_to_it(desk: Desk) -> None:
    kind = ErrorType.CORRUPTO
    new, ended = incident(kind), failed(error_type=kind)
    desk.tell(*notifications_for(None, new, NOON))
    await desk.work(2)
    desk.tell(*notifications_for(new, ended, NOON))
    await desk.work(5)
    first, second = desk.texts
    assert "los detalles van en otro aviso" in first and "Qué hacer" in second


async def test_a_storm_is_one_digest_and_then_a_quiet_minute(desk: Desk) -> None:
    desk.tell(*(news(n) for n in range(200)))
    await desk.work(30)
    desk.tell(*(news(n) for n in range(200, 400)))
    await desk.work(20)
    assert len(desk.texts) == 1
    await desk.work(60)
    assert len(desk.texts) == 2
    assert all("200 avisos juntos" in text for text in desk.texts)
    assert await desk.outbox.waiting() == 0


async def test_what_was_told_in_a_digest_is_later_a_message_of_its_own(desk: Desk) -> None:
    desk.tell(*(news(n) for n in range(10)))
    await desk.work(90)
    desk.tell(replace(news(3), code=NotificationCode.SOLVED))
    await desk.work(5)
    assert len(desk.texts) == 2
    assert "10 avisos juntos" in desk.texts[0] and "#I0003" in desk.texts[1]


async def test_a_critical_message_does_not_wait_for_the_quiet_minute(desk: Desk) -> None:
    desk.tell(*(news(n) for n in range(10)))
    await desk.work(3)
    desk.tell(news(50), alarm(99))
    await desk.work(3)
    assert "#I0099" in desk.texts[-1] and len(desk.texts) == 2


async def test_a_wait_that_the_channel_asks_for_is_kept(desk: Desk) -> None:
    desk.tell(alarm(1))
    desk.channel.down = DeliveryError("flood", retry_after=37)
    await desk.work(1)
    desk.channel.down = None
    desk.courier.wake()
    await desk.work(35)
    assert len(desk.channel.calls) == 1
    await desk.work(5)
    assert len(desk.texts) == 1


async def test_a_channel_that_fails_is_logged_once_and_its_end_too(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.channel.down = DeliveryError("Chat not found")
    desk.tell(news(1))
    await desk.work(200)
    desk.channel.down = None
    await desk.work(100)
    assert caplog.messages == [
        "⚠️ Avisos: el canal scripted no entrega: Chat not found",
        "✅ Avisos: el canal scripted vuelve a entregar",
    ]


async def test_network_failures_are_tried_ever_more_slowly_up_to_a_minute(desk: Desk) -> None:
    desk.tell(alarm(1))
    desk.channel.down = DOWN
    await desk.work(600)
    gaps = [round(b - a) for a, b in zip(desk.times, desk.times[1:], strict=False)]
    assert gaps[:6] == [2, 4, 8, 16, 32, 60] and set(gaps[6:]) == {60}


@pytest.mark.parametrize("error", [DOWN, RefusedByServer("502")])
async def test_an_hour_without_channel_loses_no_alarm_and_floods_nobody(desk: Desk, error: DeliveryError) -> None:
    desk.channel.down = error
    alarms = [n for n in range(200) if n % 10 == 0]
    for n in range(200):
        now = desk.clock.now
        desk.tell(alarm(n, now) if n in alarms else news(n, now))
        await desk.work(18)
    desk.channel.down = None
    await desk.work(300)
    rang = [t for t in desk.texts if "CRÍTICO" in t]
    assert [f"#I{n:04}" in t for n, t in zip(alarms, rang, strict=True)] == [True] * 20
    assert len(desk.texts) - len(rang) <= 5
    assert await desk.outbox.waiting() == 0 and desk.outbox.dropped_for == []


async def test_a_late_alarm_says_when_it_happened(desk: Desk) -> None:
    desk.channel.down = DOWN
    desk.tell(alarm(1))
    await desk.work(3600)
    desk.channel.down = None
    await desk.work(120)
    assert "(avisado con retraso)" in desk.texts[0]


async def test_a_message_that_will_never_be_taken_is_dropped_with_its_reason(desk: Desk) -> None:
    desk.channel.poison = {"#I0001": DeliveryError("too long", permanent=True)}
    desk.tell(alarm(1), alarm(2))
    await desk.work(5)
    assert desk.outbox.dropped_for == [(1, "too long")]
    assert len(desk.texts) == 1 and desk.courier.status.last_error == ""


async def test_a_message_that_the_server_chokes_on_does_not_block_the_others(desk: Desk) -> None:
    desk.channel.poison = {"#I0001": RefusedByServer("500")}
    desk.tell(*(alarm(n) for n in (1, 2, 3)))
    await desk.work(900)
    assert ["#I0002" in desk.texts[0], "#I0003" in desk.texts[1]] == [True, True]
    await desk.work(3600)
    ((number, reason),) = desk.outbox.dropped_for
    assert number == 1 and "500" in reason
    assert await desk.outbox.waiting() == 0


async def test_an_error_of_the_client_library_does_not_end_the_alerts(desk: Desk) -> None:
    desk.channel.down = KeyError("result")
    desk.tell(alarm(1))
    await desk.work(10)
    assert "KeyError" in desk.courier.status.last_error
    desk.channel.down = None
    await desk.work(60)
    assert len(desk.texts) == 1


async def test_nothing_is_told_twice_by_a_new_courier_on_the_same_outbox(desk: Desk) -> None:
    desk.tell(alarm(1), news(2))
    await desk.work(10)
    desk.courier = DeliveryWorker(desk.outbox, desk.channel, desk.clock, "es")
    await desk.work(600)
    assert len(desk.channel.calls) == 2


async def test_a_message_whose_row_could_not_be_closed_is_not_sent_again(desk: Desk) -> None:
    desk.tell(alarm(1))
    deliver = desk.channel.deliver

    async def break_the_store_after(message: object, *, message_id: str | None) -> str:
        taken = await deliver(message, message_id=message_id)  # type: ignore[arg-type]
        desk.outbox.broken = True
        return taken

    desk.channel.deliver = break_the_store_after  # type: ignore[method-assign]
    running = asyncio.create_task(desk.courier.run())
    while "database is locked" not in desk.courier._error:
        await asyncio.sleep(0)
    desk.outbox.broken = False
    desk.clock.now += 100
    desk.courier.wake()
    async with asyncio.timeout(5):
        while desk.outbox.rows["I0001", 0].told == 0:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(desk.channel.calls) == 1 and await desk.outbox.waiting() == 0


async def test_a_broken_store_is_outlived(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "SLOWEST_RETRY", 0.01)
    courier = DeliveryWorker(desk.outbox, desk.channel, asyncio.get_running_loop().time, "es")
    desk.outbox.broken = True
    running = asyncio.create_task(courier.run())
    await asyncio.sleep(0)
    while "database is locked" not in courier._error:
        await asyncio.sleep(0)
    desk.outbox.broken = False
    desk.tell(alarm(1))
    courier.wake()
    async with asyncio.timeout(5):
        while not desk.texts:
            await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_message_under_way_when_the_service_stops_is_finished_and_noted(desk: Desk) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()
    deliver = desk.channel.deliver

    async def slow(message: object, *, message_id: str | None) -> str:
        under_way.set()
        await go_on.wait()
        return await deliver(message, message_id=message_id)  # type: ignore[arg-type]

    desk.channel.deliver = slow  # type: ignore[method-assign]
    desk.tell(alarm(1))
    running = asyncio.create_task(desk.courier.run())
    await asyncio.wait_for(under_way.wait(), 5)
    running.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(desk.texts) == 1 and await desk.outbox.waiting() == 0


async def test_a_stop_that_meets_a_new_message_is_not_lost(desk: Desk) -> None:
    running = asyncio.create_task(desk.courier.run())
    assert await desk.courier.settled(5)
    desk.courier.wake()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)


async def test_a_channel_that_hangs_does_not_hold_up_the_stop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "GRACE", 0.05)
    under_way = asyncio.Event()

    async def hang(message: object, *, message_id: str | None) -> str:
        under_way.set()
        await asyncio.Event().wait()
        return ""

    desk.channel.deliver = hang  # type: ignore[method-assign]
    desk.tell(alarm(1))
    running = asyncio.create_task(desk.courier.run())
    await asyncio.wait_for(under_way.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 2)
    assert await desk.outbox.waiting() == 1


async def test_a_new_configuration_ends_the_wait(desk: Desk) -> None:
    desk.tell(alarm(1))
    desk.channel.down = DeliveryError("blocked", retry_after=300)
    await desk.work(1)
    desk.channel = ScriptedChannel()
    desk.courier.use(desk.channel, "en")
    await desk.work(2)
    assert "CRITICAL" in desk.texts[0]


async def test_a_clock_that_is_set_back_does_not_silence_the_alerts(desk: Desk) -> None:
    desk.tell(alarm(1))
    await desk.work(2)
    desk.clock.now -= 86400
    desk.tell(alarm(2))
    await desk.work(2)
    assert len(desk.texts) == 2


async def test_the_status_says_how_the_channel_does_without_secrets(desk: Desk) -> None:
    desk.tell(alarm(1))
    desk.channel.down = DeliveryError(f"cannot reach /bot{TOKEN}/sendMessage")
    await desk.work(1)
    status = desk.courier.status
    assert status.waiting == 1 and status.last_success is None
    assert "<TOKEN>" in status.last_error and TOKEN not in status.last_error
    assert status.resumes_at is not None
    assert desk.outbox.rows["I0001", 0].error == status.last_error
    desk.channel.down = None
    await desk.work(10)
    status = desk.courier.status
    assert (status.waiting, status.last_error, status.resumes_at) == (0, "", None)
    assert status.last_success is not None


async def test_what_was_taken_before_a_restart_is_known_before_anything_else_is_tried(desk: Desk) -> None:
    desk.outbox.last = 1234.5
    desk.tell(alarm(1))
    desk.channel.down = DeliveryError("cannot reach")
    await desk.work(1)
    assert desk.courier.status.last_success == 1234.5
    desk.channel.down = None
    await desk.work(10)
    assert desk.courier.status.last_success == desk.outbox.last != 1234.5


async def test_settled_returns_when_the_last_message_is_out_and_not_before(desk: Desk) -> None:
    desk.tell(alarm(1), alarm(2))
    desk.courier.wake()
    settled = asyncio.create_task(desk.courier.settled(5))
    await desk.work(0.5)
    await asyncio.sleep(0)
    assert not settled.done()
    await desk.work(2)
    assert await settled
    assert len(desk.texts) == 2


async def test_channels_are_closed_when_they_are_replaced_and_at_the_end(desk: Desk) -> None:
    first, second = desk.channel, ScriptedChannel()
    desk.courier.use(second, "es")
    running = asyncio.create_task(desk.courier.run())
    assert await desk.courier.settled(5)
    assert first.closed and not second.closed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert second.closed


async def test_settled_does_not_wait_for_a_channel_that_fails(desk: Desk) -> None:
    desk.channel.down = DOWN
    desk.tell(alarm(1))
    desk.courier.wake()
    settled = asyncio.create_task(desk.courier.settled(60))
    await asyncio.sleep(0)
    await desk.work(1)
    assert not await asyncio.wait_for(settled, 1)
    desk.courier.wake()
    assert not await asyncio.wait_for(desk.courier.settled(60), 1)


async def test_settled_gives_up_at_its_deadline(desk: Desk) -> None:
    desk.courier.wake()
    assert not await desk.courier.settled(0.01)
