"""A table that is readable without colour on 80 to 100 columns. Pure."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

GAP = "  "
WIDE = 100  # columns; wider lines read badly
_COLUMNS = {98: (2, 16, 20, 22, 30), 80: (2, 16, 15, 17, 22)}


def width(text: str) -> int:
    """Returns the terminal columns of `text`: two for a pictograph, none for a combining character."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character == "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns_for(terminal: int) -> tuple[int, ...]:
    """Returns the widths of mark, error, cause, repair and proof for a terminal of that many columns."""
    return next((columns for least, columns in _COLUMNS.items() if terminal >= least), _COLUMNS[80])


def folded(line: str, first: str, rest: str, terminal: int = WIDE) -> str:
    """Wraps `line`; a long path is not broken."""
    # A pictograph at its beginning needs a column more than textwrap counts.
    return (
        textwrap.fill(
            line,
            min(terminal, WIDE) - 2,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        or first.rstrip()
    )


def render(head: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]) -> list[str]:
    """Returns lines for the columns' widths: the head, a rule, and each row wrapped."""
    rule = GAP.join("─" * column for column in columns)
    lines = [*_row(head, columns), rule]
    for row in rows:
        lines += [*_row(row, columns), rule]
    return lines


def _row(cells: Sequence[str], columns: Sequence[int]) -> list[str]:
    wrapped = [_wrapped(cell, column) for cell, column in zip(cells, columns, strict=True)]
    height = max(len(cell) for cell in wrapped)
    filled = [[*cell, *[""] * (height - len(cell))] for cell in wrapped]
    return [_line(parts, columns) for parts in zip(*filled, strict=True)]


def _line(parts: Sequence[str], columns: Sequence[int]) -> str:
    padded = (part + " " * (column - width(part)) for part, column in zip(parts, columns, strict=True))
    return GAP.join(padded).rstrip()


def _wrapped(cell: str, column: int) -> list[str]:
    return [line for part in cell.split("\n") for line in textwrap.wrap(part, column) or [""]]
