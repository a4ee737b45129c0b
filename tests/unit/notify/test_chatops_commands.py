"""What is understood of what people, strangers and forgers write to the alert bot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update
from telegram.ext import ApplicationBuilder, ExtBot

from tests.cases import each
from trafico_monitor.model.control import RequestKind
from trafico_monitor.notify.chatops.commands import Act, ChatRequest, Command, Show, Unclear, handlers, request_of
from trafico_monitor.notify.chatops.updates import parse

ID = "T7F3K2AB"


class NamedBot(ExtBot[None]):
    """The library's bot, as after getMe."""

    @property
    def username(self) -> str:
        return "example_bot"


BOT = NamedBot("1234567890:AAExampleExampleExampleExampleExampl")


def message(text: object = "/estado", **more: Any) -> dict[str, Any]:
    known = {
        "message_id": 5,
        "date": 1766664000,
        "from": {"id": 99, "is_bot": False, "first_name": "x"},
        "chat": {"id": 99, "type": "private"},
        "text": text,
    }
    if isinstance(text, str) and text.startswith("/"):
        known["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    return {"update_id": 1, "message": known | more}


def press(data: object = f"1:retry:{ID}", **more: Any) -> dict[str, Any]:
    user = {"id": 99, "is_bot": False, "first_name": "x"}
    query = {"id": "q1", "from": user, "chat_instance": "1", "data": data, "message": message("texto")["message"]}
    return {"update_id": 1, "callback_query": query | more}


def received(raw: object) -> Update:
    update = parse(raw, BOT)
    assert update is not None
    return update


def command_of(raw: object) -> object:
    """The command that the handlers give for it; "nothing" where none of them is called."""
    found: list[Command | None] = []

    async def receive(update: Update, command: Command | None) -> None:
        found.append(command)

    async def process() -> None:
        application = ApplicationBuilder().bot(BOT).updater(None).job_queue(None).build()
        application._initialized = True  # without asking a server
        application.add_handlers(handlers(receive))
        await application.process_update(received(raw))

    asyncio.run(process())
    return found[0] if found else "nothing"


def wish(text: str, *, private: bool = True) -> object:
    chat = {"id": 99, "type": "private"} if private else {"id": -100, "type": "supergroup", "title": "x"}
    return command_of(message(text, chat=chat))


def test_an_alarm_without_an_incident_is_acknowledged_by_its_name_and_nothing_else() -> None:
    assert wish("/entendido unit") == wish("/ack #Unit") == Act(RequestKind.ACKNOWLEDGE, "unit")
    for words in ("/reintentar unit", "/entendido other", "/entendido unit space", "/entendido ünit"):
        assert wish(words) == Unclear("incident")
    assert command_of(press("1:acknowledge:unit-59")) == Act(RequestKind.ACKNOWLEDGE, "unit-59")


def test_who_where_and_when_are_read() -> None:
    assert request_of(received(message())) == ChatRequest(99, 99, True, 5, at=1766664000.0)
    group = message(chat={"id": -100, "type": "supergroup", "title": "x"})
    assert request_of(received(group)) == ChatRequest(99, -100, False, 5, at=1766664000.0)
    assert request_of(received(press())) == ChatRequest(99, 99, True, 5, query="q1")
    assert received(press()).update_id == 1


@each("update", [
        None, 7, "x", [], {}, {"message": None}, {"message": 5}, {"callback_query": []}, {"edited_message": {}},
        message(text=None), message(text=["/estado"]), message(**{"from": None}), message(**{"from": {"id": "99"}}),
        message(**{"from": {"id": True}}), message(**{"from": {"id": 99.0}}), message(**{"from": {"id": 2**70}}),
        message(**{"from": {"id": 99, "is_bot": True}}), message(chat=None), message(chat={"id": None}),
        message(message_id=None), message(forward_origin={}), message(forward_date=1), message(via_bot={}),
        message(sender_chat={"id": -100}), press(message=None), press(id=None), press(id=""), press(id="q" * 200),
    ])  # fmt: skip
def test_whatever_is_nobodys_own_words_is_left_alone(update: object) -> None:
    read = parse({"update_id": 1, **update} if isinstance(update, dict) else update, BOT)
    assert read is None or (request_of(read) is None and read.to_dict() == {"update_id": 1})


@pytest.mark.parametrize("update", [None, [], {}, {"update_id": "1"}, {"update_id": -1}, {"update_id": True}])
def test_an_update_without_a_number_is_none(update: object) -> None:
    assert parse(update, BOT) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "callback_query", "from", "chat", "id", "text", "data", "date"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_nothing_that_a_server_may_send_is_an_error(update: object) -> None:
    parse(update, BOT)
    read = parse({"update_id": 7, **update} if isinstance(update, dict) else update, BOT)
    assert read is None or read.update_id >= 0


@each(
    ("text", "meant"),
    [
        ("/estado", Show.STATUS),
        ("/ESTADO@Example_Bot", Show.STATUS),
        ("/status", Show.STATUS),
        ("/incidentes", Show.INCIDENTS),
        ("/ayuda", Show.HELP),
        ("/start", Show.HELP),
        ("/start deep-link", Show.HELP),
        ("hola", Show.HELP),
        ("/nonsense", Show.HELP),
        (f"/reintentar {ID}", Act(RequestKind.RETRY, ID)),
        (f"/reintentar  #{ID.lower()} ", Act(RequestKind.RETRY, ID)),
        (f"/retry\n{ID}", Act(RequestKind.RETRY, ID)),
        (f"/entendido {ID}", Act(RequestKind.ACKNOWLEDGE, ID)),
        (f"/silenciar {ID}", Act(RequestKind.SILENCE, ID, 3600)),
        (f"/silenciar {ID} 2h", Act(RequestKind.SILENCE, ID, 7200)),
        (f"/silenciar 30m {ID}", Act(RequestKind.SILENCE, ID, 1800)),
        ("/silenciar 1h", Act(RequestKind.SILENCE, "", 3600)),
        ("/silenciar 7d", Act(RequestKind.SILENCE, "", 7 * 86400)),
        ("/silenciar 30MIN", Act(RequestKind.SILENCE, "", 1800)),
        ("/silenciar", Unclear("silence")),
        ("/silenciar todo", Unclear("silence")),
        (f"/silenciar {ID} {ID}", Unclear("silence")),
        ("/silenciar 1h 2h", Unclear("silence")),
        ("/silenciar 8d", Unclear("duration")),
        ("/silenciar 5s", Unclear("duration")),
        ("/silenciar 0h", Unclear("duration")),
        ("/reintentar", Unclear("incident")),
        ("/reintentar todo", Unclear("incident")),
        (f"/reintentar {ID} {ID}", Unclear("incident")),
        ("/reintentar ../../etc", Unclear("incident")),
        ("/reintentar ＡＢＣＤＥＦＧＨ", Unclear("incident")),
        ("/estado@other_bot", None),
    ],
)
def test_orders_in_private(text: str, meant: object) -> None:
    assert wish(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("hola", None), ("/nonsense", None), ("/nonsense@example_bot", Show.HELP), ("/estado", Show.STATUS),
     ("mira /estado", None)],
)  # fmt: skip
def test_in_a_group_only_what_is_meant_for_us(text: str, meant: object) -> None:
    assert wish(text, private=False) == meant


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        (f"1:retry:{ID}", Act(RequestKind.RETRY, ID)),
        (f"1:acknowledge:{ID}", Act(RequestKind.ACKNOWLEDGE, ID)),
        (f"1:silence:{ID}", Act(RequestKind.SILENCE, ID, 3600)),
        ("1:retry:forged", Unclear("button")),
        ("", Unclear("button")),
        ("x" * 5000, Unclear("button")),
    ],
)
def test_presses(data: str, meant: object) -> None:
    assert command_of(press(data)) == meant


def test_of_a_long_text_only_the_beginning_is_looked_at() -> None:
    assert wish("/silenciar 1h " + " " * 300 + "A" * 1_000_000) == Unclear("silence")
    assert wish("/silenciar 1h" + " " * 300 + f"{ID}") == Act(RequestKind.SILENCE, ID, 3600), "blanks count once"
    assert wish("/reintentar " + "A" * 1_000_000) == Unclear("incident")


@pytest.mark.parametrize("entities", [[{"type": "bot_command", "offset": 0, "length": 10**9}], [{}], 7, None])
def test_marks_that_are_wrong_make_no_command(entities: object) -> None:
    assert command_of(message(f"/reintentar {ID}", entities=entities)) in (Show.HELP, "nothing")
