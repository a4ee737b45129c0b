"""What the lines tell of downloads: one begins, goes on, ends well, or says nothing for too long. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..detection import stall_timeout
from ..model.download import Download, agree, merged
from ..model.finding import Cause, ErrorType, Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .download_attempts import DownloadAttempt
from .extract.download import Evidence, Told, told_by
from .extract.paths import Paths
from .findings import about
from .process import DetectorState, Process

_NOTHING: tuple[Finding, ...] = ()
# The rule and the code of a download that the end of its process has left undone.
PROCESS_ENDED = "process_ended"


class Downloads:
    """`deadline` is when some download's silence, or the end of its process, becomes a finding (journal time), or
    earlier."""

    def __init__(self, memory: DetectorState, paths: Paths) -> None:
        self.deadline = math.inf
        self._memory = memory
        self._paths = paths
        self._looked_at: float | None = None

    @property
    def under_way(self) -> bool:
        """True while one has neither ended nor failed."""
        return any(process.attempts.open for process in self._memory.processes.values())

    @property
    def open(self) -> tuple[DownloadAttempt, ...]:
        """Those that have neither ended nor failed, to be looked at and not to be changed."""
        return tuple(one for process in self._memory.processes.values() for one in process.attempts.open)

    def told(self, entry: JournalEntry, process: Process, line: str) -> Iterator[Finding]:
        """What a line in the bot's own words says of a download."""
        told_of = told_by(line, self._paths)
        if told_of is None:
            return
        if process.exact:  # context, but for a success without a report: `cp`, say, is no call that is reported
            yield from self._said_done(entry, process, told_of)
            return
        if told_of.kind is Evidence.FINISHED:
            if not process.attempts.contradicted(told_of.download):
                yield self.finished(entry, process, told_of.download, told_of.repaired)
            return
        began = self._begins(entry, process, line, told_of)
        self._watch(process)
        self._memory.changed()
        if began:
            process.failure = None
            yield about(entry, FindingKind.STARTED, download=told_of.download)

    def _said_done(self, entry: JournalEntry, process: Process, told_of: Told) -> Iterator[Finding]:
        """A text success ends a download that the bot has let go of, or will have by the next report."""
        fitting = [one for one in process.attempts.open if agree(one.download, told_of.download)]
        if (
            told_of.kind is not Evidence.FINISHED
            or len(fitting) != 1
            or process.attempts.contradicted(told_of.download)
        ):
            return
        attempt = fitting[0]
        attempt.observe(Evidence.FINISHED)
        self._memory.changed()
        if attempt.released:
            process.attempts.end(attempt, entry.at)
            yield about(entry, FindingKind.FINISHED, download=attempt.download)

    def began(self, entry: JournalEntry, process: Process, line: str, download: Download) -> Finding:
        """A structured entry says that `download` begins."""
        self._not_elsewhere(entry.pid, download)
        process.attempts.began(download, entry.cursor, entry.at, Evidence.REPORTED, line)
        self._watch(process)
        process.failure = None
        self._memory.changed()
        return about(entry, FindingKind.STARTED, download=download)

    def finished(self, entry: JournalEntry, process: Process, download: Download, repaired: bool = False) -> Finding:
        """`download` has ended well, `repaired` by the bot itself after it had failed."""
        attempt = process.attempts.finishing(download, repaired)
        origin = ""
        if attempt is not None:
            download = merged(attempt.download, download)
            origin = attempt.failure
            process.attempts.end(attempt, entry.at)
        elif repaired and process.failure is not None and agree(process.failure.download, download):
            origin = process.failure.origin
        self._memory.changed()
        finding = about(entry, FindingKind.FINISHED, download=download, repaired=repaired)
        return replace(finding, origin=origin)

    def _begins(self, entry: JournalEntry, process: Process, line: str, told_of: Told) -> bool:
        """Takes in what the line says of a download; True when a new one has begun."""
        attempts, download, announced = process.attempts, told_of.download, told_of.announced
        if told_of.kind is Evidence.MORE:
            if attempts.more(download, entry.at, line, announced) or not told_of.begins:
                return False
            if not download.video:
                if process.failure is None:
                    attempts.nameless(entry.cursor, entry.at, line, download.size, announced)
                return False
        self._not_elsewhere(entry.pid, download)
        began = attempts.began(download, entry.cursor, entry.at, told_of.kind, line, announced)
        if began and told_of.loose:
            attempts.all[-1].observe(Evidence.DOUBT)
        return began

    def _not_elsewhere(self, pid: int, download: Download) -> None:
        """Another process has taken up this download: what became of it is told there."""
        for other, process in self._memory.processes.items():
            if other != pid:
                process.attempts.doubt(download)

    # -- silence

    def overdue(self, now: float) -> tuple[Finding, ...]:
        """Those that have neither ended nor failed within their limit at `now`, or whose process has ended."""
        if now <= self.deadline:
            return _NOTHING
        processes = self._memory.processes
        gone = [pid for pid, one in processes.items() if one.attempts.gone_at and one.attempts.deadline < now]
        found = [
            _left(pid, one, processes[pid].attempts.gone_at) for pid in gone for one in processes[pid].attempts.left()
        ]
        self._memory.forget(gone)
        found += [
            _silent(pid, one, due)
            for pid, process in processes.items()
            if not process.attempts.gone_at
            for one, due in process.attempts.overdue(now)
        ]
        self.watch_all()
        if found or gone:
            self._memory.changed()
        return tuple(sorted(found, key=lambda finding: finding.at))

    @property
    def copying(self) -> dict[str, str]:
        """Id and place of each reported download that is being copied."""
        return {one.report: one.download.destination for one in self.open if one.copying and one.download.destination}

    def arrived(self, sizes: Mapping[str, int], now: float) -> None:
        """So many bytes lie at the places of `copying`; where they have grown, it does not stand still."""
        for one in self.open:
            size = sizes.get(one.report) if one.report else None
            if size is not None and size != one.arrived:
                one.observe(Evidence.FLOWING)
                one.arrived, one.heard = size, max(one.heard, now)
                self._memory.changed()
        self.watch_all()

    def look_at_clock(self, now: float) -> None:
        """What is under way does not count as silence the time by which the clock has jumped."""
        jumped = stall_timeout.jump(self._looked_at, now)
        self._looked_at = now
        if not jumped or not self.under_way:
            return
        for process in self._memory.processes.values():
            process.attempts.shift(jumped)
        self.watch_all()
        self._memory.changed()

    def lose_sight(self) -> None:
        """Lines were lost that may have held the end of what is under way."""
        for process in self._memory.processes.values():
            process.attempts.doubt()
        self._memory.changed()

    def watch_all(self) -> None:
        """Find the deadline anew."""
        self.deadline = math.inf
        self._watch(*self._memory.processes.values())

    def _watch(self, *processes: Process) -> None:
        self.deadline = min([self.deadline, *(process.attempts.deadline for process in processes)])


def _silent(pid: int, attempt: DownloadAttempt, due: float) -> Finding:
    kind, cause = (ErrorType.OTRO, Cause.UNKNOWN) if attempt.released else (ErrorType.TIMEOUT, Cause.NONE)
    return replace(
        _failed(pid, attempt, due), error_type=kind, cause=cause, rule=stall_timeout.RULE, code=stall_timeout.CODE
    )


def _left(pid: int, attempt: DownloadAttempt, gone_at: float) -> Finding:
    """`attempt` was under way when its process ended: nothing of that speaks against another attempt."""
    failed = _failed(pid, attempt, max(gone_at, attempt.at))
    return replace(failed, error_type=ErrorType.OTRO, cause=Cause.TEMPORARY, rule=PROCESS_ENDED, code=PROCESS_ENDED)


def _failed(pid: int, attempt: DownloadAttempt, at: float) -> Finding:
    return Finding(
        FindingKind.FAILED,
        at,
        pid=pid,
        download=attempt.download,
        # A single record can begin a download, and a stranger's line break can forge one.
        actionable=attempt.download if attempt.reported or attempt.records > 1 else Download(),
        message=attempt.line,
        lines=(attempt.line,),
        origin=attempt.started,
        last=attempt.started,
        waited=at - attempt.heard,
        exact=attempt.reported,
    )
