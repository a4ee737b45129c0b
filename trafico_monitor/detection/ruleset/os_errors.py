"""Errors of the operating system, as programs write them. Pure.

A program writes an error's number (Python, C), its name (Node, Go), or its words in the language of its locale:
those of glibc 2.36 in English and Spanish, of musl and of macOS where they differ.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_WORDS: dict[str, tuple[str, ...]] = {
    "ENOSPC": ("no space left on device", "no queda espacio en el dispositivo", "no hay espacio en el dispositivo"),
    "EDQUOT": ("disk quota exceeded", "disc quota exceeded", "se ha excedido la cuota de disco"),
    "EACCES": ("permission denied", "permiso denegado"),
    "EPERM": ("operation not permitted", "operación no permitida"),
    "ENOENT": (
        "no such file or directory",
        "no existe el fichero o el directorio",
        "no existe el archivo o el directorio",
        "no existe ese archivo o directorio",
        "no existe el archivo o directorio",
    ),
    "ENOTDIR": ("not a directory", "no es un directorio"),
    "ETIMEDOUT": ("connection timed out", "operation timed out", "expiró el tiempo de conexión"),
    "ECONNREFUSED": ("connection refused", "conexión rehusada"),
    "ECONNRESET": ("connection reset by peer", "conexión reinicializada por la máquina remota"),
    "EHOSTUNREACH": ("no route to host", "host is unreachable", "no existe ninguna ruta hasta el `host'"),
    "EMFILE": ("too many open files", "demasiados ficheros abiertos", "no file descriptors available"),
    "ENFILE": ("too many open files in system", "demasiados ficheros abiertos en el sistema"),
    "ENAMETOOLONG": ("file name too long", "nombre de fichero demasiado largo"),
    "EROFS": ("read-only file system", "sistema de ficheros de sólo lectura"),
    "ESTALE": ("stale file handle", "stale nfs file handle", "fichero en desuso"),
    "EIO": ("input/output error", "error de entrada/salida"),
    "ENOMEM": ("cannot allocate memory", "no se pudo asignar memoria"),
    "EISDIR": ("is a directory",),
    "ENOTCONN": ("transport endpoint is not connected",),
}
_NUMBERS = {number: name for number, name in errno.errorcode.items() if number < 134}
_NAMES = {name.lower(): name for name in _NUMBERS.values()}
_CLASSES = (
    "os|io|permission|filenotfound|notadirectory|timeout|blockingio|environment|connection(?:refused|reset|aborted)?"
)
_CODE = re.compile(
    r"\berrno(?:[ =]|: ?)-?(\d{1,3})\b|\bos error (\d{1,3})\b|\bcode: (\d{1,3}), kind: |\((\d{1,3}): [a-z]"
    rf"|(?:{_CLASSES})error\((\d{{1,3}}), |\b(e[a-z]{{2,13}})\b"
)
_BY_WORDS = {words: name for name, all_words in _WORDS.items() for words in all_words}
_SAID = re.compile("|".join(map(re.escape, sorted(_BY_WORDS, key=len, reverse=True))))
_SHORTEST_NAME = 5  # letters: «eio» is part of other words


class OsError(NamedTuple):
    """`name` is that of errno.h; `begin` and `end` are where the text says it."""

    name: str
    begin: int
    end: int


@lru_cache(maxsize=64)  # several rules ask about one text
def os_errors(text: str) -> tuple[OsError, ...]:
    """The errors that `text` (lower case) names, in the order of their places; one may be said twice."""
    found = [OsError(name, *match.span()) for match in _CODE.finditer(text) if (name := _named(match))]
    found += [OsError(_BY_WORDS[match[0]], *match.span()) for match in _SAID.finditer(text)]
    return tuple(sorted(found, key=lambda one: one.begin))


def _named(code: re.Match[str]) -> str:
    number = next(filter(None, code.groups()[:-1]), "")
    return _NUMBERS.get(int(number), "") if number else _NAMES.get(code[6], "")


def known(name: str) -> bool:
    """Whether errno.h of Linux has `name`."""
    return name.lower() in _NAMES


def spellings(names: Iterable[str]) -> tuple[str, ...]:
    """Literals (lower case), one of which is in each text that names one of the errors `names`."""
    found: list[str] = []
    for name in names:
        number = getattr(errno, name)
        found += _WORDS.get(name, ())
        found += [name.lower()] if len(name) >= _SHORTEST_NAME else []
        found += [f"{mark}{number}" for mark in ("errno ", "errno=", "errno: ", "errno:", "errno: -", "os error ")]
        found += [f"error({number},", f"code: {number}, kind", f"({number}: "]
    return tuple(found)
