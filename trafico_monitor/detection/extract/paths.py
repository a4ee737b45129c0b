"""What a line names: modelo and video by the path below the models directory, source, destination.

Only names that the line spells out are taken; a name of the server's own making (`file_16.mp4`)
is never a video. The values stay text from a hostile line: whoever uses them checks them. Pure.

Parsed by hand from one landmark to the next: an expression for a whole path would begin anew at each of its
slashes, which a stranger may write by the thousand. A backslash separates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...model.download import Download

_SUFFIXES = ("mp4", "mov", "mkv", "avi", "webm", "m4v", "mpg", "mpeg", "flv", "wmv", "3gp", "ts")
_UNFINISHED = (".part", ".temp", ".tmp", ".ytdl")
_LONGEST = 4096  # characters of a line that are looked at
_MOST = 64  # paths of one kind in a line
_ROOT, _BETWEEN, _NAME = 400, 400, 200  # characters: above a landmark, from it to a file's name, of that name
_SERVER, _TOKEN = "telegram-bot-api/", "/<TOKEN>/"
_VIDEO = rf"\.(?:{'|'.join(_SUFFIXES)})"
_SUFFIX = re.compile(rf"{_VIDEO}(?![\w.])")
_OWN_NAME = re.compile(rf"(?<![\w./\\-])(\d{{8}}_\d{{6}}_[0-9a-f]{{6}}{_VIDEO})(?![\w.])")
_MODELO = re.compile(r"[^/\\\s'\":,;<>|*?\x00-\x1f]{1,80}+")
_FILE = re.compile(
    rf"(?P<file>[^/\\'\"<>|*?\n\x00-\x1f]{{1,{_NAME}}}?{_VIDEO})(?:{'|'.join(map(re.escape, _UNFINISHED))})?(?![\w.])"
)
_NO_PATH = re.compile(r"[\s'\"=:,;()\[\]{}<>|]")  # ends a path that is not in quotation marks
_ABOVE_SERVER, _ABOVE_TOKEN, _NO_NAME = re.compile(r"[\s'\"]"), re.compile(r"[\s'\"<>]"), re.compile(r"['\"\n<>]")
_ENDS = frozenset("'\":,;")


class Paths:
    """Knows the name of the models directory; `read` takes a line apart."""

    def __init__(self, models_dir: str = "modelos") -> None:
        self._models = (models_dir.rstrip("/").rsplit("/", 1)[-1] or "modelos") + "/"

    @property
    def marks(self) -> tuple[str, ...]:
        """One of these occurs in every line (lower case) that names a place."""
        return (self._models.lower(), "telegram-bot-api/", "/<token>/")

    def read(self, line: str) -> Download:
        """The modelo, video, source and destination that `line` names; None for the rest."""
        text = line[:_LONGEST]
        modelo, video, destination = None, None, None
        for named, file, path in self._below(text) if self._models in text else ():
            if file is not None:
                # The last one named is where it goes: `source -> destination`.
                modelo, video, destination = named, file, path
            elif modelo is None:
                modelo = named
        return Download(modelo, video, None, None, _source(text), destination)

    def _below(self, text: str) -> Iterator[tuple[str, str | None, str]]:
        """Modelo, video and path of each place below the models directory."""
        place, behind = text.find(self._models), 0
        for _ in range(_MOST):
            if place < 0:
                return
            begin = _begin_of_path(text, place, behind)
            stop = _NO_PATH.search(text, place)
            behind = stop.start() if stop else len(text)
            # Of several of that name in one path, the last is the one that counts.
            place = text.rfind(self._models, begin, behind)
            if (place == begin or text[place - 1] == "/") and "\\" not in text[begin:place]:
                modelo, file, end = _modelo_and_file(text, place + len(self._models))
                if modelo is not None and (file is None or _plain(file)):
                    yield modelo, file, _finished(text[begin:end])
                behind = max(behind, end)
            place = text.find(self._models, behind)


def _begin_of_path(text: str, place: int, least: int) -> int:
    above = text[max(least, place - _ROOT) : place]
    stop = _NO_PATH.search(above[::-1])
    return place - (stop.start() if stop else len(above))


def _modelo_and_file(text: str, place: int) -> tuple[str | None, str | None, int]:
    """The modelo that stands at `place`, the video below it, and where they end."""
    found = _MODELO.match(text, place)
    if found is None or not _plain(found[0]):
        return None, None, place
    end = found.end()
    if text[end : end + 1] != "/":
        over = end == len(text) or text[end] in _ENDS or text[end].isspace()
        return (found[0] if over else None), None, end
    while text[end : end + 1] == "/":
        end += 1
    file = _FILE.match(text, end)
    return found[0], file["file"] if file else None, file.end() if file else end


def video_name(text: str) -> str | None:
    """The video in `text`, when it is one as bot_central names them; else None."""
    match = _OWN_NAME.search(text[:_LONGEST])
    return match[1] if match else None


def _source(text: str) -> str | None:
    """The file in the Bot API server's directory that `text` names, as the line spells it."""
    # The server may keep its files anywhere; that a folder is named by a token tells whose they are.
    path = _in_servers_directory(text) if _SERVER in text else _below_token(text)
    # https://…/file/bot<TOKEN>//var/lib/… : the URL that the bot glues in front is no path.
    return None if path is None else "/" + path.rsplit("//", 1)[-1].lstrip("/")


def _in_servers_directory(text: str) -> str | None:
    suffixes = [match.span() for match in _SUFFIX.finditer(text)]
    for place in _places(text, _SERVER) if suffixes else ():
        begin = place - 2 if text[max(0, place - 2) : place] == "/." else place - 1
        if begin < 0 or text[begin] != "/":
            continue
        first = place + len(_SERVER)
        end = _end_of_file(text, first, first + _BETWEEN + _NAME, suffixes)
        if end:
            return text[_top(text, begin, _ABOVE_SERVER) : end]
    return None


def _end_of_file(text: str, first: int, limit: int, suffixes: list[tuple[int, int]]) -> int:
    """Behind the first file in a folder of the directory whose content begins at `first`; 0: there is none."""
    stop = min((at for at in (text.find(mark, first, limit) for mark in "'\"\n") if at >= 0), default=limit)
    end, slash = 0, -1
    for dot, behind in suffixes:
        if dot < first:
            continue
        if behind > stop:
            break
        above = text.rfind("/", first + 1, dot)
        if end and above != slash:
            break
        if above >= 0 and 1 < dot - above <= _NAME + 1:
            end, slash = behind, above
    return end


def _below_token(text: str) -> str | None:
    for place in _places(text, _TOKEN):
        first = place + len(_TOKEN)
        suffix = _SUFFIX.search(text, first + 1, first + _BETWEEN)
        if suffix is None or _NO_NAME.search(text, first, suffix.start()):
            continue
        begin = _top(text, place, _ABOVE_TOKEN)
        if begin < place:
            return text[begin : suffix.end()]
    return None


def _places(text: str, landmark: str) -> Iterator[int]:
    place = text.find(landmark)
    for _ in range(_MOST):
        if place < 0:
            return
        yield place
        place = text.find(landmark, place + 1)


def _top(text: str, place: int, never: re.Pattern[str]) -> int:
    """Where the path that goes on at `place` begins: its first slash behind any character of `never`."""
    above = text[max(0, place - _ROOT) : place]
    stop = never.search(above[::-1])
    above = above[len(above) - stop.start() :] if stop else above
    return place - len(above) + above.find("/") if "/" in above else place


def _finished(path: str) -> str:
    path = path.rstrip("/")
    return next((path.removesuffix(suffix) for suffix in _UNFINISHED if path.endswith(suffix)), path)


def _plain(name: str) -> bool:
    return name not in (".", "..") and not name.startswith("-") and name.isprintable()
