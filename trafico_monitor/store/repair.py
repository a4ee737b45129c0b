"""Looks at the end of `descarga_errors.json`, and mends what a power cut or a stranger left."""

from __future__ import annotations

import json
from pathlib import Path

_TAIL_BYTES = 256 * 1024  # longer than the longest object that is written
_END = b"\n]\n"


def is_array_of_lines(path: Path) -> bool:
    """True when the file ends as one of ours: an object on a line of its own, then the bracket."""
    tail = _tail(path)
    if tail == b"[" + _END:
        return True
    return tail.endswith(_END) and _parsed(_last_line(tail)) is not None


def last_object(path: Path) -> dict[str, object] | None:
    """The last object of an array of lines; None when it is empty."""
    return _parsed(_last_line(_tail(path)))


def rebuild(path: Path) -> bytes:
    """A valid array of lines with every whole object of the file, which may be cut off, or be
    an array as another program writes it. What is not JSON at all is left out."""
    text = path.read_bytes().decode("utf-8", "replace")
    objects = _whole_array(text)
    if objects is None:
        objects = [found for line in text.splitlines() if (found := _parsed(line.encode())) is not None]
    lines = [json.dumps(held, ensure_ascii=False).encode("utf-8", "replace") for held in objects]
    return b"[\n" + b",\n".join(lines) + _END if lines else b"[" + _END


def _whole_array(text: str) -> list[object] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        return file.read()


def _last_line(tail: bytes) -> bytes:
    return tail.removesuffix(_END).rpartition(b"\n")[2]


def _parsed(line: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(line.strip().rstrip(b","))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
