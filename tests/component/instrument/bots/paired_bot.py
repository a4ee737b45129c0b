"""Handles one update again and again and prints what each took: paired_bot.py URL TOKEN MODELS SERVER_DIR ROUNDS."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from typing import Any, List

from telegram import Update
from telegram.ext import Application, MessageHandler, filters

URL, TOKEN, MODELS, SERVER, ROUNDS = sys.argv[1:6]
WARMING = 20
rows: List[List[float]] = []


def now() -> List[float]:
    return [time.perf_counter(), time.process_time()]


def since(begin: List[float], end: List[float]) -> List[float]:
    return [end[0] - begin[0], end[1] - begin[1]]


async def handle(update: Update, context: Any) -> None:
    await update.message.reply_text("Descargando…")
    ruta = os.path.join(MODELS, "yic", f"{len(rows)}.mp4")
    os.makedirs(os.path.dirname(ruta), exist_ok=True)
    begun = now()
    file = await update.message.video.get_file()
    there = now()
    shutil.copy2(SERVER + "/" + file.file_path.split("/var/lib/telegram-bot-api/", 1)[1], ruta)
    rows.append([*since(begun, there), *since(there, now())])
    await update.message.reply_text("¡Vídeo recibido!")
    os.unlink(ruta)


async def main() -> None:
    app = Application.builder().token(TOKEN).base_url(f"{URL}/bot").local_mode(True).build()
    app.add_handler(MessageHandler(filters.ALL, handle))
    async with app:
        update = (await app.bot.get_updates(timeout=1))[-1]
        for _ in range(WARMING + int(ROUNDS)):
            begun = now()
            await app.process_update(update)
            rows[-1] += since(begun, now())
    print(json.dumps(rows[WARMING:]))


asyncio.run(main())
