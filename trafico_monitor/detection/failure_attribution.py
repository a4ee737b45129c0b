"""Attribution of a failure: of which download it is, and whether it is the rest of one known before. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..model.download import Download, agree, base_name, merged
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .download_attempts import BELONGS_SECONDS, DownloadAttempt
from .extract.download import Evidence
from .extract.paths import Paths
from .findings import about
from .process import DetectorState, Failure, Process
from .ruleset.engine import Role, Rule
from .tracebacks import MOST_CHARS, Answer, Block, Doing

HANDLER = "handler"
POLLING = "polling"
# A record without a reason is about a download if it says so, or names the file.
_OF_DOWNLOADS = ("copi", "descarg", "download", "archivo", "fichero", "video", "vídeo", "non-zero exit status")
_NETWORK = frozenset({ErrorType.TIMEOUT, ErrorType.SERVIDOR_CAIDO})


@dataclass(frozen=True, slots=True)
class FailureLine:
    """A line that `rule` has decided. `new_record`: it begins a record that may be a failure of its own.
    `polling`: it is about polling or sending. `reported` is the download that a structured entry names. A line
    that is not `signed` has neither a level nor a sign of the bot: anybody may have printed it.
    `named` is what the fields of its record name."""

    text: str
    rule: Rule
    new_record: bool
    polling: bool
    reported: Download = field(default_factory=Download)
    signed: bool = True
    named: Download = field(default_factory=Download)


@dataclass(frozen=True, slots=True)
class Attribution:
    """`download` is all that is known of what failed; `origin` the cursor of the first line of the failure."""

    attempt: DownloadAttempt | None
    download: Download
    origin: str


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the lines of a failure say: `attempt` is the only one that they can mean, `named` the download that
    they name. `cursor` is that of their first line, `origin` that of a finding given for the same lines before.
    `new_failure`: they cannot be the rest of the failure before them."""

    process: Process
    rule: Rule
    attempt: DownloadAttempt | None
    named: Download
    cursor: str
    at: float
    origin: str = ""
    new_failure: bool = False

    @property
    def download(self) -> Download:
        return self.named if self.attempt is None else merged(self.attempt.download, self.named)


class Failures:
    """Gives the finding of what a rule has decided, and remembers it as its process's newest failure."""

    def __init__(self, memory: DetectorState, paths: Paths) -> None:
        self._memory = memory
        self._paths = paths

    def of_line(self, entry: JournalEntry, process: Process, line: FailureLine) -> Finding:
        """The finding of one line; CONTEXT where the process itself has reported this failure."""
        named = merged(_beside(self._paths.read(line.text), line.named), line.reported)
        lines = (line.text[:MOST_CHARS],)
        reported = _reported(process, named, entry.at)
        if reported is not None:
            return _context(entry, reported, lines)
        repairing = process.failure is not None and process.failure.repairing
        own = line.new_record and line.rule.role is not Role.DETAIL and not repairing
        evidence = _Lines(
            process, line.rule, _attempt(process, named, line.polling), named, entry.cursor, entry.at, "", own
        )
        found = attribute(evidence)
        # Of what a process reports it is the report that says of which download a failure is.
        nobodys = process.exact or (not line.signed and named == Download())
        actionable = Download() if nobodys else _actionable(found, evidence)
        self._remember(entry.pid, evidence, found)
        return _failed(
            entry, line.rule, found, merged(actionable, line.reported), lines, POLLING if line.polling else ""
        )

    def of_child(self, entry: JournalEntry, process: Process, header: str = "", first: str = "") -> Finding | None:
        """The finding of a failure for which the bot gives no reason in `entry`, nor in the record before it, by what
        a child has said of the same file; None where no download is under way, or nobody has said anything of it.
        `first` is the cursor of that record."""
        text = f"{header} {entry.message}".strip()
        named = self._paths.read(text)
        attempt = process.attempts.failing(named)
        if attempt is None or not attempt.under_way or attempt.nameless:
            return None
        files = _files(merged(attempt.download, named))
        if not any(word in text.lower() for word in (*_OF_DOWNLOADS, *files)):
            return None
        complaint = self._memory.complaints.about(files, entry.at)
        if complaint is None:
            return None
        entry = replace(entry, cursor=first or entry.cursor)
        found = self.of_line(entry, process, FailureLine(text, complaint.rule, True, False))
        return replace(found, lines=(complaint.line[:MOST_CHARS], *found.lines))

    def of_traceback(self, pid: int, process: Process, block: Block, answer: Answer) -> Finding:
        """The finding of `answer`, which is what `block` reports; the block may still go on."""
        entry = JournalEntry(answer.message, pid, block.at, block.last)
        named = Download()
        for line in (*(link for link, _ in reversed(block.links)), block.header):
            named = merged(self._paths.read(line), named)
        named = _beside(named, block.named)
        reported = _reported(process, named, block.at)
        if reported is not None:
            block.origin = reported.failure
            return _context(entry, reported, tuple(block.lines))
        attempt = _attempt(process, named, answer.polling)
        evidence = _Lines(process, answer.rule, attempt, named, block.first, block.at, block.origin)
        found = attribute(evidence)
        block.origin = found.origin
        actionable = Download() if answer.polling or process.exact else _actionable(found, evidence)
        self._remember(pid, evidence, found, sealed=block.whole)
        code = POLLING if answer.polling else HANDLER if block.handler else ""
        failed = _failed(entry, answer.rule, found, actionable, tuple(block.lines), code)
        return replace(failed, lost=block.handler and Doing.DOWNLOADING in block.doing)

    def _remember(self, pid: int, evidence: _Lines, found: Attribution, *, sealed: bool = False) -> None:
        rule, attempt = evidence.rule, found.attempt
        assert rule.error_type is not None
        repairing = rule.role is Role.BOT_FIX
        evidence.process.failure = Failure(
            found.origin, rule.error_type, evidence.at, found.download, repairing, sealed
        )
        if attempt is not None:
            attempt.observe(Evidence.BOT_FIX if repairing else Evidence.FAILED, found.origin)
            attempt.kind = rule.error_type.value
        if rule.error_type is ErrorType.SERVIDOR_CAIDO:
            self._memory.outage.add(pid)
        self._memory.changed()


def _beside(said: Download, fields: Download) -> Download:
    """What a record names: its words, and beside them its fields, where they do not speak of another download."""
    return merged(said, fields) if agree(said, fields) else said


def _files(download: Download) -> frozenset[str]:
    return frozenset(base_name(path) for path in (download.video, download.destination, download.source) if path)


def attribute(evidence: _Lines) -> Attribution:
    """The failure that `evidence` belongs to: one told before, the rest of the newest one, or its own."""
    return _told_before(evidence) or _rest_of_newest(evidence) or _of_its_own(evidence)


def _told_before(evidence: _Lines) -> Attribution | None:
    """The lines have given a finding already, or the silence of their download was the first sign of this."""
    attempt = evidence.attempt
    origin = evidence.origin or (attempt.failure if attempt is not None and attempt.stalled else "")
    return _attributed(evidence, origin) if origin else None


def _rest_of_newest(evidence: _Lines) -> Attribution | None:
    """The newest failure of the process goes on: its type may be another reading of the same error."""
    newest = evidence.process.failure
    if newest is None or evidence.new_failure or not continues(evidence.process, evidence.at):
        return None
    kind = evidence.rule.error_type
    related = newest.error_type is kind or (newest.error_type in _NETWORK) == (kind in _NETWORK)
    return _attributed(evidence, newest.origin) if related and agree(newest.download, evidence.download) else None


def _of_its_own(evidence: _Lines) -> Attribution:
    return _attributed(evidence, evidence.cursor)


def _attributed(evidence: _Lines, origin: str) -> Attribution:
    """The attribution to `origin`. An attempt that had failed of something else lends its names only to lines
    that name it: they must not be guessed for a failure of its own."""
    attempt, named = evidence.attempt, evidence.named
    if attempt is None or attempt.failure in ("", origin) or attempt.named_by(named):
        return Attribution(attempt, evidence.download, origin)
    return Attribution(None, named, origin)


def continues(process: Process, at: float) -> bool:
    """Whether what `process` says at `at` may be the rest of its newest failure."""
    last = process.failure
    return last is not None and not last.sealed and 0 <= at - last.at <= BELONGS_SECONDS


def _attempt(process: Process, named: Download, polling: bool) -> DownloadAttempt | None:
    # What fails while polling is no download: it must not inherit the last one's names.
    return None if polling else process.attempts.failing(named)


def _reported(process: Process, named: Download, at: float) -> DownloadAttempt | None:
    """The download whose failure `process` has reported a moment ago, if a text naming `named` may be about it."""
    return process.attempts.failed_lately(named, at) if process.exact else None


def _actionable(found: Attribution, evidence: _Lines) -> Download:
    """What may be acted on of a failure whose own lines name `evidence.named`: they name nothing alone, but
    only together with the records by which this process began that very download."""
    attempt, named = found.attempt, evidence.named
    if attempt is not None and not attempt.nameless:
        began: Download | None = attempt.download
    else:
        began = evidence.process.attempts.just_ended(named, evidence.at)
    if began is None or not (began.known or began.modelo or began.video or began.destination):
        return Download()
    # The file of the server is the one that the beginning names.
    return replace(merged(began, named), source=began.source or named.source)


def _context(entry: JournalEntry, reported: DownloadAttempt, lines: tuple[str, ...]) -> Finding:
    return about(
        entry, FindingKind.CONTEXT, download=reported.download, origin=reported.failure, lines=lines, exact=True
    )


def _failed(
    entry: JournalEntry, rule: Rule, found: Attribution, actionable: Download, lines: tuple[str, ...], code: str
) -> Finding:
    return about(
        entry,
        FindingKind.FAILED,
        download=found.download,
        actionable=actionable,
        error_type=rule.error_type,
        rule=rule.name,
        lines=lines,
        origin=found.origin,
        code=code,
        bot_fix=rule.role is Role.BOT_FIX,
    )
