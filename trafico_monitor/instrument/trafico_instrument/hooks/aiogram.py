"""aiogram 3: getFile, Bot.download and download_file, and the Dispatcher's handlers."""

from __future__ import annotations

from .. import places, transfers, wrap
from ..downloads import inside
from . import bot_api, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_NAME = "aiogram"


def hook(aiogram: ModuleType) -> None:
    """Wraps the classes of `aiogram`, or leaves them unchanged if the version is unknown."""
    known.hook(aiogram, (3,), lambda: [
        wrap.plan(aiogram.Bot, "get_file", ("self", "file_id"), _get_file, bot_api.end_get_file),
        wrap.plan(aiogram.Bot, "download", ("self", "file", "destination"), _see_download),
        wrap.plan(aiogram.Bot, "download_file", ("self", "file_path", "destination"), _download_file, _downloaded),
        wrap.plan(aiogram.Dispatcher, "feed_update", ("self", "bot", "update"), _update, bot_api.end_update),
    ])  # fmt: skip


def _get_file(args: Any, kwargs: Any) -> Any:
    return bot_api.begin_get_file(_NAME, wrap.given(args, kwargs, 1, "file_id"))


def _see_download(args: Any, kwargs: Any) -> None:
    """It calls get_file and download_file, which report themselves; only size and destination are taken here."""
    found = bot_api.see(_NAME, wrap.given(args, kwargs, 1, "file"))
    if found is not None:
        found.go_to(places.absolute(wrap.given(args, kwargs, 2, "destination")))


def _download_file(args: Any, kwargs: Any) -> Any:
    if inside.get():
        return None
    found = bot_api.of_path(_NAME, wrap.given(args, kwargs, 1, "file_path"))
    destination = wrap.given(args, kwargs, 2, "destination")
    return transfers.begin(found, destination), destination is None


def _downloaded(ticket: Any, result: Any, error: BaseException | None) -> None:
    transfer, made = ticket  # `made`: the library has made a BytesIO of its own
    transfers.end(transfer, None, error, result.getbuffer().nbytes if made and error is None else None)


def _update(args: Any, kwargs: Any) -> Any:
    return bot_api.begin_update(wrap.given(args, kwargs, 2, "update"))
