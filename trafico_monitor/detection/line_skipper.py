"""Which raw lines of the bot need not be made into entries at all. Pure.

Nine lines of ten say nothing to anybody, and reading a backlog would cost more for them than for
all the rest. A line may be passed over when no rule, mark or sign occurs in it (it is dull), and
when its process has nothing open that it would end. What is open is known from the entries that
were kept: any of them may have opened something (an ERROR record, a traceback, the server being
down), and the first dull *record* behind it closes all but the last, which an answer of the server
ends. Until then nothing of that process is passed over. So the detector comes to the same findings
as if it had been fed every line.

For the thread that reads; `use` may be called from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..host.redact import SECRET
from ..host.torn import redact_alone
from ..model.journal_entry import JournalEntry, Origin
from .extract.line_format import begins_record
from .prefilter import TO_ZERO, NoiseFilter
from .systemd_events import ENDS, unit_finding

ANSWERED_START, ANSWERED_END = b"INFO:httpx:", b'200 OK"'
_LONGEST = 4096  # bytes; longer lines are rare and may be pieces of one
_LONGEST_KNOWN, _MOST_KNOWN, _MOST_ALIKE = 512, 1024, 256
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
        self.calm = not self._doubts and not self._answer_of_anybody

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
        """Whether a dull line of `pid` ends nothing that is open."""
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
        self.calm = not self._doubts and not self._answer_of_anybody

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
