"""TelegramChannel through the real client library against a server that can be told to fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram.error import RetryAfter

from tests.component.notify.conftest import ADMIN
from tests.component.notify.outbox import MemoryOutbox
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, TOKEN, VIDEO, failed, incident, notice
from tests.unit.notify.test_message import HOSTILE
from trafico_monitor.config.schema import Config, Telegram
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.notify.channels import telegram
from trafico_monitor.notify.channels.factory import open_channels
from trafico_monitor.notify.channels.telegram import NoChannel, TelegramChannel
from trafico_monitor.notify.delivery.worker import DeliveryWorker, RefusedByServer
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render

HELLO = Message("<b>hello</b> &amp; <code>x</code>", "hello & x")


@pytest.fixture
async def channel(server: BotApiServer) -> AsyncIterator[TelegramChannel]:
    made = TelegramChannel(TOKEN, str(ADMIN), server.url)
    yield made
    await made.close()


def fail(server: BotApiServer, method: str = "sendMessage", **order: Any) -> None:
    server.api.add_fault({"method": method, "kind": "status", **order})


def sent(server: BotApiServer) -> list[dict[str, Any]]:
    return [m for m in server.api.messages if m["method"] == "sendMessage"]


async def refusal(channel: TelegramChannel, message_id: str | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(HELLO, message_id=message_id)
    assert TOKEN not in str(caught.value)
    return caught.value


async def test_a_message_arrives_with_its_mark_up_and_without_link_previews(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    message_id = await channel.deliver(HELLO, message_id=None)
    (message,) = server.api.messages
    assert str(message["message_id"]) == message_id
    assert (message["chat_id"], message["rendered"], message["parse_mode"]) == (ADMIN, "hello & x", "HTML")
    assert not message["disable_notification"]
    assert '"is_disabled": true' in server.api.calls[-1]["params"]["link_preview_options"]


async def test_a_silent_message_does_not_ring(server: BotApiServer, channel: TelegramChannel) -> None:
    await channel.deliver(Message("x", "x", silent=True), message_id=None)
    assert server.api.messages[0]["disable_notification"]


async def test_a_message_is_edited_and_the_same_again_is_fine(server: BotApiServer, channel: TelegramChannel) -> None:
    first = await channel.deliver(HELLO, message_id=None)
    assert await channel.deliver(Message("<b>bye</b>", "bye"), message_id=first) == first
    assert await channel.deliver(Message("<b>bye</b>", "bye"), message_id=first) == first
    assert [m["rendered"] for m in server.api.messages] == ["hello & x", "bye"]


@pytest.mark.parametrize("lost", ["424242", "of-another-channel"])
async def test_a_message_that_is_gone_is_sent_anew(server: BotApiServer, channel: TelegramChannel, lost: str) -> None:
    message_id = await channel.deliver(HELLO, message_id=lost)
    assert str(sent(server)[0]["message_id"]) == message_id != lost


async def test_mark_up_that_telegram_refuses_is_sent_as_plain_text(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    await channel.deliver(Message("<b>broken", "broken"), message_id=None)
    (message,) = server.api.messages
    assert (message["rendered"], message["parse_mode"]) == ("broken", "")
    assert len(server.api.calls) == 2


async def test_what_is_refused_as_plain_text_too_is_permanent(server: BotApiServer, channel: TelegramChannel) -> None:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(Message("x" * 5000, "x" * 5000), message_id=None)
    assert caught.value.permanent and "too long" in str(caught.value)


async def test_flood_control_says_how_long_to_wait(server: BotApiServer, channel: TelegramChannel) -> None:
    fail(server, status=429, retry_after=17)
    error = await refusal(channel)
    assert error.retry_after == 17 and not error.permanent


async def test_both_forms_of_retry_after_are_understood(
    channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def flood(*_: object) -> str:
        error = RetryAfter(5)
        monkeypatch.setattr(RetryAfter, "retry_after", 5)
        raise error

    monkeypatch.setattr(channel, "_deliver", flood)
    assert (await refusal(channel)).retry_after == 5


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"status": 403}, "bloqueado"),
        ({"status": 401}, "TELEGRAM_TOKEN"),
        ({"status": 404}, "TELEGRAM_TOKEN"),
        ({"status": 400, "description": "Bad Request: chat not found"}, "ADMIN_ID"),
        (
            {"status": 400, "description": "Bad Request: not enough rights to send text messages to the chat"},
            "ADMIN_ID",
        ),
    ],
)
async def test_what_the_operator_must_mend_is_tried_slowly_and_not_dropped(
    server: BotApiServer, channel: TelegramChannel, order: dict[str, Any], words: str
) -> None:
    fail(server, **order)
    error = await refusal(channel)
    assert error.retry_after == telegram.SLOW_RETRY and not error.permanent
    assert words in str(error)


@pytest.mark.parametrize("order", [{"status": 502}, {"status": 500}, {"kind": "garbage"}])
async def test_a_server_in_trouble_is_a_reason_to_try_again(
    server: BotApiServer, channel: TelegramChannel, order: dict[str, Any]
) -> None:
    fail(server, **order)
    error = await refusal(channel)
    assert isinstance(error, RefusedByServer) and not error.permanent and not error.retry_after
    assert len(str(error)) < 300


async def test_a_server_that_is_not_there_is_a_reason_to_try_again(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    server.listen({"open": False})
    error = await refusal(channel)
    assert not isinstance(error, RefusedByServer) and not error.permanent
    server.listen({"open": True})
    await channel.deliver(HELLO, message_id=None)


async def test_a_server_that_hangs_costs_no_more_than_the_deadline(
    server: BotApiServer, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "DEADLINE", 0.3)
    fail(server, kind="hang")
    began = asyncio.get_running_loop().time()
    error = await refusal(channel)
    assert asyncio.get_running_loop().time() - began < 2
    assert not error.permanent and "0.3 s" in str(error)


async def test_a_group_that_moved_is_followed_and_reported(server: BotApiServer, channel: TelegramChannel) -> None:
    server.api.add_chat({"id": -100200300})
    fail(server, status=400, migrate_to_chat_id=-100200300, where={"chat_id": str(ADMIN)})
    assert channel.remark == ""
    await channel.deliver(HELLO, message_id=None)
    await channel.deliver(HELLO, message_id=None)
    assert [m["chat_id"] for m in server.api.messages] == [-100200300, -100200300]
    assert "ADMIN_ID=-100200300" in channel.remark
    assert len(server.api.calls) == 3


async def test_it_never_asks_for_updates(server: BotApiServer, channel: TelegramChannel) -> None:
    message_id = await channel.deliver(HELLO, message_id=None)
    await channel.deliver(Message("y", "y"), message_id=message_id)
    assert {call["method"] for call in server.api.calls} == {"sendMessage", "editMessageText"}


async def test_no_library_logs_the_token(server: BotApiServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = TelegramChannel(TOKEN, str(ADMIN), server.url)
    fail(server, kind="garbage", times=1)
    await refusal(channel)
    await channel.deliver(HELLO, message_id=None)
    server.listen({"open": False})
    await refusal(channel)
    await channel.close()
    assert TOKEN not in caplog.text and TOKEN[11:] not in caplog.text


async def test_a_token_of_no_known_form_is_not_shown_either(server: BotApiServer) -> None:
    odd = "not a token\n at all"
    channel = TelegramChannel(odd, str(ADMIN), server.url)
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(HELLO, message_id=None)
    assert "not a token" not in str(caught.value)
    await channel.close()


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_fields_arrive_as_html_at_the_first_try(
    server: BotApiServer, channel: TelegramChannel, hostile: str
) -> None:
    wild = failed(download=Download(modelo=hostile, video=hostile), error_message=hostile)
    await channel.deliver(render(notice("failed", incident=wild), "es"), message_id=None)
    (message,) = server.api.messages
    assert message["parse_mode"] == "HTML" and len(server.api.calls) == 1
    assert message["rendered"].endswith("#T7F3K2AB") and TOKEN not in message["text"]


async def test_the_missions_message_as_the_server_received_it(server: BotApiServer, channel: TelegramChannel) -> None:
    outbox, seconds = MemoryOutbox(), asyncio.get_running_loop().time
    courier = DeliveryWorker(outbox, channel, seconds, "es")
    outbox.put(
        Notification("T7F3K2AB", NotificationCode.DETECTED, Severity.RECOVERABLE, seconds(), incident=incident())
    )
    running = asyncio.create_task(courier.run())
    assert await courier.settled(10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (message,) = server.api.messages
    assert message["rendered"].startswith(
        "⚠️ Monitor de Descargas\n\nError de timeout detectado\nModelo: victor\n"
        f"Video: {VIDEO}\nReintentando automáticamente..."
    )


async def test_a_message_outlives_every_trouble_of_the_server(server: BotApiServer, channel: TelegramChannel) -> None:
    for order in ({"status": 502}, {"kind": "refuse"}, {"kind": "garbage"}, {"status": 429, "retry_after": 3}):
        fail(server, times=1, **order)
    outbox = MemoryOutbox()
    outbox.put(
        Notification("A", NotificationCode.CRITICAL, Severity.CRITICAL, NOON, incident=incident(ErrorType.DISCO_LLENO))
    )
    now = NOON
    courier = DeliveryWorker(outbox, channel, lambda: now, "es")
    while await outbox.waiting():
        now += max(await courier.step(), 0.001)
    assert len(sent(server)) == 1 and len(server.api.calls) == 5
    assert courier.status.last_error == ""


async def test_without_token_or_admin_nobody_is_told_and_the_status_says_so() -> None:
    outbox = MemoryOutbox()
    outbox.put(*(Notification(f"K{n}", NotificationCode.START, Severity.INFO, NOON) for n in range(20)))
    (channel,) = open_channels(Config(telegram=Telegram(admin_id="1")))
    assert isinstance(channel, NoChannel)
    courier = DeliveryWorker(outbox, channel, lambda: NOON, "es")
    while await outbox.waiting():
        await courier.step()
    status = courier.status
    assert "TELEGRAM_TOKEN" in status.remark and "no se envían avisos" in status.last_error
    assert status.last_success is None and len(outbox.dropped_for) == 20
