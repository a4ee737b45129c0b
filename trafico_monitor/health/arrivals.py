"""How many bytes of a copy have arrived: a program that copies says nothing until it has ended."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from ..host.blocking import run_blocking

LOOK_SECONDS = 10.0  # between two looks: a sixth of what counts as standing still
DEADLINE_SECONDS = 5.0


async def arrived(places: Mapping[str, str]) -> dict[str, int]:
    """The size in bytes of each regular file of `places` (id of a download → path); one that cannot be looked
    at is left out, all of them where the file system does not answer within the deadline."""
    try:
        return await run_blocking(lambda: _sizes(places), seconds=DEADLINE_SECONDS, name="arrivals")
    except TimeoutError:
        return {}


def _sizes(places: Mapping[str, str]) -> dict[str, int]:
    sizes = {}
    for name, path in places.items():
        try:
            seen = Path(path).lstat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(seen.st_mode):
            sizes[name] = seen.st_size
    return sizes
