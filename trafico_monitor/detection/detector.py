"""Journal entries in, findings out: the engine that knows every process's story. Pure.

A line that decides gives its finding at once; what follows of the same failure (hints, the
traceback) refines it under the same `origin`. A line that says nothing costs a few comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..model.download import Download
from ..model.entry import Entry, Origin
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.sameness import agree, merged, same, same_file
from . import silence
from .attempts import Attempt
from .context import MARKS, Told, structured, told
from .gates import Dull
from .lines import LONGEST_LINE, TRACEBACK, begins_record, is_error_record
from .manager import ENDS, blind_finding, unit_finding
from .passing import ANSWERED_END, ANSWERED_START, Passing
from .paths import Paths
from .process import Failure, Process, as_data, process_from
from .rules import Rule, RuleSet, Silence
from .tracebacks import MOST_CHARS, Block, judge, unfamiliar

# Journal time after which a traceback is taken as ended when its process has said nothing more:
# a whole one; one whose chain may go on (libraries' exceptions first, ours last); an unfinished one.
SETTLE = 0.05
SETTLE_CHAIN = 1.0
SETTLE_UNFINISHED = 5.0
# What comes this soon after a failure, without a new beginning, may be the rest of it.
BELONGS_SECONDS = 10.0
_MOST_PROCESSES = 256
# Signs of a failure that perhaps no rule knows; a negative rule may speak about what follows them.
_SUSPECT = ("error", "❌", "exception", "traceback (most", "critical", "fatal")
_PREFIX, _SUFFIX = ANSWERED_START.decode(), ANSWERED_END.decode()
_NOTHING: tuple[Finding, ...] = ()
_BOT = Origin.BOT
# Signs that the server answers again, looked at only while it is known not to.
_ANSWERS = ('/getupdates "http/1.1 200', '/getme "http/1.1 200', "connection established", 'getupdates "http/2 200')
_ANY = 0
HANDLER = "handler"
POLLING = "polling"


class Detector:
    """`changes` grows whenever `snapshot()` would differ: compare it to know what to save.

    `rules` may be replaced at any time; what is open stays open.
    """

    def __init__(self, rules: RuleSet, models_dir: str = "modelos") -> None:
        self.changes = 0
        # When some download's silence becomes a finding (journal time), or earlier: compare it
        # with each entry's time, and call `overdue` once it has passed. No line moves it on.
        self.deadline = math.inf
        self._looked_at: float | None = None
        self._paths = Paths(models_dir)
        self._processes: dict[int, Process] = {}
        self._busy: set[int] = set()  # processes with an open traceback or ERROR record
        # Processes that have seen the server down and not yet answer; ANY once they are gone.
        self._outage: set[int] = set()
        self.rules = rules

    @property
    def rules(self) -> RuleSet:
        return self._rules

    @rules.setter
    def rules(self, rules: RuleSet) -> None:
        self._rules = rules
        self._dull = self.new_dull()
        self._quiet = not self._busy and not self._outage

    def new_dull(self) -> Dull:
        """What tells the lines that say nothing by themselves; one for each thread that asks."""
        return Dull((*self._rules.literals, *MARKS), _SUSPECT)

    def passing(self) -> Passing:
        """What tells a reader which raw lines need not be fed, from here on."""
        return Passing(self.new_dull(), _ANSWERS, self._busy, self._outage)

    @property
    def unsettled(self) -> bool:
        """True while `settle` has something to wait for."""
        return bool(self._busy)

    @property
    def under_way(self) -> bool:
        """True while some process has a download that has neither ended nor failed."""
        return any(process.attempts.open for process in self._processes.values())

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those downloads, to be looked at and not to be changed."""
        return tuple(one for process in self._processes.values() for one in process.attempts.open)

    def feed(self, entry: Entry) -> tuple[Finding, ...]:
        """The findings of one entry, in order. Entries of one process come in their order."""
        message = entry.message
        if self._quiet and message.endswith(_SUFFIX) and message.startswith(_PREFIX) and entry.origin is _BOT:
            return _NOTHING
        if entry.origin is not _BOT:
            return tuple(self._of_others(entry))
        line = message[:LONGEST_LINE]
        if not self._outage and entry.pid not in self._busy and not entry.fields and line in self._dull:
            return _NOTHING
        return tuple(self._of_bot(entry, line, line.lower()))

    def settle(self, now: float) -> tuple[Finding, ...]:
        """Ends the tracebacks whose last line is older (journal time, seconds since the epoch)
        than the settle time. Not to be called while the reader is behind `now`."""
        found: list[Finding] = []
        for pid in tuple(self._busy):
            process = self._processes[pid]
            if process.block is None and now - process.at > SETTLE_UNFINISHED:
                found.extend(self._unexplained(pid, process))
                self._head(pid, process, None)
            elif process.block is not None and now - process.block.at > _patience(process.block):
                found.extend(self._close(pid, process))
        return tuple(found)

    def overdue(self, now: float) -> tuple[Finding, ...]:
        """The downloads that have neither ended nor failed within their limit at `now`: the time
        of an entry that is about to be fed, or the clock's while the reader is not behind."""
        if now <= self.deadline:
            return _NOTHING
        found = [
            self._silent(pid, one, due)
            for pid, process in self._processes.items()
            for one, due in process.attempts.overdue(now)
        ]
        self._watch(*self._processes.values(), anew=True)
        if found:
            self._changed()
        return tuple(sorted(found, key=lambda finding: finding.at))

    def look_at_clock(self, now: float) -> None:
        """Notice a clock that was set and a machine that slept: call it often, with the real
        time. What is under way does not count that time as silence."""
        jumped = silence.jump(self._looked_at, now)
        self._looked_at = now
        if not jumped or not self.under_way:
            return
        for process in self._processes.values():
            process.attempts.shift(jumped)
        self._watch(*self._processes.values(), anew=True)
        self._changed()

    def lose_sight(self) -> None:
        """Lines were lost that may have held the end of what is under way."""
        for process in self._processes.values():
            process.attempts.doubt()
        self._changed()

    # -- one kind of entry each

    def _of_others(self, entry: Entry) -> Iterator[Finding]:
        if entry.origin is Origin.JOURNALD:
            blind = blind_finding(entry)
            if blind is not None:
                yield blind
            return
        unit = unit_finding(entry)
        if unit is None:
            return
        if unit.code in ENDS:
            for pid, process in list(self._processes.items()):
                yield from self._close(pid, process)
                yield from self._unexplained(pid, process)
            if self._processes or self._outage:
                self._processes.clear()
                self._busy.clear()
                self._outage = {_ANY} if self._outage else set()
                self._changed()
        yield unit

    def _of_bot(self, entry: Entry, line: str, lowered: str) -> Iterator[Finding]:
        process = self._process(entry)
        if process.block is not None:
            if process.block.take(line, entry.cursor, entry.at):
                self._changed()
                if process.block.complete and process.block.untold:
                    yield from self._tell(entry.pid, process)
                return
            yield from self._close(entry.pid, process)
        if line == TRACEBACK:
            self._open(process, entry)
            return
        if self._outage & {entry.pid, _ANY} and any(sign in lowered for sign in _ANSWERS):
            self._outage.clear()
            self._changed()
            yield self._finding(FindingKind.RECOVERED, entry, error_type=ErrorType.SERVIDOR_CAIDO)
        if process.unknown is not None and ("TRAFICO_EVENTO" in entry.fields or begins_record(line)):
            yield from self._unexplained(entry.pid, process)
        if "TRAFICO_EVENTO" in entry.fields:
            yield from self._structured(entry, process, line)
            return
        yield from self._plain(entry, process, line, lowered)

    def _plain(self, entry: Entry, process: Process, line: str, lowered: str) -> Iterator[Finding]:
        record = begins_record(line)
        if line in self._dull:  # no rule, no error, nothing of a download: at most the end of a record
            if record:
                self._head(entry.pid, process, None)
            return
        rule = self._rules.decide_gated(lowered)
        silenced = not record and process.header is not None and process.header[2] == Silence.BLOCK.value
        if rule is not None and rule.error_type is not None:
            full = rule.error_type is ErrorType.DISCO_LLENO
            if full or not silenced:
                yield self._failed(entry, process, line, rule, record)
        elif is_error_record(line):
            pass  # «❌ Error descargando …» begins nothing
        elif (rule is None or rule.silences is Silence.LINE) and any(mark in lowered for mark in MARKS):
            yield from self._told(entry, process, line, lowered)
        if rule is not None and rule.error_type is not None:
            process.unknown = None  # the rest of the record has told what it is
        elif rule is None and (record or process.header is None) and is_error_record(line):
            process.unknown = (entry.cursor, entry.at, line[: MOST_CHARS * 5])
        self._note_header(entry, process, line, rule, record)

    def _note_header(self, entry: Entry, process: Process, line: str, rule: Rule | None, record: bool) -> None:
        if not record and not (process.header is None and is_error_record(line)):
            return
        header = None
        if is_error_record(line) or "exception" in line[:200].lower():
            silence = rule.silences.value if rule is not None else Silence.LINE.value
            header = (entry.cursor, line[: MOST_CHARS * 5], silence)
        self._head(entry.pid, process, header)

    def _head(self, pid: int, process: Process, header: tuple[str, str, str] | None) -> None:
        if header == process.header:
            return
        process.header = header
        if header is None:
            self._busy.discard(pid)
        else:
            self._busy.add(pid)
        self._changed()

    def _structured(self, entry: Entry, process: Process, line: str) -> Iterator[Finding]:
        download = structured(entry.fields)
        event = entry.fields["TRAFICO_EVENTO"]
        if event == "inicio":
            self._not_elsewhere(entry.pid, download)
            process.attempts.began(download, entry.cursor, entry.at, "exact", line)
            self._watch(process)
            process.failure = None
            self._changed()
            yield self._finding(FindingKind.STARTED, entry, download=download)
        elif event == "fin":
            yield self._finished(entry, process, download, repaired=False)
        elif event == "error":
            rule = self._rules.decide(line)
            attempt = process.attempts.failing(download)
            if rule is not None and rule.error_type is not None:
                told_already = attempt is not None and bool(attempt.failure)
                yield self._failed(entry, process, line, rule, record=not told_already, exact=download)
            elif attempt is not None:
                # No rule knows the words; a traceback that follows may tell the type.
                self._head(entry.pid, process, (entry.cursor, line[: MOST_CHARS * 5], Silence.LINE.value))
                process.unknown = (entry.cursor, entry.at, line[: MOST_CHARS * 5])

    def _told(self, entry: Entry, process: Process, line: str, lowered: str) -> Iterator[Finding]:
        told_of = told(line, lowered, self._paths)
        if told_of is None:
            return
        if told_of.kind == "finished":
            if not process.attempts.contradicted(told_of.download):
                yield self._finished(entry, process, told_of.download, told_of.repaired)
            return
        began = self._begins(entry, process, line, told_of)
        self._watch(process)
        self._changed()
        if began:
            process.failure = None
            yield self._finding(FindingKind.STARTED, entry, download=told_of.download)

    def _begins(self, entry: Entry, process: Process, line: str, told_of: Told) -> bool:
        """Takes in what the line says of a download; True when a new one has begun."""
        attempts, download, announced = process.attempts, told_of.download, told_of.announced
        if told_of.kind == "more":
            if attempts.more(download, entry.at, line, announced) or not told_of.begins:
                return False
            if not download.video:
                if process.failure is None:
                    attempts.nameless(entry.cursor, entry.at, line, download.size, announced)
                return False
        self._not_elsewhere(entry.pid, download)
        return attempts.began(download, entry.cursor, entry.at, told_of.kind, line, announced)

    def _not_elsewhere(self, pid: int, download: Download) -> None:
        """Another process has taken up this download: what became of it is told there."""
        for other, process in self._processes.items():
            if other != pid:
                process.attempts.doubt(download)

    def _watch(self, *processes: Process, anew: bool = False) -> None:
        deadlines = [process.attempts.deadline for process in processes]
        self.deadline = min(deadlines + ([] if anew else [self.deadline]), default=math.inf)

    # -- findings

    def _failed(
        self, entry: Entry, process: Process, line: str, rule: Rule, record: bool, exact: Download | None = None
    ) -> Finding:
        assert rule.error_type is not None
        named = download = merged(self._paths.read(line), exact or Download())
        idle = self._rules.idle(line.lower())
        # What fails while polling is no download: it must not inherit the last one's names.
        attempt = None if idle else process.attempts.failing(download)
        if attempt is not None:
            download = merged(attempt.download, download)
        own = record and not rule.name.endswith("_detail")
        origin = entry.cursor if own and not _mending(process) else self._origin(process, rule, download, entry)
        if attempt is not None and attempt.silent:
            origin = attempt.failure  # its silence was the first sign of this
        if _another(attempt, origin, named):
            attempt, download = None, named
        self._remember(entry.pid, process, origin, rule, download, entry.at, attempt)
        return self._finding(
            FindingKind.FAILED,
            entry,
            download=download,
            error_type=rule.error_type,
            rule=rule.name,
            lines=(line[:MOST_CHARS],),
            origin=origin,
            code=POLLING if idle else "",
        )

    def _finished(self, entry: Entry, process: Process, download: Download, repaired: bool) -> Finding:
        attempt = process.attempts.finishing(download, repaired)
        origin = ""
        if attempt is not None:
            download = merged(attempt.download, download)
            origin = attempt.failure
            process.attempts.end(attempt, entry.at)
        elif repaired and process.failure is not None and agree(process.failure.download, download):
            origin = process.failure.origin
        self._changed()
        finding = self._finding(FindingKind.FINISHED, entry, download=download, repaired=repaired)
        return replace(finding, origin=origin)

    def _tell(self, pid: int, process: Process) -> Iterator[Finding]:
        """The finding of the traceback of `process`, which may still go on."""
        block = process.block
        assert block is not None
        answer = judge(block, self._rules)
        block.told = len(block.links)
        if answer is None:
            return
        rule = answer.rule
        assert rule.error_type is not None
        named = Download()
        for line in (*(link for link, _ in reversed(block.links)), block.header):
            named = merged(self._paths.read(line), named)
        download = named
        attempt = None if answer.polling else process.attempts.failing(named)
        if attempt is not None:
            download = merged(attempt.download, download)
        entry = Entry(answer.message, pid, block.at, block.last)
        if attempt is not None and attempt.silent:
            block.origin = block.origin or attempt.failure
        block.origin = block.origin or self._origin(process, rule, download, Entry("", pid, block.at, block.first))
        if _another(attempt, block.origin, named):
            attempt, download = None, named
        self._remember(pid, process, block.origin, rule, download, block.at, attempt)
        if process.failure is not None:
            process.failure.sealed = block.whole
        yield self._finding(
            FindingKind.FAILED,
            entry,
            download=download,
            error_type=rule.error_type,
            rule=rule.name,
            lines=tuple(block.lines),
            origin=block.origin,
            code=POLLING if answer.polling else HANDLER if block.handler else "",
        )

    def _origin(self, process: Process, rule: Rule, download: Download, entry: Entry) -> str:
        """The origin of a failure: that of the one it is the rest of, else its own."""
        last = process.failure
        if last is None or last.sealed or not 0 <= entry.at - last.at <= BELONGS_SECONDS:
            return entry.cursor
        related = last.error_type is rule.error_type or _family(last.error_type) == _family(rule.error_type)
        return last.origin if related and agree(last.download, download) else entry.cursor

    def _remember(
        self,
        pid: int,
        process: Process,
        origin: str,
        rule: Rule,
        download: Download,
        at: float,
        attempt: Attempt | None,
    ) -> None:
        assert rule.error_type is not None
        repairing = rule.name.endswith("_bot_fix")
        process.failure = Failure(origin, rule.error_type, at, download, repairing)
        if attempt is not None:
            attempt.failure = attempt.failure or origin
            attempt.silent = False
            attempt.repairing = repairing
        if rule.error_type is ErrorType.SERVIDOR_CAIDO:
            self._outage.add(pid)
        self._changed()

    def _silent(self, pid: int, attempt: Attempt, due: float) -> Finding:
        return Finding(
            FindingKind.FAILED,
            due,
            pid=pid,
            download=attempt.download,
            error_type=ErrorType.TIMEOUT,
            rule=silence.RULE,
            message=attempt.line,
            lines=(attempt.line,),
            origin=attempt.started,
            last=attempt.started,
            code=silence.CODE,
            waited=due - attempt.heard,
        )

    def _finding(self, kind: FindingKind, entry: Entry, **fields: Any) -> Finding:
        fields.setdefault("origin", entry.cursor)
        message = entry.message[:LONGEST_LINE]
        return Finding(kind, entry.at, pid=entry.pid, message=message, last=entry.cursor, **fields)

    # -- tracebacks

    def _open(self, process: Process, entry: Entry) -> None:
        block = Block(entry.cursor, entry.at, entry.cursor)
        if process.header is not None:
            cursor, line, silence = process.header
            block.first, block.header, block.silence = cursor, line, Silence(silence)
            block.keep(line)
        process.block, process.header, process.unknown = block, None, None
        self._busy.add(entry.pid)
        self._changed()

    def _close(self, pid: int, process: Process) -> Iterator[Finding]:
        if process.block is None:
            return
        if process.block.untold:
            yield from self._tell(pid, process)
        if not process.block.origin and unfamiliar(process.block, self._rules):
            yield from self._unfamiliar(pid, process, process.block)
        process.block = None
        self._busy.discard(pid)
        self._changed()

    # -- what no rule knows

    def _unexplained(self, pid: int, process: Process) -> Iterator[Finding]:
        """The ERROR record that nothing has explained, if there is one."""
        if process.unknown is None:
            return
        cursor, at, line = process.unknown
        process.unknown = None
        self._changed()
        yield self._finding(FindingKind.UNKNOWN, Entry(line, pid, at, cursor), lines=(line[:MOST_CHARS],))

    def _unfamiliar(self, pid: int, process: Process, block: Block) -> Iterator[Finding]:
        """The traceback that no rule knows, unless it is the rest of a failure that one does."""
        last = process.failure
        if last is not None and not last.sealed and 0 <= block.at - last.at <= BELONGS_SECONDS:
            return
        entry = Entry(block.links[-1][0], pid, block.at, block.last)
        finding = self._finding(FindingKind.UNKNOWN, entry, lines=tuple(block.lines), code=block.own)
        yield replace(finding, origin=block.first)

    # -- memory

    def _process(self, entry: Entry) -> Process:
        process = self._processes.get(entry.pid)
        if process is None:
            process = self._processes[entry.pid] = Process()
            if len(self._processes) > _MOST_PROCESSES:
                self._drop_oldest()
        process.at = entry.at
        return process

    def _drop_oldest(self) -> None:
        closed = [pid for pid in self._processes if pid not in self._busy]
        for pid in sorted(closed, key=lambda pid: self._processes[pid].at)[: _MOST_PROCESSES // 2]:
            del self._processes[pid]

    def _changed(self) -> None:
        self.changes += 1
        self._quiet = not self._busy and not self._outage

    def snapshot(self) -> dict[str, object]:
        """Everything that is open, as JSON-able data; `restore` takes it back."""
        processes = {str(pid): as_data(one) for pid, one in self._processes.items() if not one.blank}
        return {"outage": sorted(self._outage), "processes": processes}

    def restore(self, data: Mapping[str, object]) -> None:
        """Goes on from a snapshot; unknown or missing parts count as nothing open."""
        outage, processes = data.get("outage"), data.get("processes")
        self._outage = {int(pid) for pid in outage} if isinstance(outage, list) else set()
        self._processes = {}
        if isinstance(processes, Mapping):
            self._processes = {int(pid): process_from(one) for pid, one in processes.items()}
        self._busy = {pid for pid, process in self._processes.items() if process.block or process.header}
        self._watch(*self._processes.values(), anew=True)
        self._changed()


def _patience(block: Block) -> float:
    if block.stage != "raised":
        return SETTLE_UNFINISHED
    return SETTLE if block.whole else SETTLE_CHAIN


def _another(attempt: Attempt | None, origin: str, named: Download) -> bool:
    """True when `attempt` had failed before, of something else, and the lines do not name it: its
    names must not be guessed for a failure of its own."""
    if attempt is None or not attempt.failure or attempt.failure == origin:
        return False
    return not (same(attempt.download, named) or same_file(attempt.download, named))


def _mending(process: Process) -> bool:
    return process.failure is not None and process.failure.repairing


def _family(kind: ErrorType | None) -> str:
    """Types of one family can be two readings of one failure: the line's and the traceback's."""
    return "network" if kind in (ErrorType.TIMEOUT, ErrorType.SERVIDOR_CAIDO) else "file"
