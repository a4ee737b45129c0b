"""What failed: of which download, and whether it is a failure of its own or the rest of the last one. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..model.download import Download, agree, merged, same, same_file
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .extract.paths import Paths
from .finding_factory import about
from .ruleset.engine import Rule
from .state.download_attempts import BELONGS_SECONDS, DownloadAttempt
from .state.process import Failure, Process
from .state.store import DetectorState
from .tracebacks import MOST_CHARS, Answer, Block

HANDLER = "handler"
POLLING = "polling"


class Failures:
    """Gives the finding of what a rule has decided, and remembers it as its process's newest failure."""

    def __init__(self, memory: DetectorState, paths: Paths) -> None:
        self._memory = memory
        self._paths = paths

    def of_line(
        self,
        entry: JournalEntry,
        process: Process,
        line: str,
        rule: Rule,
        *,
        record: bool,
        idle: bool,
        exact: Download | None = None,
        stated: bool = True,
    ) -> Finding:
        """`rule` decided by `line`. `record` says that the line begins one, `idle` that it is about
        polling; `exact` is what a structured entry names; a line that is not `stated` has no level and no
        sign of the bot's, so that anybody may have printed it."""
        assert rule.error_type is not None
        named = download = merged(self._paths.read(line), exact or Download())
        reported = _reported(process, named, entry.at)
        if reported is not None:
            return _context(entry, reported, (line[:MOST_CHARS],))
        # What fails while polling is no download: it must not inherit the last one's names.
        attempt = None if idle else process.attempts.failing(download)
        if attempt is not None:
            download = merged(attempt.download, download)
        own = record and not rule.name.endswith("_detail")
        origin = entry.cursor if own and not _mending(process) else _origin(process, rule, download, entry)
        if attempt is not None and attempt.silent:
            origin = attempt.failure  # its silence was the first sign of this
        if _another(attempt, origin, named):
            attempt, download = None, named
        # Of what a process reports it is the report that says of which download a failure is.
        nobodys = process.exact or (not stated and named == Download())
        tied = Download() if nobodys else _actionable(process, attempt, named, entry.at)
        actionable = merged(tied, exact or Download())
        self._remember(entry.pid, process, origin, rule, download, entry.at, attempt)
        return about(
            entry,
            FindingKind.FAILED,
            download=download,
            actionable=actionable,
            error_type=rule.error_type,
            rule=rule.name,
            lines=(line[:MOST_CHARS],),
            origin=origin,
            code=POLLING if idle else "",
        )

    def of_traceback(self, pid: int, process: Process, block: Block, answer: Answer) -> Finding:
        """`answer` is what `block` reports, which may still go on."""
        rule = answer.rule
        assert rule.error_type is not None
        named = Download()
        for line in (*(link for link, _ in reversed(block.links)), block.header):
            named = merged(self._paths.read(line), named)
        reported = _reported(process, named, block.at)
        if reported is not None:
            block.origin = reported.failure
            return _context(JournalEntry(answer.message, pid, block.at, block.last), reported, tuple(block.lines))
        download = named
        attempt = None if answer.polling else process.attempts.failing(named)
        if attempt is not None:
            download = merged(attempt.download, download)
        if attempt is not None and attempt.silent:
            block.origin = block.origin or attempt.failure
        block.origin = block.origin or _origin(process, rule, download, JournalEntry("", pid, block.at, block.first))
        if _another(attempt, block.origin, named):
            attempt, download = None, named
        actionable = Download() if answer.polling or process.exact else _actionable(process, attempt, named, block.at)
        self._remember(pid, process, block.origin, rule, download, block.at, attempt)
        if process.failure is not None:
            process.failure.sealed = block.whole
        return about(
            JournalEntry(answer.message, pid, block.at, block.last),
            FindingKind.FAILED,
            download=download,
            actionable=actionable,
            error_type=rule.error_type,
            rule=rule.name,
            lines=tuple(block.lines),
            origin=block.origin,
            code=POLLING if answer.polling else HANDLER if block.handler else "",
        )

    def _remember(
        self,
        pid: int,
        process: Process,
        origin: str,
        rule: Rule,
        download: Download,
        at: float,
        attempt: DownloadAttempt | None,
    ) -> None:
        assert rule.error_type is not None
        repairing = rule.name.endswith("_bot_fix")
        process.failure = Failure(origin, rule.error_type, at, download, repairing)
        if attempt is not None:
            attempt.failure = attempt.failure or origin
            attempt.silent = False
            attempt.kind = rule.error_type.value
            attempt.repairing = repairing
        if rule.error_type is ErrorType.SERVIDOR_CAIDO:
            self._memory.outage.add(pid)
        self._memory.changed()


def _reported(process: Process, named: Download, at: float) -> DownloadAttempt | None:
    """The download whose failure `process` has reported a moment ago, if a text naming `named` may be about it."""
    return process.attempts.failed_lately(named, at) if process.exact else None


def _context(entry: JournalEntry, reported: DownloadAttempt, lines: tuple[str, ...]) -> Finding:
    return about(
        entry, FindingKind.CONTEXT, download=reported.download, origin=reported.failure, lines=lines, exact=True
    )


def _actionable(process: Process, attempt: DownloadAttempt | None, named: Download, at: float) -> Download:
    """What may be acted on of a failure whose own lines name `named`: they name nothing alone, but
    only together with the records by which this process began that very download."""
    began = (
        attempt.download if attempt is not None and not attempt.nameless else process.attempts.just_ended(named, at)
    )
    if began is None or not (began.known or began.modelo or began.video or began.destination):
        return Download()
    # The file of the server is the one that the beginning names.
    return replace(merged(began, named), source=began.source or named.source)


def continues(process: Process, at: float) -> bool:
    """Whether what `process` says at `at` may be the rest of its newest failure."""
    last = process.failure
    return last is not None and not last.sealed and 0 <= at - last.at <= BELONGS_SECONDS


def _origin(process: Process, rule: Rule, download: Download, entry: JournalEntry) -> str:
    """The origin of a failure: that of the one it is the rest of, else its own."""
    last = process.failure
    if last is None or not continues(process, entry.at):
        return entry.cursor
    related = last.error_type is rule.error_type or _family(last.error_type) == _family(rule.error_type)
    return last.origin if related and agree(last.download, download) else entry.cursor


def _another(attempt: DownloadAttempt | None, origin: str, named: Download) -> bool:
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
