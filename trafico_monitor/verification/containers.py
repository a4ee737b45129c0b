"""Matroska, AVI, Flash, ASF and Ogg: recorded length and duration.

None of these has an index of all samples; they record the total size or mark the last page. A container not listed
here is UNRECOGNISED: MPEG-TS and other streams record no end.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from . import mpeg4
from .structure import Extent, Malformed, Reader, Structure

_LE32, _LE64, _BE32, _DOUBLE, _FLOAT = Struct("<I"), Struct("<Q"), Struct(">I"), Struct(">d"), Struct(">f")
_MOST_ELEMENTS = 1000  # before the first cluster, or RIFFs of one GB each
_MOST_CHUNKS = 900_000  # four hours, sound and picture
_SEGMENT, _INFO, _CLUSTER, _SCALE, _DURATION = 0x18538067, 0x1549A966, 0x1F43B675, 0x2AD7B1, 0x4489
_OGG_TAIL, _OGG_HEADERS, _LAST_PAGE, _FIRST_PAGE = 128 * 1024, 64 * 1024, 4, 2
_TS_PACKETS, _TS_MARKS = (188, 192, 204), 8
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def read_structure(file: Reader) -> Structure:
    """Returns the structure recorded in the container. Never raises Malformed: that is DAMAGED."""
    head = file.peek(0, 16)
    for fits, container, demuxer, read in _KNOWN:
        if fits(head):
            try:
                return read(file)
            except Malformed:
                return Structure(Extent.DAMAGED, container, demuxer, reason="media_damaged")
    return _transport(file) or Structure(Extent.UNRECOGNISED, reason="media_no_video" if head else "media_empty")


def _ended(file: Reader, container: str, demuxer: str, end: int | None, seconds: float | None) -> Structure:
    """Compares with the size that the container records; None: it records none."""
    if end is None:
        return Structure(Extent.UNBOUNDED, container, demuxer, duration=seconds, reason="size_unknown")
    if end > file.size:
        return Structure(Extent.DAMAGED, container, demuxer, duration=seconds, reason="media_truncated")
    return Structure(Extent.COMPLETE, container, demuxer, duration=seconds)


# Matroska and WebM: RFC 8794 (EBML), RFC 9559


def _matroska(file: Reader) -> Structure:
    kind, body, size = _element(file, 0)
    if size is None:
        raise Malformed
    kind, body, size = _element(file, body + size)
    if kind != _SEGMENT:
        raise Malformed
    end = None if size is None else body + size
    return _ended(file, "Matroska", "matroska", end, _segment_seconds(file, body))


def _segment_seconds(file: Reader, offset: int) -> float | None:
    for _ in range(_MOST_ELEMENTS):
        if offset >= file.size:
            return None
        kind, body, size = _element(file, offset)
        if kind == _INFO and size is not None:
            return _info_seconds(file, body, body + size)
        if kind == _CLUSTER or size is None:
            return None
        offset = body + size
    return None


def _info_seconds(file: Reader, offset: int, end: int) -> float | None:
    scale, duration = 1_000_000, None
    while offset < end:
        kind, body, size = _element(file, offset)
        if size is None:
            raise Malformed
        if kind == _SCALE and size <= 8:
            scale = int.from_bytes(file.read(body, size), "big")
        elif kind == _DURATION and size in (4, 8):
            layout = _FLOAT if size == 4 else _DOUBLE
            duration = layout.unpack(file.read(body, size))[0]
        offset = body + size
    return None if duration is None or not 0 < duration < 1e18 else duration * scale / 1e9


def _element(file: Reader, offset: int) -> tuple[int, int, int | None]:
    """Returns id, offset of the body, and size: None for an unknown size."""
    head = file.peek(offset, 12)
    if not head or not head[0]:
        raise Malformed
    id_length = 9 - head[0].bit_length()
    if id_length > 4 or len(head) <= id_length or not head[id_length]:
        raise Malformed
    length = 9 - head[id_length].bit_length()
    value = int.from_bytes(head[id_length : id_length + length], "big") - (1 << 7 * length)
    if len(head) < id_length + length:
        raise Malformed
    unknown = value == (1 << 7 * length) - 1
    return int.from_bytes(head[:id_length], "big"), offset + id_length + length, None if unknown else value


# AVI: RIFFs one behind the other (OpenDML)


def _avi(file: Reader) -> Structure:
    offset, end = 0, None
    for _ in range(_MOST_ELEMENTS):
        head = file.peek(offset, 12)
        if head[:4] != b"RIFF" or len(head) < 12:
            break
        size = _LE32.unpack_from(head, 4)[0]
        if not size:  # written during recording, and never finished
            return _ended(file, "AVI", "avi", None, None)
        offset += 8 + size
        end = offset
        offset += size & 1
    (microseconds,), (frames,) = file.unpack(_LE32, 32), file.unpack(_LE32, 48)
    seconds = microseconds * frames / 1e6 if file.read(24, 4) == b"avih" else None
    _walk_chunks(file)
    return _ended(file, "AVI", "avi", end, seconds or None)


def _walk_chunks(file: Reader) -> None:
    """Requires that every chunk is followed by another: a decoder silently skips anything else."""
    offset = 0
    for _ in range(_MOST_CHUNKS):
        head = file.peek(offset, 8)
        if len(head) < 8:
            return
        if not head[:4].replace(b" ", b"").isalnum():
            raise Malformed
        size = _LE32.unpack_from(head, 4)[0]
        offset += 12 if head[:4] in (b"RIFF", b"LIST") else 8 + size + (size & 1)


# Flash Video: its metadata may announce size and duration


def _flash(file: Reader) -> Structure:
    metadata = file.peek(0, 4096)
    size, seconds = _amf_number(metadata, b"filesize"), _amf_number(metadata, b"duration")
    (last,) = file.unpack(_BE32, file.size - 4)
    ended = last >= 11 and file.size - 4 - last > 0 and file.read(file.size - 4 - last, 1)[0] & 0x1F in (8, 9, 18)
    end = int(size) if size else None
    if not ended:  # the last tag is followed by its own length
        end = file.size + 1
    return _ended(file, "Flash Video", "flv", end, seconds or None)


def _amf_number(metadata: bytes, name: bytes) -> float | None:
    place = metadata.find(name + b"\0")  # AMF0: 0 is a number, as double
    if place < 0 or place + len(name) + 9 > len(metadata):
        return None
    value = float(_DOUBLE.unpack_from(metadata, place + len(name) + 1)[0])
    return value if 0 < value < 1e15 else None


# ASF (Windows Media)


def _asf(file: Reader) -> Structure:
    (size,) = file.unpack(_LE64, 16)
    (objects,) = file.unpack(_LE32, 24)
    end, seconds, offset = None, None, 30
    for _ in range(min(objects, _MOST_ELEMENTS)):
        identity = file.read(offset, 16)
        if identity == _ASF_FILE:
            end, seconds = _asf_properties(file, offset)
        (length,) = file.unpack(_LE64, offset + 16)
        offset += max(length, 24)
    if end is not None and file.read(size, 16) == _ASF_DATA:
        end = max(end, size + file.unpack(_LE64, size + 16)[0])
    return _ended(file, "Windows Media", "asf", end, seconds)


def _asf_properties(file: Reader, offset: int) -> tuple[int | None, float | None]:
    """Returns file size and duration; neither counts in a broadcast."""
    (size,), (ticks,) = file.unpack(_LE64, offset + 40), file.unpack(_LE64, offset + 64)
    (preroll,), (flags,) = file.unpack(_LE64, offset + 80), file.unpack(_LE32, offset + 88)
    if flags & 1 or not size:
        return None, None
    return size, max(ticks / 1e7 - preroll / 1e3, 0.0) or None


# Ogg: each stream's last page is marked


def _ogg(file: Reader) -> Structure:
    head, start = file.peek(0, _OGG_HEADERS), max(0, file.size - _OGG_TAIL)
    tail = file.peek(start, _OGG_TAIL)
    begun = {serial for flags, serial, _ in _pages(head) if flags & _FIRST_PAGE}
    ended = {serial for flags, serial, _ in _pages(tail) if flags & _LAST_PAGE}
    last = max((end for _, _, end in _pages(tail)), default=0)
    if start + last != file.size:
        return _ended(file, "Ogg", "ogg", file.size + 1, None)
    return _ended(file, "Ogg", "ogg", file.size if begun and begun <= ended else None, None)


def _pages(data: bytes) -> list[tuple[int, bytes, int]]:
    """Yields flags, serial number and end of each page that starts in `data`."""
    found, place = [], data.find(b"OggS")
    while 0 <= place <= len(data) - 27:
        segments = data[place + 26]
        lengths = data[place + 27 : place + 27 + segments]
        end = place + 27 + segments + sum(lengths)
        found.append((data[place + 5], data[place + 14 : place + 18], end))
        place = data.find(b"OggS", max(end, place + 4))
    return found


# MPEG-TS: packets with a mark; a recording may begin in the middle of one (ISO/IEC 13818-1; 192 on discs)


def _transport(file: Reader) -> Structure | None:
    head = file.peek(0, _TS_MARKS * max(_TS_PACKETS))
    for packet in _TS_PACKETS:
        for first in range(packet):
            marks = head[first::packet][:_TS_MARKS]
            if len(marks) > 3 and marks == b"G" * len(marks):
                return Structure(
                    Extent.UNBOUNDED, "MPEG-TS", "mpegts", reason="size_unknown", packet=packet, first_packet=first
                )
    return None


_KNOWN: tuple[tuple[Callable[[bytes], bool], str, str, Callable[[Reader], Structure]], ...] = (
    (lambda head: head[4:8] in mpeg4.BEGINNINGS, mpeg4.CONTAINER, mpeg4.DEMUXER, mpeg4.read),
    (lambda head: head.startswith(b"\x1aE\xdf\xa3"), "Matroska", "matroska", _matroska),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", "AVI", "avi", _avi),
    (lambda head: head.startswith(b"FLV\x01"), "Flash Video", "flv", _flash),
    (lambda head: head.startswith(bytes.fromhex("3026b2758e66cf11")), "Windows Media", "asf", _asf),
    (lambda head: head.startswith(b"OggS"), "Ogg", "ogg", _ogg),
)
