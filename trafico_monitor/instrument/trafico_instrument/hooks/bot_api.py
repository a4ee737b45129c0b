"""Common part of the Bot API libraries: update handling, and getFile within it."""

from __future__ import annotations

import os
import sys

from .. import downloads, frames, places, report
from ..downloads import Download, Handling, current, handling, inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MEDIA = ("video", "document", "animation", "video_note", "audio", "voice")
# What strangers write into a message, by what holds it ("": itself): no path is taken out of it.
_WRITTEN = {
    "": ("text", "caption"),
    "reply_to_message": ("text", "caption"),
    "quote": ("text",),
    "from_user": ("first_name", "last_name", "username"),
    "chat": ("title", "first_name", "last_name", "username"),
    "sender_chat": ("title", "username"),
    "video": ("file_name",),
    "document": ("file_name",),
    "animation": ("file_name",),
    "audio": ("file_name", "title", "performer"),
}


def begin_update(update: Any) -> Handling:
    here = Handling(update)
    handling.set(here)
    current.set(None)
    return here


def end_update(here: Handling, _result: Any, error: BaseException | None) -> None:
    """Releases downloads of this task that neither completed nor failed."""
    if error is not None:
        unhandled(error)
    for found in here.downloads:
        if found.task == here.task and not found.done and not found.failed:
            report.download("soltado", found)
    handling.set(None)
    current.set(None)


def unhandled(error: BaseException) -> None:
    """An exception ended a handler: reports it for the download in progress, if that is unambiguous."""
    here, found = handling.get(), current.get()
    if found is None and here is not None:
        opened = [one for one in here.downloads if not one.done]
        found = opened[0] if len(opened) == 1 else None
    if found is not None and found.begun and not found.done and found.failed != id(error):
        report.failed(found, error)


def see(library: str, asked: Any) -> Download | None:
    """A file is about to be requested: `asked` is its file_id, or a message object that has one."""
    if inside.get():
        return None
    if type(asked) is str:
        return downloads.of_file(library, asked)
    found = downloads.of_file(library, asked.file_id)
    found.take(asked)
    return found


def begin_get_file(library: str, asked: Any) -> Download | None:
    found, here = see(library, asked), handling.get()
    if found is None:
        return None
    if here is not None:
        _of_update(found, here)
    _place(found, here)
    found.task, found.begun, found.failed = downloads.task(), True, 0
    found.attempt += 1
    report.download("inicio", found)
    return found


def end_get_file(found: Download, file: Any, error: BaseException | None) -> None:
    if error is not None:
        report.failed(found, error)
        return
    found.take(file)
    found.come_from(file.file_path)


def of_path(library: str, path: Any, file_id: Any = None) -> Download:
    """Returns the download of a file that getFile reported, or a new one if getFile was called elsewhere."""
    found = downloads.of_source(path)
    if found is None or found.done or (file_id is not None and found.file_id != file_id):
        found = Download(library, file_id)
        found.come_from(path)
    return found


def _of_update(found: Download, here: Handling) -> None:
    """Returns the sender and, if only the file_id was passed on, the size."""
    if found not in here.downloads:
        here.downloads.append(found)
    message = _message(here.update)
    found.user = found.user or getattr(getattr(message, "from_user", None), "id", None)
    for sent in (getattr(message, kind, None) for kind in MEDIA):
        if getattr(sent, "file_id", None) == found.file_id:
            found.take(sent)


def _place(found: Download, here: Handling | None) -> None:
    """Returns destination and modelo from the callers' variables, if unambiguous. A path is ambiguous if a stranger
    may have written it, if it belonged to another download or already exists (a variable of an earlier one), or if
    there are two."""
    if here is None or found.destination is not None:
        return
    known = frames.paths(sys._getframe(1))
    if not known:
        return
    written = _written(_message(here.update))
    videos = [path for path, (_, in_it) in known.items() if in_it and places.is_video(path)]
    if any(path.casefold() in written for path in known) or any(map(_is_taken, videos)):
        return
    modelos = {modelo for modelo, _ in known.values()}
    if len(videos) == 1:
        found.go_to(videos[0], "marco")
    elif len(modelos) == 1 and here.downloads == [found]:
        found.modelo = modelos.pop()


def _is_taken(path: str) -> bool:
    return downloads.named(path) is not None or os.path.lexists(path)


def _message(update: Any) -> Any:
    """Returns the message of a PTB or aiogram update."""
    return getattr(update, "effective_message", None) or getattr(update, "event", None)


def _written(message: Any) -> str:
    texts = []
    for name, fields in _WRITTEN.items():
        holder = getattr(message, name, None) if name else message
        if holder is not None:
            texts += [text for text in [getattr(holder, field, None) for field in fields] if type(text) is str]
    return "\0".join(texts).casefold()
