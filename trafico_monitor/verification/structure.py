"""Structure recorded in a container, read from its index with a bounded number of small reads.

The files come from strangers. All reads are bounded in size and number, nothing recurses, and any inconsistency raises
`Malformed`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from struct import Struct

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
