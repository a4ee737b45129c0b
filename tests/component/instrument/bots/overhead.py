"""CPU time of the hooks around one call, in microseconds, beside that of joining two paths: overhead.py MODELS.

Groups of calls with a rest between them, as journald's queue holds few; the first of each group do not count,
they pay for cold caches.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable

from telegram import Chat, Message, Update, User, Video
from trafico_instrument.downloads import current
from trafico_instrument.hooks import bot_api, copies
from trafico_instrument.wrap import attempt

MODELS = sys.argv[1]
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
SOURCE = f"/home/bot/.telegram-bot-api/{TOKEN}/videos/file_16.mp4"
PLACE = f"{MODELS}/yic/there.mp4"
GROUPS, CALLS, COLD = 80, 8, 3


class Answer:
    """What getFile gives."""

    file_id, file_unique_id, file_size = "BAACAgIAAwFyAAoBAAceBA", "unique", 70_000
    file_path = f"https://api.telegram.org/file/bot{TOKEN}//var/lib/telegram-bot-api/{TOKEN}/videos/file_16.mp4"


def clock(call: Callable[[int], Any]) -> float:
    taken = []
    for group in range(GROUPS):
        time.sleep(0.005)
        for number in range(CALLS):
            before = time.thread_time_ns()
            call(group * CALLS + number)
            if number >= COLD:
                taken.append(time.thread_time_ns() - before)
    return sorted(taken)[len(taken) // 2] / 1000


def paths(number: int) -> Any:
    return str(Path(MODELS) / "yic" / f"v{number}.mp4")


def get_file(number: int) -> Any:
    modelo_dir, ruta = FOLDER, RUTAS[number]
    found = attempt(bot_api.begin_get_file, "telegram", Answer.file_id)
    attempt(bot_api.end_get_file, found, Answer, None)
    here.downloads.clear()
    current.set(None)
    return modelo_dir, ruta


def copy2(_: int) -> None:
    transfer = attempt(copies.begin, SOURCE, PLACE, True)
    attempt(copies.end, transfer, PLACE, None)
    transfer.download.done = transfer.download.whole = False


def another_copy(_: int) -> None:
    attempt(copies.begin, "/etc/hostname", "/tmp/hostname", True)


os.makedirs(os.path.dirname(PLACE), exist_ok=True)
Path(PLACE).write_bytes(bytes(Answer.file_size))
FOLDER, RUTAS = Path(MODELS) / "yic", [paths(number) for number in range(GROUPS * CALLS)]
video = Video(Answer.file_id, "unique", 1, 1, 1, file_size=Answer.file_size)
now = datetime.datetime.now(datetime.timezone.utc)
chat, user = Chat(77, "private", first_name="Ana"), User(77, "Ana", False)
here = bot_api.begin_update(Update(1, message=Message(1, now, chat, from_user=user, caption="hola", video=video)))
result = {call.__name__: clock(call) for call in (paths, get_file)}
found = bot_api.of_path("telegram", SOURCE)
found.take(Answer)
result.update({call.__name__: clock(call) for call in (copy2, another_copy)})
print(json.dumps(result))
