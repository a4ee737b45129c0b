"""Another download: from the Bot API server's file, or from the source named in the log."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PathRefused
from ...host.redact import redact
from ...model.installation import RESCUED, Installation
from ...model.task import Outcome, RepairTask, TaskResult
from ..at_rest import NotSettled, move_settled, note_beside, read_note, settled_status, what_is_known, write_note
from ..atomic_copy import copy_file
from ..bot_api import Trouble
from ..mkdir import ensure_folder, given
from ..path_policy import is_plain, resolve_destination, resolve_source
from ..ports import Tools, from_error
from ..provenance import Provenance, folder_of, provenance
from ..safe_open import NAME_BYTES, in_thread, remove, safe_component, same_content, status

_CAUSES = frozenset({Outcome.BLOCKED_BY_SPACE, Outcome.BLOCKED_BY_OWNER})


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    size: int | None  # announced by the server or the log
    by_words: bool = False  # named by log text only


async def retry_download(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Puts the video of a task at its destination.

    With a file_id: getFile, then copy; if the server gives no path and the log named a source, that source is copied.
    Results of `copy_file`, and: DONE `rescued` (unknown destination, or another intact video has its name); REFUSED
    `nothing_to_download_from`, `server_not_configured`, `token_refused`, `file_id_refused`, `file_too_big`, or the
    reason for refusing a path; REFUSED and `rescued` with the doubt of `provenance` about its modelo; FAILED
    `timeout`, `connection_lost`, `not_served`, `file_unavailable`, `server_busy`, `server_error`; FAILED with
    `retry_after` for a damaged file of the server that is not at rest (`quarantine`); BLOCKED_BY_SERVER
    `server_unreachable`, `server_fault`.
    """
    download = order.download
    if not download.known:
        return TaskResult(order.id, Outcome.REFUSED, "nothing_to_download_from")
    if not download.file_id:
        return await _from_lines(order, site, tools)
    result = await _from_server(order, site, tools)
    if result.outcome is Outcome.DONE or result.outcome in _CAUSES or result.path or not download.source:
        return result
    # The server may be down, or may have forgotten the file, while the file exists.
    copied = await _from_lines(order, site, tools)
    return copied if copied.outcome is Outcome.DONE or copied.outcome in _CAUSES else result


async def _from_lines(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    try:
        path = await in_thread(lambda _: resolve_source(order.download.source or "", site))
    except (OSError, PathRefused) as error:
        return _not_resolved(order, error)
    return await _put(order, _Source(path, order.download.size, not order.download.file_id), site, tools)


async def _from_server(order: RepairTask, site: Installation, tools: Tools) -> TaskResult:
    """Requests and copies the file. A file that is shorter than the server's own size, or proven corrupt, is moved
    aside and requested once more: the server fetches missing files. A file that may still be written is left for a
    while."""
    for last in (False, True):
        found = await _ask(order, site, tools)
        if isinstance(found, TaskResult):
            return found
        if await _shortened(found, site):
            result = TaskResult(order.id, Outcome.FAILED, "source_incomplete")
        else:
            result = await _put(order, found, site, tools)
        bad = result.reason in ("source_incomplete", "source_corrupt")
        try:
            if last or not bad or not await _set_aside(found, order, site, tools):
                break
        except NotSettled as error:
            return from_error(order.id, error)
    return result


async def _ask(order: RepairTask, site: Installation, tools: Tools) -> _Source | TaskResult:
    if not (site.api_url and site.token and order.download.file_id):
        return TaskResult(order.id, Outcome.REFUSED, "server_not_configured")
    answer = await tools.get_file(site, order.download.file_id, tools.seconds_for(order.download.size))
    if isinstance(answer, Trouble):
        return TaskResult(order.id, answer.outcome, answer.reason, answer.detail, retry_after=answer.retry_after)
    try:
        return _Source(await in_thread(lambda _: resolve_source(answer.path, site)), answer.size)
    except (OSError, PathRefused) as error:
        return _not_resolved(order, error)


def _not_resolved(order: RepairTask, error: OSError | PathRefused) -> TaskResult:
    # `<TOKEN>` without a fitting directory: nothing forbidden was asked for, it is not there.
    if isinstance(error, PathRefused) and str(error) == "source_missing":
        return TaskResult(order.id, Outcome.FAILED, "source_missing")
    return from_error(order.id, error)


async def _shortened(source: _Source, site: Installation) -> bool:
    try:
        found = await in_thread(lambda _: status(source.path, site))
    except (OSError, PathRefused):
        return False  # the copy reports the error
    return found is not None and source.size is not None and found.st_size < source.size


async def _set_aside(source: _Source, order: RepairTask, site: Installation, tools: Tools) -> bool:
    """Renames a damaged file in the Bot API directory, if the monitor may write there. Damaged according to the
    server's own size or the content, never according to a log line. Raises NotSettled for a file that may still be
    written."""
    mark = order.incident_id if safe_component(order.incident_id) else "incidente"
    aside = source.path.with_name(f"{source.path.name}.{mark}.incompleto")
    try:
        before = await in_thread(lambda _: settled_status(source.path, site, tools.now()))
        if not await _shortened(source, site) and await tools.is_good(source.path, None) is not False:
            return False
        await in_thread(lambda _: settled_status(source.path, site, tools.now()))
        await in_thread(lambda _: move_settled(source.path, aside, before, site))
    except NotSettled:
        raise
    except (OSError, PathRefused):
        return False
    return True


async def _put(order: RepairTask, source: _Source, site: Installation, tools: Tools) -> TaskResult:
    """Copies to the destination; to `_rescatados` if there is none, another intact video has the name, or the
    source's modelo is in doubt."""
    size = order.download.size if order.download.size is not None else source.size
    if await _gone(source, site):
        return TaskResult(order.id, Outcome.FAILED, "source_missing")
    try:
        destination = await in_thread(lambda _: resolve_destination(order.download, site))
        modelo = "" if destination is None else folder_of(destination, site)
        since = order.since if source.by_words else 0.0
        known = await provenance(source.path, modelo, size, since, site, tools)
        if known.doubt:
            return await _in_doubt(order, source, known, site, tools)
        if destination is None and known.place is not None:  # already safe: no second copy
            return TaskResult(order.id, Outcome.DONE, "already_there", path=str(known.place))
        if destination is None:
            return await rescue(order, source.path, site, tools, size)
        ensured = await ensure_folder(destination.parent, site, tools)
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    result = await copy_file(order, source.path, destination, site, tools, size)
    if result.reason == "destination_taken":
        return replace(await rescue(order, source.path, site, tools, size), why=result.reason)
    done = await given(result, ensured, site, tools)
    return replace(done, delivered=(known.identity, modelo)) if done.outcome is Outcome.DONE else done


async def _in_doubt(
    order: RepairTask, source: _Source, known: Provenance, site: Installation, tools: Tools
) -> TaskResult:
    """Copies to no modelo's folder. A file that was delivered before is copied for an operator only if it exists
    nowhere else or an operator requested it; any other file stays in place."""
    safe = known.place is not None and order.since > 0
    if known.doubt != "delivered_elsewhere" or safe:
        return TaskResult(order.id, Outcome.REFUSED, known.doubt, str(known.place or ""))
    result = await rescue(order, source.path, site, tools, order.download.size)
    if result.outcome is not Outcome.DONE:
        return result
    return replace(result, outcome=Outcome.REFUSED, reason=known.doubt, detail=str(known.place or ""))


async def _gone(source: _Source, site: Installation) -> bool:
    """True if nothing is there; no folder is created for the check. The copy reports other errors."""
    try:
        return await in_thread(lambda _: status(source.path, site)) is None
    except (OSError, PathRefused):
        return False


_NAMES = 1000


async def rescue(order: RepairTask, source: Path, site: Installation, tools: Tools, size: int | None) -> TaskResult:
    """Copies `source` to `models/_rescatados/<name>`, numbered if the name is taken; the note that claims the name
    comes first, so that the same incident finds its own file again."""
    try:
        ensured = await ensure_folder(site.models / RESCUED, site, tools)
        seconds = tools.seconds_for(size)
        place = await in_thread(lambda stop: _claim(order, source, site, tools.now(), stop), seconds, "rescue")
    except (OSError, PathRefused) as error:
        return from_error(order.id, error)
    result = await copy_file(order, source, place, site, tools, size)
    if result.outcome is not Outcome.DONE:
        await in_thread(lambda _: _unclaim(place, site))
        return result
    return await given(replace(result, rescued=True, reason="rescued"), ensured, site, tools)


def _claim(order: RepairTask, source: Path, site: Installation, now: float, stop: threading.Event) -> Path:
    for place in _candidates(order, source, site):
        note = read_note(note_beside(place), site)
        if note is not None and note.get("incidente") == order.incident_id:
            return place
        taken = note is not None or status(place, site) is not None
        if taken and not (note is None and _same(source, place, site, stop)):
            continue
        try:
            write_note(note_beside(place), what_is_known(order, now, de=redact(str(source))), site)
        except FileExistsError:
            continue
        return place
    raise FileExistsError(f"{_NAMES} rescued files of this name")


def _same(source: Path, place: Path, site: Installation, stop: threading.Event) -> bool:
    """The same video is there and has lost its note."""
    try:
        return same_content(source, place, site, stop)
    except (OSError, PathRefused):
        return False


def _unclaim(place: Path, site: Installation) -> None:
    """Deletes a note without a file, which would report a rescue that did not happen."""
    with contextlib.suppress(OSError, PathRefused):
        if status(place, site) is None:
            remove(note_beside(place), site)


def _candidates(order: RepairTask, source: Path, site: Installation) -> Iterator[Path]:
    video = order.download.video
    name = Path(next((each for each in (video, source.name) if each and is_plain(each)), "video"))
    stem = name.stem.encode()[: NAME_BYTES - 40].decode("utf-8", "ignore")
    for number in range(1, _NAMES + 1):
        numbered = stem if number == 1 else f"{stem}-{number}"
        yield site.models / RESCUED / f"{numbered}{name.suffix[:20]}"
