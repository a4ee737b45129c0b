"""Media check of a video with two judges: the container's structure, and a decoder.

WHOLE requires a structure that accounts for the whole file (each sample in an MPEG-4's index is inside it), or a
matching announced duration or size. BROKEN requires both judges. Everything else is undecided, and so is a first look
(signature, zeros) alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from ..errors import PathRefused
from ..host.blocking import run_blocking
from ..host.safe_open import open_regular
from ..model.task import Answer, Media
from .containers import read_structure
from .decoder import Decoded, decode, decode_throughout, read_again
from .structure import Extent, Reader, Structure, Suspicion, has_marked_heads, suspicion

_SECONDS = 30.0
_ANYWHERE = (Path("/"),)
_END = 2.0  # seconds before the announced end from which on it is decoded
_AROUND = 3.0  # seconds before a suspicious place, and three times as much in all
_TOLERANCE = 1.0  # seconds between an announced duration and the end of the last packet
_CLOSE = 0.2  # the same, where the structure says already that something is missing
_STREAMS = frozenset({"mpeg", "nut", "mxf", "rm", "dv", "wtv", "ivf", "gif", "swf"})  # no bare streams
_INDEXED = "mov"  # the container whose index names every sample


async def check_media(path: Path, size: int | None = None, roots: Sequence[Path] = ()) -> Media:
    """Checks the file at a path against the announced size in bytes (None: not announced).

    The path is walked without following a link, from the containing directory of `roots` (or from `/`). Every step has
    a deadline; nothing is written, and no other file is opened. Does not raise: an inaccessible file is CANNOT_TELL
    with the reason.
    """
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused) as error:
        return Media(Answer.CANNOT_TELL, reason=why_not_opened(error))
    with file:
        return await check_open(file.fileno(), size)


async def open_video(path: Path, roots: Sequence[Path] = ()) -> FileIO:
    """Returns the regular file at `path`, open for reading, as `check_media` opens it. Raises OSError, TimeoutError
    and PathRefused, which `why_not_opened` explains."""
    # An object that closes itself: after the deadline no one else closes it.
    return await run_blocking(lambda: FileIO(open_regular(path, roots or _ANYWHERE)), seconds=_SECONDS, name="media")


def why_not_opened(error: OSError | PathRefused) -> str:
    """Returns the reason code for a file that could not be opened."""
    match error:
        case PathRefused():
            return "not_a_file" if str(error) in ("path_special", "path_link") else str(error)
        case FileNotFoundError() | NotADirectoryError():
            return "nothing_there"
        case PermissionError():
            return "unreadable"
    return "cannot_look"


async def check_open(file: int, size: int | None = None) -> Media:
    """As `check_media`, for a regular file that is open for reading."""
    try:
        case = await run_blocking(lambda: _look(file, size), seconds=_SECONDS, name="media")
        return await _answer(case)
    except OSError:  # a TimeoutError too
        return Media(Answer.CANNOT_TELL, reason="cannot_look")


@dataclass(frozen=True, slots=True)
class _Case:
    """Data read from a file before any other program accesses it."""

    file: int
    structure: Structure
    suspicion: Suspicion | None
    size_met: bool  # its size is the announced one

    def media(self, answer: Answer, reason: str = "", codec: str = "", sound: bool = False) -> Media:
        structure = self.structure
        seconds = None if structure.duration is None else f"{structure.duration:.1f} s"
        seen = " ".join(filter(None, (structure.container, structure.codec or codec, seconds)))
        if sound and self.size_met:
            answer, reason = Answer.WHOLE, ""
        return Media(answer, seen, reason, structure.duration, sound)

    def reached(self, decoded: Decoded, tolerance: float) -> bool:
        """True if video was decoded up to the announced end, or to that many seconds before it."""
        duration = self.structure.duration
        return decoded.frames > 0 and decoded.last is not None and decoded.last >= (duration or 0.0) - tolerance


def _look(file: int, size: int | None) -> _Case:
    structure = read_structure(Reader(file))
    return _Case(file, structure, suspicion(file, structure), size == os.fstat(file).st_size)


async def _answer(case: _Case) -> Media:
    match case.structure.extent:
        case Extent.EXTERNAL:
            return case.media(Answer.CANNOT_TELL, case.structure.reason)
        case Extent.DAMAGED:
            return await _damaged(case)
        case Extent.UNRECOGNISED:
            return await _unrecognised(case)
        case Extent.UNBOUNDED:
            return await _unbounded(case)
    if case.structure.demuxer != _INDEXED:
        return await _complete(case)
    return await (_indexed(case) if case.suspicion is None else _doubtful(case, case.suspicion))


async def _indexed(case: _Case) -> Media:
    """All samples are where the index says, and start correctly as far as this can be checked."""
    if case.size_met:
        return case.media(Answer.WHOLE)  # no program is started
    seen = has_marked_heads(case.structure)  # then all samples were looked at
    decoded = await (_decode_end(case) if seen else _decode_throughout(case))
    if decoded is None or (case.reached(decoded, _TOLERANCE) and not decoded.errors):
        return case.media(Answer.WHOLE)
    return case.media(Answer.CANNOT_TELL, "judges_differ", sound=decoded.frames > 0)


async def _doubtful(case: _Case, place: Suspicion) -> Media:
    """Zeros, or other data, where the index lists samples."""
    start = place.part * (case.structure.duration or 0.0) - _AROUND
    around = await decode(case.file, case.structure, start, 3 * _AROUND)
    if around is None:
        return case.media(Answer.CANNOT_TELL, "media_zeros")
    if around.frames and not around.errors and around.first_byte <= place.offset < around.last_byte:
        return await _indexed(case)
    end = await _decode_end(case)
    broken = around.errors or (end is not None and not case.reached(end, _CLOSE))
    return case.media(Answer.BROKEN if broken else Answer.CANNOT_TELL, "media_zeros")


async def _complete(case: _Case) -> Media:
    """The length matches the container's record; only the decoder checks the content."""
    if case.size_met and case.suspicion is None:
        decoded = await _decode_end(case)
        if decoded is None or decoded.frames:
            return case.media(Answer.WHOLE, codec=decoded.codec if decoded else "")
    decoded = await _decode_throughout(case)
    if decoded is None:
        return case.media(Answer.CANNOT_TELL, "no_decoder", sound=case.suspicion is None)
    if case.reached(decoded, _TOLERANCE) and not decoded.errors:
        return case.media(Answer.WHOLE)
    reason = "media_zeros" if case.suspicion else "judges_differ"
    broken = case.suspicion is not None and not case.reached(decoded, _CLOSE)
    return case.media(Answer.BROKEN if broken else Answer.CANNOT_TELL, reason)


async def _decode_end(case: _Case) -> Decoded | None:
    structure = case.structure
    return await decode(case.file, structure, None if structure.duration is None else structure.duration - _END)


async def _decode_throughout(case: _Case) -> Decoded | None:
    """Decodes everything, or the end of a file that is too long and not suspicious."""
    try:
        return await decode_throughout(case.file, case.structure)
    except TimeoutError:
        if case.suspicion is not None:
            raise
        return await _decode_end(case)


async def _unbounded(case: _Case) -> Media:
    """The file does not record its end: the announced size decides."""
    if case.suspicion is not None:
        return case.media(Answer.CANNOT_TELL, "media_zeros")
    decoded = await _decode_end(case)
    if decoded is not None and not decoded.frames:
        return case.media(Answer.CANNOT_TELL, "judges_differ")
    codec = decoded.codec if decoded else ""
    return case.media(Answer.CANNOT_TELL, "size_unknown", codec, sound=True)


async def _damaged(case: _Case) -> Media:
    reason = case.structure.reason
    decoded = await _decode_end(case)
    if decoded is None:
        return await _without_decoder(case)
    if reason == "media_no_video":
        broken = not decoded.frames and not decoded.sounds
    else:
        broken = decoded.errors or not case.reached(decoded, _CLOSE)
    return case.media(Answer.BROKEN, reason) if broken else case.media(Answer.CANNOT_TELL, "judges_differ")


async def _unrecognised(case: _Case) -> Media:
    decoded = await _decode_end(case)
    if decoded is None:
        return await _without_decoder(case)
    if not decoded.frames and not decoded.sounds:
        return case.media(Answer.BROKEN, case.structure.reason)
    if not decoded.frames:
        return case.media(Answer.CANNOT_TELL, "media_no_video")
    if case.suspicion is not None:
        return case.media(Answer.CANNOT_TELL, "media_zeros", decoded.codec)
    # A decoder finds the bare stream even in a container without its start.
    sound = decoded.container in _STREAMS or os.pread(case.file, 4, 0).lstrip(b"\0")[:1] == b"\1"
    return case.media(Answer.CANNOT_TELL, "size_unknown" if sound else "judges_differ", decoded.codec, sound=sound)


async def _without_decoder(case: _Case) -> Media:
    if await read_again(case.file, case.structure) is False:
        return case.media(Answer.BROKEN, case.structure.reason)
    return case.media(Answer.CANNOT_TELL, "no_decoder")
