"""Entries in, lines in the formats of Python's own logging and tracebacks out. Pure.

A console reformats output: rich wraps a message over the rows of a table and draws boxes around frames, an exception
group is prefixed by bars, a JSON record holds its traceback in a field. All later stages see `LEVEL:logger:message`
(or the record as written) and CPython's traceback. Further lines of an entry are continuations and never become a
record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..host.escapes import PADDING
from ..host.redact import SECRET, TOKEN
from ..model.download import Download
from ..model.journal_entry import JournalEntry
from .extract.line_format import LONGEST_LINE, PART
from .extract.paths import named_by
from .log_formats import (
    CAUSE,
    GROUP,
    HANDLING,
    TRACEBACK,
    Continuation,
    Format,
    Level,
    Record,
    Shape,
    bare_line,
    cells,
    continued,
    is_exception,
    read,
)

_FILL = "\ue000"


def widened(entry: JournalEntry, column: int = 0) -> JournalEntry:
    """`entry` with its message as wide as it was written; `column` is where the words of a row begin."""
    if not entry.shortened or _FILL in entry.message:
        return entry
    text = entry.message
    marks = [at + len(mark) for mark in (TOKEN, SECRET) if (at := text.find(mark)) >= 0]
    place = min(marks, default=len(text) - len(text.lstrip(PADDING)) if text.strip(PADDING) else column)
    return replace(entry, message=text[:place] + _FILL * entry.shortened + text[place:], shortened=0)


def narrowed(text: str) -> str:
    """`text` without what `widened` has put into it."""
    return text.replace(_FILL, "") if _FILL in text else text


_MOST_HELD = 200  # rows of one line
_MOST_BOXES = 20
_LONGEST_HEADER = 1000
_LEAST_INDENTED = 9  # columns of a table before its messages
_TITLE, _PART_TITLE = "Traceback", "Sub-exception"
_BARS = ("| ", "+ ", "+-")
_BEGINNINGS = (TRACEBACK[:15], CAUSE[:18], HANDLING[:18])  # of lines of a traceback, however narrow the table
AS_WRITTEN = frozenset({Format.BASIC, Format.TEXT, Format.LOGURU, Format.STRUCTLOG, Format.PLAIN})


NOTHING_NAMED = Download()


class Piece(NamedTuple):
    """One line of what an entry says. `ends` is True when nothing that follows belongs to it; `named` is what the
    fields of the record name that the line begins."""

    entry: JournalEntry
    line: str
    ends: bool = False
    named: Download = NOTHING_NAMED


@dataclass(slots=True)
class Drawing:
    """What a process has begun to draw.

    `carrier` is the prefix that a formatter repeats before every line of a traceback, `raised` that its
    exception was seen. `table` is the column and width of what a console wraps; `held` are the rows of the
    line that the next row may go on, `width` what a row holds, `cursor` and `at` those of the first row,
    `prefix` what stands before it, and `quiet` is True for the rows of a record that reports nothing.
    `boxes` are the open ones with their depths, titles and widths, and `header` is that of a frame in one.
    """

    carrier: str = ""
    raised: bool = False
    table: tuple[int, int] | None = None
    held: list[str] = field(default_factory=list)
    width: int = 0
    prefix: str = ""
    cursor: str = ""
    at: float = 0.0
    quiet: bool = False
    boxes: list[tuple[int, str, int]] = field(default_factory=list)
    header: str = ""

    @property
    def blank(self) -> bool:
        return not (self.carrier or self.table or self.held or self.boxes)

    def as_data(self) -> dict[str, object]:
        return {
            "carrier": self.carrier,
            "raised": self.raised,
            "table": list(self.table) if self.table else None,
            "held": list(self.held),
            "width": self.width,
            "prefix": self.prefix,
            "cursor": self.cursor,
            "at": self.at,
            "quiet": self.quiet,
            "boxes": [list(box) for box in self.boxes],
            "header": self.header,
        }


def drawing_from(data: Mapping[str, object]) -> Drawing:
    """The inverse of `Drawing.as_data`, for data that come from our own snapshot."""
    table, held, boxes = data.get("table"), data.get("held"), data.get("boxes")
    return Drawing(
        carrier=str(data.get("carrier", "")),
        raised=bool(data.get("raised", False)),
        table=(int(table[0]), int(table[1])) if isinstance(table, list) else None,
        held=[str(row) for row in held] if isinstance(held, list) else [],
        width=int(str(data.get("width", 0))),
        prefix=str(data.get("prefix", "")),
        cursor=str(data.get("cursor", "")),
        at=float(str(data.get("at", 0.0))),
        quiet=bool(data.get("quiet", False)),
        boxes=[(int(box[0]), str(box[1]), int(box[2])) for box in boxes] if isinstance(boxes, list) else [],
        header=str(data.get("header", "")),
    )


def unfold(drawing: Drawing, entry: JournalEntry) -> Iterator[Piece]:
    """What `entry` says, line by line; `drawing` is that of its process, and is changed. Of a wrapped
    line the rest may follow in other entries: it comes with the entry that ends it, or from `flush`."""
    return map(_narrowed, _unfold(drawing, widened(entry, drawing.table[0] if drawing.table else 0)))


def flush(drawing: Drawing, pid: int) -> Iterator[Piece]:
    """The line that is held, as far as it goes."""
    return map(_narrowed, _flush(drawing, pid))


def _narrowed(piece: Piece) -> Piece:
    line, message = narrowed(piece.line), narrowed(piece.entry.message)
    if line == piece.line and message == piece.entry.message:
        return piece
    return piece._replace(entry=replace(piece.entry, message=message), line=line)


def _unfold(drawing: Drawing, entry: JournalEntry) -> Iterator[Piece]:
    if drawing.blank and _simple(entry.message):
        yield Piece(entry, entry.message)
        return
    found = read(entry.message)
    if isinstance(found, Continuation):
        yield from _continue(drawing, entry, found)
    elif drawing.held and drawing.table and not drawing.table[0] and not found.certain and not found.rest:
        yield from _wrap(drawing, entry, found.message, drawing.width)  # of an exception behind a box
    else:
        yield from _begin(drawing, entry, found)
    if found.rest:
        # Only of a record that may report something, and none of its lines begins one.
        if isinstance(found, Continuation) or not _quiet(found):
            for line in found.rest:
                yield from _continue(drawing, entry, line, within=True)
        yield from _flush(drawing, entry.pid)
        yield Piece(replace(entry, message=""), "", ends=True)


def _simple(message: str) -> bool:
    """True for most lines of tracebacks, which are what they look like."""
    near = message[:1] == " " and message[:_LEAST_INDENTED].strip(" ")[:1] not in ("", "|", "+")
    return near and message.isascii() and message.isprintable() and len(message) <= LONGEST_LINE


def _flush(drawing: Drawing, pid: int) -> Iterator[Piece]:
    if not drawing.held:
        return
    text = drawing.held[0]
    for before, row in zip(drawing.held, drawing.held[1:], strict=False):
        text += row if _broken_word(before, row, drawing.width) else f" {row}"
    entry = JournalEntry("", pid, drawing.at, drawing.cursor)
    prefix, drawing.held, drawing.prefix = drawing.prefix, [], ""
    if prefix or not drawing.quiet:  # a record may tell of a download, whatever its level
        yield from _drawn(entry, Continuation(prefix + text) if prefix else continued(text))


# -- records


def _begin(drawing: Drawing, entry: JournalEntry, record: Record) -> Iterator[Piece]:
    yield from _flush(drawing, entry.pid)
    if not drawing.blank or continued(record.message).text.strip() in (TRACEBACK, GROUP):
        carried = _carried(drawing, record)
        if carried is not None:
            yield from _drawn(entry, carried)
            return
        drawing.table, drawing.quiet, drawing.boxes, drawing.header = None, False, [], ""
    if record.format is Format.RICH and not record.rest:
        drawing.table, drawing.quiet = record.wrap, _quiet(record)
        _hold(drawing, entry, record.message, record.wrap[1] if record.wrap else 0)
        drawing.prefix = _prefix(record)
        return
    line = written(record, entry.message)[:LONGEST_LINE]
    named = NOTHING_NAMED if _quiet(record) or not record.fields else named_by(record.fields)
    yield Piece(entry if line == entry.message else replace(entry, message=line), line, named=named)


def written(record: Record, text: str) -> str:
    """The line that stands for `record`, which was read from `text`: as it was written where a person can
    read that, else in the form of basicConfig, with the other fields quoted behind the message."""
    if record.format in AS_WRITTEN:
        line = bare_line(text)
        # Of a record whose formatter has kept its traceback on the same line, the beginning.
        return line[: line.find(record.message) + len(record.message)] if record.rest and "\n" not in text else line
    error = f": {record.error}" if record.error and record.error not in record.message else ""
    pairs = "".join(f" {key}='{value}'" for key, value in record.fields.items() if value != record.error)
    return f"{_prefix(record)}{record.message}{error}{pairs}".replace("\n", " ")


def _prefix(record: Record) -> str:
    return "" if record.level is None else f"{record.level.name}:{record.logger or '-'}:"


def _quiet(record: Record) -> bool:
    return record.level is not None and record.level < Level.WARNING


def _carried(drawing: Drawing, record: Record) -> Continuation | None:
    """The line of a traceback that `record` is no more than the carrier of; None when it is a record."""
    carrier = f"{record.format.value}:{_prefix(record)}"
    found = continued(record.message)
    text = "" if found.shape is Shape.EDGE else found.text.rstrip()
    begins = text in (TRACEBACK, GROUP)
    if begins and record.format is not Format.PLAIN and not _quiet(record):
        drawing.carrier, drawing.raised = carrier, False
    elif carrier != drawing.carrier or (drawing.raised and text not in (CAUSE, HANDLING, "")):
        drawing.carrier = ""
        return None
    elif text and not text.startswith(" ") and not drawing.raised:
        drawing.raised = text not in (CAUSE, HANDLING)
    return found


# -- continuations


def _continue(drawing: Drawing, entry: JournalEntry, found: Continuation, *, within: bool = False) -> Iterator[Piece]:
    """The lines of a continuation; `within` an entry whose first line has been read."""
    table = drawing.table
    if table is not None and found.wrap is not None and not found.depth and found.wrap[0] != table[0]:
        drawing.table, drawing.quiet = None, False  # another box than that of the table
    if found.shape is Shape.ROW or found.wrap is not None:
        if not drawing.quiet:
            yield from (_row if found.shape is Shape.ROW else _edge)(drawing, entry, found)
        return
    if table is not None and not within and found.shape is not Shape.VALUE:
        raw = bare_line(entry.message)
        if not raw[: table[0]].strip():
            yield from _wrap(drawing, entry, raw[table[0] :], table[1])
            return
        if table[0]:
            drawing.table, drawing.quiet = None, False
    yield from _flush(drawing, entry.pid)
    if found.shape is Shape.TEXT and not (within or found.depth) and _far_in(found.text):
        return  # a row of a table whose record was not worth reading, or code that nobody looks at
    if within and isinstance(again := read(found.text), Record) and again.certain:
        found = replace(found, text=f"  | {found.text}")
    yield from _drawn(entry, found)


def _far_in(text: str) -> bool:
    return not text[:_LEAST_INDENTED].strip() and bool(text.strip())


def _drawn(entry: JournalEntry, found: Continuation) -> Iterator[Piece]:
    """The line that stands for `found`, outside of boxes."""
    if found.shape is Shape.EDGE:
        if found.text:  # the next part of an exception group
            yield _line(entry, PART)
    elif found.shape is Shape.TEXT:
        yield _line(entry, TRACEBACK if found.text.rstrip() in (TRACEBACK, GROUP) else found.text)


def _line(entry: JournalEntry, line: str) -> Piece:
    line = line[:LONGEST_LINE]
    return Piece(entry if line == entry.message else replace(entry, message=line), line)


# -- what a console wraps


def _hold(drawing: Drawing, entry: JournalEntry, row: str, width: int) -> None:
    drawing.held, drawing.width, drawing.cursor, drawing.at = [row], width, entry.cursor, entry.at


def _wrap(drawing: Drawing, entry: JournalEntry, row: str, width: int) -> Iterator[Piece]:
    """`row` goes on the line that is held, or ends it and begins another."""
    row = row.rstrip()
    if drawing.held and len(drawing.held) < _MOST_HELD and _goes_on(drawing.held, row, drawing.width):
        drawing.held.append(row)
        return
    yield from _flush(drawing, entry.pid)
    if row:
        _hold(drawing, entry, row, width)


def _goes_on(held: list[str], row: str, width: int) -> bool:
    """Whether `row` was wrapped off the row before it: its first word did not fit there."""
    first, last = held[0], held[-1]
    if first.lstrip().startswith(_BARS):
        return not row.lstrip().startswith(_BARS) and _fits_not(last, row, width)  # each of its lines has a bar
    if not row or row.startswith(_BEGINNINGS):
        return False
    if row.startswith(" "):  # alone it is the blank behind a word that filled the row before
        return not row.startswith("  ") and cells(last) >= width
    if first.startswith(" ") and is_exception(row):
        return False  # behind a frame the exception begins
    return _fits_not(last, row, width)


def _fits_not(before: str, row: str, width: int) -> bool:
    return bool(row) and cells(before) + 1 + cells(row.partition(" ")[0]) > width


def _broken_word(before: str, row: str, width: int) -> bool:
    """Whether one word was broken between two rows: only one that is longer than a row is."""
    if row.startswith(" "):
        return True
    if cells(before) < width - 1 or before.endswith((",", ";", ":")):
        return False
    return cells(before.rpartition(" ")[2]) + cells(row.partition(" ")[0]) > width


# -- boxes


def _edge(drawing: Drawing, entry: JournalEntry, edge: Continuation) -> Iterator[Piece]:
    yield from _flush(drawing, entry.pid)
    if edge.text and not _hidden(drawing, edge.depth):
        width = edge.wrap[1] if edge.wrap else 0
        drawing.boxes = [box for box in drawing.boxes if box[0] < edge.depth][:_MOST_BOXES]
        drawing.boxes.append((edge.depth, edge.text, width - 4 * (edge.depth + 1)))
        drawing.header = ""
        if edge.text.startswith(_TITLE):
            drawing.table = drawing.table or edge.wrap
            yield _line(entry, TRACEBACK)
        elif edge.text.startswith(_PART_TITLE):
            yield _line(entry, PART)
    elif not edge.text:
        yield from _frame(drawing, entry)
        drawing.boxes = [box for box in drawing.boxes if box[0] < edge.depth]


def _hidden(drawing: Drawing, depth: int) -> bool:
    """Whether what stands at `depth` is within a box of variables, whose values anybody may have written."""
    return any(at < depth and not title.startswith((_TITLE, _PART_TITLE)) for at, title, _ in drawing.boxes)


def _row(drawing: Drawing, entry: JournalEntry, row: Continuation) -> Iterator[Piece]:
    if not drawing.boxes or _hidden(drawing, row.depth):
        return
    _, title, width = drawing.boxes[-1]
    text = row.text
    if not title.startswith(_TITLE):
        yield from _wrap(drawing, entry, text, width)
        return
    number = text.lstrip(" ❱").partition(" ")[0]
    if not text or number.isdigit() or text.startswith(" "):
        yield from _frame(drawing, entry)
    elif len(drawing.header) < _LONGEST_HEADER:
        # A long path is broken where the row ends; the name of a function stands behind a blank.
        glue = " " if drawing.header.endswith(" in") or text.startswith("in ") else ""
        drawing.header = f"{drawing.header}{glue}{text}"


def _frame(drawing: Drawing, entry: JournalEntry) -> Iterator[Piece]:
    header, drawing.header = drawing.header, ""
    if header.startswith("in "):  # the file does not exist any more
        function, _, line = header[3:].rpartition(":")
        header = f":{line} in {function}"
    place, found, function = header.rpartition(" in ")
    path, _, line = place.rpartition(":")
    if found and line.isdigit():
        yield _line(entry, f'  File "{path}", line {line}, in {function}')
