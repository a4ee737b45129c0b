"""Errors of the installed python-telegram-bot, against a server that fails, in every log format: their tracebacks
hold the library's own source lines, which the stored corpus leaves out."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telegram import Bot, Chat, Message, Update, User
from telegram.ext import Application, MessageHandler, filters
from telegram.request import HTTPXRequest

from tests.corpus import Example, Incident, incidents, score
from tests.corpus.recognition import episode_incidents
from tests.standin.bot_api import BotApiServer
from tests.standin.faults import Fault
from tests.unit.detection.log_writers import NAMELESS, TRANSPORTS, WRITERS
from tests.unit.detection.test_lines import rules  # noqa: F401
from trafico_monitor.detection.ruleset.engine import RuleSet

TOKEN = "123456789:AAExampleExampleExampleExampleExamp"
LEAST = 0.98  # of a failure in all formats; all were right when this was written
WAITED = 0.3  # seconds for an answer that never comes
LONGEST = 30.0  # for one that does
Handle = Callable[[Bot, Path], Awaitable[object]]


async def get_file(bot: Bot, _: Path) -> object:
    return await bot.get_file("BAACAgQAAxkBAAIB")


async def send(bot: Bot, _: Path) -> object:
    return await bot.send_message(5, "Listo")


async def copy(_: Bot, directory: Path) -> object:
    return shutil.copy2(directory / "videos" / "file_3.mp4", directory / "modelos" / "luna" / "a.mp4")


# name → what the handler does, the server's fault (None: nothing listens), the incidents
FAILURES: dict[str, tuple[Handle, Fault | None, list[Incident]]] = {
    "get_file hangs": (get_file, Fault("getFile", "hang"), [("timeout", None, None, False)]),
    "get_file answered 502": (get_file, Fault("getFile", "status"), [("servidor_caido", None, None, False)]),
    "get_file closed": (get_file, Fault("getFile", "refuse"), [("servidor_caido", None, None, False)]),
    "get_file refused": (get_file, None, [("servidor_caido", None, None, False)]),
    "no folder": (copy, Fault("*", "slow", times=0), [("ruta_inexistente", "luna", "a.mp4", False)]),
    "sending hangs": (send, Fault("sendMessage", "hang"), []),
    "sending closed": (send, Fault("sendMessage", "refuse"), []),
}


class Keeping(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def served(directory: Path, fault: Fault | None) -> Iterator[str]:
    with BotApiServer(directory) as server:
        if fault is not None:
            server.api.faults.append(fault)
            yield server.url
            return
        url = server.url
    yield url


async def failed(directory: Path, handle: Handle, fault: Fault | None) -> logging.LogRecord:
    """The record that the library logs when `handle` fails in a handler of an update."""
    (directory / "videos").mkdir()
    (directory / "videos" / "file_3.mp4").write_bytes(b"video")
    kept = Keeping()
    with served(directory / "server", fault) as url:
        seconds = WAITED if fault is not None and fault.kind == "hang" else LONGEST
        request = HTTPXRequest(read_timeout=seconds, connect_timeout=seconds)
        application = Application.builder().token(TOKEN).base_url(f"{url}/bot").request(request).build()

        async def video_handler(update: Update, context: object) -> None:
            await handle(application.bot, directory)

        application.add_handler(MessageHandler(filters.ALL, video_handler))
        application._initialized = True
        application.bot._bot_user = User(1, "bot", True, username="x_bot")
        await request.initialize()
        message = Message(3, datetime.now(UTC), Chat(5, "private"), from_user=User(5, "Ana", False), text="x")
        logger = logging.getLogger("telegram.ext.Application")
        level = logger.level
        logger.addHandler(kept)
        logger.setLevel(logging.ERROR)  # whatever a service in this process has made of the library's loggers
        try:
            await application.process_update(Update(77, message=message))
        finally:
            logger.setLevel(level)
            logger.removeHandler(kept)
            await request.shutdown()
    return kept.records[-1]


@pytest.mark.parametrize("failure", FAILURES)
async def test_an_error_of_the_library_is_recognised_in_every_format(
    rules: RuleSet,  # noqa: F811
    tmp_path: Path,
    failure: str,
) -> None:
    handle, fault, expected = FAILURES[failure]
    record = await failed(tmp_path, handle, fault)
    transports = ["", *TRANSPORTS.values()]
    examples = []
    for number, (name, writer) in enumerate({**WRITERS, **NAMELESS}.items()):
        text = writer(record.levelname, record.name, record.getMessage(), record.exc_info)  # type: ignore[arg-type]
        for prefix in ("", transports[number % len(transports)]):
            lines = tuple(prefix + line for line in text.split("\n"))
            examples.append(Example(f"{name} {prefix!r}", lines, incidents(expected), "python-telegram-bot", name))
    judged = score(examples, episode_incidents(rules))
    wrong = [f"{example.name}: {answer}" for example, answer in judged.wrong]
    print(f"{failure}: {len(examples) - len(wrong)} of {len(examples)} right", *wrong, sep="\n  ")
    assert judged.invented == []
    assert judged.right >= LEAST, "\n".join(wrong)
