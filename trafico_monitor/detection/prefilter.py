"""Prefilter: selects the lines to which rules are applied.

Most lines contain none of a few hundred literals. An Aho-Corasick automaton (pyahocorasick, in C) searches for all of
them in one pass; lines of a known form are not even searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

import ahocorasick

from ..host.redact import SECRET
from ..host.torn import redact_alone
from ..model.journal_entry import JournalEntry, Origin
from .extract.line_format import BLANK, begins_record
from .findings import ENDS, unit_finding

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
        # Of some line of this form these are part; each once, for a line may repeat one of them thousands of times.
        candidates = set(self._literals.values_in(form.decode("utf-8", "surrogatepass").lower()))
        lowered = message.lower() if candidates else ""
        occurring = {literal for literals in candidates for literal in literals if literal in lowered}
        if not self._marks.issuperset(occurring) or (occurring and self._tells(message)):
            self._loud = message
            return False
        if occurring:
            return True
        if len(form) > _LONGEST_KNOWN:
            return True
        if candidates:
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


ANSWERED_START, ANSWERED_END = b"INFO:httpx:", b'200 OK"'
_LONGEST = 4096  # bytes; longer lines are rare and may be pieces of one
_MOST_DOUBTS = 10_000  # beyond, every line is kept until the unit ends: nobody has so many processes
_SPELT = re.compile(rb"[%&\\]|#[0-9]")
# What is still waited for of a process: a record, a second one, an answer of the server. What is open
# outlives one record, which may come from another thread.
_RECORD, _ANSWER, _SECOND = 1, 2, 4
_ANYBODY = 0


class LineSkipper:
    """`calm` is True while nothing of any process is open: then `dull` alone decides, and who
    wrote the line need not be looked up. What is `answered` says nothing then, as in `Detector.feed`."""

    answered = (ANSWERED_START, ANSWERED_END)

    def __init__(
        self, dull: NoiseFilter, answers: Iterable[str], busy: Iterable[int] = (), outage: Iterable[int] = ()
    ) -> None:
        """`answers` are the signs that the server answers; `busy` the processes that have something
        open now, and `outage` those that have seen the server down (0: one that is gone)."""
        self._dull = dull
        self._known: set[bytes] = set()
        self._alike: set[bytes] = set()  # whole lines, where their form says too little
        self._loud = b""  # the last one that is not dull: it is asked for twice
        self._answers = tuple(answers)
        self._doubts: dict[int, int] = dict.fromkeys((pid for pid in outage if pid != _ANYBODY), _ANSWER)
        self._doubts.update((pid, _RECORD | _SECOND | _ANSWER) for pid in busy)
        self._answer_of_anybody = _ANYBODY in outage
        self._sampled = 0  # dull lines still to be kept
        self.calm = not self._doubts and not self._answer_of_anybody

    def sample(self, lines: int) -> None:
        """Keep the next `lines` dull lines too. Callable from any thread: a sample that meets a step of the reader
        begins with the next entry that is kept."""
        self._sampled = lines
        self.calm = False

    def use(self, dull: NoiseFilter) -> None:
        """Other rules from now on."""
        # Twice: what is looked up meanwhile, perhaps of the old ones, is kept in a set that goes.
        for _ in range(2):
            self._known, self._alike, self._loud = set(), set(), b""
            self._dull = dull

    def dull(self, message: bytes) -> bool:
        """True when nothing in the raw `message` could mean anything by itself."""
        form = message.translate(TO_ZERO)
        if form in self._known or message in self._alike:
            return True
        if message == self._loud or len(message) > _LONGEST or b"\0" in message:
            return False
        known, alike, dull = self._known, self._alike, self._dull  # `dull` last: see `use`
        text, goes_on = redact_alone(message.decode("utf-8", "replace"))
        # The next line may begin with the rest of a secret: whoever takes lines in has to know.
        if goes_on or text not in dull:
            self._loud = message
            return False
        # Lines of one form are redacted alike, but for those with a character written in digits («%3A») and for
        # secrets that have some.
        told_apart = SECRET in text or _SPELT.search(message) is not None
        if len(message) <= _LONGEST_KNOWN and not told_apart and dull.knows(text):
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known.add(form)
        elif len(message) <= _LONGEST_KNOWN:
            if len(alike) >= _MOST_ALIKE:
                alike.clear()
            alike.add(message)
        return True

    def may_pass(self, message: bytes, pid: int) -> bool:
        """Whether a dull line of `pid` ends nothing that is open, and is not wanted for a sample."""
        if self._sampled > 0:
            self._sampled -= 1
            return False
        waits = self._doubts.get(pid, 0)
        if waits & _RECORD or len(self._doubts) > _MOST_DOUBTS:
            return False
        if waits or self._answer_of_anybody:
            return not self._answered(message.decode("utf-8", "replace"))
        return True

    def kept(self, entry: JournalEntry) -> None:
        """An entry that goes on to the detector, in the journal's order."""
        if entry.origin is Origin.BOT:
            self._spoke(entry)
        elif entry.origin is Origin.MANAGER:
            said = unit_finding(entry)
            if said is not None and said.code in ENDS:
                self._doubts.clear()
                self._answer_of_anybody = True
        self.calm = not (self._doubts or self._answer_of_anybody or self._sampled)

    def _spoke(self, entry: JournalEntry) -> None:
        line, pid = entry.message, entry.pid
        if entry.fields or line not in self._dull:
            self._doubts[pid] = _RECORD | _SECOND | _ANSWER
            return
        if not (begins_record(line) and line.strip()):
            return
        waits = self._doubts.pop(pid, 0)
        waits &= ~_SECOND if waits & _SECOND else ~_RECORD
        if self._answered(entry.message):
            self._answer_of_anybody, waits = False, waits & ~_ANSWER
        if waits:
            self._doubts[pid] = waits

    def _answered(self, text: str) -> bool:
        lowered = text.lower().replace('\\"', '"')  # as JSON writes it
        return any(sign in lowered for sign in self._answers)
