"""One call that stores bytes at a path: a copy, a move, a download over HTTP."""

from __future__ import annotations

import functools
import inspect
import os

from . import places, report, wrap
from .downloads import current, inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .downloads import Download


LARGE = 16 << 20  # bytes; a smaller file is copied before anybody could do anything about it


class Transfer:
    __slots__ = ("download", "path")

    def __init__(self, download: Download, path: str | None) -> None:
        self.download, self.path = download, path


def begin(download: Download, destination: Any, event: str = "copiando") -> Transfer:
    """`destination` None: into memory, or a path chosen by the library. Nested calls are not reported, nor is the
    start of a small copy to an already reported path: its end follows at once."""
    path = places.on_disk(destination)
    nothing_new = path is not None and path == download.destination and 0 < (download.size or 0) < LARGE
    download.go_to(path)
    download.begun, download.failed = True, 0
    current.set(download)
    inside.set(True)
    if event != "copiando" or not nothing_new:
        report.download(event, download, TRAFICO_RUTA=_elsewhere(download, path))
    return Transfer(download, path)


def end(transfer: Transfer, written: Any, error: BaseException | None, arrived: int | None = None) -> None:
    """`written`: the path returned by the call, if any; `arrived`: bytes, if they differ from the file's size."""
    inside.set(False)
    download = transfer.download
    if error is not None:
        if not download.done:  # else the video is where it was
            report.failed(download, error)
        return
    path = places.on_disk(written) or transfer.path
    download.go_to(path)
    if download.whole:  # what was whole once may be changed by the bot: it is not measured again
        arrived = None
    else:
        arrived = os.stat(path).st_size if arrived is None and path else arrived
        download.whole = arrived is not None and download.size in (None, arrived)
    download.done = download.whole and places.is_of_modelo(path)
    event = "fin" if download.done else "copiado"
    report.download(event, download, arrived, TRAFICO_RUTA=_elsewhere(download, path))


def followed(callback: Callable[..., Any], download: Download) -> Callable[..., Any]:
    """Wraps the program's progress callback, which receives the bytes so far, and reports them as well."""
    if inspect.iscoroutinefunction(callback):

        @functools.wraps(callback)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            wrap.attempt(report.progress, download, *args[:1])
            return await callback(*args, **kwargs)

        return coroutine

    @functools.wraps(callback)
    def function(*args: Any, **kwargs: Any) -> Any:
        wrap.attempt(report.progress, download, *args[:1])
        return callback(*args, **kwargs)

    return function


def _elsewhere(download: Download, path: str | None) -> str | None:
    return path if path != download.destination else None
