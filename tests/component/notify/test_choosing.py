"""Whose a rescued video is, asked and answered through the real client library."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.component.notify.answering import ALERT_TOKEN, ID, STRANGER, World
from tests.component.notify.conftest import ADMIN
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.control import ControlRequest, ControlResponse, RequestKind
from trafico_monitor.model.installation import conversation, mark_of
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.chatops import bot, updates
from trafico_monitor.notify.choosing import PAGE
from trafico_monitor.notify.messages.render import render

RESCUED = NotificationCode.RESCUED
PLACED = NotificationCode.RESCUED_PLACED

FILE = "<b>'; rm -rf ~ #.mp4"
MARK = mark_of(FILE, ID)
NAMES = [f"modelo {number:03} ñ&<" for number in range(200, 0, -1)]


def notice(code: NotificationCode = RESCUED, names: list[str] = NAMES, **fields: str) -> Notification:
    known = {"archivo": FILE, "bytes": "7", "incidente": ID, "tipo": "permisos", "motivo": "place_unknown"}
    known |= {"modelos": "/".join(names[:PAGE]), "total": str(len(names)), **fields}
    return Notification(conversation(MARK), code, Severity.RECOVERABLE, NOON, fields=known)


@pytest.fixture
def world(server: BotApiServer, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(updates, "BREATH", 0.01)
    for name in ("SLOWEST_RETRY", "CONFLICT_RETRY", "MENDING_RETRY"):
        monkeypatch.setattr(bot, name, 0.01)
    made = World(server)
    made.view.names, made.view.messages = list(NAMES), {conversation(MARK): notice()}
    return made


@pytest.fixture
async def channel(world: World) -> AsyncIterator[TelegramChannel]:
    made = TelegramChannel(ALERT_TOKEN, str(ADMIN), world.server.url, answering=True)
    yield made
    await made.close()


@pytest.fixture
async def alert(world: World, channel: TelegramChannel) -> int:
    return int(await channel.deliver(render(notice(), "es"), message_id=None))


def shown(world: World, message_id: int) -> dict[str, str]:
    markup = world.server.api.shown[ALERT_TOKEN, message_id]["markup"]
    rows: list[list[dict[str, Any]]] = json.loads(markup)["inline_keyboard"] if markup else []
    return {one["text"]: one["callback_data"] for row in rows for one in row}


async def test_a_press_asks_the_desk_for_that_file_of_that_incident(world: World, alert: int) -> None:
    async with world.listening():
        world.press(shown(world, alert)[NAMES[0]], alert)
        await world.until(world.toasts)
    assert world.desk.asked == [
        ControlRequest(RequestKind.ASSIGN, f"telegram:{ADMIN}", NOON, incident=ID, file=FILE, modelo=NAMES[0])
    ]
    assert world.toasts()[0]["text"].startswith("✅")


async def test_all_two_hundred_can_be_reached(world: World, alert: int) -> None:
    buttons = shown(world, alert)
    assert list(buttons)[:PAGE] == NAMES[:PAGE]
    async with world.listening():
        seen: set[str] = set()
        data = next(data for label, data in buttons.items() if label.startswith("Todos"))
        for page in range(1, 11):
            before, count = shown(world, alert), len(world.toasts())
            world.press(data, alert)
            await world.until(lambda before=before: shown(world, alert) != before)
            await world.until(lambda count=count: len(world.toasts()) > count)
            buttons = shown(world, alert)
            seen |= {label for label in buttons if label.startswith("modelo")}
            data = next((one for one in buttons.values() if one == f"1:page:{MARK}:{page + 1}"), "")
        assert seen == set(NAMES) and data == ""
        world.press(buttons[sorted(NAMES)[-1]], alert)
        await world.until(lambda: world.desk.asked)
    assert world.desk.asked[0].modelo == sorted(NAMES)[-1]
    assert "espera en _rescatados" in world.server.api.shown[ALERT_TOKEN, alert]["text"], "the text stays"


async def test_a_modelo_that_was_removed_is_said_and_the_others_are_shown(world: World, alert: int) -> None:
    gone = shown(world, alert)[NAMES[0]]
    del world.view.names[0]
    async with world.listening():
        world.press(gone, alert)
        await world.until(lambda: NAMES[0] not in shown(world, alert))
    assert world.desk.asked == [] and "ya no está" in world.toasts()[0]["text"] and world.toasts()[0]["alert"]


async def test_an_edit_that_says_where_it_went_takes_the_buttons_away(
    world: World, alert: int, channel: TelegramChannel
) -> None:
    told = notice(PLACED, modelo="luna", ruta="/m/luna/a.mp4")
    await channel.deliver(render(told, "es"), message_id=str(alert))
    assert shown(world, alert) == {} and "/m/luna/a.mp4" in world.server.api.shown[ALERT_TOKEN, alert]["text"]


async def test_pages_of_one_that_is_placed_are_not_turned(world: World, alert: int) -> None:
    world.view.messages[conversation(MARK)] = notice(PLACED, modelo="luna", ruta="/m/luna/a.mp4")
    async with world.listening():
        world.press(f"1:page:{MARK}:1", alert)
        await world.until(world.toasts)
    assert "ya no espera" in world.toasts()[0]["text"] and NAMES[0] in shown(world, alert)


async def test_one_that_nobody_remembers_is_said_and_nothing_is_asked(world: World, alert: int) -> None:
    world.view.messages.clear()
    async with world.listening():
        world.press(shown(world, alert)[NAMES[0]], alert)
        await world.until(world.toasts)
    assert world.desk.asked == [] and "demasiado antiguo" in world.toasts()[0]["text"]


async def test_a_stranger_in_the_same_chat_moves_nothing(world: World, alert: int) -> None:
    async with world.listening():
        world.press(shown(world, alert)[NAMES[0]], alert, STRANGER)
        await world.has_listened()
    assert world.desk.asked == [] and world.toasts() == []


async def test_why_it_was_not_moved_is_said_until_it_is_read(world: World, alert: int) -> None:
    world.desk.reply = ControlResponse(False, "assign_taken", {"archivo": FILE, "modelo": NAMES[0]})
    async with world.listening():
        world.press(shown(world, alert)[NAMES[0]], alert)
        await world.until(world.toasts)
    assert world.toasts()[0]["alert"] and "otro modelo" in world.toasts()[0]["text"]


async def test_where_nobody_reads_answers_the_command_alone_is_told(world: World) -> None:
    mute = TelegramChannel(ALERT_TOKEN, str(ADMIN), world.server.url)
    sent = int(await mute.deliver(render(notice(), "es"), message_id=None))
    await mute.close()
    assert shown(world, sent) == {}
    command = "sudo trafico-monitor assign '<b>'\"'\"'; rm -rf ~ #.mp4' MODELO"
    assert command in world.said(ADMIN)[0]
