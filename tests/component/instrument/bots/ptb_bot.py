"""A bot of python-telegram-bot 20 to 22: takes the updates that wait, hands each to the handler that its
video's file_id names, and prints what came of it. It knows nothing of the instrumentation.

    ptb_bot.py URL TOKEN MODELS SERVER_DIR
"""

from __future__ import annotations

import asyncio
import io
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from shutil import copy2  # before the library, as most programs do
from typing import Any

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import HTTPXRequest

URL, TOKEN, MODELS, SERVER = sys.argv[1:5]
CONTAINER = "/var/lib/telegram-bot-api"


def say(**what: Any) -> None:
    print(json.dumps(what, sort_keys=True), flush=True)


def described(error: BaseException | None) -> Any:
    """Everything of an exception that a program can go by, but for the lines of others in its traceback."""
    if error is None:
        return None
    own = [f.name for f in traceback.extract_tb(error.__traceback__) if "trafico_instrument" not in f.filename]
    more = {name: str(getattr(error, name, None)) for name in ("errno", "filename", "filename2", "strerror")}
    return {
        "class": f"{type(error).__module__}.{type(error).__qualname__}",
        "text": str(error),
        "args": repr(error.args),
        "functions": own,
        "suppressed": error.__suppress_context__,
        "cause": described(error.__cause__),
        "context": described(error.__context__),
        **more,
    }


def on_host(file_path: str) -> str:
    return SERVER + "/" + file_path.split(CONTAINER + "/", 1)[1]


def name_of(update: Update) -> str:
    return f"{update.message.video.file_id}.mp4"


def folder(modelo: str = "yic") -> Path:
    made = Path(MODELS) / modelo
    made.mkdir(parents=True, exist_ok=True)
    return made


async def copies(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """As the user's bot does it."""
    modelo_dir = folder()
    ruta = str(modelo_dir / name_of(update))
    file = await update.message.video.get_file()
    said = shutil.copy2(on_host(file.file_path), ruta)
    return [said == ruta, file.file_size, os.path.getsize(ruta)]


async def copies_early_name(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = str(folder() / name_of(update))
    file = await context.bot.get_file(update.message.video.file_id)
    return copy2(on_host(file.file_path), ruta) == ruta


async def copies_into_directory(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    carpeta = folder()
    file = await update.message.video.get_file()
    return os.path.basename(shutil.copy(on_host(file.file_path), carpeta))


async def to_drive(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = folder() / name_of(update)
    file = await update.message.video.get_file()
    return str(await file.download_to_drive(ruta) == ruta)


async def to_drive_then_moves(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    file = await update.message.video.get_file()
    temporary = await file.download_to_drive(Path(MODELS).parent / "video.part")
    os.replace(temporary, folder() / name_of(update))
    return os.path.getsize(folder() / name_of(update))


async def to_drive_then_renames(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    file = await update.message.video.get_file()
    temporary = await file.download_to_drive(folder() / f"{name_of(update)}.part")
    return temporary.rename(folder() / name_of(update)).name


async def to_memory(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    file = await update.message.video.get_file()
    out = io.BytesIO()
    await file.download_to_memory(out)
    return [len(out.getvalue()), out.tell(), len(await file.download_as_bytearray())]


async def to_open_file(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    file = await update.message.video.get_file()
    with open(folder() / name_of(update), "wb") as out:
        await file.download_to_memory(out)
    return os.path.getsize(folder() / name_of(update))


async def catches(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """Keeps the error of getFile to itself and tries again."""
    ruta = str(folder() / name_of(update))
    errors = []
    for _ in range(2):
        try:
            file = await update.message.video.get_file()
            shutil.copy2(on_host(file.file_path), ruta)
            break
        except Exception as error:
            errors.append(described(error))
    return errors


async def forbidden(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """The server's file cannot be read, until somebody changes its mode."""
    ruta = str(folder() / name_of(update))
    os.chmod(folder(), 0o777)
    file = await update.message.video.get_file()
    origen = on_host(file.file_path)
    os.setegid(65534)
    os.seteuid(65534)
    try:
        shutil.copy2(origen, ruta)
    except PermissionError as error:
        os.seteuid(0)
        os.setegid(0)
        if update.message.video.file_id == "forbidden_gives_up":
            raise
        if update.message.video.file_id == "forbidden_without_sudo":
            subprocess.run(["/nowhere/sudo", "chmod", "777", origen], check=True)
        os.chmod(origen, 0o777)
        shutil.copy2(origen, ruta)
        return described(error)
    return None


forbidden_gives_up = forbidden_without_sudo = forbidden


async def no_folder(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = os.path.join(MODELS, "nueva", name_of(update))
    file = await update.message.video.get_file()
    shutil.copy2(on_host(file.file_path), ruta)


async def breaks_between(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = str(folder() / name_of(update))
    file = await update.message.video.get_file()
    raise LookupError(f"{len(ruta)}, {file.file_path}")


async def lets_go(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """Asks for the file and does nothing with it that could be seen."""
    ruta = str(folder() / name_of(update))
    return [bool(ruta), (await update.message.video.get_file()).file_size]


async def two_at_once(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    async def one(modelo: str, file_id: str) -> int:
        ruta = folder(modelo) / name_of(update)
        file = await context.bot.get_file(file_id)
        await asyncio.sleep(0.01)
        shutil.copy2(on_host(file.file_path), ruta)
        return ruta.stat().st_size

    return await asyncio.gather(one("ana", "first"), one("eva", "second"))


async def asked_at_once(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """The copies are the handler's own, the calls of getFile those of two tasks."""
    first, second = await asyncio.gather(context.bot.get_file("third"), context.bot.get_file("fourth"))
    shutil.copy2(on_host(second.file_path), folder("eva") / name_of(update))
    shutil.copy2(on_host(first.file_path), folder("ana") / name_of(update))


async def in_a_thread(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = folder() / name_of(update)
    file = await update.message.video.get_file()
    await asyncio.get_running_loop().run_in_executor(None, shutil.copy2, on_host(file.file_path), ruta)


async def in_a_process(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = str(folder() / name_of(update))
    file = await update.message.video.get_file()
    method = multiprocessing.get_context(update.message.video.file_id.rpartition("_")[2])
    with ProcessPoolExecutor(1, mp_context=method) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, shutil.copy2, on_host(file.file_path), ruta)


in_a_process_spawn = in_a_process_fork = in_a_process


async def forks(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = str(folder() / name_of(update))
    file = await update.message.video.get_file()
    child = os.fork()
    if child == 0:
        try:
            shutil.copy2(on_host(file.file_path), ruta)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


async def relative(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    os.chdir(Path(MODELS).parent)
    ruta = os.path.join(os.path.basename(MODELS), "yic", name_of(update))
    folder()
    file = await update.message.video.get_file()
    return shutil.copy2(on_host(file.file_path), ruta) == ruta


async def as_bytes(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = os.fsencode(folder() / name_of(update))
    file = await update.message.video.get_file()
    shutil.copyfile(os.fsencode(on_host(file.file_path)), ruta)


async def name_of_bytes(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """A name that is no UTF-8, with a line break in it."""
    ruta = os.fsencode(folder()) + b"/a\xff\nTRAFICO_MODELO=otra.mp4"
    file = await update.message.video.get_file()
    shutil.copyfile(os.fsencode(on_host(file.file_path)), ruta)


async def built_afterwards(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    file = await update.message.video.get_file()
    ruta = folder() / name_of(update)
    shutil.copy2(on_host(file.file_path), ruta)


async def changes(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    ruta = folder() / name_of(update)
    file = await update.message.video.get_file()
    ruta = folder("otra") / name_of(update)
    shutil.copy2(on_host(file.file_path), ruta)


async def one_after_another(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """In the second round the variable still has the first one's place when getFile is asked."""
    for modelo, file_id in (("ana", "fifth"), ("eva", "sixth")):
        file = await context.bot.get_file(file_id)
        ruta = folder(modelo) / name_of(update)
        shutil.copy2(on_host(file.file_path), ruta)


async def stranger_names_it(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """A caption that is a path stands in a variable, and the place is not yet known."""
    texto = (update.message.caption or "").strip().split("\n")[0]
    file = await update.message.video.get_file()
    return [bool(texto), file.file_size]


class Angry:
    """Whatever is asked of it raises, but for its type."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)

    __class__ = property(lambda self: 1 / 0)  # type: ignore[assignment]
    __eq__ = __hash__ = __str__ = __fspath__ = __len__ = __getattribute__  # type: ignore[assignment]


async def angry_locals(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    enojado = Angry()
    ruta = folder() / name_of(update)
    file = await update.message.video.get_file()
    shutil.copy2(on_host(file.file_path), ruta)
    return type(enojado).__name__


async def looks_at_locals(update: Update, context: ContextTypes.DEFAULT_TYPE) -> Any:
    """Keeps what locals() gave, and lets go of something: neither may be changed by a look from outside."""
    gone: list[str] = []

    class Watched:
        def __del__(self) -> None:
            gone.append("gone")

    async def without_locals() -> None:
        watched, ruta = Watched(), folder() / name_of(update)
        await update.message.video.get_file()
        watched, ruta = None, None

    await without_locals()
    kept, later = locals(), "new"
    await update.message.video.get_file()
    return [gone, "later" in kept, later]


HANDLERS = {name: value for name, value in list(globals().items()) if asyncio.iscoroutinefunction(value)}


async def handle(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    name = update.message.video.file_id
    say(handler=name, result=await HANDLERS.get(name, catches)(update, context))


async def on_error(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    say(handler=update.message.video.file_id, error=described(context.error))


async def main() -> None:
    builder = Application.builder().token(TOKEN).base_url(f"{URL}/bot").base_file_url(f"{URL}/file/bot")
    request = HTTPXRequest(connection_pool_size=8, read_timeout=float(os.environ.get("READ_TIMEOUT", "5")))
    app = builder.local_mode("LOCAL" in os.environ).request(request).build()
    app.add_handler(MessageHandler(filters.ALL, handle))
    app.add_error_handler(on_error)
    async with app:
        handled = 0
        while updates := await app.bot.get_updates(offset=handled, timeout=0):
            for update in updates:
                await app.process_update(update)
                handled = update.update_id + 1


if __name__ == "__main__":
    asyncio.run(main())
