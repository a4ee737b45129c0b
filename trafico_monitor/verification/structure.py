"""Structure recorded in a container, read from its index with a bounded number of small reads.

The files come from strangers. All reads are bounded in size and number, nothing recurses, and any inconsistency raises
`Malformed`.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, islice
from struct import Struct

# The files come from strangers. All reads are bounded in size and number, nothing recurses, and any inconsistency
# raises `Malformed`.

LARGEST_READ = 64 * 1024 * 1024  # bytes in all: the sample tables of a day of video
_MOST_READS = 1_000_000
_MOST_PIECES = 500_000  # runs of samples, of all tracks: a chunk for each sample of four hours


class Malformed(Exception):
    """The structure contradicts itself, or is larger than any real one."""


class Extent(Enum):
    """How far the structure accounts for the file.

    COMPLETE: everything in the index is inside. UNBOUNDED: no recorded end. DAMAGED: the index is missing,
    contradictory, or names bytes beyond the end. EXTERNAL: data are in other files. UNRECOGNISED: unknown container.
    """

    COMPLETE = "complete"
    UNBOUNDED = "unbounded"
    DAMAGED = "damaged"
    EXTERNAL = "external"
    UNRECOGNISED = "unrecognised"


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive samples of a video track: the first one's offset and the sizes of all, in bytes."""

    offset: int
    sizes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Structure:
    """`demuxer` is ffmpeg's name of the container, "" if not recognised; `duration` in seconds as recorded;
    `reason` a code of messages/. `runs` are the video samples, if there is an index; `nal_length` is the size of
    their length fields in bytes, 0 for a codec without; `packet` the size of an MPEG-TS packet, and `first_packet`
    the offset of the first complete one."""

    extent: Extent
    container: str = ""
    demuxer: str = ""
    codec: str = ""
    duration: float | None = None
    reason: str = ""
    runs: Sequence[Run] = ()
    nal_length: int = 0
    packet: int = 0
    first_packet: int = 0
    references: int = 0  # of tracks to data, all of them to this very file


class Reader:
    """Random access to an open file with a total limit: a file that needs more reads than any real index is
    Malformed."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.size = os.fstat(file).st_size
        self._reads, self._bytes, self._pieces = 0, 0, 0

    def read(self, offset: int, length: int) -> bytes:
        """Returns exactly `length` bytes at `offset`. Raises Malformed if the file does not have them."""
        if not 0 <= offset <= self.size - length:
            raise Malformed
        data = self.peek(offset, length)
        if len(data) != length:
            raise Malformed
        return data

    def peek(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes at `offset`."""
        self._reads, self._bytes = self._reads + 1, self._bytes + length
        if offset < 0 or length < 0 or self._reads > _MOST_READS or self._bytes > LARGEST_READ:
            raise Malformed
        return os.pread(self._file, length, min(offset, self.size))

    def count(self, pieces: int) -> None:
        """Accounts for a number of elements before they are processed one by one."""
        self._pieces += pieces
        if self._pieces > _MOST_PIECES:
            raise Malformed

    def unpack(self, layout: Struct, offset: int) -> tuple[int, ...]:
        """Returns the numbers at `offset`."""
        return layout.unpack(self.read(offset, layout.size))


# A preallocated, interrupted download leaves zeros, and so do blocks that never reached the disk. Zeros raise a
# suspicion, not a verdict (silence and padding are zeros too); the decoder then decides. At most about 8,000 reads
# of 64 bytes, whatever the size of the file. Always found: a hole of the file system, and a run longer than 1/4096
# of the video.

_PROBES = 4096
_PROBE_BYTES = 64  # no codec has so many consecutive zeros except in padding
_CLOSEST = 512  # bytes between two probes of a small file
_MOST_HOLES = 1000
# Zeros in a row that are suspicious: in samples, and where no index tells samples from padding (the
# places that Matroska and AVI keep free for an index are of some KiB).
_IN_SAMPLES, _ANYWHERE = 1024, 4096
_MARKS = {"MPEG-4 Visual": b"\0\0\1", "JPEG": b"\xff\xd8"}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A contiguous range of video bytes; `before` is the number of bytes in earlier ranges."""

    offset: int
    length: int
    before: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Position of unexpected content: in bytes from the start of the file, and as a fraction (0 to 1) of the
    video's samples, or of its bytes if these are unknown."""

    offset: int
    part: float


def suspicion(file: int, structure: Structure) -> Suspicion | None:
    """Checks the content of the open `file`; None if nothing unexpected was found."""
    if structure.extent is Extent.DAMAGED:
        return None
    size = os.fstat(file).st_size
    shortest = _IN_SAMPLES if structure.runs else _ANYWHERE
    stretches = list(_stretches(structure.runs or (Run(0, (size,)),)))
    total = sum(stretch.length for stretch in stretches)
    for offset in (*_grid(stretches, total), *_holes(file, size, stretches)):
        if _zeros(file, offset, size) >= shortest:
            return Suspicion(offset, _part(offset, structure.runs, size))
    if structure.packet:
        return _lost_packet(file, structure, size)
    return _strange_head(file, structure)


def _part(offset: int, runs: Sequence[Run], size: int) -> float:
    before, count = 0, sum(len(run.sizes) for run in runs)
    for run in runs:
        if run.offset <= offset < run.offset + sum(run.sizes):
            ends = accumulate(run.sizes, initial=run.offset)
            return (before + sum(1 for end in ends if end <= offset) - 1) / count
        before += len(run.sizes)
    return offset / size


def has_marked_heads(structure: Structure) -> bool:
    """True if each sample of the codec starts with a known pattern."""
    return bool(structure.nal_length or structure.codec in _MARKS)


def _stretches(runs: Sequence[Run]) -> Iterator[_Stretch]:
    before = 0
    for run in runs:
        length = sum(run.sizes)
        if length:
            yield _Stretch(run.offset, length, before)
        before += length


def _grid(stretches: list[_Stretch], total: int) -> Iterator[int]:
    """Returns evenly spaced offsets of the video, and the last one."""
    step = max(total // _PROBES, _CLOSEST)
    for each in stretches:
        yield from range(each.offset + -each.before % step, each.offset + each.length, step)
    for each in stretches[-1:]:
        yield each.offset + max(each.length - _PROBE_BYTES, 0)


def _holes(file: int, size: int, stretches: list[_Stretch]) -> Iterator[int]:
    """Returns where the file system has no data for a part of the video."""
    by_offset = sorted(stretches, key=lambda each: each.offset)
    starts = [each.offset for each in by_offset]
    data = 0
    with suppress(OSError):  # ENXIO: no data after it; EINVAL: not supported
        for _ in range(_MOST_HOLES):
            hole = os.lseek(file, data, os.SEEK_HOLE)
            if hole >= size:
                return
            place = bisect_right(starts, hole) - 1
            for each in by_offset[max(place, 0) : place + 2]:
                first = max(hole, each.offset)
                if first < each.offset + each.length:
                    yield first
            data = os.lseek(file, hole, os.SEEK_DATA)


def _zeros(file: int, offset: int, size: int) -> int:
    """Returns the number of consecutive zeros around `offset`, up to `_ANYWHERE` on each side."""
    seen = os.pread(file, _PROBE_BYTES, offset)
    if not seen or any(seen):
        return 0
    behind = os.pread(file, _ANYWHERE, offset)
    ahead = os.pread(file, min(_ANYWHERE, offset), max(offset - _ANYWHERE, 0))
    return len(behind) - len(behind.lstrip(b"\0")) + len(ahead) - len(ahead.rstrip(b"\0"))


def _lost_packet(file: int, structure: Structure, size: int) -> Suspicion | None:
    """Returns where a packet of an MPEG-TS lacks its sync byte."""
    offsets = range(structure.first_packet, size, structure.packet)
    for offset in offsets[:: max(len(offsets) // _PROBES, 1)]:
        if os.pread(file, 1, offset) != b"G":
            return Suspicion(offset, offset / size)
    return None


def _strange_head(file: int, structure: Structure) -> Suspicion | None:
    """Returns where a sample does not start as its codec requires: AVC and HEVC with the length of the first unit."""
    width, mark, done = structure.nal_length, _MARKS.get(structure.codec, b""), 0
    if not width and not mark:
        return None
    count = sum(len(run.sizes) for run in structure.runs)
    step = max(count // _PROBES, 1)
    for run in structure.runs:
        samples = zip(accumulate(run.sizes, initial=run.offset), run.sizes, strict=False)
        first = -done % step
        for index, (offset, length) in enumerate(islice(samples, first, None, step)):
            head = os.pread(file, width or len(mark), offset)
            strange = not 1 <= int.from_bytes(head, "big") <= length - width if width else head != mark
            if strange and length > len(head):
                return Suspicion(offset, (done + first + index * step) / count)
        done += len(run.sizes)
    return None
