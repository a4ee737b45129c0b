"""pyrogram 2 and its forks of that name: Client.download_media, and the download that it starts."""

from __future__ import annotations

import os
import sys

from .. import report, transfers, wrap
from ..downloads import Download, current, inside
from . import bot_api, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_NAME = "pyrogram"


def hook(pyrogram: ModuleType) -> None:
    """Wrap the classes of `pyrogram`, or leave them alone where the version is unknown."""
    media = sys.modules["pyrogram.methods.messages.download_media"].DownloadMedia
    session = sys.modules["pyrogram.session.session"].Session
    known.hook(pyrogram, (2,), lambda: [
        wrap.plan(media, "download_media", ("self", "message", "file_name"), _see_media),
        wrap.plan(pyrogram.Client, "handle_download", ("self", "packet"), _begin, _end),
        wrap.plan(session, "invoke", ("self", "query"), _invoke, _invoked),
    ])  # fmt: skip


def _see_media(args: Any, kwargs: Any) -> None:
    """What is asked for. The download begins in `handle_download`, with `block=False` in another task."""
    message = wrap.given(args, kwargs, 1, "message")
    sent = next((one for one in (getattr(message, kind, None) for kind in bot_api.MEDIA) if one is not None), message)
    found = Download(_NAME, sent if type(sent) is str else sent.file_id)
    if type(sent) is not str:
        found.take(sent)
    found.user = getattr(getattr(message, "from_user", None), "id", None)
    current.set(found)
    if callable(kwargs.get("progress")):
        kwargs["progress"] = transfers.followed(kwargs["progress"], found)


def _begin(args: Any, kwargs: Any) -> Any:
    _, directory, name, in_memory, size, *_ = wrap.given(args, kwargs, 1, "packet")
    found = current.get()
    if inside.get() or found is None or found.begun:
        return None
    found.size = found.size or size or None
    return transfers.begin(found, None if in_memory else os.path.join(str(directory), name), "inicio")


def _end(transfer: Any, result: Any, error: BaseException | None) -> None:
    found = transfer.download
    if result is not None or error is not None:
        path = type(result) is str
        transfers.end(transfer, result if path else None, error, None if path or error else result.getbuffer().nbytes)
    else:  # stopped by the program, or failed and not said
        inside.set(False)
    if not found.whole and error is None:  # 2.0 logs what its session raises, and moves what has come into place
        report.download("error" if found.swallowed else "soltado", found, **(found.swallowed or {}))


def _invoke(_args: Any, _kwargs: Any) -> Any:
    return current.get() if inside.get() else None


def _invoked(found: Any, _result: Any, error: BaseException | None) -> None:
    found.swallowed = None if error is None else report.of_exception(error)
