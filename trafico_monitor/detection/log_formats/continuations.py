"""Lines that continue a record: frames, exceptions, rows of boxes, bars of exception groups. Pure."""

from __future__ import annotations

import re

from .record import Continuation, Shape

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
