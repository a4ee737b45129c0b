"""What a bot prints on quiet days: nine lines in ten are requests, the others are whatever else goes on.

Standard library only: it runs inside the booted machine, beside bot_central.py. The forms are those
of a real session; none of them is a download that has failed.
"""

from __future__ import annotations

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
LINES = 1_000  # in each block
_METHODS = ("getUpdates", "getUpdates", "getUpdates", "getUpdates", "sendMessage", "answerCallbackQuery")
_POLLS = [f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/{m} "HTTP/1.1 200 OK"' for m in _METHODS]
_SUPABASE = "https://abcdefghijklmnopqrst.supabase.co/rest/v1"
_CHATTER = (
    "📊 Modelos mapeados: {n} modelos",
    "INFO:caption:🏷️ Tags generados (5): [sol, playa, luna{n}, mar, verano]",
    "INFO:caption:⏳ Esperando 2s por cuota...",
    "INFO:database.contenidos_prd:✅ Contenido creado: modelos/luna/20260101_101010_{n:06x}.mp4 (ID: {n})",
    f'INFO:httpx:HTTP Request: GET {_SUPABASE}/modelos?select=id&id=eq.{{n}} "HTTP/2 200 OK"',
    f'INFO:httpx:HTTP Request: GET {_SUPABASE}/modelos?select=id&id=eq.{{n}} "HTTP/1.1 502 Bad Gateway"',
    "ERROR:database.contenidos_prd:Error obteniendo modelo_id para 'yic': timed out",
    "ERROR:database.contenidos_prd:❌ Error creando contenido 'modelos/yic/20251225_{n:06}_0fb6dc.mp4': timed out",
    "ERROR:caption:⚠️ Error llamando a Gemini (intento 1): 504 Deadline Exceeded",
    "WARNING:caption:⚠️ Gemini falló, usando caption genérico",
    "DEBUG:__main__:Usuario {n} eligió la plataforma y el horario; se guarda la respuesta y se pasa al paso siguiente",
    "ERROR:__main__:❌ No se pudo leer la plantilla {n:x} del menú de {n}",
)
_FINISHED = (
    "INFO:__main__:📥 Video recibido de luna",
    "INFO:__main__:✅ Video recibido: 20260101_{n:06}_abcdef.mp4",
    "INFO:__main__:⏬ Descargando: 5 MB",
    f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getFile "HTTP/1.1 200 OK"',
    f"INFO:__main__:🔍 DEBUG: file_path=/var/lib/telegram-bot-api/{TOKEN}/videos/hecho_{{n}}.mp4",
    "INFO:__main__:🔍 DEBUG: file_size=5665533",
    f"INFO:__main__:📥 Copiando desde: /home/victor/.telegram-bot-api/{TOKEN}/videos/hecho_{{n}}.mp4",
    "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes",
    "INFO:__main__:✅ Descarga completa: 20260101_{n:06}_abcdef.mp4",
)
# The polling that breaks off now and then begins as a failed handler does; only its frames tell.
_LIBRARY = "/home/victor/100-trafico/.venv/lib/python3.11/site-packages"
_POLLING = (
    "ERROR:telegram.ext.Application:No error handlers are registered, logging exception.",
    "Traceback (most recent call last):",
    *(
        f'  File "{_LIBRARY}/httpcore/_async/connection_pool.py", line {n}, in handle_async_request'
        for n in range(200, 216)
    ),
    "httpcore.RemoteProtocolError: Server disconnected without sending a response.",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    f'  File "{_LIBRARY}/telegram/ext/_updater.py", line 688, in _network_loop_retry',
    "    if not await action_cb():",
    f'  File "{_LIBRARY}/telegram/ext/_updater.py", line 382, in polling_action_cb',
    "    updates = await self.bot.get_updates(",
    "telegram.error.NetworkError: httpx.RemoteProtocolError: Server disconnected without sending a response.",
)


def block(number: int) -> list[str]:
    """LINES lines, other ones for each number."""
    said: list[str] = [line.format(n=number % 1_000_000) for line in _FINISHED]
    if number % 4 == 0:
        said += _POLLING
    for n in range(LINES // 12):
        said.append(_CHATTER[(number + n) % len(_CHATTER)].format(n=number * 83 % 999_983 + n))
    at = 0
    while len(said) < LINES:
        said.append(_POLLS[at % len(_POLLS)])
        at += 1
    return said
