"""pyrogram 2 and its forks of that name: Client.download_media, and the download that it starts."""

from __future__ import annotations

import os
import sys

from .. import downloads, report, transfers, wrap
from ..downloads import Download, current, inside
from . import bot_api, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_NAME = "pyrogram"


def hook(pyrogram: ModuleType) -> None:
    """Wraps the classes of `pyrogram`, or leaves them unchanged if the version is unknown."""
    session = sys.modules["pyrogram.session.session"].Session
    known.hook(pyrogram, (2,), lambda: [
        wrap.plan(pyrogram.Client, "download_media", ("self", "message", "file_name"), _see_media),
        wrap.plan(pyrogram.Client, "handle_download", ("self", "packet"), _begin, _end),
        wrap.plan(session, "send", ("self", "data"), _ask, _answered),
    ])  # fmt: skip


def _see_media(args: Any, kwargs: Any) -> None:
    """Records the request; `handle_download`, possibly in another task, receives its decoded file_id and size."""
    message = wrap.given(args, kwargs, 1, "message")
    sent = next((one for one in (getattr(message, kind, None) for kind in bot_api.MEDIA) if one is not None), message)
    found = Download(_NAME, sent if type(sent) is str else sent.file_id)
    if type(sent) is not str:
        found.take(sent)
    found.user = getattr(getattr(message, "from_user", None), "id", None)
    downloads.name(found.file_id, found)
    if callable(kwargs.get("progress")):
        kwargs["progress"] = transfers.followed(kwargs["progress"], found)


def _begin(args: Any, kwargs: Any) -> Any:
    file_id, directory, name, in_memory, size, *_ = wrap.given(args, kwargs, 1, "packet")
    if inside.get():
        return None
    encoded = file_id.encode()
    found = downloads.named(encoded)
    if found is None or found.begun:  # a file that is asked for by two at once
        found = Download(_NAME, encoded)
    found.size = found.size or size or None
    return transfers.begin(found, None if in_memory else os.path.join(str(directory), name), "inicio")


def _end(transfer: Any, result: Any, error: BaseException | None) -> None:
    found = transfer.download
    if result is None and error is None:  # stopped by the program, or failed silently
        inside.set(False)
    else:
        path = result if type(result) is str else None
        transfers.end(transfer, path, error, None if path or error else result.getbuffer().nbytes)
    if error is None and not found.whole:  # 2.0 logs what its session raises, and keeps what has come until then
        report.download("error" if found.swallowed else "soltado", found, **(found.swallowed or {}))


def _ask(_args: Any, _kwargs: Any) -> Any:
    return current.get() if inside.get() else None


def _answered(found: Any, _result: Any, error: BaseException | None) -> None:
    found.swallowed = None if error is None else report.of_exception(error)
