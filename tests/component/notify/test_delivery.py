"""The courier on the real store and the real client library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.notify.conftest import ADMIN
from tests.component.notify.outbox import Clock, ScriptedChannel
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, TOKEN, failed, incident
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.delivery.worker import Channel, DeliveryWorker
from trafico_monitor.notify.triggers import notifications_for
from trafico_monitor.store.repository import Store


async def work(courier: DeliveryWorker, clock: Clock, seconds: float) -> None:
    """Let `seconds` of the clock pass; steps without waiting in between."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now = min(end, clock.now + max(await courier.step(), 0.001))


def changed(before: Incident | None, after: Incident, now: float) -> ChangeSet:
    return ChangeSet(incidents=(after,), notices=notifications_for(before, after, now))


async def test_one_incident_is_one_message_also_over_a_restart(tmp_path: Path, server: BotApiServer) -> None:
    kind, clock = ErrorType.CORRUPTO, Clock(NOON)
    new, again = incident(kind), incident(kind, estado=Estado.REINTENTANDO, attempt=2)
    steps = [(None, new), (new, again), (again, incident(kind, estado=Estado.SOLUCIONADO, closed_at=NOON + 7))]
    for before, after in steps:
        store = await Store.open(tmp_path)
        channel = TelegramChannel(TOKEN, str(ADMIN), server.url)
        await store.commit(changed(before, after, clock.now))
        await work(DeliveryWorker(store.mailbox("admin"), channel, clock, "es"), clock, 5)
        assert await store.mailbox("admin").waiting() == 0
        await channel.close()
        await store.close()
    assert [m["method"] for m in server.api.messages] == ["sendMessage", "editMessageText", "editMessageText"]
    assert len({m["message_id"] for m in server.api.messages}) == 1
    assert "✅ solucionado en 7 s" in server.api.messages[-1]["rendered"]


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 7])
async def test_an_hour_without_channel_and_with_restarts(tmp_path: Path, every: int) -> None:
    """200 incidents while nothing can be sent, the service started anew every now and then: each
    alarm is told exactly once and in order, each failure is named, and the rest is 5 messages."""
    clock, channel = Clock(NOON), ScriptedChannel(down=DeliveryError("no network"))
    store = await Store.open(tmp_path)
    courier = DeliveryWorker(store.mailbox("admin"), channel, clock, "es")
    kinds = (ErrorType.CORRUPTO, ErrorType.TIMEOUT, ErrorType.SERVIDOR_CAIDO, ErrorType.PERMISOS)
    for n in range(200):
        new = incident(kinds[n % 4], id=f"I{n:04}", opened_at=clock.now, updated_at=clock.now)
        ended = failed(error_type=new.error_type, id=new.id) if n % 4 == 1 else None
        await store.commit(changed(None, new, clock.now))
        if ended is not None:
            await store.commit(changed(new, ended, clock.now))
        if n % every == 0:
            await store.close()
            store = await Store.open(tmp_path)
            courier = DeliveryWorker(store.mailbox("admin"), channel, clock, "es")
        await work(courier, clock, 18)
    channel.down = None
    await work(courier, clock, 600)
    rang = [text for text in channel.shown.values() if "CRÍTICO" in text]
    rest = [text for text in channel.shown.values() if "CRÍTICO" not in text]
    assert [f"#I{n:04}" in text for n, text in zip(range(2, 200, 4), rang, strict=True)] == [True] * 50
    assert len(rest) <= 5
    assert all(any(f"#I{n:04}" in text for text in rest) for n in range(1, 200, 4))
    assert await store.mailbox("admin").waiting() == 0
    await store.close()


async def test_the_store_is_an_outbox_and_telegram_a_channel(tmp_path: Path, server: BotApiServer) -> None:
    server.listen({"open": False})
    clock, store = Clock(NOON), await Store.open(tmp_path)
    channel: Channel = TelegramChannel(TOKEN, str(ADMIN), server.url)
    courier = DeliveryWorker(store.mailbox("admin"), channel, clock, "es")
    await store.commit(changed(None, incident(ErrorType.DISCO_LLENO), NOON))
    await work(courier, clock, 30)
    assert courier.status.waiting == 1 and "127.0.0.1" in courier.status.last_error
    (waiting,) = await store.mailbox("admin").due(clock.now, 9)
    assert waiting.attempts == 4
    server.listen({"open": True})
    await work(courier, clock, 60)
    assert courier.status.waiting == 0 and len(server.api.messages) == 1
    await channel.close()
    await store.close()


async def test_what_quiet_hours_hold_is_one_digest_at_their_end_with_the_original_times(tmp_path: Path) -> None:
    """An incident that was solved meanwhile is told as solved; what is critical does not wait."""
    clock, channel, morning = Clock(NOON), ScriptedChannel(), NOON + 8 * 3600
    store = await Store.open(tmp_path)
    courier = DeliveryWorker(store.mailbox("admin"), channel, clock, "es")
    for n in range(3):
        new = incident(ErrorType.CORRUPTO, id=f"I{n:04}", opened_at=clock.now, updated_at=clock.now)
        (told,) = notifications_for(None, new, clock.now)
        await store.commit(ChangeSet(notices=(replace(told, hold=morning),)))
        await work(courier, clock, 600)
    done = incident(ErrorType.CORRUPTO, id="I0001", estado=Estado.SOLUCIONADO, closed_at=clock.now)
    (told,) = notifications_for(incident(ErrorType.CORRUPTO, id="I0001"), done, clock.now)
    await store.commit(ChangeSet(notices=(replace(told, hold=morning),)))
    await store.commit(changed(None, incident(ErrorType.DISCO_LLENO, id="ALARM"), clock.now))
    await work(courier, clock, morning - clock.now - 60)
    (alarm,) = channel.shown.values()
    assert "#ALARM" in alarm
    await work(courier, clock, 180)
    _, digest = channel.shown.values()
    assert "3 avisos juntos" in digest and "✅ archivo corrupto · victor" in digest
    await store.close()
