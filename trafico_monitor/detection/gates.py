"""Which lines are worth a look at all: two levels of short texts before any rule. Pure.

Most lines contain none of a few hundred literals. Testing each literal costs as much as all other
work together, so a few very short stems are tested first, and the literals of a stem only where
the stem was found. Four tests a turn of the loop: the turn itself costs as much as a test.
"""

from __future__ import annotations

from collections.abc import Iterable

from .lines import BLANK

_Four = tuple[str, str, str, str]
_Fours = tuple[_Four, ...]
# Four stems, and for each of them its literals in fours.
Gates = tuple[tuple[_Four, tuple[tuple[str, _Fours], ...]], ...]

# Picked by greedy cover of the shipped literals (most literals a stem for the fewest hits in
# ordinary lines of bots). They decide about speed only: a literal without a stem is its own.
_STEMS = (
    "not ", " 50", "rno ", "o suc", "spac", "inco", "time", "emp", "curl: (", "dis", " den", "inv", "exi", "read",
    "conn", "size", "pi", " of ", "sh", "bytes", "eno", "ng ", "ce", "08", "cal", "r d", "par", "atu", "rr", "ch",
    "rec", "ed", "ga", "at", "no ",
)  # fmt: skip
_TO_ZERO = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_DIGITS = {digit: "0" for digit in range(48, 58)}
_MOST_KNOWN, _LONGEST_KNOWN = 2048, 512


def gates_for(literals: Iterable[str]) -> Gates:
    """The gates that let through every lower-cased line in which one of `literals` occurs."""
    words = {_outside_names(literal) for literal in literals}
    shortest = sorted(word for word in words if not any(other != word and other in word for other in words))
    stems: dict[str, list[str]] = {}
    for word in shortest:
        stem = next((stem for stem in _STEMS if stem in word), word)
        stems.setdefault(stem, []).append(word)
    return tuple((four, tuple((stem, _fours(stems[stem])) for stem in dict.fromkeys(four))) for four in _fours(stems))


def passes(gates: Gates, lowered: str) -> bool:
    """True when one of the literals of `gates` occurs in `lowered`."""
    for (a, b, c, d), stems in gates:
        if a in lowered or b in lowered or c in lowered or d in lowered:
            for stem, words in stems:
                if stem in lowered:
                    for e, f, g, h in words:
                        if e in lowered or f in lowered or g in lowered or h in lowered:
                            return True
    return False


class Dull:
    """The forms of lines lately seen in which none of the literals occurs: a bot repeats itself.

    Lines that differ only in their digits have one form. It is kept only when no literal could
    occur in any line of that form, so that it answers for all of them.
    """

    def __init__(self, literals: Iterable[str]) -> None:
        each = tuple(literals)
        self._gates = gates_for(each)
        self._numbered = gates_for(literal.translate(_DIGITS) for literal in each if any(map(str.isdigit, literal)))
        self._known: set[bytes] = set()

    def __contains__(self, message: str) -> bool:
        """False when one of the literals occurs in the lower-cased `message` or may do so."""
        form = message.encode("utf-8", "surrogatepass").translate(_TO_ZERO)
        if form in self._known:
            return True
        lowered = message.lower()
        if passes(self._gates, lowered):
            return False
        if len(form) <= _LONGEST_KNOWN and not self._numbers_matter(form):
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known.add(form)
        return True

    def knows(self, message: str) -> bool:
        """True when every line that differs from `message` in its digits alone is known to be dull."""
        return message.encode("utf-8", "surrogatepass").translate(_TO_ZERO) in self._known

    def _numbers_matter(self, form: bytes) -> bool:
        """True when one of the literals occurs in some line of this form."""
        return b"0" in form and passes(self._numbered, form.decode("utf-8", "surrogatepass").lower())


def _fours(texts: Iterable[str]) -> _Fours:
    """`texts` in groups of four; the last group is filled up with its last text."""
    each = tuple(texts)
    groups = (each[at : at + 4] for at in range(0, len(each), 4))
    filled = ((*group, *group[-1:] * 3) for group in groups)
    return tuple((a, b, c, d) for a, b, c, d, *_ in filled)


def _outside_names(literal: str) -> str:
    # A rule sees `·` where the line has the name of a media file, and every such name has a dot.
    return max(literal.split(BLANK), key=len) or "."
