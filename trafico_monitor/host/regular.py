"""The beginning of a file that may be anything, by a path that somebody else may have chosen."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST = 64 * 1024  # bytes; a unit's file or a script has a few hundred


def beginning(file: Path, most: int = MOST) -> str:
    """The first `most` bytes of a regular file as text; "" for what is none, or cannot be read.

    Nothing but a regular file is opened: a pipe would be waited for, and a device may do something.
    """
    try:
        place = os.open(file, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            return ""
        with Path(f"/proc/self/fd/{place}").open("rb") as opened:
            return opened.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(place)
