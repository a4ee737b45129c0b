"""`ruta_inexistente`: the folder of a modelo that was really named, and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import PathRefused
from ...model.installation import Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..errno_outcomes import from_error
from ..fs.cancellable_io import in_thread
from ..fs.mkdir import ensure_folder
from ..fs.path_policy import is_plain, resolve_destination
from ..ports import Tools


async def create_folder(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Given an order whose download names a destination or a modelo, make that folder.

    DONE `folder_created` or `folder_exists`, with the folder as `path`; FAILED with the helper's
    reason when it did not give it to the bot's user; REFUSED `no_safe_folder` when neither names
    one beneath models, `models_missing` when models itself is not there and may not be made;
    BLOCKED_BY_SPACE; BLOCKED_BY_OWNER."""
    try:
        folder = await in_thread(lambda _: folder_of(order, site))
        if folder is None:
            return TaskResult(order.id, Outcome.REFUSED, "no_safe_folder")
        ensured = await ensure_folder(folder, site, tools)
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    if ensured.refused is not None:
        return replace(ensured.refused, order_id=order.id, path=str(folder))
    reason = "folder_created" if ensured.made else "folder_exists"
    return TaskResult(order.id, Outcome.DONE, reason, path=str(folder))


def folder_of(order: RepairTask, site: Installation) -> Path | None:
    """Where the download's folder belongs: its destination's parent, else models/modelo."""
    destination = resolve_destination(order.download, site)
    if destination is not None:
        return destination.parent
    modelo = order.download.modelo
    return site.models / modelo if modelo and is_plain(modelo) else None
