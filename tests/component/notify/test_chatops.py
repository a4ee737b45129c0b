"""The alert bot through the real client library: whom it obeys, once each, and how it answers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.component.notify.answering import ALERT_TOKEN, GROUP, ID, STRANGER, World
from tests.component.notify.conftest import ADMIN
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, incident, notice
from trafico_monitor.model.alert import Scope
from trafico_monitor.model.control import ControlResponse, RequestKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.chatops import bot as answers
from trafico_monitor.notify.chatops import updates
from trafico_monitor.notify.messages.markup import Message

ACTIONS = (f"retry:{ID}", f"acknowledge:{ID}", f"silence:{ID}")
RETRY = f"1:retry:{ID}"


@pytest.fixture
def world(server: BotApiServer, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(updates, "BREATH", 0.01)
    for name in ("SLOWEST_RETRY", "CONFLICT_RETRY", "MENDING_RETRY"):
        monkeypatch.setattr(answers, name, 0.01)
    return World(server)


@pytest.fixture
async def alert(world: World) -> AsyncIterator[int]:
    """A message about an incident, with its buttons, in the administrator's chat."""
    channel = TelegramChannel(ALERT_TOKEN, str(ADMIN), world.server.url, answering=True)
    told = Message("corrupto", "corrupto", notice=notice(incident=incident()), actions=ACTIONS)
    yield int(await channel.deliver(told, message_id=None))
    await channel.close()


def has_buttons(world: World, message_id: int) -> bool:
    return bool(world.server.api.shown[ALERT_TOKEN, message_id]["markup"])


# What is asked and answered.


@pytest.mark.parametrize(
    ("text", "start"),
    [("/estado", "📊 Estado del monitor"), ("/incidentes", "📂 Incidentes abiertos: 1"), ("/ayuda", "👀 Monitor"),
     ("buenas", "👀 Monitor"), ("/reintentar", "⚠️ Falta el identificador")],
)  # fmt: skip
async def test_the_administrator_is_answered(world: World, text: str, start: str) -> None:
    async with world.listening():
        world.write(text)
        await world.until(world.said)
    assert world.said(ADMIN)[0].startswith(start) and world.desk.asked == []


async def test_an_order_reaches_the_desk_with_who_gave_it(world: World) -> None:
    async with world.listening():
        world.write(f"/reintentar {ID}")
        world.write(f"/entendido #{ID.lower()}")
        world.write(f"/silenciar {ID}")
        world.write("/silenciar 30m")
        await world.until(lambda: len(world.said()) == 4)
    kinds = [request.kind for request in world.desk.asked]
    assert kinds == [RequestKind.RETRY, RequestKind.ACKNOWLEDGE, RequestKind.SILENCE, RequestKind.SILENCE]
    assert {request.by for request in world.desk.asked} == {f"telegram:{ADMIN}"}
    assert [request.incident for request in world.desk.asked] == [ID, ID, "", ""]
    one, every = world.desk.asked[2:]
    assert (one.scope, one.value, one.seconds) == (Scope.INCIDENT, ID, 3600)
    assert (every.scope, every.value, every.seconds) == (Scope.ALL, "", 1800)
    assert all(request.reason and request.at == NOON for request in world.desk.asked)


async def test_a_press_is_carried_out_and_answered_on_the_button(world: World, alert: int) -> None:
    async with world.listening():
        world.press(RETRY, alert)
        await world.until(world.toasts)
    (request,) = world.desk.asked
    assert (request.kind, request.incident, request.by) == (RequestKind.RETRY, ID, f"telegram:{ADMIN}")
    assert world.toasts()[0]["text"].startswith("✅") and not world.toasts()[0]["alert"]
    assert has_buttons(world, alert) and world.said(ADMIN) == ["corrupto"]


async def test_what_cannot_be_done_is_said_until_it_is_read(world: World, alert: int) -> None:
    world.desk.reply = ControlResponse(False, "request_unknown_incident")
    async with world.listening():
        world.press(RETRY, alert)
        await world.until(world.toasts)
    assert world.toasts()[0]["alert"] and "request_unknown_incident" in world.toasts()[0]["text"]


async def test_the_buttons_of_a_closed_incident_go_with_the_next_press(world: World, alert: int) -> None:
    world.view.open = [incident(id="OTHERONE")]
    async with world.listening():
        world.press(f"1:acknowledge:{ID}", alert)
        await world.until(lambda: not has_buttons(world, alert))
    assert world.server.api.shown[ALERT_TOKEN, alert]["text"] == "corrupto"


async def test_a_press_that_the_phone_has_given_up_is_answered_by_a_message(world: World, alert: int) -> None:
    async with world.listening():
        world.press(RETRY, alert, old=True)
        await world.until(lambda: len(world.said(ADMIN)) == 2)
    assert world.said(ADMIN)[1].startswith("✅") and len(world.desk.asked) == 1


async def test_a_long_reply_fits_on_the_button(world: World, alert: int) -> None:
    world.desk.reply = ControlResponse(True, "x" * 500)
    async with world.listening():
        world.press(RETRY, alert)
        await world.until(world.toasts)
    assert len(world.toasts()[0]["text"]) <= 200


async def test_the_commands_are_listed_for_those_who_may_use_them_only(world: World) -> None:
    async with world.listening():
        pass
    listed = world.server.api.standing.commands
    assert {one["scope"]["chat_id"] for one in listed} == {ADMIN, GROUP}
    assert {one["scope"]["type"] for one in listed} == {"chat"}
    assert [c["command"] for c in listed[0]["commands"]][:2] == ["estado", "incidentes"]


# Whom.


async def test_strangers_get_no_answer_at_all_and_are_noted_once(world: World, alert: int) -> None:
    async with world.listening():
        for _ in range(3):
            world.write("/estado", STRANGER)
            world.write(f"/reintentar {ID}", STRANGER)
            world.press(RETRY, alert, STRANGER)
        await world.has_listened()
    assert world.desk.asked == [] and world.toasts() == [] and world.said(STRANGER) == []
    assert world.notes == [("stranger", {"usuario": str(STRANGER), "chat": str(STRANGER)})]
    assert not [c for c in world.server.api.calls if c["params"].get("chat_id") == str(STRANGER)]


async def test_a_crowd_of_strangers_is_not_noted_one_by_one(world: World) -> None:
    async with world.listening():
        for number in range(300):
            world.write("/estado", 10_000 + number)
        await world.has_listened()
    assert len(world.notes) == answers.MOST_STRANGERS + 1
    assert world.notes[-1] == ("strangers", {"n": str(answers.MOST_STRANGERS)})
    assert list(world.kept.values.values()) == [f"{_last(world)} {int(NOON)}"]  # one write: for the marker


def _last(world: World) -> int:
    return max(int(p["params"]["offset"]) for p in world.polls()) - 1


async def test_in_a_group_the_person_counts(world: World) -> None:
    async with world.listening():
        world.write("/estado", ADMIN, chat=GROUP)
        world.write("/estado@example_bot", STRANGER, chat=GROUP)
        world.write("/estado@other_bot", ADMIN, chat=GROUP)
        world.write("hablando de otra cosa", ADMIN, chat=GROUP)
        await world.has_listened()
    assert len(world.said(GROUP)) == 1 and [code for code, _ in world.notes] == ["stranger"]
    (call,) = [c for c in world.server.api.calls if c["params"].get("chat_id") == str(GROUP) and "text" in c["params"]]
    assert json.loads(call["params"]["reply_parameters"])["message_id"]


async def test_in_a_group_that_is_not_configured_nobody_is_answered(world: World) -> None:
    world.server.api.add_chat({"id": -555})
    async with world.listening():
        world.write("/estado", ADMIN, chat=-555)
        await world.has_listened()
    assert world.said(-555) == []


@pytest.mark.parametrize(
    "more", [{"forward_origin": {"type": "user"}}, {"via_bot": {"id": 1}}, {"sender_chat": {"id": GROUP}}]
)
async def test_words_of_others_are_not_the_administrators(world: World, more: dict[str, Any]) -> None:
    async with world.listening():
        world.write(f"/reintentar {ID}", more=more)
        await world.has_listened()
    assert world.desk.asked == []


@pytest.mark.parametrize("data", ["retry:T7F3K2AB", "2:retry:T7F3K2AB", "1:retry:../../..", "", "1:rm -rf:T7F3K2AB"])
async def test_a_forged_button_does_nothing(world: World, alert: int, data: str) -> None:
    async with world.listening():
        world.press(data, alert)
        await world.until(world.toasts)
    assert world.desk.asked == [] and world.toasts()[0]["alert"]


# Once, and in time.


async def test_a_restart_does_not_carry_out_the_same_press_twice(world: World, alert: int) -> None:
    world.desk.hold = asyncio.Event()
    async with world.listening():
        world.press(RETRY, alert)
        await world.until(lambda: world.desk.asked)
    # Ended in the middle: the server has not been told that the press was taken, and gives it again.
    world.desk.hold = None
    async with world.listening():
        world.write("/estado")
        await world.until(lambda: len(world.said(ADMIN)) == 2)
    assert len(world.desk.asked) == 1


async def test_what_came_with_an_unfinished_press_is_not_lost(world: World) -> None:
    """The server gave both in one answer; only what was begun may be confirmed."""
    world.desk.hold = asyncio.Event()
    world.write(f"/reintentar {ID}")
    world.write(f"/entendido {ID}")
    async with world.listening(fresh=False):
        await world.until(lambda: world.desk.asked)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "something is left running"
    world.desk.hold = None
    async with world.listening(fresh=False):
        await world.until(lambda: len(world.desk.asked) == 2)
    assert [request.kind for request in world.desk.asked] == [RequestKind.RETRY, RequestKind.ACKNOWLEDGE]


async def test_a_stranger_is_refused_whatever_goes_wrong_about_him(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library goes on with the next group of handlers after an error: none may stand open."""

    def broken(self: object, request: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(answers.AlertBot, "_note_stranger", broken)
    async with world.listening():
        world.write(f"/reintentar {ID}", STRANGER)
        world.write("/estado")
        await world.until(lambda: world.said(ADMIN))
    assert world.desk.asked == [] and world.said(STRANGER) == []
    assert [code for code, _ in world.notes] == ["update"]


async def test_what_cannot_be_kept_is_not_done_until_it_can(world: World) -> None:
    async with world.listening() as bot:
        world.kept.broken = True
        world.write(f"/reintentar {ID}")
        await world.until(lambda: world.notes)
        assert world.desk.asked == [] and world.notes[0][0] == "storage" and "disk is full" in bot.remark
        world.kept.broken = False
        await world.until(lambda: len(world.desk.asked) == 1)
        world.write("/estado")
        await world.until(lambda: len(world.said(ADMIN)) == 2)
    assert len(world.desk.asked) == 1


async def test_what_waited_too_long_is_not_done_and_that_is_said(world: World, alert: int) -> None:
    world.write(f"/reintentar {ID}", date=int(NOON) - 601)
    world.press(RETRY, alert)
    world.write(f"/entendido {ID}", date=int(NOON) - 30)
    async with world.listening():
        await world.until(lambda: len(world.said(ADMIN)) == 3)
    assert [request.kind for request in world.desk.asked] == [RequestKind.ACKNOWLEDGE]
    assert world.toasts()[0]["alert"] and "pulsa otra vez" in world.toasts()[0]["text"]
    assert "envíalo otra vez" in world.said(ADMIN)[1]


async def test_many_that_waited_too_long_are_told_of_once(world: World) -> None:
    for _ in range(10):
        world.write(f"/reintentar {ID}", date=int(NOON) - 7200)
    async with world.listening():
        await world.has_listened()
    assert world.desk.asked == [] and sum("envíalo otra vez" in one for one in world.said(ADMIN)) == 1


async def test_after_hours_without_the_server_a_press_is_not_known_to_be_new(world: World, alert: int) -> None:
    async with world.listening():
        world.server.api.add_fault({"method": "getUpdates", "kind": "refuse", "times": 3})
        world.now += 7200  # suspended, or cut off
        world.press(RETRY, alert)
        await world.until(world.toasts)
        world.press(RETRY, alert)
        await world.until(lambda: len(world.toasts()) == 2)
    assert len(world.desk.asked) == 1 and world.toasts()[0]["alert"] and not world.toasts()[1]["alert"]


async def test_a_place_kept_long_ago_is_forgotten(world: World) -> None:
    name = f"answers.{ALERT_TOKEN.partition(':')[0]}"
    world.kept.values[name] = f"999999999 {int(NOON - 7 * 86400)}"
    async with world.listening():
        world.write("/estado")
        await world.until(world.said)


@pytest.mark.parametrize("kept", ["", "nonsense", "5", "5 x", f"-5 {int(NOON)}", "٣ ٣"])
async def test_a_spoiled_place_is_none(world: World, kept: str) -> None:
    world.kept.values[f"answers.{ALERT_TOKEN.partition(':')[0]}"] = kept
    async with world.listening():
        world.write("/estado")
        await world.until(world.said)


# Limits and troubles.


async def test_a_flood_from_a_phone_is_bounded(world: World) -> None:
    async with world.listening():
        for _ in range(150):
            world.write(f"/reintentar {ID}")
        await world.until(lambda: len(world.desk.asked) == answers.MOST_A_MINUTE)
        await world.until(lambda: len(world.polls()) > 3)
    assert len(world.desk.asked) == answers.MOST_A_MINUTE
    assert sum("Demasiadas" in one for one in world.said(ADMIN)) == 1


async def test_a_desk_that_does_not_answer_costs_no_more_than_the_deadline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "ASK_SECONDS", 0.2)
    world.desk.hold = asyncio.Event()
    async with world.listening():
        world.write(f"/reintentar {ID}")
        await world.until(world.said)
        assert "no ha contestado" in world.said(ADMIN)[0]
        world.desk.hold.set()


async def test_a_desk_that_fails_ends_nothing(world: World) -> None:
    world.desk.error = RuntimeError(f"oops {ALERT_TOKEN}")
    async with world.listening():
        world.write(f"/reintentar {ID}")
        world.write("/estado")
        await world.until(lambda: len(world.said(ADMIN)) == 2)
    assert world.said(ADMIN)[0].startswith("⚠️ El monitor no pudo") and world.notes[0][0] == "update"
    assert ALERT_TOKEN not in str(world.notes)


async def test_garbage_among_the_updates_keeps_nothing_back(world: World) -> None:
    async with world.listening():
        for one in ({}, {"message": {"from": None}}, {"message": 7}, {"callback_query": {"id": 1}}, {"poll": {}}):
            world.server.api.queue_raw({"token": ALERT_TOKEN, "update": one})
        world.write("/estado")
        await world.until(world.said)
    assert world.notes == []


@pytest.mark.parametrize(
    "body", ["", '{"ok": true}', '{"ok": true, "result": 7}', "[]", '{"ok": true, "result": [{}]}']
)
async def test_an_answer_that_is_none_is_a_trouble_that_passes(world: World, body: str) -> None:
    async with world.listening() as bot:
        world.server.api.add_fault({"method": "getUpdates", "kind": "garbage", "body": body})
        world.write("/start")  # ends the question that is under way
        await world.until(lambda: bot.remark and world.notes)
        assert world.notes[0][0] == "unreachable"
        world.server.api.clear_faults({})
        world.write("/estado")
        await world.until(lambda: any("Estado" in one for one in world.said(ADMIN)))
        for _ in range(answers.PATIENCE):
            world.write("hola")
            await world.has_listened()
        await world.until(lambda: not bot.remark)
    assert [code for code, _ in world.notes] == ["unreachable", "back"]


async def test_another_program_that_asks_the_same_bot_is_told_of(world: World) -> None:
    world.server.api.add_fault({"method": "getUpdates", "kind": "status", "status": 409, "description":
                                "Conflict: terminated by other getUpdates request"})  # fmt: skip
    async with world.listening(fresh=False) as bot:
        await world.until(lambda: len(world.polls()) > 5)
    assert [code for code, _ in world.notes] == ["conflict"] and "Otro programa" in bot.remark


async def test_a_webhook_is_told_of_and_left_alone(world: World) -> None:
    world.server.api.standing.set_webhook(ALERT_TOKEN, "https://example.org/hook")
    async with world.listening(fresh=False) as bot:
        await world.until(lambda: bot.remark)
        assert "webhook" in bot.remark and [code for code, _ in world.notes] == ["webhook"]
        assert "deletewebhook" not in {c["method"].lower() for c in world.server.api.calls}
        world.server.api.standing.set_webhook(ALERT_TOKEN, "")
        world.write("/estado")
        await world.until(world.said)


async def test_a_refused_token_is_told_of_without_it(world: World) -> None:
    world.server.api.add_fault({"method": "getMe", "kind": "status", "status": 401, "times": 2})
    async with world.listening(fresh=False) as bot:
        await world.until(lambda: bot.remark)
        assert "alert_token" in bot.remark and ALERT_TOKEN not in bot.remark + str(world.notes)
        world.write("/estado")
        await world.until(world.said)


async def test_a_flood_wait_is_obeyed(world: World) -> None:
    async with world.listening():
        world.server.api.add_fault(
            {"method": "getUpdates", "kind": "status", "status": 429, "retry_after": 1, "times": 1}
        )
        world.write("/ayuda")
        world.write("/estado")
        await world.until(lambda: any("Estado" in one for one in world.said(ADMIN)))
    assert world.notes == []


async def test_an_answer_that_does_not_arrive_disturbs_nothing(world: World) -> None:
    async with world.listening():
        world.server.api.add_fault({"method": "sendMessage", "kind": "status", "status": 403, "times": 1})
        world.write("/estado")
        world.write("/incidentes")
        await world.until(world.said)
    assert world.said(ADMIN)[0].startswith("📂") and [code for code, _ in world.notes] == ["unsaid"]


async def test_mark_up_that_is_refused_is_said_without(world: World) -> None:
    order = {"status": 400, "description": "Bad Request: can't parse entities", "times": 1}
    async with world.listening():
        world.server.api.add_fault({"method": "sendMessage", "kind": "status", **order})
        world.write("/estado")
        await world.until(world.said)
    assert world.server.api.messages[-1]["parse_mode"] == ""


async def test_a_server_that_comes_up_late_is_waited_for(world: World) -> None:
    world.server.listen({"open": False})
    async with world.listening(fresh=False) as bot:
        await world.until(lambda: world.notes)
        assert world.notes[0][0] == "unreachable" and bot.remark
        world.server.listen({"open": True})
        world.write("/estado")
        await world.until(world.said)


async def test_no_token_in_any_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with world.listening():
        world.server.api.add_fault({"method": "getUpdates", "kind": "garbage", "times": 1})
        world.write("/estado")
        await world.until(world.said)
    assert ALERT_TOKEN not in caplog.text and ALERT_TOKEN[11:] not in caplog.text


async def test_a_failed_incident_may_be_tried_again_from_its_message(world: World, alert: int) -> None:
    world.view.open = []
    world.desk.reply = ControlResponse(True, "accepted")
    gone = incident(estado=Estado.FALLIDO)
    assert not gone.open
    async with world.listening():
        world.press(RETRY, alert)
        await world.until(world.toasts)
    assert world.desk.asked[0].kind is RequestKind.RETRY
