"""What a file was that was put aside: its digest tells it from every other, also later."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

from ..host.thread import call
from ..model.verdict import Evidence

_CHUNK = 1024 * 1024
_SECONDS, _BYTES_PER_SECOND = 30.0, 20_000_000


async def look_at_aside(path: Path) -> Evidence:
    """Evidence `quarantine`: path, size and SHA-256 of the file at `path`, not ok when no file is
    there. A digest that takes too long is left out."""
    try:
        size = await call(lambda: _size(path), seconds=_SECONDS, name="verify")
    except (OSError, TimeoutError):
        return Evidence("quarantine", str(path), False)
    told, stop = f"{path} · {size} B", threading.Event()
    try:
        digest = await call(lambda: _digest(path, stop), seconds=_SECONDS + size / _BYTES_PER_SECOND, name="digest")
    except (OSError, TimeoutError):
        return Evidence("quarantine", told)
    finally:
        stop.set()
    return Evidence("quarantine", f"{told} · SHA-256 {digest}")


def _size(path: Path) -> int:
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise FileNotFoundError(path)
    return seen.st_size


def _digest(path: Path, stop: threading.Event) -> str:
    found = hashlib.sha256()
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as reading:
        while (chunk := reading.read(_CHUNK)) and not stop.is_set():
            found.update(chunk)
    return found.hexdigest()
