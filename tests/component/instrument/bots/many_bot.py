"""Handles many updates at once: many_bot.py URL TOKEN MODELS SERVER_DIR AT_ONCE."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from typing import Any

from telegram import Update
from telegram.ext import Application, MessageHandler, filters

URL, TOKEN, MODELS, SERVER, AT_ONCE = sys.argv[1:6]
CONTAINER = "/var/lib/telegram-bot-api"


async def handle(update: Update, context: Any) -> None:
    """The caption is what the user's own bot knows by the sender: whose video it is, and its name."""
    modelo, name = (update.message.caption or "").split()
    ruta = os.path.join(MODELS, modelo, f"{name}.mp4")
    os.makedirs(os.path.dirname(ruta), exist_ok=True)
    await asyncio.sleep(random.random() / 50)
    for attempt in range(3):
        try:
            file = await update.message.video.get_file()
            await asyncio.sleep(random.random() / 50)
            source = SERVER + "/" + file.file_path.split(CONTAINER + "/", 1)[1]
            if attempt % 2:
                await asyncio.to_thread(shutil.copy2, source, ruta)
            else:
                shutil.copy2(source, ruta)
            return
        except Exception:
            await asyncio.sleep(random.random() / 50)
    raise RuntimeError(name)


async def main() -> None:
    builder = Application.builder().token(TOKEN).base_url(f"{URL}/bot").local_mode(True)
    app = builder.connection_pool_size(int(AT_ONCE)).pool_timeout(60).read_timeout(60).build()
    app.add_handler(MessageHandler(filters.ALL, handle))
    room = asyncio.Semaphore(int(AT_ONCE))

    async def process(update: Update) -> None:
        async with room:
            await app.process_update(update)

    async with app:
        handled = 0
        tasks = []
        while updates := await app.bot.get_updates(offset=handled, timeout=0):
            tasks += [asyncio.ensure_future(process(update)) for update in updates]
            handled = updates[-1].update_id + 1
        await asyncio.gather(*tasks)
        print(len(tasks))


asyncio.run(main())
