"""Prefilter: which lines are worth a look at all, before any rule.

Most lines hold none of a few hundred literals. An Aho-Corasick automaton (pyahocorasick, in C) looks for all of them
in one pass; lines of a form that was seen before are not even looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

import ahocorasick

from .extract.line_format import BLANK

_Value = TypeVar("_Value")
TO_ZERO = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))  # for `bytes.translate`: digits to 0
_DIGITS = {digit: "0" for digit in range(48, 58)}
_MOST_KNOWN, _LONGEST_KNOWN, _MOST_ALIKE = 1024, 512, 256


class Literals(Generic[_Value]):
    """Lower-cased literals, each with a value, searched for all at once. Never changed: several threads may search."""

    def __init__(self, values: Mapping[str, _Value]) -> None:
        self._automaton = ahocorasick.Automaton()
        for literal, value in values.items():
            self._automaton.add_word(literal, value)
        self._automaton.make_automaton()
        self._empty = not any(values)  # the automaton of no words refuses to search

    def values_in(self, text: str) -> Iterator[_Value]:
        """The values of the literals in `text`, a literal's once for each place."""
        return iter(()) if self._empty else (value for _, value in self._automaton.iter(text))

    def any_in(self, text: str) -> bool:
        """Whether one of the literals occurs in `text`."""
        return not self._empty and next(self._automaton.iter(text), None) is not None


def outside_names(literal: str) -> str:
    """The part of `literal` to look for in a raw line, where a rule sees `·` for the name of a media file: the
    longest beside that, or the dot that every such name has."""
    return max(literal.split(BLANK), key=len) or "."


class NoiseFilter:
    """Tells dull lines, in which none of the literals occurs, and keeps the forms of those lately seen: a bot repeats
    itself. For one thread.

    Lines that differ only in their digits have one form. It is kept only when no literal could occur in any line of
    that form, so that it answers for all of them. A line in which only `marks` occur is dull where `tells` says that
    it tells nothing all the same.
    """

    def __init__(
        self, literals: Iterable[str], marks: Iterable[str] = (), tells: Callable[[str], bool] = lambda _: True
    ) -> None:
        literals, marks = set(map(outside_names, literals)), set(marks)
        self._marks, self._tells = frozenset(marks - literals), tells
        by_form: dict[str, tuple[str, ...]] = {}
        for literal in literals | marks:
            form = literal.translate(_DIGITS)
            by_form[form] = (*by_form.get(form, ()), literal)
        self._literals = Literals(by_form)
        self._known: set[bytes] = set()
        self._alike: set[str] = set()  # whole lines, where their form says too little
        self._loud = "\0"  # the last one that is not dull: a line that matters is asked for several times

    def __contains__(self, message: str) -> bool:
        """False when one of the literals occurs in the lower-cased `message`."""
        if message == self._loud:
            return False
        if message in self._alike:
            return True
        form = _form(message)
        if form in self._known:
            return True
        numbers_matter = marked = False
        for literals in self._literals.values_in(form.decode("utf-8", "surrogatepass").lower()):
            numbers_matter = True  # of some line of this form a literal is part
            lowered = message.lower()
            for literal in literals:
                if literal in lowered and literal not in self._marks:
                    self._loud = message
                    return False
                marked = marked or literal in lowered
        if marked:
            if not self._tells(message):
                return True
            self._loud = message
            return False
        if len(form) > _LONGEST_KNOWN:
            return True
        if numbers_matter:
            if len(self._alike) >= _MOST_ALIKE:
                self._alike.clear()
            self._alike.add(message)
        else:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known.add(form)
        return True

    def knows(self, message: str) -> bool:
        """True when every line that differs from `message` in its digits alone is known to be dull."""
        return _form(message) in self._known


def _form(message: str) -> bytes:
    return message.encode("utf-8", "surrogatepass").translate(TO_ZERO)
