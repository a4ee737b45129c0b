"""Journal entries in, findings out: the engine that tracks every process. Pure.

A deciding line produces its finding at once; further information about the same failure (hints, the traceback) refines
it under the same `origin`. An irrelevant line costs a few comparisons.

This module dispatches one kind of line after another; `memory` holds the open state, `folding` the open multi-line
records, `downloads` the downloads in progress, `failures` the failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..model.download import Download
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.journal_entry import JournalEntry, Origin
from .download_attempts import DownloadAttempt
from .downloads import Downloads
from .extract.download import MARKS, structured, told_by
from .extract.line_format import LONGEST_LINE, begins_record, is_error_record
from .extract.paths import Paths
from .failure_attribution import FailureLine, Failures
from .findings import ENDS, about, blind_finding, unit_finding
from .log_formats import TRACEBACK, Continuation, is_exception, read
from .multiline import SETTLE, Folding
from .prefilter import ANSWERED_END, ANSWERED_START, LineSkipper, NoiseFilter
from .process import DetectorState, Process
from .reported_downloads import Reports, report_of
from .ruleset.engine import RuleSet, Silence
from .statement import Voice, statement
from .unfolding import AS_WRITTEN, NOTHING_NAMED, Piece, flush, unfold

# Signs of a failure that perhaps no rule knows; a negative rule may speak about what follows them.
# A frame may be the first that the log still has of a traceback; JSON may spell a letter `\u00f3`.
_SUSPECT = ("error", "❌", "exception", "traceback (most", "critical", "fatal", "fallo", "crítico", 'file "', "\\u00")
_PREFIX, _SUFFIX = ANSWERED_START.decode(), ANSWERED_END.decode()
# A process of the run that systemd calls started may have spoken before: PID 1's word comes by another socket, and a
# unit of Type=notify says itself when it is.
STARTING_SECONDS = 5.0
_NOTHING: tuple[Finding, ...] = ()
_BOT = Origin.BOT
# Signs that the server answers again, looked at only while it is known not to.
_ANSWERS = ('/getupdates "http/1.1 200', '/getme "http/1.1 200', "connection established", 'getupdates "http/2 200')


class Detector:
    """`rules` may be replaced at any time; what is open stays open."""

    def __init__(self, rules: RuleSet, models_dir: str = "modelos") -> None:
        paths = Paths(models_dir)
        self._marks = (*MARKS, *paths.marks)
        self._memory = DetectorState()
        self._paths = paths
        self._downloads = Downloads(self._memory, paths)
        self._reports = Reports(self._memory, paths)
        self._failures = Failures(self._memory, paths)
        self._folding = Folding(self._memory, self._failures, rules)
        # When some download's silence becomes a finding (journal time), or earlier: compare it
        # with each entry's time, and call `overdue` once it has passed. No line moves it on.
        # (That of `_downloads`, copied after whatever may change it: it is looked at for every line.)
        self.deadline = self._downloads.deadline
        self.rules = rules

    @property
    def rules(self) -> RuleSet:
        return self._rules

    @rules.setter
    def rules(self, rules: RuleSet) -> None:
        self._rules = self._folding.rules = rules
        self._dull = self.new_dull()

    def new_dull(self) -> NoiseFilter:
        """What tells the lines that say nothing by themselves; one for each thread that asks."""
        return NoiseFilter((*self._rules.literals, *_SUSPECT), self._marks, self._tells)

    def _tells(self, message: str) -> bool:
        """False when `message`, in which nothing but a mark occurs, surely tells nothing of a download."""
        said = read(message)
        if isinstance(said, Continuation) or said.rest or said.format not in AS_WRITTEN:
            return True
        return is_error_record(message) or told_by(message, self._paths) is not None

    def passing(self) -> LineSkipper:
        """What tells a reader which raw lines need not be fed, from here on."""
        return LineSkipper(self.new_dull(), _ANSWERS, self._memory.busy, self._memory.outage)

    @property
    def changes(self) -> int:
        """Grows whenever `snapshot()` would differ: compare it to know what to save."""
        return self._memory.changes

    @property
    def unsettled(self) -> bool:
        """True while `settle` has something to wait for."""
        return bool(self._memory.busy)

    @property
    def under_way(self) -> bool:
        """True while some process has a download that has neither ended nor failed."""
        return self._downloads.under_way

    @property
    def attempts(self) -> tuple[DownloadAttempt, ...]:
        """Those downloads, to be looked at and not to be changed."""
        return self._downloads.open

    @property
    def copying(self) -> Mapping[str, str]:
        """Id and place of each download of which the bot's process has reported that it is being copied."""
        return self._downloads.copying

    def arrived(self, sizes: Mapping[str, int], now: float) -> None:
        """How many bytes lie at the places of `copying` at `now`."""
        self._downloads.arrived(sizes, now)
        self.deadline = self._downloads.deadline

    def feed(self, entry: JournalEntry) -> tuple[Finding, ...]:
        """The findings of one entry, in order. Entries of one process come in their order."""
        message = entry.message
        if self._memory.quiet and message.endswith(_SUFFIX) and message.startswith(_PREFIX) and entry.origin is _BOT:
            return _NOTHING
        if entry.origin is not _BOT:
            return tuple(self._of_others(entry))
        memory = self._memory
        if not memory.outage and entry.pid not in memory.busy and not entry.fields and message in self._dull:
            return _NOTHING
        found = tuple(self._of_bot(entry))
        self.deadline = self._downloads.deadline
        return found

    def settle(self, now: float) -> tuple[Finding, ...]:
        """Ends the tracebacks whose last line is older (journal time, seconds since the epoch)
        than the settle time. Not to be called while the reader is behind `now`."""
        found = [finding for pid in tuple(self._memory.busy) for finding in self._release(pid, now)]
        return (*found, *self._folding.settle(now))

    def overdue(self, now: float) -> tuple[Finding, ...]:
        """The downloads that have neither ended nor failed within their limit at `now`: the time
        of an entry that is about to be fed, or the clock's while the reader is not behind."""
        found = self._downloads.overdue(now)
        self.deadline = self._downloads.deadline
        return found

    @property
    def processes_under_way(self) -> frozenset[int]:
        """The processes that live, as far as is known, and have a download under way."""
        return frozenset(
            pid for pid, one in self._memory.processes.items() if one.attempts.open and not one.attempts.gone_at
        )

    def process_ended(self, pid: int, at: float) -> tuple[Finding, ...]:
        """The process `pid` is gone at `at`, as the kernel tells: what it had under way follows by `overdue`, once
        its last words have had time to arrive."""
        process = self._memory.processes.get(pid)
        if process is None or process.attempts.gone_at:
            return _NOTHING
        found = tuple(self._release(pid))
        if process.block is not None:
            found += tuple(self._folding.close(pid, process))
        found += tuple(self._folding.unexplained(pid, process))
        self._memory.end((pid,), at)
        self._downloads.watch_all()
        self.deadline = self._downloads.deadline
        return found

    def look_at_clock(self, now: float) -> None:
        """Notice a clock that was set and a machine that slept: call it often, with the real
        time. What is under way does not count that time as silence."""
        self._downloads.look_at_clock(now)
        self.deadline = self._downloads.deadline

    def lose_sight(self) -> None:
        """Lines were lost that may have held the end of what is under way."""
        self._downloads.lose_sight()

    def snapshot(self) -> dict[str, object]:
        """Everything that is open, as JSON-able data; `restore` takes it back."""
        return self._memory.snapshot()

    def restore(self, data: Mapping[str, object]) -> None:
        """Goes on from a snapshot; unknown or missing parts count as nothing open."""
        self._memory.restore(data)
        self._downloads.watch_all()
        self.deadline = self._downloads.deadline

    # -- one kind of entry each

    def _of_others(self, entry: JournalEntry) -> Iterator[Finding]:
        if entry.origin is Origin.JOURNALD:
            blind = blind_finding(entry)
            if blind is not None:
                yield blind
            return
        if entry.origin is Origin.CHILD:
            if entry.message not in self._dull:
                self._memory.complaints.take(entry, self._rules)
            return
        unit = unit_finding(entry)
        if unit is None:
            return
        if unit.code in ENDS:
            for pid in tuple(self._memory.processes):
                yield from self._release(pid)
            yield from self._folding.end_all()
            self._memory.end_all(entry.at)
        elif unit.code == "started":  # of a run that lost its power nobody wrote down the end
            silent = [pid for pid, one in self._memory.processes.items() if one.at < entry.at - STARTING_SECONDS]
            self._memory.end(silent, entry.at)
        self._downloads.watch_all()
        self.deadline = self._downloads.deadline
        yield unit

    def _of_bot(self, entry: JournalEntry) -> Iterator[Finding]:
        process = self._memory.of(entry)
        if "TRAFICO_EVENTO" in entry.fields:
            yield from self._release(entry.pid)
            line = entry.message[:LONGEST_LINE]
            yield from self._of_line(entry, process, line, line.lower())
            return
        blank = process.drawing.blank
        yield from self._of_pieces(entry.pid, process, unfold(process.drawing, entry))
        self._memory.drawn(entry.pid, process, blank)

    def _of_pieces(self, pid: int, process: Process, pieces: Iterable[Piece]) -> Iterator[Finding]:
        for entry, line, ends, named in pieces:
            if ends:
                yield from self._folding.close(pid, process)
            else:
                yield from self._of_line(entry, process, line, line.lower(), named)

    def _release(self, pid: int, now: float = float("inf")) -> Iterator[Finding]:
        """What is held of a wrapped line, once nothing has gone on it for the settle time before `now`."""
        process = self._memory.processes[pid]
        if process.drawing.held and now - process.at > SETTLE:
            yield from self._of_pieces(pid, process, flush(process.drawing, pid))
            self._memory.drawn(pid, process, False)

    def _of_line(
        self, entry: JournalEntry, process: Process, line: str, lowered: str, named: Download = NOTHING_NAMED
    ) -> Iterator[Finding]:
        if process.block is not None:
            if process.block.take(line, entry.cursor, entry.at):
                yield from self._folding.grown(entry.pid, process, process.block)
                return
            ends = process.block.complete or process.block.cut or not begins_record(line)
            yield from (
                self._folding.close(entry.pid, process)
                if ends
                else self._folding.interrupted(entry.pid, process, process.block)
            )
        if line == TRACEBACK or line.startswith('  File "'):  # the log may have lost its first line
            self._folding.open(process, entry)
            if line != TRACEBACK and process.block is not None:
                process.block.take(line, entry.cursor, entry.at)
            return
        if self._memory.seen_down_by(entry.pid) and any(sign in lowered for sign in _ANSWERS):
            self._memory.outage.clear()
            self._memory.changed()
            yield about(entry, FindingKind.RECOVERED, error_type=ErrorType.SERVIDOR_CAIDO)
        reported = "TRAFICO_EVENTO" in entry.fields
        if process.unknown is not None and (reported or begins_record(line)):
            yield from self._folding.unexplained(entry.pid, process)
        if reported:
            yield from self._structured(entry, process, line, lowered)
        else:
            yield from self._plain(entry, process, line, lowered, named)

    def _plain(
        self, entry: JournalEntry, process: Process, line: str, lowered: str, named: Download
    ) -> Iterator[Finding]:
        record = begins_record(line)
        if line in self._dull:  # no rule, no error, nothing of a download: at most the end of a record
            if record:
                self._memory.head(entry.pid, process, None)
            return
        said = statement(line)
        rule = self._rules.decide_said(said)
        named_before = not record and is_exception(line) and rule is not None and rule.error_type is not None
        if named_before and self._folding.awaits_traceback(process, line):
            return
        silenced = not record and process.header is not None and process.header[2] == Silence.BLOCK.value
        if rule is not None and rule.error_type is not None:
            full = rule.error_type is ErrorType.DISCO_LLENO
            if full or not silenced:
                polling, signed = self._rules.is_polling(lowered), said.voice is not Voice.PLAIN
                told = FailureLine(line, rule, record, polling, signed=signed, named=named)
                yield self._failures.of_line(entry, process, told)
        elif said.voice is Voice.RECORD:
            pass  # «❌ Error descargando …» begins nothing
        elif (rule is None or rule.silences is Silence.LINE) and any(mark in lowered for mark in self._marks):
            yield from self._downloads.told(entry, process, line)
        if rule is not None and rule.error_type is not None:
            process.unknown = None  # the rest of the record has told what it is
        elif rule is None and (record or process.header is None) and is_error_record(line):
            self._folding.wait_to_explain(entry, process, line)
        self._folding.note_record(entry, process, line, rule, record, named)

    def _structured(self, entry: JournalEntry, process: Process, line: str, lowered: str) -> Iterator[Finding]:
        report = report_of(entry, self._paths)
        if report is not None:
            yield from self._reports.observe(entry, process, report, self._rules)
            self._downloads.watch_all()
            return
        download = structured(entry.fields)
        event = entry.fields["TRAFICO_EVENTO"]
        if event == "inicio":
            yield self._downloads.began(entry, process, line, download)
        elif event == "fin":
            yield self._downloads.finished(entry, process, download)
        elif event == "error":
            rule = self._rules.decide(line)
            attempt = process.attempts.failing(download)
            if rule is not None and rule.error_type is not None:
                first = attempt is None or not attempt.failure  # unless a line has told already
                polling = self._rules.is_polling(lowered)
                yield self._failures.of_line(entry, process, FailureLine(line, rule, first, polling, download))
            elif attempt is not None:
                self._folding.note_report(entry, process, line)  # a traceback may tell the type
