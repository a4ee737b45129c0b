"""Log format parsing: separates a format's own prefix from the record's text. Pure.

`read` inspects one entry and nothing else. Only text at the start counts as a format's prefix: text that looks like a
record inside a message, or on a further line of the same entry, is plain text.
"""

from .reading import bare_line, read
from .record import (
    CAUSE,
    GROUP,
    HANDLING,
    TRACEBACK,
    Continuation,
    Format,
    Level,
    Record,
    Shape,
    cells,
    continued,
    is_exception,
)

__all__ = [
    "CAUSE",
    "GROUP",
    "HANDLING",
    "TRACEBACK",
    "Continuation",
    "Format",
    "Level",
    "Record",
    "Shape",
    "bare_line",
    "cells",
    "continued",
    "is_exception",
    "read",
]
