"""What an entry of the log is: the beginning of a record, or the continuation of one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import MappingProxyType
from unicodedata import east_asian_width

NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Level(IntEnum):
    """The levels of Python's logging, which all others are brought to."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


class Format(Enum):
    BASIC = "basic"  # LEVEL:logger:message, as logging.basicConfig writes it
    TEXT = "text"  # time, level, logger and place in any other order
    LOGURU = "loguru"
    STRUCTLOG = "structlog"  # its console
    RICH = "rich"  # a table: time, level, message, place
    JSON = "json"
    LOGFMT = "logfmt"  # key=value
    PLAIN = "plain"  # no prefix at all


class Shape(Enum):
    """How a continuation is drawn."""

    TEXT = "text"
    ROW = "row"  # within a box, whose border is taken off
    EDGE = "edge"  # begins or ends a box, or a part of an exception group; the text is its title
    VALUE = "value"  # arrows to the values of variables, which anybody may have written


@dataclass(frozen=True, slots=True)
class Continuation:
    """A line that belongs to what stands before it, with its decoration taken off.

    Frames have the form that CPython gives them. `depth` counts the borders (boxes) or bars (exception
    groups) that stood before `text`. `wrap` is, of a box's edge, the column of the box and its width.
    `rest` are the further lines of the same entry.
    """

    text: str
    shape: Shape = Shape.TEXT
    depth: int = 0
    wrap: tuple[int, int] | None = None
    rest: tuple[Continuation, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The beginning of a record.

    `message` is the first line of its text, without the format's prefix and colours. `rest` are the
    further lines of the same entry: of the traceback where the format sets it apart, else of the text.
    `error` are the words of an error that the format sets apart without a traceback.
    `fields` are the other keys of JSON, logfmt or structlog: anybody may have written a value.
    `wrap` is, of a message in a table, the column in which its rows begin and their width.
    """

    level: Level | None
    logger: str
    place: str
    message: str
    rest: tuple[Continuation, ...] = ()
    format: Format = Format.PLAIN
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    wrap: tuple[int, int] | None = None
    error: str = ""

    @property
    def certain(self) -> bool:
        """True when this surely begins a record. A line without any prefix may also be a further line of
        the record before it; programs that print put a sign in front, such as ❌."""
        return self.format is not Format.PLAIN or not self.message[:1].isascii()


_WORDS = {
    Level.DEBUG: "trace trac debug debg verbose",
    Level.INFO: "info notice success",
    Level.WARNING: "warning warn",
    Level.ERROR: "error erro err",
    Level.CRITICAL: "critical crit fatal severe alert emergency emerg panic",
}
LEVELS = {word: level for level, words in _WORDS.items() for word in words.split()}
LETTERS = {level.name[0]: level for level in Level} | {"F": Level.CRITICAL}
# Pino and bunyan count 10 (trace) to 60 (fatal), syslog and GELF 7 (debug) down to 0.
_PINO = {10: Level.DEBUG, 20: Level.DEBUG, 30: Level.INFO, 40: Level.WARNING, 50: Level.ERROR, 60: Level.CRITICAL}
_SYSLOG = (*(Level.CRITICAL,) * 3, Level.ERROR, Level.WARNING, Level.INFO, Level.INFO, Level.DEBUG)


def level_of(value: object, *, pino: bool = False) -> Level | None:
    """The level that a field names by a word or a number; None for anything else."""
    if isinstance(value, str):
        found = LEVELS.get(value.strip().lower()[:12])
        if found is not None or not (value.isascii() and value.isdigit() and len(value) < 3):
            return found
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = int(value) if 0 <= value <= 100 else -1
    if pino:
        return _PINO.get(number)
    if 0 <= number < len(_SYSLOG):
        return _SYSLOG[number]
    return max((level for level in Level if level <= number), default=None)


def cells(text: str) -> int:
    """Columns of a console that `text` takes."""
    if text.isascii():
        return len(text)
    return len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
