"""Repairs for `ruta_inexistente` and `permisos`: creates the folder of a named modelo; restores the bot's
ownership."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import PathRefused
from ...model.installation import Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..mkdir import ensure_folder
from ..ownership import worth_again
from ..path_policy import is_plain, resolve_destination, resolve_source
from ..ports import Tools, from_error
from ..safe_open import in_thread


async def create_folder(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Creates the folder of a task whose download names a destination or a modelo.

    DONE `folder_created` or `folder_exists`, with the folder as `path`; FAILED with the helper's reason if the helper
    did not give it to the bot's user; REFUSED `no_safe_folder` if neither names a folder below models,
    `models_missing` if models itself is missing and may not be created; BLOCKED_BY_SPACE; BLOCKED_BY_OWNER.
    """
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
    """Returns the download's folder: its destination's parent, else models/modelo."""
    destination = resolve_destination(order.download, site)
    if destination is not None:
        return destination.parent
    modelo = order.download.modelo
    return site.models / modelo if modelo and is_plain(modelo) else None


async def restore_owner(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Gives the bot's user the source named in the log, and the modelo's folder and file if they exist, or models
    itself if they do not. DONE if the helper did all of it; otherwise its first refusal or failure (FAILED if
    another attempt may succeed); REFUSED `nothing_to_hand_over` if the log names nothing that may be changed."""
    paths = await in_thread(lambda _: _named(order, site), name="hand over")
    done = TaskResult(order.id, Outcome.REFUSED, "nothing_to_hand_over")
    for path in paths:
        done = replace(worth_again(await tools.give(path)), order_id=order.id)
        if done.outcome is not Outcome.DONE and not (done.reason == "owner_not_found" and path != paths[-1]):
            return done  # a missing source says nothing about the following folder
    return done


def _named(order: RepairTask, site: Installation) -> list[Path]:
    """Yields the paths, source first: in most cases the bot could not read the source (facts, section 1). A missing
    models directory comes before it, because the helper derives the bot's user from it."""
    gone = site.models if folder_of(order, site) is not None and not site.models.exists() else None
    named = (gone, _source(order, site), _folder(order, site), _file(order, site))
    return [path for path in named if path is not None]


def _source(order: RepairTask, site: Installation) -> Path | None:
    if not order.download.source:
        return None
    try:
        return resolve_source(order.download.source, site)
    except PathRefused:
        return None


def _folder(order: RepairTask, site: Installation) -> Path | None:
    folder = folder_of(order, site)
    return folder if folder is not None and folder.is_dir() else None


def _file(order: RepairTask, site: Installation) -> Path | None:
    path = resolve_destination(order.download, site)
    return path if path is not None and path.is_file() else None
