"""Records in which a healthy bot quotes a stranger, in the ways and log formats that bots have. All made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

SERVER = "/var/lib/telegram-bot-api/<TOKEN>/videos"
# Words of every type with places of both directories: what a stranger writes to make the monitor act.
TEXTS = (
    f"moov atom not found {SERVER}/file_2.mp4 modelos/luna/20251226_101500_a1b2c3.mp4",
    f"ReadTimeout timed out {SERVER}/file_1.mp4 modelos/publica/y.mp4",
    "[Errno 2] No such file or directory: 'modelos/NUEVA/z.mp4'",
    "[Errno 2] No such file or directory: modelos/luna/x.mp4",
    f"[Errno 13] Permission denied: '{SERVER}/file_9.mp4' -> 'modelos/otra/privado.mp4'",
    "PermissionError: [Errno 13] Permission denied: 'modelos/luna'",
    "OSError: [Errno 28] No space left on device: 'modelos/luna/x.mp4'",
    "telegram.error.TimedOut: Timed out",
    "httpx.ConnectError: All connection attempts failed",
    "502 Bad Gateway",
    "❌ Error al copiar archivo: [Errno 13] Permission denied: 'modelos/luna/x.mp4'",
    "ERROR:__main__:❌ Archivo corrupto: modelos/luna/20251226_101500_a1b2c3.mp4",
    "⚠️ Error de permisos detectado, aplicando fix automático...",
    "file_name=moov atom not found modelos\\ana\\sano.mp4",
    "» timed out modelos/luna/x.mp4 «",
    "' Permission denied modelos/luna/x.mp4 '",
    '" disk full modelos/luna/x.mp4 "',
    "telegram-bot-api exited with code 139",
    "Traceback (most recent call last): OSError: [Errno 28] No space left on device",
    "Timed out",
)

# Messages at INFO or DEBUG: whatever they quote, nothing has failed.
TALK = (
    "💬 Mensaje de @alguien: {t}", "Texto recibido: {t}", "from 555: {t}", "📝 Caption: {t}", "message text={t!r}",
    "Usuario {t} (id 555) pulsó /start", "🎬 Título: «{t}»", "callback_data={t}", "{t}", "Nuevo usuario: {t}",
    "💬 {t}", "file_name={t}", "Respondiendo a {t}", "⚙️ Comando /buscar {t}", "Documento «{t}» de @alguien",
)  # fmt: skip
# Warnings and errors about something else.
COMPLAINTS = (
    "❌ No se pudo responder a @alguien («{t}»): Message to be replied not found",
    "⚠️ Comando desconocido: {t}",
    "⚠️ Usuario no autorizado: {t}",
    "❌ No se pudo enviar mensaje a {t}: Forbidden: bot was blocked by the user",
    "Ignorando documento de {t} (id 555)",
    "⚠️ Caption demasiado largo: {t}",
    "❌ No se encontró modelo para '{t}'",
    "Unknown command from @alguien: {t}",
    "Failed to send message to {t}: Chat not found",
    "User {t} is not allowed to use this bot",
    "❌ Error respondiendo a «{t}»: Query is too old and response timeout expired or query id is invalid",
    "⚠️ Spam de {t}: mensaje borrado",
    "❌ Error publicando el contenido de {t}: duplicate key value violates unique constraint",
    "can't parse entities in text {t!r}",
    "⚠️ Nombre de archivo rechazado: {t}",
    "❌ Texto «{t}» demasiado largo",
    "⚠️ {t} escribió un comando que no existe",
    '❌ Error traduciendo el mensaje "{t}": 400 Bad Request',
    "Could not parse search query: {t}",
    "⚠️ Mensaje reenviado sin vídeo: {t}",
)
URLS = (
    'HTTP Request: GET https://api.example.org/search?q={t} "HTTP/1.1 200 OK"',
    'HTTP Request: GET https://api.example.org/search?q={t} "HTTP/1.1 502 Bad Gateway"',
    'HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/sendMessage?text={t} "HTTP/1.1 200 OK"',
)


def _basic(level: str, logger: str, text: str) -> str:
    return f"{level}:{logger}:{text}"


def _dated(level: str, logger: str, text: str) -> str:
    return f"2025-12-26 10:15:00,123 - {logger} - {level} - {text}"


def _with_line(level: str, logger: str, text: str) -> str:
    return f"2025-12-26 10:15:00,123 bot_central.py:209 {level} {text}"


def _bracketed(level: str, logger: str, text: str) -> str:
    return f"[2025-12-26 10:15:00] [{level}] {text}"


def _loguru(level: str, logger: str, text: str) -> str:
    return f"2025-12-26 10:15:00.123 | {level:<8} | {logger}:on_text:88 - {text}"


def _structlog(level: str, logger: str, text: str) -> str:
    return f"2025-12-26T10:15:00.123456Z [{level.lower():<9}] {text} [{logger}]"


def _json(level: str, logger: str, text: str) -> str:
    return json.dumps({"level": level.lower(), "logger": logger, "event": text}, ensure_ascii=False)


def _json_field(level: str, logger: str, text: str) -> str:
    return json.dumps({"levelname": level, "name": logger, "message": "message", "text": text}, ensure_ascii=False)


def _coloured(level: str, logger: str, text: str) -> str:
    return f"\x1b[32m2025-12-26 10:15:00\x1b[0m \x1b[34m{logger}[2231]\x1b[0m \x1b[1;30m{level}\x1b[0m {text}"


def _compose(level: str, logger: str, text: str) -> str:
    return f"bot-1  | {level}:{logger}:{text}"


FORMATS: tuple[Callable[[str, str, str], str], ...] = (
    _basic, _dated, _with_line, _bracketed, _loguru, _structlog, _json, _json_field, _coloured, _compose,
)  # fmt: skip


def quoted(template: str, text: str) -> str:
    return template.format(t=text)


def quotations(texts: tuple[str, ...] = TEXTS) -> Iterator[str]:
    """Every way of quoting each of `texts`; none of the lines reports a failure."""
    for number, text in enumerate(texts):
        for place, template in enumerate(TALK):
            form = FORMATS[(number + place) % len(FORMATS)]
            yield form("DEBUG" if (number + place) % 3 == 0 else "INFO", "__main__", quoted(template, text))
        for place, template in enumerate(COMPLAINTS):
            form = FORMATS[(number + place) % len(FORMATS)]
            yield form("ERROR" if (number + place) % 2 else "WARNING", "__main__", quoted(template, text))
            if form is _basic and template[0] in "❌⚠":
                yield quoted(template, text)  # a bot that prints
        for place, template in enumerate(URLS):
            form = FORMATS[(number + place) % 6]
            yield form("INFO", "httpx", quoted(template, text.replace(" ", "%20")))
