"""State of the downloads in progress, and the assignment of calls to them."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar

from . import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEPT = 1024  # names (of files, of places) under which a download is found; the oldest go first


class Download:
    """One download: from the first call that requests a file to the last call that concerns it."""

    __slots__ = (
        "attempt", "begun", "by", "destination", "done", "failed", "file_id", "id", "key", "library", "medium",
        "modelo", "size", "source", "swallowed", "task", "told_at", "unique_id", "user", "whole",
    )  # fmt: skip

    def __init__(self, library: str, file_id: Any = None) -> None:
        self.id = os.urandom(8).hex()
        self.library = library
        self.file_id = file_id
        self.unique_id: Any = None
        self.size: int | None = None  # bytes, as announced
        self.medium = ""  # class of what was sent: Video, Document …
        self.user: Any = None
        self.source: str | None = None  # as the server says it, then as the bot reads it
        self.key: str | None = None  # the same in its canonical spelling
        self.destination: str | None = None  # below the models directory
        self.modelo: str | None = None
        self.by: str | None = None  # how the destination was found
        self.attempt = 0
        self.begun = False
        self.whole = False  # as many bytes as announced have arrived, wherever
        self.done = False  # and they are in the modelo's folder
        self.failed = 0  # identity of the last reported exception
        self.swallowed: dict[str, Any] | None = None  # fields of an exception that the library suppresses
        self.task: Any = None  # identity of the task that started it
        self.told_at = 0.0  # time.monotonic() of the last progress

    def take(self, sent: Any) -> None:
        """Adopts the data of a library object (a video, a file)."""
        unique, size = getattr(sent, "file_unique_id", None), getattr(sent, "file_size", None)
        self.unique_id = unique if type(unique) is str else self.unique_id
        self.size = size if type(size) is int and size > 0 else self.size
        self.medium = self.medium or type(sent).__name__

    def come_from(self, source: Any) -> None:
        """Records `source` as the name of its file on the server or in the bot."""
        self.source = places.path_text(source)
        self.key = key_of(source) or self.key
        name(self.key, self)

    def go_to(self, path: str | None, by: str = "argumento") -> None:
        """Records `path` as its present or future location: its destination if it is in a modelo's folder."""
        found = places.within(path)
        if found is not None:
            self.modelo = found[0]
            if found[1]:
                self.destination, self.by = path, by
        name(path, self)


class Handling:
    """One update being processed by the bot's handlers."""

    __slots__ = ("downloads", "task", "update")

    def __init__(self, update: Any) -> None:
        self.update = update
        self.task = task()
        self.downloads: list[Download] = []


current: ContextVar[Download | None] = ContextVar("trafico_download", default=None)
handling: ContextVar[Handling | None] = ContextVar("trafico_handling", default=None)
# Inside a call that is told as a whole: what it calls in its turn is not told again.
inside: ContextVar[bool] = ContextVar("trafico_inside", default=False)

_known: dict[str, Download] = {}


def name(key: str | None, download: Download) -> None:
    """Registers `download` under `key`: the name of a server's file (places.tail), or a path."""
    if key:
        _known.pop(key, None)
        _known[key] = download
        while len(_known) > _KEPT:
            _known.pop(next(iter(_known)), None)


def named(key: str | None) -> Download | None:
    return _known.get(key) if key else None


def of_file(library: str, file_id: Any) -> Download:
    """Returns the current download if it concerns this file, else a new one, which becomes current."""
    found = current.get()
    if found is None or found.done or found.file_id != file_id:
        found = Download(library, file_id)
        current.set(found)
    return found


def of_source(source: Any) -> Download | None:
    """Returns the download of a server's file or of a path; the one of the current calls first, because two may
    concern the same file."""
    key, found = key_of(source), current.get()
    return found if found is not None and key and found.key == key else named(key) or named(places.absolute(source))


def key_of(source: Any) -> str | None:
    return places.tail(source) or places.path_text(source)


def task() -> int:
    """Returns the identity of the running task, 0 outside of any."""
    asyncio = sys.modules.get("asyncio")
    try:
        return id(asyncio.current_task()) if asyncio is not None else 0
    except RuntimeError:
        return 0
