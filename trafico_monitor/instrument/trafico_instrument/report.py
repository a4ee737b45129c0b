"""Conversion of download events to journal fields (contract: docs/reference/instrumentation.md)."""

from __future__ import annotations

import os
import time

from . import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .downloads import Download

CONTRACT = "1"
PROGRESS_SECONDS = 5.0
_CHAIN = 8  # exceptions
_TEXT = 1024  # characters of an exception's text
_TEXTS = {
    "inicio": "⏬ Descargando: {video}",
    "copiando": "📥 Copiando: {video}",
    "progreso": "⏬ Descargando: {video}: {bytes} bytes",
    "copiado": "📥 Copiado: {video}: {bytes} bytes",
    "fin": "✅ Descarga completa: {video}",
    "error": "❌ Error al descargar {video}: {error}",
    "soltado": "📥 El bot dejó la descarga sin que se viera llegar: {video}",
    "activo": "👀 Descargas observadas: {library}",
    "ajeno": "👀 Descargas no observadas, versión desconocida: {library}",
}
_INFO, _WARNING, _ERROR = "6", "4", "3"
# A 429 by its classes (RetryAfter, TelegramRetryAfter, FloodWait, FloodWaitError), and where they keep the
# seconds. Only plain values are read: PTB 22 has a property that prints a warning.
_FLOODS = ("RetryAfter", "FloodWait")
_SECONDS = ("_retry_after", "retry_after", "seconds", "value")


def library(event: str, said: str) -> None:
    """`activo` or `ajeno`: a library was wrapped, or is unknown and left unchanged."""
    message = _TEXTS[event].format(library=said)
    _send(event, message, _INFO if event == "activo" else _WARNING, {"TRAFICO_BIBLIOTECA": said})


def download(event: str, found: Download, arrived: int | None = None, **more: Any) -> None:
    """Reports an event of a download; `arrived`: bytes, `more`: further fields."""
    video = (found.destination or "").rpartition("/")[2]
    text = _TEXTS[event].format(video=video or "desconocido", bytes=arrived, error=more.get("TRAFICO_TEXTO"))
    short = event == "copiado" and None not in (found.size, arrived) and found.size != arrived
    fields = {
        "TRAFICO_DESCARGA": found.id,
        "TRAFICO_MODELO": found.modelo,
        "TRAFICO_VIDEO": video,
        "TRAFICO_DESTINO": found.destination,
        "TRAFICO_FUENTE": found.by,
        "TRAFICO_ORIGEN": found.source,
        "TRAFICO_FILE_ID": found.file_id,
        "TRAFICO_FILE_UNIQUE_ID": found.unique_id,
        "TRAFICO_FILE_SIZE": found.size,
        "TRAFICO_USUARIO": found.user,
        "TRAFICO_MEDIO": found.medium,
        "TRAFICO_BIBLIOTECA": found.library,
        "TRAFICO_INTENTO": found.attempt if found.attempt > 1 else None,
        "TRAFICO_BYTES": arrived,
        **more,
    }
    _send(event, text, _ERROR if event == "error" else _WARNING if short else _INFO, fields)


def failed(found: Download, error: BaseException) -> None:
    found.failed = id(error)
    download("error", found, **of_exception(error, (found.source, found.destination)))


def progress(found: Download, received: Any) -> None:
    """Progress callback with the bytes so far; reported every PROGRESS_SECONDS."""
    now = time.monotonic()
    if type(received) is int and now - found.told_at >= PROGRESS_SECONDS:
        found.told_at = now
        download("progreso", found, received)


def of_exception(error: BaseException, ends: tuple[str | None, ...] = ()) -> dict[str, Any]:
    """Returns class, errno, file, text and chain of an exception. The errno is that of the nearest one in its chain
    that concerns one of `ends`, else of the nearest: a bot that fails while handling an error had an earlier
    failure."""
    chain = _chain(error)
    systems = [one for one in chain if isinstance(one, OSError) and type(one.errno) is int]
    about = (one for one in systems if _file(one) in ends and _file(one) is not None)
    system = next(about, systems[0] if systems else None)
    try:
        text = journal.redact(str(error)[: 16 * _TEXT])  # before the cut, which could leave half a token
    except Exception:
        text = ""
    return {
        "TRAFICO_EXCEPCION": _name(error),
        "TRAFICO_ERRNO": system.errno if system is not None else None,
        "TRAFICO_RUTA": _file(system),
        "TRAFICO_TEXTO": f"{type(error).__name__}: {text}"[:_TEXT],
        "TRAFICO_CADENA": " < ".join(dict.fromkeys(map(_name, chain))) if len(chain) > 1 else None,
        "TRAFICO_ESPERA": _wait(error),
    }


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and len(found) < _CHAIN and all(one is not other for other in found):
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _file(error: OSError | None) -> str | None:
    name: Any = error.filename if error is not None else None
    return os.fsdecode(name) if type(name) in (str, bytes) else None


def _wait(error: BaseException) -> int | None:
    """Returns the seconds after which a 429 allows another attempt."""
    if not any(name in type(error).__name__ for name in _FLOODS):
        return None
    for name in _SECONDS:
        if not isinstance(getattr(type(error), name, None), property):
            value: Any = getattr(error, name, None)
            value = value.total_seconds() if hasattr(value, "total_seconds") else value
            if type(value) in (int, float) and value > 0:
                return int(value)
    return None


def _send(event: str, message: str, priority: str, fields: dict[str, Any]) -> None:
    fields["MESSAGE"], fields["PRIORITY"] = message, priority
    fields["SYSLOG_IDENTIFIER"] = "trafico-instrument"
    fields["TRAFICO_EVENTO"], fields["TRAFICO_CONTRATO"] = event, CONTRACT
    journal.send(fields)
