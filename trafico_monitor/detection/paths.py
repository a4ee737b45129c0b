"""What a line names: modelo and video by the path below the models directory, source, destination.

Only names that the line spells out are taken; a name of the server's own making (`file_16.mp4`)
is never a video. The values stay text from a hostile line: whoever uses them checks them. Pure.
"""

from __future__ import annotations

import re

from ..model.download import Download

_VIDEO = r"(?:mp4|mov|mkv|avi|webm|m4v|mpg|mpeg|flv|wmv|3gp|ts)"
_PART = r"(?:\.(?:part|temp|tmp|ytdl))?"
_SLASH = r"(?:/|\\{1,2})"
_LONGEST = 4096
_QUOTED = re.compile(r"""'([^'\n]{1,1024})'|"([^"\n]{1,1024})\"""")
_SERVER_FILE = re.compile(
    rf"(?:/[^\s'\"]{{0,400}})?/\.?telegram-bot-api/[^'\"\n]{{1,400}}?/[^/'\"\n]{{1,200}}\.{_VIDEO}(?![\w.])"
)
# The server may keep its files anywhere; that a folder is named by a token tells whose they are.
_BY_TOKEN = re.compile(rf"/[^\s'\"<>]{{0,400}}?/<TOKEN>/[^'\"\n<>]{{1,400}}?\.{_VIDEO}(?![\w.])")
_OWN_NAME = re.compile(rf"(?<![\w./\\-])(\d{{8}}_\d{{6}}_[0-9a-f]{{6}}\.{_VIDEO})(?![\w.])")


class Paths:
    """Knows the name of the models directory; `read` takes a line apart."""

    def __init__(self, models_dir: str = "modelos") -> None:
        name = models_dir.rstrip("/").rsplit("/", 1)[-1] or "modelos"
        self._name = f"{name}/", f"{name}\\"
        root = rf"(?P<root>(?:[A-Za-z]:)?(?:[^\s'\"=:,;()\[\]{{}}<>|]{{0,400}}{_SLASH})?){re.escape(name)}{_SLASH}"
        modelo = r"(?P<modelo>[^/\\\s'\":,;<>|*?\x00-\x1f]{1,80})"
        file = rf"(?P<file>[^/\\'\"<>|*?\n\x00-\x1f]{{1,200}}?\.{_VIDEO}){_PART}(?![\w.])"
        self._below = re.compile(rf"(?<![\w.-]){root}{modelo}(?:{_SLASH}+(?:{file})?|(?=['\"\s:,;]|$))")

    @property
    def marks(self) -> tuple[str, ...]:
        """One of these occurs in every line (lower case) that names a place."""
        return (*(name.lower() for name in self._name), "telegram-bot-api/", "/<token>/")

    def read(self, line: str) -> Download:
        """The modelo, video, source and destination that `line` names; None for the rest."""
        text = line[:_LONGEST]
        source, modelo, file, destination = _source(text), None, None, None
        places = [place for name in self._name if (place := text.find(name)) >= 0]
        if not places:
            return Download(source=source)
        for match in self._below.finditer(text, _word_at(text, min(places))):
            named, video = match["modelo"], match["file"]
            if not _plain(named) or (video is not None and not _plain(video)):
                continue
            if video is not None:
                # The last one named is where it goes: `source -> destination`.
                modelo, file, destination = named, video, _unpart(match[0].rstrip("/\\"))
            elif modelo is None:
                modelo = named
        return Download(modelo, file, None, None, source, destination)


def _word_at(text: str, place: int) -> int:
    """Where the word that goes on at `place` begins: no path has a blank before its models directory."""
    before = text[:place]
    return place if not before or before[-1].isspace() else place - len(before.rsplit(None, 1)[-1])


def video_name(text: str) -> str | None:
    """The video in `text`, when it is one as bot_central names them; else None."""
    match = _OWN_NAME.search(text[:_LONGEST])
    return match[1] if match else None


def _source(text: str) -> str | None:
    """The file in the Bot API server's directory that `text` names, as the line spells it."""
    if "telegram-bot-api/" in text:
        match = _SERVER_FILE.search(text)
    else:
        match = _BY_TOKEN.search(text) if "/<TOKEN>/" in text else None
    if match is None:
        return None
    # https://…/file/bot<TOKEN>//var/lib/… : the URL that the bot glues in front is no path.
    return "/" + match[0].rsplit("//", 1)[-1].lstrip("/")


def _unpart(path: str) -> str:
    return re.sub(rf"{_PART}$", "", path) if path.endswith((".part", ".temp", ".tmp", ".ytdl")) else path


def _plain(name: str) -> bool:
    return name not in (".", "..") and not name.startswith("-") and name.isprintable()
