"""The small machine of the chown helper's tests serves here too."""

from __future__ import annotations

from ..privileged.conftest import place, world

__all__ = ["place", "world"]
