"""What the commands print, fit for the terminal: no line is longer than it is wide.

Prose and lines of a log go on below, with everything in them; a table's cells are cut by `…`. What
is no terminal gets all as it is: a line that is searched must not be cut. What is there to be
copied (a command, a link, a path) is printed whole and not by this module.
"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO

WIDTH = 80  # prose is no better read on a wider one
_NARROWEST = 20
_SHORTEST = 6  # a cell that is cut
_LAST = 20  # what the last column has at least, or it goes below
_PICTOGRAPH = "\N{VARIATION SELECTOR-16}"


def columns(line: str) -> int:
    """How wide a terminal shows `line`, at most: East Asian letters and pictographs take two columns."""
    return sum(map(_columns_of, line))


def _columns_of(letter: str) -> int:
    if letter.isascii():
        return 1
    if letter == _PICTOGRAPH:
        return 1  # what stands before it is shown as a pictograph
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def width_of(stream: TextIO | None = None) -> int | None:
    """How many columns there are to be filled; None where it is no terminal."""
    if not (stream or sys.stdout).isatty():
        return None
    # Not the last one: some terminals go on to the next line when it is filled.
    return max(_NARROWEST, shutil.get_terminal_size().columns - 1)


def cut(line: str, width: int) -> str:
    """`line` on `width` columns, its end cut by `…`."""
    return line if columns(line) <= width else _head(line, width - 1) + "…"


def fold(line: str, width: int, below: str = "") -> list[str]:
    """`line` on `width` columns, its further lines indented by `below`. Words stay whole where they can."""
    lines: list[str] = []
    current = ""
    for word in re.findall(r"\s+|\S+", line):
        if columns(current) + columns(word) > width:
            if current.strip():
                lines.append(current.rstrip())
                current = below
            if word.isspace():
                continue
            while columns(current) + columns(word) > width:
                head = _head(word, width - columns(current)) or word[0]
                lines.append(current + head)
                word, current = word[len(head) :], below
        elif word.isspace() and lines and current == below:
            continue  # where the line was broken
        current += word
    return [*lines, current.rstrip()] if current.strip() or not lines else lines


def wrapped(line: str, below: str, *, most: int = WIDTH, stream: TextIO | None = None) -> list[str]:
    """`line` on the terminal's columns, `most` at most; as it is where there is none."""
    width = width_of(stream)
    return [line] if width is None else fold(line, min(width, most - 1), below)


def say(said: str, below: str = "  ", *, most: int = WIDTH, stream: TextIO | None = None) -> None:
    """Print each line of `said`, wrapped; at once, because some stories are read live."""
    for line in said.split("\n"):
        print("\n".join(wrapped(line, below, most=most, stream=stream)), file=stream, flush=True)


def table(
    rows: Iterable[Sequence[str]], least: Sequence[int], right: Sequence[int] = (), cuttable: Sequence[int] = ()
) -> list[str]:
    """`rows`, the first of which is the head, in columns: where it is no terminal each as wide as
    `least` or as what it holds, and on one as wide as need be. There the columns `cuttable` are cut
    until the last one has room, which goes below its row when it still has none. `right` are those
    of numbers."""
    listed, available = [list(row) for row in rows], width_of()
    last = len(least) - 1
    if available is None:
        return [_row(row, least, right).rstrip() for row in listed]
    widths = [max(columns(row[place]) for row in listed) for place in range(last + 1)]
    need = min(widths[last], _LAST)
    while (over := sum(widths[:last]) + last + need - available) > 0:
        widest = max(cuttable, key=lambda place: widths[place], default=last)
        if widest == last or widths[widest] <= _SHORTEST:
            break
        widths[widest] = max(_SHORTEST, widths[widest] - over)
    widths[last] = available - sum(widths[:last]) - last
    fits = widths[last] >= need
    lines: list[str] = []
    for row in listed:
        cells = [cut(cell, max(1, width)) for cell, width in zip(row, widths, strict=True)]
        if fits:
            lines.append(_row(cells, widths, right).rstrip())
            continue
        lines.append(cut(_row(cells[:last], widths[:last], right).rstrip(), available))
        lines += fold(f"    {row[last]}", available, "    ") if row[last] else []
    return lines


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = " " * max(0, width - columns(cell))
        padded.append(room + cell if place in right else cell + room)
    return " ".join(padded)


def _head(line: str, width: int) -> str:
    """As much of the beginning of `line` as `width` columns hold."""
    taken = 0
    for place, letter in enumerate(line):
        taken += _columns_of(letter)
        if taken > width:
            return line[:place]
    return line
