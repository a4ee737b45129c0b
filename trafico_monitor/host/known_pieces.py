"""Pieces of known secrets at either end of a row that a console has broken. Pure but for what is known.

Any eight characters out of a secret tell it. Of the pieces of the bot's own token the one that holds its eleventh
secret character becomes `<TOKEN>` and the others nothing: whoever puts the rows together again reads a place,
and nobody who knows only the bot's number can make one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .escapes import PADDING
from .secret_shapes import SECRET, SHORTEST, TOKEN, holds_piece, known, own_tokens

_PIVOT = 11  # characters behind the colon
_NUMBERED = ("telegram-bot-api/", "/bot")  # what a token stands behind


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `first` to `behind` of a row are `begin` to `stop` of `secret`."""

    first: int
    behind: int
    secret: str
    begin: int
    stop: int

    @property
    def missing(self) -> int:
        """How many characters of the secret follow."""
        return len(self.secret) - self.stop

    @property
    def mark(self) -> str:
        """What stands there instead."""
        if self.secret not in own_tokens():
            return SECRET
        return TOKEN if self.begin <= self.secret.find(":") + _PIVOT < self.stop else ""


def at_start(row: str) -> Piece | None:
    """The piece that `row` begins with, behind its padding, when it goes on from another row."""
    first, longest = len(row) - len(row.lstrip(PADDING)), None
    for secret, begin in _occurrences(row[first : first + SHORTEST]):
        behind, stop = first + SHORTEST, begin + SHORTEST
        while behind < len(row) and stop < len(secret) and row[behind] == secret[stop]:
            behind, stop = behind + 1, stop + 1
        over = stop == len(secret) or not row[behind:].strip(PADDING)
        if begin and over and (longest is None or behind > longest.behind):
            longest = Piece(first, behind, secret, begin, stop)
    return longest


def at_end(row: str, end: int) -> Piece | None:
    """The piece that the words of `row`, which end at `end`, end with, when it goes on in another row."""
    longest = None
    for secret, begin in _occurrences(row[max(0, end - SHORTEST) : end]):
        first, stop = end - SHORTEST, begin + SHORTEST
        while first and begin and row[first - 1] == secret[begin - 1]:
            first, begin = first - 1, begin - 1
        if stop < len(secret) and (longest is None or first < longest.first):
            longest = Piece(first, end, secret, begin, stop)
    return longest or _number_begun(row, end)


def may_be_at_ends(row: str, end: int) -> bool:
    """False when neither of the above finds any."""
    start = row.lstrip(PADDING)[:SHORTEST]
    return holds_piece(start) or holds_piece(row[max(0, end - SHORTEST) : end]) or _number_begun(row, end) is not None


def _number_begun(row: str, end: int) -> Piece | None:
    """The first digits of the bot's own number at the end of a row, too few to be told otherwise."""
    if not row[end - 1 : end].isdigit():
        return None
    for token in own_tokens():
        for size in range(1, SHORTEST):
            first = end - size
            if row[max(0, first) : end] == token[:size] and row[: max(0, first)].endswith(_NUMBERED):
                return Piece(first, end, token, 0, size)
    return None


def _occurrences(piece: str) -> Iterator[tuple[str, int]]:
    """Where `piece` stands in what is known, the longest secret first."""
    if holds_piece(piece):
        for secret in known():
            at = secret.find(piece)
            while at >= 0:
                yield secret, at
                at = secret.find(piece, at + 1)
