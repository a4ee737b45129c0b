"""Output of the commands: with rich on a terminal, in colours and fitted to its columns; plain and complete in a pipe.

Text from a log line is never interpreted: control characters are shown as `�`, and rich receives `Text`, never markup.
rich is imported for terminals only, not for a pipe or `run`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from ..messages import format, text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 80  # prose is no better read on a wider terminal
COMMAND = "   → "  # before what is there to be copied: it is printed whole
_EVERY = 0.2  # seconds between two states of a counter
_NARROWEST, _SHORTEST = 20, 6  # columns of a terminal; of a cell that is cut
_LAST = 20  # columns that a table's last cell has at least, or it goes below its row
_STYLES: Mapping[str, str] = {
    "solucionado": "green",
    "fallido": "red",
    "reintentando": "blue",
    "pendiente": "bright_black",
    "detectado": "yellow",
}


def language() -> str:
    """The language of the command's output: the caller's locale; Spanish unless it says English."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if chosen.startswith("en") else "es"


def printable(value: str) -> str:
    """`value` without anything that a terminal would obey."""
    return format.printable(value.replace("\t", "    "))


def clock(at: float | None, spoken: str) -> str:
    """Local time as people read it."""
    if at is None:
        return text("incident.open", spoken)
    return format.date_time(at, seconds=True)


def print_json(value: object) -> None:
    """One object on one line, readable by jq."""
    print(json.dumps(value, ensure_ascii=False))


def is_terminal(stream: TextIO | None = None) -> bool:
    return (stream or sys.stdout).isatty()


def say(
    said: str, below: str = "  ", *, most: int | None = WIDTH, stream: TextIO | None = None, style: str = ""
) -> None:
    """Print each line of `said`, at once, because some stories are read live. On a terminal it is folded to
    its columns, `most` at most, and goes on after `below`; what is to be copied stays whole."""
    lines = [printable(line) for line in said.split("\n")]
    if not is_terminal(stream):
        print("\n".join(lines), file=stream, flush=True)
        return
    console = _console(stream)
    width = console.width if most is None else min(console.width, most - 1)
    for line in lines:
        if line.startswith(COMMAND):
            print(line, file=stream, flush=True)
        else:
            for part in _folded(_shown(line, style), console, width, below):
                console.print(part, soft_wrap=True)


def table(
    rows: Sequence[Sequence[str]],
    least: Sequence[int],
    right: Sequence[int] = (),
    cuttable: Sequence[int] = (),
    *,
    headed: bool = True,
    styles: Mapping[str, str] = _STYLES,
    folded: bool = False,
) -> None:
    """Print `rows`, the first of which is the head where there is one (`headed`).

    Into a pipe each column is as wide as `least` or as what it holds, on a terminal as wide as need be. There
    the columns `cuttable` are cut by `…` until the last one has room, which goes below its row when it still
    has none. `right` are the columns of numbers, `styles` those of cells by their text. `folded`: the last column is
    never cut, but goes on below itself."""
    listed = [[printable(cell) for cell in row] for row in rows]
    if not is_terminal():
        for cells in listed:
            each = enumerate(zip(cells, least, strict=True))
            print(" ".join(c.rjust(n) if place in right else c.ljust(n) for place, (c, n) in each).rstrip())
        return
    console = _console()
    texts = [
        [_shown(cell, styles.get(cell, "") if number or not headed else "bold") for cell in row]
        for number, row in enumerate(listed)
    ]
    widths, fits = _widths(texts, console.width, cuttable)
    for row in texts:
        if folded and fits:
            _print_folded(console, row, widths, right)
        else:
            _print_row(console, row, widths, right, fits=fits)


@contextlib.contextmanager
def waiting(said: str) -> Iterator[None]:
    """A spinner with `said` on the terminal of the error output while something is looked at."""
    if not is_terminal(sys.stderr):
        yield
        return
    with _console(sys.stderr).status(_shown(said)):
        yield


@contextlib.contextmanager
def counting(code: str, spoken: str) -> Iterator[Callable[[int, float], None]]:
    """Yields a function to be called with the number of entries read and the time of the last one: the text `code`
    shows both on the terminal of the error output, at most five times a second."""
    if not is_terminal(sys.stderr):
        yield lambda seen, at: None
        return
    shown = 0.0
    with _console(sys.stderr).status("") as status:

        def update(seen: int, at: float) -> None:
            nonlocal shown
            if time.monotonic() - shown >= _EVERY:
                shown = time.monotonic()
                status.update(_shown(text(code, spoken, n=f"{seen:,}", hora=clock(at, spoken))))

        yield update


def _console(stream: TextIO | None = None) -> Console:
    from rich.console import Console

    console = Console(file=stream or sys.stdout, markup=False, emoji=False, highlight=False)
    # Not the last column: some terminals go on to the next line when it is filled.
    console.width = max(_NARROWEST, console.width - 1)
    return console


def _shown(line: str, style: str = "") -> Text:
    from rich.text import Text

    # With a variation selector terminals differ about the columns of a pictograph; without one they agree.
    return Text(line.replace("\ufe0f", ""), style, overflow="fold")


def _folded(line: Text, console: Console, width: int, below: str) -> Sequence[Text]:
    """`line` on `width` columns, its further lines behind `below`."""
    first = line.wrap(console, width)[0]
    first.rstrip()
    rest = line.plain[len(first.plain) :].lstrip()
    if not rest:
        return [first]
    further = line[-len(rest) :].wrap(console, width - len(below))
    for part in further:
        part.rstrip()
    return [first, *(_shown(below).append_text(part) for part in further)]


def _widths(rows: Sequence[Sequence[Text]], available: int, cuttable: Sequence[int]) -> tuple[list[int], bool]:
    """How wide each column is, and whether the last has room beside the others."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    need = min(widths[-1], _LAST)
    while (over := sum(widths[:-1]) + len(widths) - 1 + need - available) > 0:
        widest = max(cuttable, key=lambda place: widths[place], default=-1)
        if widest < 0 or widths[widest] <= _SHORTEST:
            break
        widths[widest] = max(_SHORTEST, widths[widest] - over)
    room = available - sum(widths[:-1]) - len(widths) + 1
    widths[-1] = min(widths[-1], room)
    return widths, room >= need


def _print_folded(console: Console, row: Sequence[Text], widths: Sequence[int], right: Sequence[int]) -> None:
    from rich.text import Text

    for place, (cell, width) in enumerate(zip(row[:-1], widths[:-1], strict=True)):
        cell.truncate(width, overflow="ellipsis")
        cell.align("right" if place in right else "left", width)
    line = Text(" ").join([*row[:-1], row[-1]])
    for part in _folded(line, console, console.width, " " * (sum(widths[:-1]) + len(widths) - 1)):
        console.print(part, soft_wrap=True)


def _print_row(
    console: Console, row: Sequence[Text], widths: Sequence[int], right: Sequence[int], *, fits: bool
) -> None:
    from rich.text import Text

    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        if fits or place < len(row) - 1:
            cell.truncate(width, overflow="ellipsis")
            cell.align("right" if place in right else "left", width)
    line = Text(" ").join(row if fits else row[:-1])
    line.truncate(console.width, overflow="ellipsis")
    line.rstrip()
    console.print(line, soft_wrap=True)
    if not fits and row[-1].plain:
        for part in _folded(_shown("    ").append_text(row[-1]), console, console.width, "    "):
            console.print(part, soft_wrap=True)
