"""A bot of aiogram 3, as ptb_bot.py: aiogram_bot.py URL TOKEN MODELS SERVER_DIR."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

URL, TOKEN, MODELS, SERVER = sys.argv[1:5]
CONTAINER = "/var/lib/telegram-bot-api"
dispatcher = Dispatcher()


def say(**what: Any) -> None:
    print(json.dumps(what, sort_keys=True), flush=True)


def place(message: Message) -> Path:
    folder = Path(MODELS) / "yic"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{message.video.file_id}.mp4"


async def copies(message: Message, bot: Bot) -> Any:
    ruta = str(place(message))
    file = await bot.get_file(message.video.file_id)
    return shutil.copy2(SERVER + "/" + file.file_path.split(CONTAINER + "/", 1)[1], ruta) == ruta


async def downloads(message: Message, bot: Bot) -> Any:
    return str(await bot.download(message.video, destination=place(message)))


async def downloads_file(message: Message, bot: Bot) -> Any:
    ruta = place(message)
    file = await bot.get_file(message.video.file_id)
    await bot.download_file(file.file_path, str(ruta))
    return os.path.getsize(ruta)


async def into_memory(message: Message, bot: Bot) -> Any:
    made = await bot.download(message.video)
    given = io.BytesIO()
    await bot.download(message.video.file_id, given)
    return [len(made.read()), len(given.getvalue())]


async def breaks(message: Message, bot: Bot) -> Any:
    ruta = place(message)
    await bot.get_file(message.video.file_id)
    raise LookupError(ruta.name)


async def no_folder(message: Message, bot: Bot) -> Any:
    await bot.download(message.video, Path(MODELS) / "nueva" / "x.mp4")


async def catches(message: Message, bot: Bot) -> Any:
    try:
        await bot.download(message.video, place(message))
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"


@dispatcher.message()
async def handle(message: Message, bot: Bot) -> None:
    name = message.video.file_id
    say(handler=name, result=await globals().get(name, catches)(message, bot))


async def main() -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(URL, is_local="LOCAL" in os.environ), timeout=1)
    bot = Bot(TOKEN, session=session)
    handled = 0
    while updates := await bot.get_updates(offset=handled, timeout=0):
        for update in updates:
            try:
                await dispatcher.feed_update(bot, update)
            except Exception as error:
                say(handler=update.message.video.file_id, error=f"{type(error).__name__}: {error}")
            handled = update.update_id + 1
    await session.close()


asyncio.run(main())
