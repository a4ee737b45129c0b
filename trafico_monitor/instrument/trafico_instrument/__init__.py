"""Reports every download of the bot's process to journald, with the bot's code unchanged.

Standard library only, Python 3.9 or later, nothing of the monitor: it runs in the bot's own environment. At start it
only installs an import hook; it wraps libraries when the bot imports them. No module here may raise into the bot,
print, wait, or import anything beyond its own parts (contract of fields and environment:
docs/reference/instrumentation.md).
"""

from __future__ import annotations

from . import registry


def activate() -> None:
    """Installs the import hook, and wraps modules imported before. Call it once per process."""
    registry.place()
