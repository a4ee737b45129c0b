"""`permisos`: gives what one download needs back to the bot's user, by the root helper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import PathRefused
from ...model.installation import Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..chown_client import worth_again
from ..fs.cancellable_io import in_thread
from ..fs.path_policy import resolve_destination, resolve_source
from ..ports import Tools
from .create_folder import folder_of


async def hand_over(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Given an order, hand over the source that the lines name and the modelo's folder and file
    where they exist; models itself where even that does not. DONE when the helper did all of it;
    its first refusal or failure otherwise (FAILED for all that another try may find otherwise);
    REFUSED `nothing_to_hand_over` when the lines name nothing that may be touched."""
    paths = await in_thread(lambda _: _named(order, site), name="hand over")
    done = TaskResult(order.id, Outcome.REFUSED, "nothing_to_hand_over")
    for path in paths:
        done = replace(worth_again(await tools.give(path)), order_id=order.id)
        if done.outcome is not Outcome.DONE and not (done.reason == "owner_not_found" and path != paths[-1]):
            return done  # a source that is gone says nothing about the folder that comes after it
    return done


def _named(order: RepairTask, site: Installation) -> list[Path]:
    """The source first: it is what the bot could not read in most cases (facts, section 1). Before it
    models, where that is gone and something belongs there: by it the helper knows the bot's user."""
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
