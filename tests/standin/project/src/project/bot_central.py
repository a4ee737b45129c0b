"""Stand-in of the user's bot: receives videos, copies them into modelos/, prints what the real one prints.

Switches (environment, or src/.env):
  TELEGRAM_BOT_API_HOST_DIR       ~/.telegram-bot-api: where the server's directory is on this host
  TELEGRAM_BOT_API_CONTAINER_DIR  /var/lib/telegram-bot-api: the same as the server says it
  STANDIN_READ_TIMEOUT 120        seconds for an answer of the server
  STANDIN_NAMING 1                0: name neither modelo nor video, as the real bot mostly does
  STANDIN_MAKE_FOLDER 1           0: do not create the modelo's folder before a copy
  STANDIN_PERMISSION_FIX none     sudo: try `sudo chmod` by itself first, as the real bot does
  STANDIN_VIA_HTTP 0              1: always by HTTP, never by copying
  STANDIN_CONCURRENT 0            1: several updates at once
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
import threading
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from telegram import File, InlineKeyboardButton, InlineKeyboardMarkup, Update, User
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]
MODELOS = PROJECT / "modelos"
SUDO_DEADLINE = 5.0  # seconds
PROBE_DEADLINE = 20.0  # seconds


def load_env_file(path: Path) -> None:
    """src/.env into the environment; what is set already wins."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


load_env_file(PROJECT / "src" / ".env")


def switch(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).lower() in ("1", "true", "yes", "on")


TOKEN = os.environ.get("TELEGRAM_TOKEN", "")
SERVER = os.environ.get("TELEGRAM_BOT_API_LOCAL_URL", "http://127.0.0.1:8081").rstrip("/")
LOCAL = switch("USE_LOCAL_BOT_API", "true")
CONTAINER_DIR = os.environ.get("TELEGRAM_BOT_API_CONTAINER_DIR", "/var/lib/telegram-bot-api")
HOST_DIR = os.environ.get("TELEGRAM_BOT_API_HOST_DIR") or str(Path.home() / ".telegram-bot-api")
READ_TIMEOUT = float(os.environ.get("STANDIN_READ_TIMEOUT", "120"))
NAMING = switch("STANDIN_NAMING", "1")
MAKE_FOLDER = switch("STANDIN_MAKE_FOLDER", "1")
VIA_HTTP = switch("STANDIN_VIA_HTTP") or not LOCAL
FIX_BY_SUDO = os.environ.get("STANDIN_PERMISSION_FIX", "none") == "sudo"

modelo_por_usuario: dict[int, str] = {}


class VideoDamaged(Exception):
    """The file that arrived is not the video that was announced; its line is printed already."""


def cargar_modelos() -> None:
    """telegram_user_id → modelo, from modelos/<modelo>/config.json."""
    print(f"🔍 Cargando mapeo de modelos desde {MODELOS}...")
    for config_file in sorted(MODELOS.glob("*/config.json")):
        try:
            config = json.loads(config_file.read_text(encoding="utf-8"))
            modelo_por_usuario[int(config["telegram_user_id"])] = config_file.parent.name
        except (OSError, ValueError, KeyError) as error:
            print(f"  ⚠️  Error cargando {config_file}: {error}")
    print(f"✅ Mapeo cargado: {len(modelo_por_usuario)} modelos encontrados")
    if not modelo_por_usuario:
        print("  ⚠️  No se encontraron modelos con telegram_user_id configurado")


def modelo_de(user: User) -> str:
    if user.id not in modelo_por_usuario:
        cargar_modelos()
    return modelo_por_usuario.get(user.id) or user.first_name.lower().replace(" ", "_")


def ruta_en_host(file_path: str) -> str:
    """The container's path, with or without the URL that the library puts before it, on this host."""
    return HOST_DIR + "/" + file_path.split(CONTAINER_DIR + "/", 1)[1]


def copiar(origen: str, ruta: Path) -> None:
    logger.info("📥 Copiando desde: %s", origen)
    try:
        shutil.copy2(origen, ruta)
        logger.info("✅ Archivo copiado exitosamente: %d bytes", ruta.stat().st_size)
    except PermissionError as error:
        if not FIX_BY_SUDO:
            logger.error("❌ Error al copiar archivo: %s", error)
            logger.error("   Ejecuta: sudo chmod -R 777 ~/.telegram-bot-api")
            raise
        arreglar_y_copiar(origen, ruta)
    except Exception as error:
        logger.error("❌ Error al copiar: %s", error)
        raise


def arreglar_y_copiar(origen: str, ruta: Path) -> None:
    logger.warning("⚠️ Error de permisos detectado, aplicando fix automático...")
    command = ["sudo", "chmod", "777", origen]
    try:  # a session of its own: sudo must not ask on somebody's terminal
        subprocess.run(command, check=True, capture_output=True, timeout=SUDO_DEADLINE, start_new_session=True)
        shutil.copy2(origen, ruta)
    except subprocess.TimeoutExpired:
        logger.error("❌ Timeout al ejecutar chmod (¿sudoers configurado?)")
        logger.error("   Verifica: sudo visudo -c")
        raise
    except subprocess.CalledProcessError as error:
        logger.error("❌ Error al aplicar permisos: %s", error)
        logger.error("   Salida: %s", error.stderr.decode(errors="replace").strip())
        logger.error("   Verifica configuración en /etc/sudoers.d/100trafico")
        raise
    logger.info("✅ Archivo copiado exitosamente después de fix: %d bytes", ruta.stat().st_size)


def revisar(ruta: Path, announced: int) -> None:
    """Raise VideoDamaged, with its line printed, when the copy is not what was announced."""
    nombre = f": {ruta.relative_to(PROJECT)}" if NAMING else ""
    size = ruta.stat().st_size
    if size != announced:
        logger.error("❌ Archivo corrupto%s (%d de %d bytes)", nombre, size, announced)
        raise VideoDamaged
    if shutil.which("ffprobe") is None:
        return
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", str(ruta)],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PROBE_DEADLINE,
    )
    if probe.returncode != 0:
        said = probe.stderr.decode(errors="replace").strip().splitlines() or ["ffprobe falló"]
        logger.error("❌ Archivo corrupto%s (%s)", nombre, said[0])
        raise VideoDamaged


async def descargar(file: File, ruta: Path) -> None:
    logger.info("🔍 DEBUG: file_path=%s", file.file_path)
    logger.info("🔍 DEBUG: file_size=%s", file.file_size)
    file_path = file.file_path or ""
    if not VIA_HTTP and CONTAINER_DIR + "/" in file_path:
        copiar(ruta_en_host(file_path), ruta)
    else:
        logger.info("📥 Descargando vía HTTP...")
        await file.download_to_drive(ruta)
        logger.info("✅ Archivo descargado: %d bytes", ruta.stat().st_size)


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


async def video_handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message, user = update.effective_message, update.effective_user
    if message is None or user is None or (video := message.video or message.document) is None:
        return
    modelo = modelo_de(user)
    if NAMING:
        logger.info("📥 Video recibido de %s", modelo)
    await message.reply_text("Descargando vídeo grande…")
    carpeta = MODELOS / modelo
    if MAKE_FOLDER:
        carpeta.mkdir(parents=True, exist_ok=True)
    nombre = f"{datetime.now().astimezone():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}.mp4"
    ruta = carpeta / nombre
    if NAMING:
        logger.info("✅ Video recibido: %s", nombre)
        logger.info("⏬ Descargando: %d MB", max(1, (video.file_size or 0) // 1_000_000))
    campos = {"modelo": modelo, "video": nombre, "file_id": video.file_id}
    try:
        async with informe(**campos, file_size=video.file_size, destino=str(ruta)):
            file = await video.get_file()
            await descargar(file, ruta)
            revisar(ruta, video.file_size or 0)
    except VideoDamaged:
        await message.reply_text("El vídeo llegó dañado, lo revisamos.")
        return
    if NAMING:
        logger.info("✅ Descarga completa: %s", nombre)
    botones = InlineKeyboardMarkup([[InlineKeyboardButton("Continuar", callback_data="continuar")]])
    await message.reply_text("¡Vídeo recibido! ✅", reply_markup=botones)


async def callback_handler(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """A second press of the button ends in «Message is not modified»: that is no download error."""
    query = update.callback_query
    if query is None:
        return
    await query.answer()
    await query.edit_message_text("¡Listo! El vídeo queda programado.")


async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    if update.effective_message is not None:
        await update.effective_message.reply_text("Envíame el vídeo cuando quieras (hasta 4 GB).")


def end_with_parent() -> None:
    """An orphan ends by itself, so that a killed main.py leaves no second consumer of the token."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    cargar_modelos()
    builder = Application.builder().token(TOKEN).base_url(f"{SERVER}/bot").local_mode(LOCAL)
    builder = builder.read_timeout(READ_TIMEOUT).concurrent_updates(switch("STANDIN_CONCURRENT"))
    if VIA_HTTP:  # else the library's default, as the real bot leaves it: it only shows in a log line
        builder = builder.base_file_url(f"{SERVER}/file/bot")
    app = builder.build()
    app.add_handler(CommandHandler("start", start))
    app.add_handler(MessageHandler(filters.VIDEO | filters.Document.VIDEO, video_handler))
    app.add_handler(CallbackQueryHandler(callback_handler))
    print("BOT CENTRAL corriendo – recibe de todas las modelos al mismo tiempo")
    print(f"📊 Modelos mapeados: {len(modelo_por_usuario)} modelos")
    app.run_polling()


if __name__ == "__main__":
    main()
