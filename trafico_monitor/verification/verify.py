"""Verdict on a repair task: the proof required for each kind."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import PathRefused
from ..host.accounts import PASS, READ, WRITE, describe_owner, may
from ..host.blocking import run_blocking
from ..host.safe_open import digest
from ..model.installation import Installation, roots_of
from ..model.task import Answer, Evidence, Media, RepairTask, TaskKind, TaskResult, Verdict
from .media import check_open, open_video, why_not_opened

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
    """Checks for the complete video, of `size` bytes if announced, with nothing on its path that the monitor
    created and did not give to the bot's user."""
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


_SECONDS = 30.0


async def check_file(path: Path, *, size: int | None, uid: int, roots: Sequence[Path] = ()) -> Verdict:
    """Given a host path, what was announced of it (bytes, None when nothing was) and the bot's
    user, the evidence in the order file, size, media, owner. Proven when all of it is as it must
    be. `reason` is that of the first thing that is not: `nothing_there`, `not_a_file`,
    `size_differs`, `size_unknown`, `unreadable_by_bot`, or a code of the media check. `roots` are
    as for `check_media`; size and content are those of one open file."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused) as error:
        return Verdict(False, (Evidence("file", str(path), False),), why_not_opened(error))
    with file:
        lying = os.fstat(file.fileno()).st_size
        media = await check_open(file.fileno(), size)
    owner, reason = await check_owner(path, uid, READ)
    findings = ((Evidence("file", str(path)), ""), _size(lying, size), _media(media), (owner, reason))
    reason = next((reason for evidence, reason in findings if not evidence.ok), "")
    return Verdict(not reason, tuple(evidence for evidence, _ in findings), reason)


async def check_owner(path: Path, uid: int, wanted: int) -> tuple[Evidence, str]:
    """Returns whether user `uid` has the access `wanted` to `path`, and the reason if not."""
    try:
        text, allowed = await run_blocking(
            lambda: (describe_owner(path), may(path, uid, wanted)), seconds=_SECONDS, name="verify"
        )
    except (OSError, TimeoutError):
        return Evidence("owner", str(path), False), "cannot_look"
    return Evidence("owner", text, allowed), "" if allowed else "unreadable_by_bot"


async def judge(path: Path, size: int | None, roots: Sequence[Path] = ()) -> bool | None:
    """For the copying stage: True for an intact video of `size` bytes (None: any size, if the file itself shows its
    end), False for a proven fault, None if undecided."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused):
        return None
    with file:
        media = await check_open(file.fileno(), size)
        differs = size is not None and os.fstat(file.fileno()).st_size != size
    return False if differs and (media.whole or media.sound) else media.whole


def _size(lying: int, size: int | None) -> tuple[Evidence, str]:
    if size is None or lying == size:
        return Evidence("size", f"{lying} B"), ""
    return Evidence("size", f"{lying} B ≠ {size} B", False), "size_differs"


def _media(media: Media) -> tuple[Evidence, str]:
    if media.answer is Answer.WHOLE:
        return Evidence("media", media.seen), ""
    return Evidence("media", " · ".join(filter(None, (media.seen, media.reason))), False), media.reason


_FOLDER_SECONDS = 30.0


async def check_folder(folder: Path, *, uid: int, models: Path | None = None) -> Verdict:
    """Evidence: folder, owner (with its mode). Proven when it is a real folder (no link) in which
    user `uid` can make files, and which belongs to that user or to whoever owns `models` itself; a
    folder of the monitor's own, also further up, was never finished. Reasons: `nothing_there`,
    `not_a_folder`, `folder_not_bots`, `unreadable_by_bot`, `cannot_look`."""
    try:
        seen, owners = await run_blocking(
            lambda: (folder.lstat(), _owners(uid, models)), seconds=_FOLDER_SECONDS, name="verify"
        )
    except (OSError, TimeoutError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "nothing_there" if missing else "cannot_look"
        return Verdict(False, (Evidence("folder", str(folder), False),), reason)
    if not stat.S_ISDIR(seen.st_mode):
        return Verdict(False, (Evidence("folder", str(folder), False),), "not_a_folder")
    owner, reason = await check_owner(folder, uid, READ | WRITE | PASS)
    if seen.st_uid not in owners:
        owner, reason = Evidence(owner.what, owner.value, False), "folder_not_bots"
    left = None if models is None else await left_undone(folder, uid=uid, models=models)
    if left is not None:
        return left
    return Verdict(owner.ok, (Evidence("folder", str(folder)), owner), reason)


async def left_undone(path: Path, *, uid: int, models: Path) -> Verdict | None:
    """The verdict on what the monitor has put at `path`, beneath `models`, when the file or a folder
    on its way is still the monitor's own instead of the bot's; None when nothing is."""
    try:
        left = await run_blocking(lambda: _ours(path, uid, models), seconds=_FOLDER_SECONDS, name="verify")
    except (OSError, TimeoutError):
        return Verdict(False, (Evidence("owner", str(path), False),), "cannot_look")
    if left is None:
        return None
    reason = "folder_not_bots" if left != path else "unreadable_by_bot"
    owner, _ = await check_owner(left, uid, READ)
    return Verdict(False, (Evidence("folder", str(left), False), Evidence("owner", owner.value, False)), reason)


def _owners(uid: int, models: Path | None) -> tuple[int, ...]:
    return (uid,) if models is None else (uid, models.stat().st_uid)


def _ours(path: Path, uid: int, models: Path) -> Path | None:
    """The first of models, the folders below it and `path` that is ours and not the bot's. Root gives
    what it makes in the same step, and may own a folder for reasons of its own."""
    if os.geteuid() in (0, uid) or models not in path.parents:
        return None
    way = (*(each for each in reversed(path.parents) if each == models or models in each.parents), path)
    return next((each for each in way if each.lstat().st_uid == os.geteuid()), None)


_DIGEST_SECONDS, _BYTES_PER_SECOND = 30.0, 20_000_000


async def look_at_aside(path: Path, roots: Sequence[Path] = ()) -> Evidence:
    """Returns the evidence `quarantine`: path, size and SHA-256 of the file at `path`, not ok if there is no file.
    A digest that takes too long is omitted."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused):
        return Evidence("quarantine", str(path), False)
    with file:
        size = os.fstat(file.fileno()).st_size
        told, stop = f"{path} · {size} B", threading.Event()
        try:
            seconds = _DIGEST_SECONDS + size / _BYTES_PER_SECOND
            found = await run_blocking(lambda: digest(file.fileno(), stop), seconds=seconds, name="digest")
        except OSError:  # a TimeoutError too
            return Evidence("quarantine", told)
        finally:
            stop.set()
    return Evidence("quarantine", f"{told} · SHA-256 {found}")
