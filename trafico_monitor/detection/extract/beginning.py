"""Beginnings of a download in any bot's words: a verb of transfer, then the places. Pure.

`Bajando /var/lib/telegram-bot-api/…/file_16.mp4 → modelos/luna/a.mp4`, `begin copy src='…' dst='…'`. No other
word may stand before or between the places: in a sentence about somebody the places are a stranger's.
"""

from __future__ import annotations

import re

from ...model.download import Download
from .paths import Paths

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
_SIGNS = frozenset("📥🔍⏬⬇✅🎬🎥📹💾📁📂📦🚀➡▶ℹ\ufe0f→⇒➜->=:.…|*()[]{}<>#%+0123456789/,;~«»\"'")
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
            if not _SIGNS.issuperset(token):
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
