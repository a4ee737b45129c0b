"""What a file was that was put aside: its digest tells it from every other, also later."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import PathRefused
from ..host.blocking import run_blocking
from ..host.safe_open import digest
from ..model.task import Evidence
from .media import open_video

_SECONDS, _BYTES_PER_SECOND = 30.0, 20_000_000


async def look_at_aside(path: Path, roots: Sequence[Path] = ()) -> Evidence:
    """Evidence `quarantine`: path, size and SHA-256 of the file at `path`, not ok when no file is
    there. A digest that takes too long is left out."""
    try:
        file = await open_video(path, roots)
    except (OSError, PathRefused):
        return Evidence("quarantine", str(path), False)
    with file:
        size = os.fstat(file.fileno()).st_size
        told, stop = f"{path} · {size} B", threading.Event()
        try:
            seconds = _SECONDS + size / _BYTES_PER_SECOND
            found = await run_blocking(lambda: digest(file.fileno(), stop), seconds=seconds, name="digest")
        except OSError:  # a TimeoutError too
            return Evidence("quarantine", told)
        finally:
            stop.set()
    return Evidence("quarantine", f"{told} · SHA-256 {found}")
