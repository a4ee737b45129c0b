"""Reads the formats in which programs write log records: what is the format's own, what is the record's text. Pure.

`read` looks at one entry and nothing else. Only what stands at the beginning counts as a format's
prefix: a text that looks like a record inside a message, or on a further line of the same entry, is text.
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
