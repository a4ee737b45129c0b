"""Multi-line records still open after their first line: tracebacks, and ERROR records that no rule matches. Pure.

An open record is closed by the next unrelated line, by the end of the process, or by time (`settle`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model.download import Download
from ..model.finding import Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .extract.line_format import is_error_record
from .failure_attribution import FailureLine, Failures, continues
from .findings import about
from .process import DetectorState, Process
from .ruleset.engine import Rule, RuleSet, Silence
from .statement import Voice, statement
from .tracebacks import MOST_CHARS, Block, judge, unfamiliar

# Journal time after which a traceback is taken as ended when its process has said nothing more:
# a whole one; one whose chain may go on (libraries' exceptions first, ours last); an unfinished one.
SETTLE = 0.05
SETTLE_CHAIN = 1.0
SETTLE_UNFINISHED = 5.0
_MOST_OF_RECORD = MOST_CHARS * 5


class Folding:
    """`rules` may be replaced at any time; what is open stays open."""

    def __init__(self, memory: DetectorState, failures: Failures, rules: RuleSet) -> None:
        self.rules = rules
        self._memory = memory
        self._failures = failures

    # -- tracebacks

    def open(self, process: Process, entry: JournalEntry) -> None:
        """`entry` is the first line of a traceback."""
        block = Block(entry.cursor, entry.at, entry.cursor)
        if process.header is not None:
            cursor, line, silence = process.header
            block.first, block.header, block.silence = cursor, line, Silence(silence)
            block.named = process.named
            block.keep(line)
        process.block, process.header, process.unknown = block, None, None
        self._memory.busy.add(entry.pid)
        self._memory.changed()

    def interrupted(self, pid: int, process: Process, block: Block) -> Iterator[Finding]:
        """A record has come before the traceback was whole: one of another thread, or it was cut off. What
        it reports so far is told, and it may go on."""
        block.cut = True
        self._memory.changed()
        if block.stage == "raised" and block.untold:
            yield from self._tell(pid, process, block)

    def grown(self, pid: int, process: Process, block: Block) -> Iterator[Finding]:
        """The traceback has taken in another line."""
        self._memory.changed()
        if block.complete and block.untold:
            yield from self._tell(pid, process, block)

    def close(self, pid: int, process: Process) -> Iterator[Finding]:
        """The traceback has ended, if there is one."""
        block = process.block
        if block is None:
            return
        if block.untold:
            yield from self._tell(pid, process, block)
        if not block.origin and unfamiliar(block, self.rules) and not continues(process, block.at):
            entry = JournalEntry(block.links[-1][0], pid, block.at, block.last)
            finding = about(entry, FindingKind.UNKNOWN, lines=tuple(block.lines), code=block.own)
            yield self._failures.of_child(entry, process, block.header, block.first) or replace(
                finding, origin=block.first
            )
        process.block = None
        if not process.waits:  # an ERROR record of another thread may have come in between
            self._memory.busy.discard(pid)
        self._memory.changed()

    def _tell(self, pid: int, process: Process, block: Block) -> Iterator[Finding]:
        answer = judge(block, self.rules)
        block.told = len(block.links)
        if answer is not None:
            yield self._failures.of_traceback(pid, process, block, answer)

    # -- ERROR records

    def note_record(
        self, entry: JournalEntry, process: Process, line: str, rule: Rule | None, record: bool, named: Download
    ) -> None:
        """`line` ends the ERROR record before it, if `record`, and may be one itself: the header of
        a traceback that follows. `rule` is what it says by itself, `named` what its fields name."""
        if not record and not (process.header is None and is_error_record(line)):
            return
        header = None
        if is_error_record(line) or "exception" in line[:200].lower():
            silence = rule.silences.value if rule is not None else Silence.LINE.value
            header = (entry.cursor, line[:_MOST_OF_RECORD], silence)
            process.named = named
        self._memory.head(entry.pid, process, header)

    def note_report(self, entry: JournalEntry, process: Process, line: str) -> None:
        """A structured entry says that a download failed, in words that no rule knows."""
        self._memory.head(entry.pid, process, (entry.cursor, line[:_MOST_OF_RECORD], Silence.LINE.value))
        self.wait_to_explain(entry, process, line)

    def wait_to_explain(self, entry: JournalEntry, process: Process, line: str) -> None:
        """No rule knows this ERROR record: what follows may yet explain it, or the report before it has."""
        if process.exact and process.failure is not None and process.failure.exact and continues(process, entry.at):
            return
        process.unknown = (entry.cursor, entry.at, line[:_MOST_OF_RECORD])

    def awaits_traceback(self, process: Process, line: str) -> bool:
        """Whether `line`, an exception, stands behind an ERROR record that no rule knows, as aiogram names it before
        its traceback: that tells what the program was doing. Without one the exception decides by itself."""
        if process.unknown is None:
            return False
        process.unknown = (*process.unknown[:2], line[:_MOST_OF_RECORD])
        self._memory.changed()
        return True

    def unexplained(self, pid: int, process: Process) -> Iterator[Finding]:
        """The ERROR record that nothing has explained, if there is one: a failure where the model is sure of it."""
        if process.unknown is None:
            return
        cursor, at, line = process.unknown
        process.unknown = None
        self._memory.changed()
        entry = JournalEntry(line, pid, at, cursor)
        explained = self._failures.of_child(entry, process)
        if explained is None and (rule := self.rules.decide(line)) is not None and rule.error_type is not None:
            polling, signed = self.rules.is_polling(line.lower()), statement(line).voice is not Voice.PLAIN
            explained = self._failures.of_line(entry, process, FailureLine(line, rule, True, polling, signed=signed))
        yield explained or about(entry, FindingKind.UNKNOWN, lines=(line[:MOST_CHARS],))

    # -- what ends them all

    def end_all(self) -> Iterator[Finding]:
        """No process says anything more."""
        for pid, process in list(self._memory.processes.items()):
            yield from self.close(pid, process)
            yield from self.unexplained(pid, process)

    def settle(self, now: float) -> Iterator[Finding]:
        """Ends what has had nothing more said to it for the settle time before `now` (journal time)."""
        for pid in tuple(self._memory.busy):
            process = self._memory.processes[pid]
            if process.block is None and now - process.at > SETTLE_UNFINISHED:
                yield from self.unexplained(pid, process)
                process.passed = True
                self._memory.head(pid, process, None)
            elif process.block is not None and now - process.block.at > _patience(process.block):
                yield from self.close(pid, process)


def _patience(block: Block) -> float:
    if block.stage != "raised":
        return SETTLE_UNFINISHED
    return SETTLE if block.whole else SETTLE_CHAIN
