"""Kind of a log entry: the start of a record, or the continuation of one. Pure."""

from __future__ import annotations

import re
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
    Level.DEBUG: "trace trac debug debg dbg verbose depuración depuracion",
    Level.INFO: "info inf notice success información informacion",
    Level.WARNING: "warning warn wrn aviso advertencia alerta",
    Level.ERROR: "error erro err fallo",
    Level.CRITICAL: "critical crit fatal ftl severe alert emergency emerg panic crítico critico grave",
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


TRACEBACK = "Traceback (most recent call last):"
GROUP = "Exception Group Traceback (most recent call last):"
CAUSE = "The above exception was the direct cause of the following exception:"
HANDLING = "During handling of the above exception, another exception occurred:"
CONNECTORS = (CAUSE, HANDLING)

_OPENING, _CLOSING, _SIDE = "╭╰┌└┏┗╔╚", "╮╯┐┘┓┛╗╝", "│┃║"
_BOX = frozenset(_OPENING + _CLOSING + _SIDE + "├┤─━═❱")
_GROUP = re.compile(r" {1,80}+(?:\| ?|\+ )")
_GROUP_EDGE = re.compile(r" {1,80}+\+-[+-]{3,200}+(?: (\d{1,4}|\.\.\.) )?-{0,200}+$")
_KINDS = (
    "Error|Exception|Warning|Timeout|TimedOut|Exit|Interrupt|Group|Refused|Cancelled|Conflict|Forbidden|Unauthorized"
    "|BadRequest|NotFound|InvalidToken|RetryAfter|IncompleteRead|ChatMigrated"
)
EXCEPTION_NAME = re.compile(f"(?:{_KINDS})$")
_EXCEPTION = re.compile(
    rf"(?:(?:[A-Za-z_]\w{{0,80}}+\.){{0,12}}+(?:[A-Za-z_]\w{{0,80}}?)?(?:{_KINDS})"
    r"|socket\.(?:timeout|gaierror|herror)|(?:[a-z_]\w{0,80}+\.){1,12}+[A-Z]\w{0,80}+)(?::(?: |$)|$)",
    re.ASCII,
)
_MOST_BORDERS = 12


def surely_continues(line: str) -> bool:
    """True when `line` has the form of something that stands within or behind a record."""
    first = line[:1]
    if first in (" ", "\t") or first in _BOX or not line:
        return True
    if first == ">":
        return line.startswith('> File "')
    return line in (TRACEBACK, GROUP, *CONNECTORS) or _EXCEPTION.match(line) is not None


def is_exception(text: str) -> bool:
    """True when `text` begins as an exception is shown: its name, a colon, its words."""
    return _EXCEPTION.match(text) is not None


def continued(line: str) -> Continuation:
    """`line` as the continuation of what stands before it, whatever it looks like."""
    inner = line.strip(" ")
    if inner[:1] in _BOX:
        return _drawn(inner, len(line) - len(line.lstrip(" ")))
    if line.startswith('> File "'):
        return Continuation("  " + line[2:])
    if line[:1] == " " and inner[:1] in ("|", "+"):
        edge = _GROUP_EDGE.match(line)
        if edge is not None:
            return Continuation(edge[1] or "", Shape.EDGE, (len(line) - len(line.lstrip(" "))) // 2)
        bar = _GROUP.match(line)
        if bar is not None:
            return Continuation(line[bar.end() :], Shape.TEXT, bar.end() // 2)
    return Continuation(line)


def _drawn(inner: str, column: int) -> Continuation:
    """A line of a box, or one of the arrows that loguru draws to the values of variables."""
    depth, width = 0, len(inner)
    while depth < _MOST_BORDERS and len(inner) > 1 and inner[0] in _SIDE and inner[-1] in _SIDE:
        inner, depth = inner[1:-1].strip(" ") if _nested(inner) else _within(inner), depth + 1
    if len(inner) > 1 and inner[0] in _OPENING and inner[-1] in _CLOSING:
        return Continuation(inner[1:-1].strip(" ─━═"), Shape.EDGE, depth, (column, width))
    if depth:
        return Continuation(inner, Shape.ROW, depth)
    return Continuation(inner, Shape.VALUE)


def _nested(row: str) -> bool:
    inner = row[1:-1].strip(" ")
    return len(inner) > 1 and inner[0] in _OPENING + _SIDE and inner[-1] in _CLOSING + _SIDE


def _within(row: str) -> str:
    """What stands between the borders of `row`, without the blank that keeps it off them."""
    inner = row[1:-1].rstrip(" ")
    return inner[1:] if inner.startswith(" ") else inner


# What carried a line to the log puts before it: compose, heroku, syslog, containers, supervisors. Every expression is
# anchored at the beginning, and each of its repetitions is bounded and gives nothing back: reading a prefix takes the
# same time whatever follows.

_COLOUR = re.compile(
    r"\x1b(?:\[[0-?]{0,40}+[ -/]{0,4}+[@-~]?|\][^\x07\x1b]{0,300}+(?:\x07|\x1b\\)?|[ -/]{0,3}+[0-~]?)"
)
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?+(?:Z|[+-]\d\d:?\d\d)"
_SHORT = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?+"
_IDENTIFIER = r"[A-Za-z0-9_./@-]{1,80}+"
_PREFIXES = (
    rf"{_ISO} (?:app|heroku)\[[\w.-]{{1,60}}+\]: ",
    rf"{_ISO} (?:stdout|stderr) [FP] ",  # containerd and CRI-O
    rf"(?:{_SHORT}|{_ISO}) (?:{_IDENTIFIER} )?+{_IDENTIFIER}\[\d{{1,10}}+\]: ?+",  # syslog, journalctl
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ",  # docker logs --timestamps
    r"(?![A-Z]{3,8} )[A-Za-z0-9][\w.@-]{0,80}+(?:(?<=[-_]\d) | {2,40}+)\| ?+",  # compose: padded names
    rf"{_IDENTIFIER} (?:stdout|stderr) \| ",  # supervisord
    r"\d\d:\d\d:\d\d [\w.-]{1,40}+ {1,40}+\| ",  # foreman, honcho
    r"\d{1,4}+\|[\w.-]{1,40}+ {1,40}+\| ",  # pm2
    r"\[pod/[\w./-]{1,200}+\] ",  # kubectl logs --prefix
    r"@[0-9a-f]{24} ",  # s6, runit, multilog
)
_PREFIX = re.compile("|".join(f"(?:{prefix})" for prefix in _PREFIXES), re.ASCII)
_MOST_NESTED = 4


def bare(text: str) -> str:
    """`text` without colours, byte order mark and the carriage returns around it."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if text[:1] in ("\ufeff", "\r"):
        text = text.lstrip("\ufeff\r")
    return text.rstrip("\r") if text.endswith("\r") else text


def carried(line: str) -> str:
    """`line` without the prefixes of what carried it, which may stand inside one another."""
    for _ in range(_MOST_NESTED):
        prefix = _PREFIX.match(line)
        if prefix is None:
            break
        line = line[prefix.end() :]
    return line
