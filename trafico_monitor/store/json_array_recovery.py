"""Looks at the end of `descarga_errors.json`, and mends what a power cut or a stranger left.

Works on descriptors of files that may hold anything: what is read is bounded, and whatever is not
JSON of a sane depth is left out.
"""

from __future__ import annotations

import json
import os

from ..host.untrusted_json import parse

_TAIL_BYTES = 256 * 1024  # longer than the longest object that is written
_END = b"\n]\n"


def is_array_of_lines(file: int) -> bool:
    """True when the file ends as one of ours: an object on a line of its own, then the bracket."""
    tail = _tail(file)
    if tail == b"[" + _END:
        return True
    return tail.endswith(_END) and _parsed(_last_line(tail)) is not None


def last_object(file: int) -> dict[str, object] | None:
    """The last object of an array of lines; None when it is empty."""
    return _parsed(_last_line(_tail(file)))


def rebuild(file: int) -> bytes:
    """A valid array of lines with every whole object of the file, which may be cut off, or be an
    array as another program writes it. What is not JSON at all is left out. Reads as many bytes as
    the file has now: the caller has looked at its size."""
    data = _read(file, 0, os.fstat(file).st_size)
    objects = _whole_array(data)
    if objects is None:
        objects = [found for line in data.splitlines() if (found := _parsed(line)) is not None]
    lines = [json.dumps(held, ensure_ascii=False).encode("utf-8", "replace") for held in objects]
    return b"[\n" + b",\n".join(lines) + _END if lines else b"[" + _END


def _whole_array(data: bytes) -> list[object] | None:
    try:
        found = parse(data.decode("utf-8", "replace"), most=len(data))
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _tail(file: int) -> bytes:
    size = os.fstat(file).st_size
    return _read(file, max(0, size - _TAIL_BYTES), _TAIL_BYTES)


def _read(file: int, at: int, most: int) -> bytes:
    """Up to `most` bytes from there, also of a file that grows meanwhile."""
    pieces: list[bytes] = []
    while most > 0 and (piece := os.pread(file, min(most, 1024 * 1024), at)):
        pieces.append(piece)
        at += len(piece)
        most -= len(piece)
    return b"".join(pieces)


def _last_line(tail: bytes) -> bytes:
    return tail.removesuffix(_END).rpartition(b"\n")[2]


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        found = parse(line.strip().rstrip(b",").decode("utf-8", "replace"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
