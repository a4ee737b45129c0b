"""Buttons beneath the messages of a bot whose answers are read, and when they go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.component.notify.conftest import ADMIN
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, TOKEN, failed, incident, notice
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.notify.channels import telegram
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.messages.markup import Message

ID = "T7F3K2AB"
ACTIONS = (f"retry:{ID}", f"acknowledge:{ID}", f"silence:{ID}")


def about(told: Incident, text: str, actions: tuple[str, ...] = ()) -> Message:
    return Message(text, text, notice=notice(incident=told), actions=actions)


SOLVED = incident(estado=Estado.SOLUCIONADO, closed_at=NOON + 7)


@pytest.fixture
async def channel(server: BotApiServer) -> AsyncIterator[TelegramChannel]:
    made = TelegramChannel(TOKEN, str(ADMIN), server.url, name="admin", answering=True)
    yield made
    await made.close()


def shown(server: BotApiServer, message_id: str) -> list[list[dict[str, str]]]:
    markup = server.api.shown[TOKEN, int(message_id)]["markup"]
    rows: list[list[dict[str, str]]] = json.loads(markup)["inline_keyboard"] if markup else []
    return rows


async def test_three_buttons_stand_beneath_an_incident(server: BotApiServer, channel: TelegramChannel) -> None:
    sent = await channel.deliver(about(incident(), "x", ACTIONS), message_id=None)
    rows = shown(server, sent)
    assert [[b["text"] for b in row] for row in rows] == [["🔁 Reintentar", "👍 Entendido"], ["🔕 Silenciar 1 h"]]
    data = [b["callback_data"] for row in rows for b in row]
    assert data == [f"1:{action}" for action in ACTIONS] and all(len(one.encode()) <= 64 for one in data)


async def test_an_edit_keeps_them_and_the_end_takes_them_away(server: BotApiServer, channel: TelegramChannel) -> None:
    sent = await channel.deliver(about(incident(), "1", ACTIONS), message_id=None)
    await channel.deliver(about(incident(), "2", ACTIONS), message_id=sent)
    assert shown(server, sent)
    await channel.deliver(about(SOLVED, "3"), message_id=sent)
    assert shown(server, sent) == []


async def test_a_new_message_that_tells_the_end_takes_them_from_the_earlier_ones(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    first = await channel.deliver(about(incident(), "1", ACTIONS), message_id=None)
    other = await channel.deliver(about(incident(id="OTHERONE"), "other", ("retry:OTHERONE",)), message_id=None)
    end = await channel.deliver(about(failed(), "failed", ACTIONS[:1]), message_id=None)
    assert shown(server, first) == [] and server.api.shown[TOKEN, int(first)]["text"] == "1"
    assert shown(server, end) and shown(server, other)
    await channel.deliver(about(SOLVED, "solved after all"), message_id=None)
    assert shown(server, end) == []


async def test_a_trouble_with_old_buttons_is_no_trouble_of_the_message(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    await channel.deliver(about(incident(), "1", ACTIONS), message_id=None)
    server.api.add_fault({"method": "editMessageReplyMarkup", "kind": "status", "status": 502})
    assert await channel.deliver(about(SOLVED, "2"), message_id=None)


async def test_a_bot_whose_answers_nobody_reads_shows_none(server: BotApiServer) -> None:
    mute = TelegramChannel(TOKEN, str(ADMIN), server.url)
    sent = await mute.deliver(about(incident(), "x", ACTIONS), message_id=None)
    await mute.close()
    assert shown(server, sent) == []


async def test_buttons_that_are_refused_do_not_cost_the_message(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    order = {"status": 400, "description": "Bad Request: BUTTON_DATA_INVALID", "times": 1}
    server.api.add_fault({"method": "sendMessage", "kind": "status", **order})
    sent = await channel.deliver(about(incident(), "x", ACTIONS), message_id=None)
    assert shown(server, sent) == []


@pytest.mark.parametrize("seconds", [2.5, 40.0])
async def test_a_fraction_of_a_flood_wait_is_obeyed(
    server: BotApiServer, channel: TelegramChannel, seconds: float
) -> None:
    error = await refusal(server, channel, status=429, retry_after=seconds)
    assert error.retry_after == seconds and not error.unusable


async def test_a_flood_wait_of_hours_lets_another_channel_take_over(
    server: BotApiServer, channel: TelegramChannel
) -> None:
    error = await refusal(server, channel, status=429, retry_after=86400)
    assert error.unusable and error.retry_after == telegram.LONGEST_WAIT


@pytest.mark.parametrize(
    ("order", "unusable"),
    [
        ({"status": 403}, True),
        ({"status": 401}, True),
        ({"status": 400, "description": "Bad Request: chat not found"}, True),
        ({"status": 502}, False),
        ({"kind": "refuse"}, False),
    ],
)
async def test_only_what_somebody_must_mend_makes_the_channel_unusable(
    server: BotApiServer, channel: TelegramChannel, order: dict[str, Any], unusable: bool
) -> None:
    assert (await refusal(server, channel, **order)).unusable is unusable


async def test_a_channel_of_its_own_name_says_where_to_mend_it(server: BotApiServer) -> None:
    night = TelegramChannel(TOKEN, str(ADMIN), server.url, name="night")
    error = await refusal(server, night, status=403)
    assert "«night»" in str(error) and "ADMIN_ID" not in str(error)
    server.api.clear_faults({})
    server.api.add_chat({"id": -100200300})
    server.api.add_fault({"method": "sendMessage", "kind": "status", "migrate_to_chat_id": -100200300, "times": 1})
    await night.deliver(Message("x", "x"), message_id=None)
    assert 'channels.night.chat = "-100200300"' in night.remark
    await night.close()


async def test_no_more_keyboards_are_remembered_than_are_useful(
    server: BotApiServer, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "_MOST_KEYBOARDS", 3)
    for letter in "ABCDEF":
        name = f"{letter}AAAAAAA"
        await channel.deliver(about(replace(incident(), id=name), "x", (f"retry:{name}",)), message_id=None)
    assert set(channel._keyboards) == {"DAAAAAAA", "EAAAAAAA", "FAAAAAAA"}


async def refusal(server: BotApiServer, channel: TelegramChannel, **order: Any) -> DeliveryError:
    server.api.add_fault({"method": "sendMessage", "kind": "status", **order})
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(Message("x", "x"), message_id=None)
    return caught.value
