"""Download data in one line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from ...model.download import Download, base_name
from ..log_formats import Record, read
from .paths import Paths, video_name

_VERB = re.compile(
    r"(?:descarg|baj|copi|guard|grab|escrib|crea|recib|mov|mueve|transfer|trae|download|fetch|get|sav|stor|writ|copy|receiv|pull|retriev"
    r"|urlretrieve|curl|wget|aria2c|yt-dlp|start|begin|began|inici|comienz|empiez|cp|mv)\w*"
)
_BETWEEN = frozenset(
    (
        "a al en de del desde hacia to from into for the el la un una o of as via with con video vídeo file archivo "
        "fichero carpeta folder local server servidor telegram media"
    ).split()
)
_KEYS = frozenset("src source origen from dst dest destination destino to target path ruta file archivo video".split())
_ORNAMENTS = frozenset("📥🔍⏬⬇✅🎬🎥📹💾📁📂📦🚀➡▶ℹ\ufe0f→⇒➜->=:.…|*()[]{}<>#%+0123456789/,;~«»\"'")
_MOST_TOKENS = 16


def beginning(message: str, paths: Paths) -> Download | None:
    """The download that `message`, a record's own below WARNING, says to begin; None when it says none."""
    kept: list[str] = []
    verb = places = 0
    for token in message.split()[:_MOST_TOKENS]:
        word = token.strip("…:.,;()[]{}\"'→>-=|*").lower()
        if "/" in token and not token.strip("().,").replace("/", "").isdigit():
            key, named, _ = token.partition("=")
            if named and "/" not in key and key.lower() not in _KEYS:
                break
            places += 1
        elif not any(map(str.isalpha, token)):
            if not _ORNAMENTS.issuperset(token):
                return None
        elif _VERB.fullmatch(word):
            verb += 1
        elif word not in _BETWEEN and word not in _KEYS:
            if not places:
                return None
            break
        if places and not verb:
            return None
        kept.append(token)
    if not places:
        return None
    found = paths.read(" ".join(kept))
    return found if found.source or found.video else None


# «250 MB» is rounded: taken for the announced size it would refuse every whole file.
_ROUNDED = re.compile(r"(\d{1,6})(?:[.,]\d{1,3})?\s{0,3}([kmg])i?b(?![a-z])")
_POWERS = {"k": 1, "m": 2, "g": 3}
# What may only be said when a download really begins, though it names nothing.
_BEGINS = re.compile(r"descargando(?: v[ií]a http|[: ]{1,2}\d)")
_BYTES = re.compile(r"(?<![\d.,])(\d{1,15})\s{0,3}(?:bytes|b)(?![a-z])")
_MODELO = re.compile(r"v[ií]deo recibido de[: ]{1,3}([^\s/\\'\"<>|*?]{1,80})", re.IGNORECASE)
_NAMED = re.compile(r"(?:v[ií]deo recibido|descarga completa|descargando)[: ]{1,3}(\S{1,300})", re.IGNORECASE)
_FILE_SIZE = re.compile(r"file_size=(\d{1,15})(?!\d)")
# The bot's own templates stand at the beginning of a record's message, behind one of its own signs;
# further back, or behind a chat's sign, the same words are a stranger's.
_SIGNS = r"[📥🔍⏬⬇✅✔☑🎉🎬🎥📹💾📁📂📦🚀➡▶ℹ️👌👍🆗🔧🛠\s]{0,8}(?:debug:? )?"
_TEMPLATE = re.compile(
    _SIGNS + r"(?:file_path=|file_size=|copiando desde|descarga|v[ií]deo (?:recibido|copiado|guardado|descargado)"
    r"|archivo (?:copiado|descargado))",
    re.IGNORECASE,
)
# That the bot has repaired the cause itself, and then kept the file.
_REPAIRED = re.compile(
    _SIGNS + r"(?:(?:el |la |the )?(?:v[ií]deo|archivo|fichero|descarga|copia|file|download|copy) )?(?:ya )?"
    r"(?:guardad|copiad|descargad|recuperad|archivad|almacenad|hech|complet|terminad|finalizad|list|saved|copied"
    r"|downloaded|recovered|stored|archived|done|ready|finished)\w{0,3}"
    r"(?: (?:ok|correctamente|exitosamente|successfully|bien))?,? "
    r"(?:(?:tras|despu[eé]s de|after) (?:el |la |los |the )?(?:arregl|corregi|repar|fix"
    r"|cambi\w{1,4} (?:los )?permisos|ajust|crea|chmod|chown)"
    r"|(?:al |en el |on the |at the )(?:segundo|tercer|second|third) (?:intento|attempt|try)(?!\w))"
)
_SUCCESS = re.compile(
    _SIGNS + r"(?:archivo (?:copiado|descargado)|descarga(?:do|da)?\b|v[ií]deo (?:copiado|descargado|guardado))"
)
_MEDIA = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")


class Evidence(Enum):
    """What a line, a report or the time says of one download. The excerpts are of the corpus."""

    BEGAN = "began"  # L-N006 «🔍 DEBUG: file_path=https://…/videos/file_16.mp4»
    COPYING = "copying"  # L-N008 «📥 Copiando desde: /home/victor/.telegram-bot-api/…/file_16.mp4»
    MORE = "more"  # L-N007 «🔍 DEBUG: file_size=5665533»: of the one under way, and no beginning by itself
    NAMELESS = "nameless"  # «📥 Descargando vía HTTP...»: a beginning that names nothing
    FINISHED = "finished"  # L-N010 «✅ Archivo copiado exitosamente: 5665533 bytes»
    REPORTED = "reported"  # an entry with fields (TRAFICO_EVENTO)
    FLOWING = "flowing"  # its bytes are reported, or seen to arrive
    RELEASED = "released"  # TRAFICO_EVENTO=soltado: the bot has let it go
    FAILED = "failed"  # E-004 «❌ Error al copiar archivo: [Errno 13] Permission denied: …»
    BOT_FIX = "bot_fix"  # L-P004 «⚠️ Error de permisos detectado, aplicando fix automático...»
    SILENCE = "silence"  # nothing more within its limit
    PROCESS_ENDED = "process_ended"
    DOUBT = "doubt"  # L-N010 while two of its size are under way: the end of one of them, perhaps of this
    CLEAR = "clear"  # further words of one whose end was in doubt


@dataclass(frozen=True, slots=True)
class Told:
    """What a line tells of a download: BEGAN, COPYING, MORE or FINISHED. BEGAN starts one unless it only adds to the
    last one. `announced` is a rounded size; `begins` says that, with nothing under way, this is a beginning. A
    `loose` one is in words whose end is not known: its silence proves nothing."""

    kind: Evidence
    download: Download = field(default_factory=Download)
    repaired: bool = False
    announced: int | None = None
    begins: bool = False
    loose: bool = False


# A line without any of these tells nothing of a download (lower case).
MARKS = (
    "file_path=",
    "file_size=",
    "copiando desde",
    "descarga",
    "eo recibido",
    "archivo copiado",
    " tras ",
    "segundo intento",
    "tercer intento",
    "second attempt",
    "second try",
    "después de ",
    " after ",
)


def told_by(line: str, paths: Paths) -> Told | None:
    """What the record that `line` is says of a download under way, at its beginning; or None."""
    said = read(line)
    message = said.message if isinstance(said, Record) else said.text
    lowered = message.lower()
    found = told(message, lowered, paths) if _TEMPLATE.match(message) else None
    if found is not None:
        return found
    if _REPAIRED.match(lowered):
        return Told(Evidence.FINISHED, _named(message, paths), repaired=True)
    begun = beginning(message, paths)
    return None if begun is None else Told(Evidence.BEGAN, begun, loose=True)


def told(line: str, lowered: str, paths: Paths) -> Told | None:
    """What `line`, one of the bot's templates, says of a download. `lowered` is it in lower case."""
    if "file_path=" in lowered:
        return Told(Evidence.BEGAN, Download(source=paths.read(line).source))
    if "copiando desde" in lowered:
        return Told(Evidence.COPYING, Download(source=paths.read(line).source))
    if "file_size=" in lowered:
        size = _FILE_SIZE.search(lowered)
        return Told(Evidence.MORE, Download(size=int(size[1]))) if size else None
    if "exitos" in lowered or "archivo descargado" in lowered or "descarga completa" in lowered:
        finished = _finished(line, lowered, paths)
        if finished is not None:
            return finished
    if "eo recibido" in lowered:
        return _received(line, paths)
    if "descargando" in lowered and "descargando últimos" not in lowered:
        return _downloading(line, lowered, paths)
    return None


def _finished(line: str, lowered: str, paths: Paths) -> Told | None:
    if not any(word in lowered for word in ("archivo copiado", "archivo descargado", "descarga")):
        return None
    if _SUCCESS.match(lowered) is None:
        return None
    named = _named(line, paths)
    return Told(Evidence.FINISHED, replace(named, size=_amount(lowered)), repaired="después de" in lowered)


def _received(line: str, paths: Paths) -> Told | None:
    modelo = _MODELO.search(line)
    if modelo:
        return Told(Evidence.BEGAN, Download(modelo=modelo[1].rstrip(".,;:!")))
    named = _named(line, paths)
    return Told(Evidence.MORE, named, begins=True) if named.video else None


def _downloading(line: str, lowered: str, paths: Paths) -> Told | None:
    named = _named(line, paths)
    if named.video:
        return Told(Evidence.BEGAN, named, announced=_rounded(lowered))
    size, rounded = _amount(lowered), _rounded(lowered)
    begins = _BEGINS.search(lowered) is not None
    if size is not None or rounded is not None:
        return Told(Evidence.MORE, Download(size=size), announced=rounded, begins=begins)
    if "http" in lowered or "archivo" in lowered or "deo" in lowered:
        return Told(Evidence.MORE, begins=begins)
    return None


def _named(line: str, paths: Paths) -> Download:
    found = paths.read(line)
    if found.video:
        return found
    own = video_name(line)
    if own is None:
        match = _NAMED.search(line)
        name = base_name(match[1].strip("'\"")) if match else ""
        server = name.startswith("file_") or "telegram-bot-api" in line
        own = name if name.lower().endswith(_MEDIA) and not server else None
    return replace(found, video=own)


def _amount(lowered: str) -> int | None:
    """The size in bytes, where the line gives it exactly."""
    match = _BYTES.search(lowered)
    return int(match[1]) if match else None


def _rounded(lowered: str) -> int | None:
    """A size such as «250 MB» in bytes: good for a time limit, never for a comparison."""
    match = _ROUNDED.search(lowered)
    return None if match is None else (int(match[1]) + 1) * int(1000 ** _POWERS[match[2]])


def structured(fields: Mapping[str, str]) -> Download:
    """The download of a structured entry (design document, section 5)."""
    size = fields.get("TRAFICO_FILE_SIZE", "")
    return Download(
        modelo=fields.get("TRAFICO_MODELO") or None,
        video=fields.get("TRAFICO_VIDEO") or None,
        file_id=fields.get("TRAFICO_FILE_ID") or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) <= 15 else None,
        destination=fields.get("TRAFICO_DESTINO") or None,
    )
