"""python-telegram-bot 20 to 22: getFile, the downloads of a File, and the Application's handlers."""

from __future__ import annotations

import io

from .. import transfers, wrap
from ..downloads import inside
from . import bot_api, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_MEASURABLE = (io.BytesIO, io.BufferedWriter, io.BufferedRandom)
_NAME = "telegram"


def hook_bot(telegram: ModuleType) -> None:
    """Wraps the classes of `telegram`, or leaves them unchanged if the version is unknown."""
    known.hook(telegram, range(20, 23), lambda: [
        wrap.plan(telegram.Bot, "get_file", ("self", "file_id"), _get_file, bot_api.end_get_file),
        wrap.plan(telegram.File, "download_to_drive", ("self", "custom_path"), _to_drive, transfers.end),
        wrap.plan(telegram.File, "download_to_memory", ("self", "out"), _to_memory, _in_memory),
        wrap.plan(telegram.File, "download_as_bytearray", ("self", "buf"), _to_bytes, _in_bytes),
    ])  # fmt: skip


def hook_application(ext: ModuleType) -> None:
    """Wraps update handling if the version of `telegram` is known."""
    if _NAME in known.hooked:
        wrap.put([
            wrap.plan(ext.Application, "process_update", ("self", "update"), _update, bot_api.end_update),
            wrap.plan(ext.Application, "process_error", ("self", "update", "error"), _unhandled),
        ])  # fmt: skip


def _get_file(args: Any, kwargs: Any) -> Any:
    return bot_api.begin_get_file(_NAME, wrap.given(args, kwargs, 1, "file_id"))


def _to_drive(args: Any, kwargs: Any) -> Any:
    return _begin(args[0], wrap.given(args, kwargs, 1, "custom_path"))


def _begin(file: Any, destination: Any) -> Any:
    if inside.get():
        return None
    found = bot_api.of_path(_NAME, file.file_path, file.file_id)
    found.take(file)
    return transfers.begin(found, destination)


def _to_memory(args: Any, kwargs: Any) -> Any:
    out = wrap.given(args, kwargs, 1, "out")
    start = out.tell() if type(out) in _MEASURABLE else None
    transfer = _begin(args[0], getattr(out, "name", None) if start is not None else None)
    return None if transfer is None else (transfer, out, start)


def _in_memory(ticket: Any, _result: Any, error: BaseException | None) -> None:
    transfer, out, start = ticket
    transfers.end(transfer, None, error, out.tell() - start if start is not None else None)


def _to_bytes(args: Any, kwargs: Any) -> Any:
    transfer = _begin(args[0], None)
    return None if transfer is None else (transfer, len(wrap.given(args, kwargs, 1, "buf") or b""))


def _in_bytes(ticket: Any, result: Any, error: BaseException | None) -> None:
    transfer, start = ticket
    transfers.end(transfer, None, error, None if error else len(result) - start)


def _update(args: Any, kwargs: Any) -> Any:
    return bot_api.begin_update(wrap.given(args, kwargs, 1, "update"))


def _unhandled(args: Any, kwargs: Any) -> None:
    bot_api.unhandled(wrap.given(args, kwargs, 2, "error"))
