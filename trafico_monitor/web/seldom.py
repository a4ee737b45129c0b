"""What many may cause is said now and then."""

from __future__ import annotations

import time

SECONDS = 60.0


class Seldom:
    """`due` is true once in SECONDS for each name. There have to be few names."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def due(self, name: str) -> bool:
        now = time.monotonic()
        if now - self._said.get(name, -SECONDS) < SECONDS:
            return False
        self._said[name] = now
        return True
