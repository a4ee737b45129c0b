"""A download that has begun and neither ended nor failed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .download import Download


class Phase(str, Enum):
    RECEIVING = "receiving"  # the Bot API server fetches it: nobody outside sees how far it is
    COPYING = "copying"  # from there to its place
    RETRYING = "retrying"  # the monitor downloads it again


@dataclass(frozen=True, slots=True)
class UnderWay:
    """`since` is when it began, `heard` when the lines last spoke of it (seconds since the epoch).
    `size` is what was announced and `done` what is on disk, in bytes; None where nobody knows."""

    download: Download
    since: float
    heard: float
    phase: Phase
    size: int | None = None
    done: int | None = None
    incident: str = ""  # of a RETRYING
    attempt: int = 0
