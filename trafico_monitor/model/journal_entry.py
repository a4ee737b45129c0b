"""One journal entry: decoded, redacted, attributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Origin(Enum):
    """Sender of an entry, from journald's trusted fields and never from the text."""

    BOT = "bot"  # bot_central of the watched unit, user or container
    CHILD = "child"  # another process of that unit: a tool that the bot started, main.py, the poster
    MANAGER = "manager"  # PID 1 about the watched unit
    JOURNALD = "journald"  # journald about itself or about lines it dropped


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """`message` contains no secret; `at` is the journal's realtime in seconds since the epoch. `shortened` is the
    number of characters that redaction removed from a one-line message: a console's row width shows where it wraps."""

    message: str
    pid: int
    at: float
    cursor: str = ""
    origin: Origin = Origin.BOT
    # TRAFICO_*, MESSAGE_ID, EXIT_*, N_RESTARTS. A factory: Python 3.11 takes a mappingproxy for mutable.
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    shortened: int = 0
