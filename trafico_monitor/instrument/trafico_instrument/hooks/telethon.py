"""telethon 1: TelegramClient.download_media and download_file."""

from __future__ import annotations

import os
import sys

from .. import places, report, transfers, wrap
from ..downloads import Download, inside
from . import known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_NAME = "telethon"


def hook(telethon: ModuleType) -> None:
    """Wraps the classes of `telethon`, or leaves them unchanged if the version is unknown."""
    methods = sys.modules["telethon.client.downloads"].DownloadMethods
    known.hook(telethon, (1,), lambda: [
        wrap.plan(methods, "download_media", ("self", "message", "file"), _download_media, _media_downloaded),
        wrap.plan(methods, "download_file", ("self", "input_location", "file"), _download_file, _downloaded),
    ])  # fmt: skip


def _download_media(args: Any, kwargs: Any) -> Any:
    message = wrap.given(args, kwargs, 1, "message")
    media = getattr(message, "media", message)
    if media is None or kwargs.get("thumb") is not None:
        return None
    document = getattr(media, "document", None) or media
    return _begin(args, kwargs, getattr(document, "size", None), media, getattr(message, "sender_id", None))


def _download_file(args: Any, kwargs: Any) -> Any:
    return _begin(args, kwargs, kwargs.get("file_size"), wrap.given(args, kwargs, 1, "input_location"))


def _begin(args: Any, kwargs: Any, size: Any, media: Any, user: Any = None) -> Any:
    if inside.get():
        return None
    found, file = Download(_NAME), wrap.given(args, kwargs, 2, "file")
    found.size = size if type(size) is int else None
    found.medium, found.user = type(media).__name__, user
    path = places.path_text(file)
    found.go_to(places.absolute(path))
    if callable(kwargs.get("progress_callback")):
        kwargs["progress_callback"] = transfers.followed(kwargs["progress_callback"], found)
    return transfers.begin(found, None if path is None or os.path.isdir(path) else path, "inicio")


def _downloaded(transfer: Any, result: Any, error: BaseException | None) -> None:
    transfers.end(transfer, places.path_text(result) if type(result) is str else None, error, _size(result))


def _media_downloaded(transfer: Any, result: Any, error: BaseException | None) -> None:
    if result is None and error is None:  # nothing to download
        inside.set(False)
        report.download("soltado", transfer.download)
    else:
        _downloaded(transfer, result, error)


def _size(result: Any) -> int | None:
    return len(result) if type(result) is bytes else None
