"""One log entry in, a record or a continuation out. Pure, without memory of other entries."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from .fields import json_record, logfmt_record
from .headers import basic_header, blank_time, header
from .record import TRACEBACK, Continuation, Record, bare, carried, continued, surely_continues

_MOST_LINES = 2000
# How formatters that keep a record on one line write its line breaks; rsyslog does it by itself.
_BREAKS = ("\\n", "#012", "\r")


@lru_cache(maxsize=64)  # a line is asked for several times while it is looked at
def read(text: str) -> Record | Continuation:
    """What `text` is: one line, or a whole entry with line breaks, of which the first alone may begin a
    record. It has no bound of its own: it takes time in proportion to its length."""
    first, *further = text.split("\n", _MOST_LINES) if "\n" in text else (text,)
    rest = tuple(continued(carried(bare(line))) for line in further)
    found = _read_line(bare(first), alone=not rest)
    return replace(found, rest=(*found.rest, *rest)) if rest else found


def bare_line(text: str) -> str:
    """The first line of `text` without colours and without the prefixes of what carried it."""
    return carried(bare(text.partition("\n")[0]))


def _read_line(line: str, *, alone: bool) -> Record | Continuation:
    found = basic_header(line)
    if found is None:
        line = carried(line)
        found = basic_header(line)
    if found is None:
        if line[:1] == "{":
            found = json_record(line)
        elif line[:1] == " ":
            found = blank_time(line) if alone else None
        else:
            found = header(line) or (logfmt_record(line) if "=" in line[:80] else None)
    if found is not None:
        return _unfolded(found)
    if surely_continues(line) and (alone or line):
        return continued(line)
    return _unfolded(Record(None, "", "", line))


def _unfolded(record: Record) -> Record:
    """`record` with the traceback that its formatter has kept on one line, if there is one."""
    begin = record.message.find(TRACEBACK)
    if begin < 0 or record.rest:
        return record
    behind = record.message[begin + len(TRACEBACK) :]
    mark = next((mark for mark in _BREAKS if behind.startswith(mark)), "")
    before = record.message[:begin]
    if not mark or before.count("«") > before.count("»") or before.count("“") > before.count("”"):
        return record
    if before[-1:] in ("'", '"'):  # the traceback was shown as Python shows a string
        behind = behind.rstrip("|").removesuffix(before[-1])
    first, *further = before.split(mark)
    lines = (*further[:-1], TRACEBACK, *behind.removeprefix(mark).split(mark, _MOST_LINES))
    return replace(record, message=first.rstrip("|'\" "), rest=tuple(continued(line) for line in lines))
