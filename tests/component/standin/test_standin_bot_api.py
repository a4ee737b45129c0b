"""The stand-in server, driven by the real client library: it answers, checks and fails as Telegram does."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.request import HTTPXRequest

from tests.standin import bot_api, media
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control, ControlError
from tests.standin.running import Running

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
OTHER_TOKEN = "2234567890:AAExampleExampleExampleExampleExampl"
ADMIN = 99


def client(server: BotApiServer, read_timeout: float = 5.0) -> Bot:
    request = HTTPXRequest(read_timeout=read_timeout)
    return Bot(TOKEN, f"{server.url}/bot", f"{server.url}/file/bot", request=request, local_mode=True)


@pytest.fixture
async def bot(server: BotApiServer, control: Control) -> AsyncIterator[Bot]:
    control.chat(ADMIN)
    async with client(server) as bot:
        yield bot


async def test_a_message_is_sent_edited_and_recorded(bot: Bot, control: Control) -> None:
    before = len(control.messages())
    sent = await bot.send_message(ADMIN, "⚠️ <b>Monitor</b> &lt;yic&gt;", parse_mode="HTML")
    await bot.edit_message_text("✅ listo", ADMIN, sent.message_id)
    first, second = control.messages(chat_id=ADMIN)[before:]
    assert (first["method"], first["rendered"]) == ("sendMessage", "⚠️ Monitor <yic>")
    assert first["text"] == "⚠️ <b>Monitor</b> &lt;yic&gt;" and first["parse_mode"] == "HTML"
    assert (second["method"], second["message_id"]) == ("editMessageText", sent.message_id)
    assert first["token"] == TOKEN and first["time"] <= second["time"] <= time.time()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("<b>open", "Can't find end tag"),
        ("<b><i>x</b></i>", "Unmatched end tag"),
        ("x</b>", "Unexpected end tag"),
        ("<script>x</script>", "Unsupported start tag"),
        ("a < b", "Unclosed start tag"),
        ("", "text is empty"),
        ("<b> </b>", "text is empty"),
        ("x" * 4097, "message is too long"),
    ],
)
async def test_a_bad_text_is_refused_as_telegram_does(bot: Bot, text: str, refusal: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){refusal}"):
        await bot.send_message(ADMIN, text, parse_mode="HTML")


async def test_length_counts_after_entity_parsing(bot: Bot) -> None:
    await bot.send_message(ADMIN, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")


async def test_unknown_chats_messages_and_unchanged_edits_are_refused(bot: Bot, control: Control) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(123456, "hola")
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("hola", ADMIN, 9999)
    sent = await bot.send_message(ADMIN, "hola")
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("hola", ADMIN, sent.message_id)
    button = InlineKeyboardMarkup([[InlineKeyboardButton("Entendido", callback_data="x" * 65)]])
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(ADMIN, "hola", reply_markup=button)
    assert control.calls("sendMessage")[-1]["status"] == 400
    assert await bot.delete_message(ADMIN, sent.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(ADMIN, sent.message_id)


async def test_the_small_methods_answer(bot: Bot) -> None:
    assert (await bot.get_me()).is_bot
    assert (await bot.get_chat(ADMIN)).id == ADMIN
    assert await bot.delete_webhook() and await bot.set_my_commands([("start", "empezar")])
    assert await bot.send_chat_action(ADMIN, "typing")
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await bot.answer_callback_query("unknown")


async def test_updates_wait_for_their_bot_and_are_confirmed(bot: Bot, control: Control, video: Path) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.to_thread(control.wait_call, "getUpdates")
    control.video("update-video", 1001, "victor", path=str(video), size=5665533)
    control.text("/estado", ADMIN, token=OTHER_TOKEN)
    (update,) = await polling
    assert update.message is not None and update.message.video is not None
    assert update.message.video.file_size == 5665533
    assert update.message.from_user is not None and update.message.from_user.first_name == "victor"
    assert await bot.get_updates(offset=update.update_id + 1, timeout=0) == ()


async def test_a_second_consumer_of_a_token_ends_the_first(bot: Bot, server: BotApiServer) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    async with client(server) as second:
        await second.get_updates(timeout=0)
    with pytest.raises(Conflict):
        await first


async def test_a_button_press_reaches_the_bot(bot: Bot, control: Control) -> None:
    button = InlineKeyboardMarkup([[InlineKeyboardButton("Entendido", callback_data="ack")]])
    sent = await bot.send_message(ADMIN, "incidente", reply_markup=button)
    control.press(sent.message_id, "ack", ADMIN)
    update = (await bot.get_updates(timeout=2))[-1]
    assert update.callback_query is not None and update.callback_query.data == "ack"
    assert await update.callback_query.answer()


async def test_a_file_is_stored_as_the_real_server_stores_it(
    bot: Bot, control: Control, server: BotApiServer, video: Path
) -> None:
    control.file("stored", video, mode=0o640, number=16)
    file = await bot.get_file("stored")
    inside = f"/var/lib/telegram-bot-api/{TOKEN}/videos/file_16.mp4"
    assert file.file_path == f"{server.url}/file/bot{TOKEN}/{inside}"  # as PTB shows what it cannot see
    stored = server.api.files.directory / TOKEN / "videos" / "file_16.mp4"
    assert stored.read_bytes() == video.read_bytes() and stored.stat().st_mode & 0o777 == 0o640
    stored.unlink()
    assert (await bot.get_file("stored")).file_size == video.stat().st_size and stored.exists()
    with pytest.raises(BadRequest, match=r"(?i)wrong file_id"):
        await bot.get_file("unknown")
    with pytest.raises(InvalidToken):  # local mode serves no files over HTTP: PTB takes the 404 for this
        await file.download_as_bytearray()


async def test_spoiled_files_are_whole_again_once_the_fault_is_used_up(
    bot: Bot, control: Control, server: BotApiServer, video: Path
) -> None:
    control.file("spoiled", video, number=17)
    stored = server.api.files.directory / TOKEN / "videos" / "file_17.mp4"
    for kind, keep in (("truncate", 1000), ("damage", 0), ("missing", 0)):
        control.fault("getFile", kind, times=1, keep=keep, where={"file_id": "spoiled"})
    assert (await bot.get_file("spoiled")).file_size == video.stat().st_size
    assert stored.stat().st_size == 1000
    await bot.get_file("spoiled")
    assert stored.stat().st_size == video.stat().st_size and not media.is_whole(stored)
    await bot.get_file("spoiled")
    assert not stored.exists()
    await bot.get_file("spoiled")
    assert media.is_whole(stored)


async def test_without_local_mode_files_come_over_http(tmp_path: Path, video: Path) -> None:
    with BotApiServer(tmp_path, local=False) as server:
        control = Control(server.control_url)
        control.file("cloud", video)
        control.file("big", video, size=20_000_001)
        async with client(server) as bot:
            file = await bot.get_file("cloud")
            assert bytes(await file.download_as_bytearray()) == video.read_bytes()
            with pytest.raises(BadRequest, match=r"(?i)file is too big"):
                await bot.get_file("big")
            control.fault("file", "truncate", keep=1000, times=1)
            with pytest.raises(NetworkError, match="peer closed connection"):
                await file.download_as_bytearray()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server.url}/file/bot{TOKEN}/../../etc/passwd", timeout=5)


@pytest.mark.parametrize(
    ("order", "expected", "text"),
    [
        ({"kind": "stall", "seconds": 2}, TimedOut, "Timed out"),
        ({"kind": "hang"}, TimedOut, "Timed out"),
        ({"kind": "refuse"}, NetworkError, "Server disconnected"),
        ({"kind": "status"}, NetworkError, "Bad Gateway"),
        ({"kind": "status", "status": 504}, NetworkError, "Gateway Timeout"),
        ({"kind": "status", "status": 500}, NetworkError, "Internal Server Error"),
        ({"kind": "status", "status": 429, "retry_after": 7}, RetryAfter, "Retry in 0:00:07"),
        ({"kind": "status", "status": 401}, InvalidToken, "."),
        ({"kind": "status", "status": 403}, Forbidden, "blocked by the user"),
        ({"kind": "status", "migrate_to_chat_id": -1001}, ChatMigrated, "-1001"),
        ({"kind": "garbage"}, Exception, "Invalid server response"),
    ],
)
async def test_faults_look_to_the_client_as_in_the_field(
    server: BotApiServer,
    control: Control,
    monkeypatch: pytest.MonkeyPatch,
    order: dict[str, Any],
    expected: type[Exception],
    text: str,
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # the library warns about the old form of retry_after
    control.chat(ADMIN)
    async with client(server, read_timeout=0.3) as bot:
        control.fault("sendMessage", times=1, **order)
        with pytest.raises(expected, match=text):
            await bot.send_message(ADMIN, "hola")
        await bot.send_message(ADMIN, "hola otra vez")  # the count is used up
    assert [fault["used"] for fault in control.faults()] == [1]


async def test_a_slow_answer_is_an_answer(bot: Bot, control: Control) -> None:
    control.fault("sendMessage", "slow", seconds=0.2, times=1)
    started = time.monotonic()
    await bot.send_message(ADMIN, "hola")
    assert time.monotonic() - started >= 0.2


@pytest.mark.leaves("the server of the whole file is another one afterwards")
async def test_a_stopped_server_refuses_and_comes_back(bot: Bot, control: Control) -> None:
    control.down()
    with pytest.raises(NetworkError, match="All connection attempts failed"):
        await bot.send_message(ADMIN, "hola")
    control.up()
    await bot.send_message(ADMIN, "hola")


def test_orders_do_not_pass_through_the_bots_port(server: BotApiServer, control: Control) -> None:
    with pytest.raises(ControlError, match="404"):
        Control(server.url).messages()
    with pytest.raises(ControlError, match="kind is one of"):
        control.fault("sendMessage", "earthquake")


def test_it_runs_as_a_plain_program_with_nothing_but_python(tmp_path: Path) -> None:
    shutil.copytree(Path(bot_api.__file__).parent, tmp_path / "standin")
    command = [sys.executable, "-I", "-S", str(tmp_path / "standin" / "bot_api.py")]
    command += ["--port", "0", "--directory", str(tmp_path / "files"), "--chat", str(ADMIN)]
    with Running(command, cwd=tmp_path) as program:
        said = program.lines[program.wait_line("bot api on ")]
        control = Control(said.split()[3].rstrip(","))
        control.wait_ready()
        assert control.messages() == []
    assert program.process.returncode == 0


async def test_a_press_is_answered_once_and_in_time(bot: Bot, control: Control) -> None:
    button = InlineKeyboardMarkup([[InlineKeyboardButton("Entendido", callback_data="ack")]])
    sent = await bot.send_message(ADMIN, "incidente", reply_markup=button)
    control.press(sent.message_id, "ack", ADMIN)
    control.press(sent.message_id, "ack", ADMIN, old=True)
    first, old = (u.callback_query for u in (await bot.get_updates(timeout=2))[-2:])
    assert first is not None and old is not None
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        await first.answer("x" * 201)
    assert await first.answer("hecho", show_alert=True)
    assert control.answers()[-1] == {"query": first.id, "text": "hecho", "alert": True}
    for query in (first, old):
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await query.answer()


async def test_a_keyboard_can_be_taken_away(bot: Bot, control: Control) -> None:
    button = InlineKeyboardMarkup([[InlineKeyboardButton("Entendido", callback_data="ack")]])
    sent = await bot.send_message(ADMIN, "<b>incidente</b>", parse_mode="HTML", reply_markup=button)
    await bot.edit_message_reply_markup(ADMIN, sent.message_id)
    last = control.messages(chat_id=ADMIN)[-1]
    assert (last["method"], last["reply_markup"], last["rendered"]) == ("editMessageReplyMarkup", "", "incidente")
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(ADMIN, sent.message_id)


async def test_a_bot_with_a_webhook_cannot_be_polled(bot: Bot, control: Control) -> None:
    control.webhook(TOKEN, "https://example.org/hook")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates(timeout=0)
    await bot.delete_webhook()
    await bot.get_updates(timeout=0)


async def test_commands_have_rules_and_groups_have_numbers_below_zero(bot: Bot, control: Control) -> None:
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([("Estado", "cómo está")])
    await bot.set_my_commands([("estado", "cómo está")])
    assert control.commands()[-1]["commands"] == [{"command": "estado", "description": "cómo está"}]
    control.chat(-100500)
    assert (await bot.get_chat(-100500)).type == "supergroup"
