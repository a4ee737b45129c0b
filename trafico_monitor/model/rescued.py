"""A video that waits in `_rescatados` for a person to say whose it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rescued:
    """`path` on the host, `size` in bytes as it lies there, `video` the name that it is to have;
    by its note the incident that rescued it ("") and the size that was announced (None)."""

    path: str
    size: int
    video: str
    incident: str = ""
    announced: int | None = None
