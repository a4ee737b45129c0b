"""Tells journald of every download of the bot that this process is, with the bot's code unchanged.

The standard library only, Python 3.9 or later, and nothing of the monitor: it runs in the bot's own
environment. At start it places an import hook and nothing else; what it wraps it wraps when the bot
imports it. No module here may raise into the bot, print, wait, or import anything beside its own parts
(contract of fields and of the environment: docs/reference/instrumentation.md).
"""

from __future__ import annotations

from . import registry


def activate() -> None:
    """Place the import hook, and wrap what was imported before. To be called once a process."""
    registry.place()
