"""What is known of the downloads under way, and which call belongs to which of them."""

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
    """One download: from the first call that asks for a file to the last that had to do with it."""

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
        self.key: str | None = None  # the same in the one spelling by which it is known again
        self.destination: str | None = None  # below the models directory
        self.modelo: str | None = None
        self.by: str | None = None  # how the destination is known
        self.attempt = 0
        self.begun = False
        self.whole = False  # as many bytes as announced have arrived, wherever
        self.done = False  # and they are in the modelo's folder
        self.failed = 0  # identity of the exception that was told last
        self.swallowed: dict[str, Any] | None = None  # fields of an exception that the library keeps to itself
        self.task: Any = None  # identity of the task that has begun it
        self.told_at = 0.0  # time.monotonic() of the last progress

    def take(self, sent: Any) -> None:
        """Take over what an object of the library (a video, a file) says of itself."""
        unique, size = getattr(sent, "file_unique_id", None), getattr(sent, "file_size", None)
        self.unique_id = unique if type(unique) is str else self.unique_id
        self.size = size if type(size) is int and size > 0 else self.size
        self.medium = self.medium or type(sent).__name__

    def come_from(self, source: Any) -> None:
        """It is the file that the server, or the bot, calls `source`."""
        self.source = places.path_text(source)
        self.key = key_of(source) or self.key
        name(self.key, self)

    def go_to(self, path: str | None, by: str = "argumento") -> None:
        """It is at `path` or will be: that is its destination where it is in a modelo's folder."""
        found = places.within(path)
        if found is not None:
            self.modelo = found[0]
            if found[1]:
                self.destination, self.by = path, by
        name(path, self)


class Handling:
    """One update in the hands of the bot's handlers."""

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
    """Have `download` found under `key`: the name of a server's file (places.tail), or a place it is at."""
    if key:
        _known.pop(key, None)
        _known[key] = download
        while len(_known) > _KEPT:
            _known.pop(next(iter(_known)), None)


def named(key: str | None) -> Download | None:
    return _known.get(key) if key else None


def of_file(library: str, file_id: Any) -> Download:
    """The current download where it is of this file, else a new one, made the current one."""
    found = current.get()
    if found is None or found.done or found.file_id != file_id:
        found = Download(library, file_id)
        current.set(found)
    return found


def of_source(source: Any) -> Download | None:
    """The download that a file of the server belongs to, or one that is at that place by now: the one of
    these calls first, as two may be of the same file."""
    key, found = key_of(source), current.get()
    return found if found is not None and key and found.key == key else named(key) or named(places.absolute(source))


def key_of(source: Any) -> str | None:
    return places.tail(source) or places.path_text(source)


def task() -> int:
    """Identity of the running task, 0 outside of any."""
    asyncio = sys.modules.get("asyncio")
    try:
        return id(asyncio.current_task()) if asyncio is not None else 0
    except RuntimeError:
        return 0
