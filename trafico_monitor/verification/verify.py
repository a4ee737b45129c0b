"""The verdict on an order: what proves that it helped, for each kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..model.installation import Installation, roots_of
from ..model.task import Evidence, RepairTask, TaskKind, TaskResult, Verdict
from .access import READ
from .file import check_file, check_owner
from .folder import check_folder, left_undone
from .quarantined import look_at_aside

NOTHING = Verdict(False, reason="nothing_to_look_at")


async def verify(
    order: RepairTask, result: TaskResult | None, site: Installation, *, destination: Path | None = None
) -> Verdict:
    """Given an order and what became of it (None: the monitor died meanwhile), look at the disk.

    `destination` is where the download belongs, as `action.paths.resolve_destination` says, None
    when that is not known. The result's own path comes first: it is where the file was really
    put. Nothing is taken from the result's word that it was done. What was put aside is looked
    at too: that is evidence (`quarantine`), and never a proof.

    retry_download, confirm, quarantine: the whole video at that path (for quarantine: the file was
    healthy, or is again), in folders that are the bot's. create_folder: the folder. fix_owner: the
    bot's user can read the path; that it may not be the video is for the policy to know."""
    if result is None or not result.quarantined:
        return await _verify(order, result, site, destination)
    aside = await look_at_aside(Path(result.quarantined), roots_of(site))
    if order.kind is TaskKind.QUARANTINE:
        return Verdict(False, (aside,), "" if aside.ok else "nothing_there")
    verdict = await _verify(order, result, site, destination)
    return replace(verdict, evidence=(aside, *verdict.evidence))


async def _verify(
    order: RepairTask, result: TaskResult | None, site: Installation, destination: Path | None
) -> Verdict:
    place = Path(result.path) if result and result.path else None
    match order.kind:
        case TaskKind.CREATE_FOLDER:
            folder = place or (destination.parent if destination else _of_modelo(order, site))
            return await check_folder(folder, uid=site.uid, models=site.models) if folder else NOTHING
        case TaskKind.FIX_OWNER:
            return await _readable(place or destination, site)
        case TaskKind.WAIT_FOR_SPACE | TaskKind.WAIT_FOR_SERVER:
            return NOTHING
    video = place or destination
    if video is None:
        return NOTHING
    return await check_video(video, site, order.download.size)


async def check_video(video: Path, site: Installation, size: int | None) -> Verdict:
    """The whole video, of `size` bytes where that was announced, and nothing on its way that the
    monitor has made and not given to the bot's user."""
    verdict = await check_file(video, size=size, uid=site.uid, roots=roots_of(site))
    if not verdict.proven:
        return verdict
    left = await left_undone(video, uid=site.uid, models=site.models)
    return verdict if left is None else replace(left, evidence=(*verdict.evidence, *left.evidence))


def _of_modelo(order: RepairTask, site: Installation) -> Path | None:
    modelo = order.download.modelo
    if not modelo or "/" in modelo or "\0" in modelo or modelo.startswith((".", "_")):
        return None
    return site.models / modelo


async def _readable(path: Path | None, site: Installation) -> Verdict:
    if path is None:
        return NOTHING
    if path.is_dir():
        return await check_folder(path, uid=site.uid, models=site.models)
    owner, reason = await check_owner(path, site.uid, READ)
    return Verdict(owner.ok, (Evidence("file", str(path), owner.ok), owner), reason)
