"""Which lines are worth a look at all: two levels of short texts before any rule. Pure.

Most lines contain none of a few hundred literals. Testing each literal costs as much as all other
work together, so a few very short stems are tested first, and the literals of a stem only where
the stem was found. Four tests a turn of the loop: the turn itself costs as much as a test.
"""

from __future__ import annotations

from collections.abc import Iterable

from .extract.line_format import BLANK

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
_DIGIT_SET = frozenset("0123456789")
_MOST_KNOWN, _LONGEST_KNOWN, _MOST_ALIKE = 1024, 512, 256
_MOST_WORDS, _LONGEST_WORD, _MOST_NEW, _START = 2048, 64, 4, 4


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


class Words:
    """The words of lines in which no literal can occur: a bot has few, and each is looked at once.

    A literal that occurs in a line has its own longest word within one word of the line."""

    def __init__(self, literals: Iterable[str]) -> None:
        words = [max(literal.split(), key=len, default="") for literal in literals]
        self._blank = not all(words)  # one of blanks alone is in no word: nothing can be told in this way
        self._gates = gates_for(words)
        self._starts = frozenset(word[:_START] for word in words if len(word) >= _START)
        self._short = tuple(word for word in words if len(word) < _START)
        self._harmless: set[str] = set()

    def all_harmless(self, lowered: str) -> bool:
        """True when none of the literals occurs in `lowered`; False says nothing."""
        if self._blank:
            return False
        new = [word for word in lowered.split() if word not in self._harmless]
        few = len(new) <= _MOST_NEW
        # Of many new ones one, now this and now that: all would cost more than the line does.
        for word in new if few else new[len(lowered) % len(new) :][:1]:
            # Numbers are too many to be known, and the forms of lines take care of them.
            if len(word) > _LONGEST_WORD or not _DIGIT_SET.isdisjoint(word) or self._suspicious(word):
                return False
            if len(self._harmless) >= _MOST_WORDS:
                self._harmless.clear()
            self._harmless.add(word)
        return few

    def _suspicious(self, word: str) -> bool:
        starts = {word[at : at + _START] for at in range(len(word) - _START + 1)}
        if self._starts.isdisjoint(starts):
            return any(short in word for short in self._short)
        return passes(self._gates, word)


class NoiseFilter:
    """The forms of lines lately seen in which none of the literals occurs: a bot repeats itself.

    Lines that differ only in their digits have one form. It is kept only when no literal could
    occur in any line of that form, so that it answers for all of them.
    """

    def __init__(self, literals: Iterable[str], signs: tuple[str, ...] = ()) -> None:
        """`signs` are further literals, of which most lines that matter have one: asked first."""
        each = (*literals, *signs)
        self._signs = signs
        self._gates = gates_for(each)
        self._numbered = gates_for(literal.translate(_DIGITS) for literal in each if any(map(str.isdigit, literal)))
        self._words = Words(_outside_names(literal) for literal in each)
        self._known: set[bytes] = set()
        self._alike: set[str] = set()  # whole lines, where their form says too little
        self._loud = "\0"  # the last one that is not dull: a line that matters is asked for several times

    def __contains__(self, message: str) -> bool:
        """False when one of the literals occurs in the lower-cased `message` or may do so."""
        if message == self._loud:
            return False
        if message in self._alike:
            return True
        form = message.encode("utf-8", "surrogatepass").translate(_TO_ZERO)
        if form in self._known:
            return True
        lowered = message.lower()
        for sign in self._signs:
            if sign in lowered:
                self._loud = message
                return False
        if not self._words.all_harmless(lowered) and passes(self._gates, lowered):
            self._loud = message
            return False
        if len(form) > _LONGEST_KNOWN:
            return True
        if self._numbers_matter(form):
            if len(self._alike) >= _MOST_ALIKE:
                self._alike.clear()
            self._alike.add(message)
            return True
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
