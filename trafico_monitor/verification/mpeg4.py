"""MPEG-4, QuickTime and 3GP: checks that every sample in the index is inside the file.

Layout: ISO/IEC 14496-12 and Apple's QuickTime File Format.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from struct import Struct

from .structure import LARGEST_READ, Extent, Malformed, Reader, Run, Structure

CONTAINER, DEMUXER = "MPEG-4", "mov"
BEGINNINGS = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"sidx"})

_U32, _U64, _BOX = Struct(">I"), Struct(">Q"), Struct(">I4s")
_MOST_BOXES = 100_000  # in one box; two fragments a second for half a day
_MOST_TRACKS = 100
_MOST_SAMPLES = 4_000_000  # of one track
_TOLERANCE = 0.1  # seconds: an announced duration is rounded
_CODECS = {
    "avc1": "AVC", "avc3": "AVC", "hvc1": "HEVC", "hev1": "HEVC", "mp4v": "MPEG-4 Visual", "s263": "H.263",
    "vp08": "VP8", "vp09": "VP9", "av01": "AV1",
    "jpeg": "JPEG", "mjpa": "JPEG",
}  # fmt: skip
_NAL_CONFIGURATION = {b"avcC": 4, b"hvcC": 21}  # offset of the byte that holds the length fields' size
_VISUAL_ENTRY = 86  # bytes of a VisualSampleEntry before its boxes


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    body: int
    end: int


@dataclass(slots=True)
class _Track:
    id: int = 0
    video: bool = False
    codec: str = ""
    nal_length: int = 0
    seconds: float = 0.0
    timescale: int = 1
    samples: int = 0
    runs: list[Run] = field(default_factory=list)
    end: int = 0  # of its last byte
    references: int = 0
    default_size: int = 0
    default_duration: int = 0
    fragmented: int = 0  # duration of its fragments, in its timescale


def read(file: Reader) -> Structure:
    """Returns the structure of an MPEG-4 file. Raises Malformed."""
    top = list(_top_level(file))
    movie = next((box for box in top if box.kind == b"moov"), None)
    if movie is None:
        return _damaged("media_truncated" if any(box.kind == b"mdat" for box in top) else "media_damaged")
    parts = {box.kind: box for box in _boxes(file, movie)}
    if b"rmra" in parts:
        return Structure(Extent.EXTERNAL, CONTAINER, DEMUXER, reason="media_external")
    if b"cmov" in parts:  # compressed: only the decoder reads it
        return Structure(Extent.UNBOUNDED, CONTAINER, DEMUXER, reason="size_unknown")
    tracks = []
    for box in islice((box for box in _boxes(file, movie) if box.kind == b"trak"), _MOST_TRACKS):
        track = _track(file, box)
        if track is None:
            return Structure(Extent.EXTERNAL, CONTAINER, DEMUXER, reason="media_external")
        tracks.append(track)
    if b"mvex" in parts:
        return _fragmented(file, top, tracks, parts)
    # The movie's own duration comes first: edit lists may leave out most of a track. Where a box is cut
    # off, all samples may be there, but the file is not what was sent.
    seconds = _movie_seconds(file, parts) or _seconds(tracks)
    return _judged(file, tracks, seconds, complete=all(box.end <= file.size for box in top))


def _judged(file: Reader, tracks: list[_Track], seconds: float | None, *, complete: bool) -> Structure:
    video = next((track for track in tracks if track.video), None)
    reason = ""
    if video is None:
        reason = "media_no_video"
    elif max(track.end for track in tracks) > file.size or not video.samples:
        reason = "media_truncated"
    extent = Extent.DAMAGED if reason else Extent.COMPLETE if complete else Extent.UNBOUNDED
    return Structure(
        extent,
        CONTAINER,
        DEMUXER,
        video.codec if video else "",
        seconds,
        reason=reason or ("" if complete else "size_unknown"),
        runs=tuple(run for track in tracks if track.video for run in track.runs),
        nal_length=video.nal_length if video else 0,
        references=sum(track.references for track in tracks),
    )


def _damaged(reason: str) -> Structure:
    return Structure(Extent.DAMAGED, CONTAINER, DEMUXER, reason=reason)


def _seconds(tracks: list[_Track]) -> float | None:
    return max((track.seconds for track in tracks), default=None)


def _movie_seconds(file: Reader, parts: dict[bytes, _Box]) -> float | None:
    if b"mvhd" not in parts:
        return None
    data = _body(file, parts[b"mvhd"])
    long = data[:1] == b"\1"
    timescale = _number(data, 20 if long else 12)
    duration = _number(data, 24 if long else 16, _U64 if long else _U32)
    return duration / timescale if timescale else None


# Boxes


def _top_level(file: Reader) -> Iterator[_Box]:
    """Yields the boxes that start inside the file; the last one may extend beyond it."""
    offset = 0
    for _ in range(_MOST_BOXES):
        head = file.peek(offset, 16)
        if len(head) < 8:
            return
        box = _box(head, offset, file.size)
        if box is None:
            return  # data appended by some cameras are not a box
        yield box
        offset = box.end
    raise Malformed


def _boxes(file: Reader, parent: _Box) -> Iterator[_Box]:
    offset = parent.body
    for _ in range(_MOST_BOXES):
        if offset + 8 > parent.end:
            return
        box = _box(file.peek(offset, 16), offset, parent.end)
        if box is None:
            return  # QuickTime ends a list with four zero bytes
        if box.end > parent.end:
            raise Malformed
        yield box
        offset = box.end
    raise Malformed


def _box(head: bytes, offset: int, end: int) -> _Box | None:
    if len(head) < 8:
        raise Malformed
    size, kind = _BOX.unpack_from(head)
    body = 8
    if size == 1:
        if len(head) < 16:
            raise Malformed
        size, body = _U64.unpack_from(head, 8)[0], 16
    elif size == 0 and kind != b"\0\0\0\0":
        size = end - offset
    return _Box(kind, offset, offset + body, offset + size) if size >= body else None


def _child(file: Reader, parent: _Box, *path: bytes) -> _Box:
    """Returns the box at the end of `path`, each the first of its kind. Raises Malformed if it is missing."""
    box = parent
    for kind in path:
        found = next((each for each in _boxes(file, box) if each.kind == kind), None)
        if found is None:
            raise Malformed
        box = found
    return box


def _optional(file: Reader, parent: _Box, *path: bytes) -> _Box | None:
    try:
        return _child(file, parent, *path)
    except Malformed:
        return None


def _body(file: Reader, box: _Box) -> bytes:
    return file.read(box.body, box.end - box.body)


def _array(data: bytes, code: str, count: int, offset: int) -> array[int]:
    numbers: array[int] = array(code)
    if count < 0 or offset + count * numbers.itemsize > len(data):
        raise Malformed
    numbers.frombytes(data[offset : offset + count * numbers.itemsize])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _number(data: bytes, offset: int, layout: Struct = _U32) -> int:
    if len(data) < offset + layout.size:
        raise Malformed
    return int(layout.unpack_from(data, offset)[0])


# A track and its sample tables


def _track(file: Reader, box: _Box) -> _Track | None:
    """Returns a track of `moov`; None if its samples are in another file."""
    media = _child(file, box, b"mdia")
    header = _body(file, _child(file, media, b"mdhd"))
    long = header[:1] == b"\1"
    track = _Track(timescale=_number(header, 20 if long else 12) or 1)
    track.seconds = _number(header, 24 if long else 16, _U64 if long else _U32) / track.timescale
    identity = _body(file, _child(file, box, b"tkhd"))
    track.id = _number(identity, 20 if identity[:1] == b"\1" else 12)
    track.video = _body(file, _child(file, media, b"hdlr"))[8:12] == b"vide"
    info = _child(file, media, b"minf")
    references = _optional(file, info, b"dinf", b"dref")
    if references is not None:
        if _external(file, references):
            return None
        track.references = 1
    table = _child(file, info, b"stbl")
    if track.video:
        _describe(file, table, track)
    _place_samples(file, table, track)
    return track


def _external(file: Reader, references: _Box) -> bool:
    entries = _Box(b"dref", references.start, references.body + 8, references.end)
    # Flag 1: the data are in this very file (14496-12, 8.7.2).
    return any(not _number(file.peek(entry.body, 4), 0) & 1 for entry in islice(_boxes(file, entries), _MOST_TRACKS))


def _describe(file: Reader, table: _Box, track: _Track) -> None:
    described = _child(file, table, b"stsd")
    entry = next(_boxes(file, _Box(b"stsd", described.start, described.body + 8, described.end)), None)
    if entry is None:
        raise Malformed
    name = entry.kind.decode("ascii", "replace")
    track.codec = _CODECS.get(name, name if name.isprintable() else "")
    inner = _Box(entry.kind, entry.start, entry.start + _VISUAL_ENTRY, entry.end)
    for kind, place in _NAL_CONFIGURATION.items():
        found = _optional(file, inner, kind)
        if found is not None:
            track.nal_length = (file.read(found.body + place, 1)[0] & 3) + 1


def _place_samples(file: Reader, table: _Box, track: _Track) -> None:
    parts = {box.kind: box for box in _boxes(file, table)}
    chunks = _chunk_offsets(file, parts)
    file.count(len(chunks))
    fixed, sizes, track.samples = _sample_sizes(file, parts)
    first = 0
    for offset, count in _chunks(file, parts, chunks):
        count = min(count, track.samples - first)
        if count <= 0:
            break
        if track.video:
            run = sizes[first : first + count] if sizes is not None else _same(fixed, count)
            track.runs.append(Run(offset, run))
        length = sum(sizes[first : first + count]) if sizes is not None else fixed * count
        track.end = max(track.end, offset + length)
        first += count
    if first < track.samples:
        raise Malformed  # samples without a place


def _chunk_offsets(file: Reader, parts: dict[bytes, _Box]) -> array[int]:
    box = parts.get(b"stco") or parts.get(b"co64")
    if box is None:
        raise Malformed
    data = _body(file, box)
    return _array(data, "I" if box.kind == b"stco" else "Q", _number(data, 4), 8)


def _sample_sizes(file: Reader, parts: dict[bytes, _Box]) -> tuple[int, array[int] | None, int]:
    """Returns the common size of the samples, else all sizes; and their number."""
    if b"stsz" in parts:
        data = _body(file, parts[b"stsz"])
        fixed, count = _number(data, 4), _number(data, 8)
        if fixed:
            return fixed, None, count
        _limit(count)
        return 0, _array(data, "I", count, 12), count
    if b"stz2" not in parts:
        raise Malformed
    data = _body(file, parts[b"stz2"])
    width, count = _number(data, 4) & 0xFF, _number(data, 8)
    _limit(count)
    if width in (8, 16):
        return 0, array("I", _array(data, "B" if width == 8 else "H", count, 12)), count
    if width != 4 or 12 + (count + 1) // 2 > len(data):
        raise Malformed
    halves = (half for byte in data[12:] for half in (byte >> 4, byte & 15))
    return 0, array("I", islice(halves, count)), count


def _same(size: int, count: int) -> array[int]:
    _limit(count)
    return array("I", [size]) * count


def _limit(count: int) -> None:
    if count > _MOST_SAMPLES:
        raise Malformed


def _chunks(file: Reader, parts: dict[bytes, _Box], offsets: array[int]) -> Iterator[tuple[int, int]]:
    """Returns offset and number of samples of each chunk."""
    if b"stsc" not in parts:
        raise Malformed
    data = _body(file, parts[b"stsc"])
    entries = _number(data, 4)
    rows = _array(data, "I", entries * 3, 8)
    for row in range(entries):
        start, samples = rows[row * 3] - 1, rows[row * 3 + 1]
        stop = rows[row * 3 + 3] - 1 if row + 1 < entries else len(offsets)
        if not 0 <= start <= stop:
            raise Malformed
        for offset in offsets[start:stop]:
            yield offset, samples


# Fragments


def _fragmented(file: Reader, top: list[_Box], tracks: list[_Track], parts: dict[bytes, _Box]) -> Structure:
    announced = _announced(file, parts)
    _defaults(file, parts[b"mvex"], tracks)
    by_id = {track.id: track for track in tracks}
    fragments = [box for box in top if box.kind == b"moof"]
    for box in fragments:
        if box.end <= file.size:
            _fragment(file, box, by_id)
    for track in tracks:
        track.seconds = max(track.seconds, track.fragmented / track.timescale)
    seconds = _seconds(tracks)
    cut = any(box.end > file.size for box in top) or top[-1].end + 8 <= file.size
    missing = announced is not None and (seconds or 0.0) < announced - _TOLERANCE
    index = _fragment_index(file, top, {box.start for box in fragments})
    judged = _judged(file, tracks, announced or seconds, complete=index is True or announced is not None)
    if (cut or missing or index is False) and judged.extent is not Extent.DAMAGED:
        return Structure(Extent.DAMAGED, CONTAINER, DEMUXER, judged.codec, judged.duration, reason="media_truncated")
    return judged


def _announced(file: Reader, parts: dict[bytes, _Box]) -> float | None:
    """Returns the duration of all fragments in seconds, if `mehd` records it."""
    header = _optional(file, parts[b"mvex"], b"mehd")
    if header is None or b"mvhd" not in parts:
        return None
    data, movie = _body(file, header), _body(file, parts[b"mvhd"])
    timescale = _number(movie, 20 if movie[:1] == b"\1" else 12) or 1
    duration = _number(data, 4, _U64 if data[:1] == b"\1" else _U32)
    return duration / timescale if duration else None


def _defaults(file: Reader, extends: _Box, tracks: list[_Track]) -> None:
    for box in islice((box for box in _boxes(file, extends) if box.kind == b"trex"), _MOST_TRACKS):
        data = _body(file, box)
        for track in tracks:
            if track.id == _number(data, 4):
                track.default_duration, track.default_size = _number(data, 12), _number(data, 16)


def _fragment(file: Reader, box: _Box, tracks: dict[int, _Track]) -> None:
    follows = box.start  # where data without a base of their own lie
    for part in islice((part for part in _boxes(file, box) if part.kind == b"traf"), _MOST_TRACKS):
        follows = _track_fragment(file, part, box.start, follows, tracks)


def _track_fragment(file: Reader, box: _Box, start: int, follows: int, tracks: dict[int, _Track]) -> int:
    header = _body(file, _child(file, box, b"tfhd"))
    flags, track = _number(header, 0) & 0xFFFFFF, tracks.get(_number(header, 4))
    if track is None:
        raise Malformed
    base = start if flags & 0x20000 else follows
    place, duration, size = 8, track.default_duration, track.default_size
    if flags & 0x1:
        base, place = _number(header, place, _U64), place + 8
    place += 4 if flags & 0x2 else 0
    if flags & 0x8:
        duration, place = _number(header, place), place + 4
    if flags & 0x10:
        size = _number(header, place)
    end = base
    for run in _boxes(file, box):
        file.count(1)
        if run.kind == b"trun":
            end = _track_run(_body(file, run), base, end, duration, size, track)
    return end


def _track_run(data: bytes, base: int, offset: int, duration: int, size: int, track: _Track) -> int:
    """Adds the samples of one `trun`; returns the offset after its last byte."""
    flags, count, place = _number(data, 0) & 0xFFFFFF, _number(data, 4), 8
    if flags & 0x1:
        relative = _number(data, place)
        offset, place = base + (relative - (1 << 32) if relative >> 31 else relative), place + 4
    place += 4 if flags & 0x4 else 0
    columns = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
    track.samples += count
    _limit(track.samples)
    rows = _array(data, "I", count * len(columns), place)
    column: Callable[[int], array[int]] = lambda flag: rows[columns.index(flag) :: len(columns)]  # noqa: E731
    track.fragmented += sum(column(0x100)) if flags & 0x100 else duration * count
    sizes = column(0x200) if flags & 0x200 else None
    length = sum(sizes) if sizes is not None else size * count
    if offset < 0:
        raise Malformed
    if track.video:
        track.runs.append(Run(offset, sizes if sizes is not None else _same(size, count)))
    track.end = max(track.end, offset + length)
    return offset + length


def _fragment_index(file: Reader, top: list[_Box], fragments: set[int]) -> bool | None:
    """True if an index of the fragments ends the file and every listed fragment is at its offset, False if one is
    not, None without such an index."""
    if not top or top[-1].kind != b"mfra" or top[-1].end != file.size:
        return None
    named = [box for box in _boxes(file, top[-1]) if box.kind == b"tfra"]
    return all(_all_there(_body(file, box), fragments) for box in named) if named else None


def _all_there(data: bytes, fragments: set[int]) -> bool:
    long, widths, count = data[:1] == b"\1", _number(data, 8), _number(data, 12)
    tail = sum((widths >> shift & 3) + 1 for shift in (4, 2, 0))
    row = (16 if long else 8) + tail
    if count * row > min(len(data) - 16, LARGEST_READ):
        raise Malformed
    place = 16 + (8 if long else 4)
    layout = _U64 if long else _U32
    return all(_number(data, place + index * row, layout) in fragments for index in range(count))
