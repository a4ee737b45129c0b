"""Stand-in of the user's bot: receives videos, copies them into modelos/, prints what the real one prints.

The real one never says whose video it is or where it goes, and looks neither at the size nor at the
content of what it has copied. Tests that need a bot of another kind ask for it.

Where the stage is (environment, or src/.env):
  TELEGRAM_BOT_API_LOCAL_URL      the server; the real bot's is always http://127.0.0.1:8081
  TELEGRAM_BOT_API_HOST_DIR       the server's directory on this host; ~/.telegram-bot-api
  STANDIN_READ_TIMEOUT            seconds for an answer of the server; 120
What the real bot does not do:
  STANDIN_NAMING 0                1: name modelo and video, by the lines of the mission document
  STANDIN_STRUCTURED 0            1: report downloads through trafico_monitor.bot, where importable
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import secrets
import shutil
import subprocess
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update, User
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)
from telegram.request import HTTPXRequest

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]
MODELOS = PROJECT / "modelos"
CONTAINER_DIR = "/var/lib/telegram-bot-api"
SUDO_DEADLINE = 5.0  # seconds
OPCIONES = ("luces", "sonido")


def load_env_file(path: Path) -> None:
    """src/.env into the environment; what is set already wins."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


load_env_file(PROJECT / "src" / ".env")


def switch(name: str) -> bool:
    return os.environ.get(name, "0").lower() in ("1", "true", "yes", "on")


SERVER = os.environ.get("TELEGRAM_BOT_API_LOCAL_URL", "http://127.0.0.1:8081").rstrip("/")
HOST_DIR = os.environ.get("TELEGRAM_BOT_API_HOST_DIR") or str(Path.home() / ".telegram-bot-api")
READ_TIMEOUT = float(os.environ.get("STANDIN_READ_TIMEOUT", "120"))
NAMING = switch("STANDIN_NAMING")

modelo_por_usuario: dict[int, str] = {}


def cargar_modelos() -> None:
    """telegram_user_id → modelo, from modelos/<modelo>/config.json, in memory from then on."""
    print(f"🔍 Cargando mapeo de modelos desde {MODELOS}...")
    modelo_por_usuario.clear()
    for config_file in MODELOS.glob("*/config.json"):
        try:
            config = json.loads(config_file.read_text(encoding="utf-8"))
            modelo_por_usuario[int(config["telegram_user_id"])] = config_file.parent.name
        except (OSError, ValueError, KeyError) as error:
            print(f"  ⚠️  Error cargando {config_file}: {error}")
    print(f"✅ Mapeo cargado: {len(modelo_por_usuario)} modelos encontrados")


def modelo_de(user: User) -> str:
    return modelo_por_usuario.get(user.id) or user.first_name.lower().replace(" ", "_")


def origen_en_host(file_path: str) -> str:
    """The container's path, with or without the URL that the library puts before it, on this host."""
    return HOST_DIR + "/" + file_path.split(CONTAINER_DIR + "/", 1)[1]


def copiar(origen: str, ruta: str) -> None:
    logger.info("📥 Copiando desde: %s", origen)
    try:
        shutil.copy2(origen, ruta)
        logger.info("✅ Archivo copiado exitosamente: %d bytes", Path(ruta).stat().st_size)
    except PermissionError:  # of the source or of the folder: it takes the source's for granted
        arreglar_y_copiar(origen, ruta)
    except Exception as error:
        logger.error("❌ Error al copiar: %s", error)
        raise


def arreglar_y_copiar(origen: str, ruta: str) -> None:
    logger.warning("⚠️ Error de permisos detectado, aplicando fix automático...")
    try:
        subprocess.run(["sudo", "chmod", "777", origen], check=True, capture_output=True, timeout=SUDO_DEADLINE)
        shutil.copy2(origen, ruta)
        logger.info("✅ Archivo copiado exitosamente después de fix: %d bytes", Path(ruta).stat().st_size)
    except subprocess.TimeoutExpired:  # sudo asks for a password, on the terminal of whoever started the bot
        logger.error("❌ Timeout al ejecutar chmod (¿sudoers configurado?)")
        logger.error("   Verifica: sudo visudo -c")
        raise
    except subprocess.CalledProcessError as error:
        logger.error("❌ Error al aplicar permisos: %s", error)
        logger.error("   Salida: %s", error.stderr.decode(errors="replace"))
        logger.error("   Verifica configuración en /etc/sudoers.d/100trafico")
        raise
    except Exception as error:
        logger.error("❌ Error inesperado: %s", error)
        raise


def informe(**campos: Any) -> AbstractAsyncContextManager[Any]:
    """The structured report of one download, or nothing where that is off or not installed."""
    if not switch("STANDIN_STRUCTURED"):
        return nullcontext()
    try:
        reporter = importlib.import_module("trafico_monitor.bot")
    except ImportError:
        return nullcontext()
    reported: AbstractAsyncContextManager[Any] = reporter.download(**campos)
    return reported


def teclado() -> InlineKeyboardMarkup:
    opciones = [[InlineKeyboardButton(opcion, callback_data=f"opcion_{opcion}")] for opcion in OPCIONES]
    return InlineKeyboardMarkup([*opciones, [InlineKeyboardButton("Procesar", callback_data="procesar")]])


async def video_handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message, user = update.effective_message, update.effective_user
    if message is None or user is None or (video := message.video or message.document) is None:
        return
    modelo = modelo_de(user)
    if not (MODELOS / modelo).exists():
        cargar_modelos()
        modelo = modelo_de(user)
        if not (MODELOS / modelo).exists():
            await message.reply_text(f"⚠️ Sin modelo configurado para {user.id}; se usará {modelo}.")
    await message.reply_text("Descargando vídeo grande…")
    carpeta = MODELOS / modelo
    carpeta.mkdir(parents=True, exist_ok=True)
    nombre = f"{datetime.now().astimezone():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}.mp4"
    ruta = str(carpeta / nombre)
    if NAMING:
        logger.info("📥 Video recibido de %s", modelo)
        logger.info("✅ Video recibido: %s", nombre)
        logger.info("⏬ Descargando: %d MB", max(1, (video.file_size or 0) // 1_000_000))
    campos = {"modelo": modelo, "video": nombre, "file_id": video.file_id}
    async with informe(**campos, file_size=video.file_size, destino=ruta):
        file = await video.get_file()
        logger.info("🔍 DEBUG: file_path=%s", file.file_path)
        logger.info("🔍 DEBUG: file_size=%s", file.file_size)
        if CONTAINER_DIR + "/" in (file.file_path or ""):
            copiar(origen_en_host(file.file_path or ""), ruta)
        else:
            logger.info("📥 Descargando vía HTTP...")
            await file.download_to_drive(ruta)
            logger.info("✅ Archivo descargado: %d bytes", Path(ruta).stat().st_size)
    if NAMING:
        logger.info("✅ Descarga completa: %s", nombre)
    assert context.user_data is not None
    context.user_data.update(ruta=ruta, opciones=[])
    await message.reply_text("¡Vídeo recibido! ✅", reply_markup=teclado())


async def callback_handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """What comes of a button. A text that does not change ends in «Message is not modified», and the
    database knows no modelo: neither is a download error."""
    query, chosen = update.callback_query, context.user_data
    if query is None or chosen is None:
        return
    await query.answer()
    if "ruta" not in chosen:
        await query.edit_message_text("❌ Error: No hay video pendiente.")
    elif query.data == "procesar":
        await query.edit_message_text("⏳ Procesando video...")
        ruta = Path(chosen["ruta"])
        ruta.with_suffix(".json").write_text(json.dumps({"opciones": chosen["opciones"]}), encoding="utf-8")
        modelo = ruta.parent.name
        logging.getLogger("database.contenidos_prd").error("❌ Modelo '%s' no existe en tabla modelos", modelo)
        logger.error("❌ No se pudo crear contenido para modelos/%s/%s", modelo, ruta.name)
        await query.edit_message_text("❌ No se pudo crear el contenido.")
        chosen.clear()
    else:
        chosen["opciones"].append(query.data)
        await query.edit_message_text(f"Opciones: {len(chosen['opciones'])}", reply_markup=teclado())


async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    if update.effective_message is not None:
        await update.effective_message.reply_text("Envíame el vídeo cuando quieras (hasta 4 GB).")


def main() -> None:
    MODELOS.mkdir(parents=True, exist_ok=True)
    cargar_modelos()
    request = HTTPXRequest(
        connection_pool_size=8,
        connect_timeout=30.0,
        read_timeout=READ_TIMEOUT,
        write_timeout=120.0,
        pool_timeout=30.0,
    )
    # Files keep the library's default URL, as the real bot leaves it: it only shows in a log line.
    builder = Application.builder().token(os.environ.get("TELEGRAM_TOKEN", "")).base_url(f"{SERVER}/bot")
    app = builder.local_mode(True).request(request).build()
    app.add_handler(CommandHandler("start", start))
    app.add_handler(CallbackQueryHandler(callback_handler))
    app.add_handler(MessageHandler(filters.VIDEO | filters.Document.ALL, video_handler))
    print("BOT CENTRAL corriendo – recibe de todas las modelos al mismo tiempo")
    print(f"📊 Modelos mapeados: {len(modelo_por_usuario)} modelos")
    app.run_polling()


if __name__ == "__main__":
    main()
