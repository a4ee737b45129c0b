"""Downloads reported by the bot's own process: exact, from fields that no line can set. Pure.

Contract of the entries: docs/reference/instrumentation.md. Text of the same process about such a download is context,
and does not start, end or repair anything.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum

from ..model.download import Download, agree, base_name, same_file
from ..model.finding import Cause, ErrorType, Finding, FindingKind
from ..model.journal_entry import JournalEntry
from .download_attempts import TOGETHER_SECONDS, DownloadAttempt
from .extract.download import Evidence
from .extract.paths import Paths
from .findings import about
from .process import DetectorState, Failure, Process
from .ruleset.engine import Rule, RuleSet

LONGEST_WAIT = 7 * 86_400.0  # seconds; a 429 that says more is no answer of a Bot API server
_ERRNOS = {
    ErrorType.DISCO_LLENO: (errno.ENOSPC, errno.EDQUOT),
    ErrorType.PERMISOS: (errno.EACCES, errno.EPERM),
    ErrorType.RUTA_INEXISTENTE: (errno.ENOENT, errno.ENOTDIR),
    ErrorType.TIMEOUT: (errno.ETIMEDOUT,),
    ErrorType.SERVIDOR_CAIDO: (
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    ),
}
_BY_ERRNO = {number: kind for kind, numbers in _ERRNOS.items() for number in numbers}
# Answers of the Bot API (core.telegram.org/bots/api#making-requests; telegram-bot-api, Client.cpp), as
# python-telegram-bot, aiogram, pyrogram and telethon word them. The first that is found counts.
_ANSWERS = (
    (Cause.TOO_BIG, re.compile(r"file is too big|entity too large|filetoobig")),
    (Cause.TEMPORARY, re.compile(r"temporarily unavailable|file_?reference|cancellederror")),
    (
        Cause.NOT_AVAILABLE,
        re.compile(
            r"(?:wrong|invalid) (?:remote )?file|file_?id_?invalid|invalidtoken|unauthorized|forbidden"
            r"|telegramnotfound"
        ),
    ),
    (
        Cause.SERVER_ERROR,
        re.compile(
            r"bad gateway|internal server error|service unavailable|gateway time-?out|telegramservererror"
            r"|internalservererror|\(5\d\d\)"
        ),
    ),
)
_OF_LIBRARY = re.compile(r"(?:telegram|aiogram|pyrogram|telethon|httpx|aiohttp|asyncio)\b")
RULE = "exception"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` is the name of what has decided; `wait` the seconds before which a 429 allows no attempt."""

    error_type: ErrorType
    rule: str = RULE
    cause: Cause = Cause.NONE
    wait: float = 0.0


def classify(fields: Mapping[str, str], rules: RuleSet) -> Verdict:
    """The verdict about the exception of a structured `error` entry; `otro` for one that nothing names."""
    name, text = fields.get("TRAFICO_EXCEPCION", ""), fields.get("TRAFICO_TEXTO", "")
    waited = _seconds(fields.get("TRAFICO_ESPERA", ""))
    if waited is not None:
        return Verdict(ErrorType.OTRO, cause=Cause.RATE_LIMITED, wait=waited)
    number = fields.get("TRAFICO_ERRNO", "")
    kind = _BY_ERRNO.get(int(number)) if number.isascii() and number.isdigit() and len(number) <= 4 else None
    if kind is not None:
        return Verdict(kind)
    rule = _rule(rules, name, text, fields.get("TRAFICO_CADENA", ""))
    if rule is not None and rule.error_type is ErrorType.DISCO_LLENO:  # «Internal Server Error: no space left»
        return Verdict(ErrorType.DISCO_LLENO, rule.name)
    said = f"{name} {text}".lower()
    answered = _OF_LIBRARY.match(said) is not None
    cause = next((cause for cause, words in _ANSWERS if words.search(said)), None) if answered else None
    if cause is not None:
        return Verdict(ErrorType.OTRO, cause=cause)
    if rule is not None and rule.error_type is not None:
        return Verdict(rule.error_type, rule.name)
    return Verdict(ErrorType.OTRO, cause=Cause.UNKNOWN)


def _rule(rules: RuleSet, name: str, text: str, chain: str) -> Rule | None:
    """The innermost class that a rule knows decides, as in a traceback; the exception's own text goes first
    where it tells of the disk."""
    module = name.rpartition(".")[0]
    own = rules.decide_exception(f"{module}.{text}" if module else text)
    if own is not None and own.error_type is ErrorType.DISCO_LLENO:
        return own
    links = [one.strip() for one in chain.split(" < ")][1:]
    known = (rules.decide_exception(link) for link in reversed(links) if link)
    return next((rule for rule in known if rule is not None and rule.error_type is not None), own)


def _seconds(text: str) -> float | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    return min(float(text), LONGEST_WAIT)


CONTRACT = "TRAFICO_CONTRATO"
SHORT, RELEASED = "copied_short", "released"
_ID = re.compile(r"[0-9a-f]{16}")
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,512}")
_CUT = 128  # characters of a value in an entry that had to be cut
_LOST = "\ufffd"  # stands where a byte is no text: such a path is another's


class Event(Enum):
    """The values of TRAFICO_EVENTO."""

    HOOKED = "activo"
    FOREIGN = "ajeno"
    BEGUN = "inicio"
    COPYING = "copiando"
    PROGRESS = "progreso"
    COPIED = "copiado"
    FINISHED = "fin"
    FAILED = "error"
    RELEASED = "soltado"


_EVENTS = {event.value: event for event in Event}
_EVIDENCE = {Event.COPYING: Evidence.COPYING, Event.PROGRESS: Evidence.FLOWING}
# A process that did not see getFile gives its copy an id of its own: the server's file ties them.
_MAY_BE_TIED = (Event.COPYING, Event.COPIED, Event.FINISHED, Event.FAILED)


@dataclass(frozen=True, slots=True)
class Report:
    """One entry. `arrived` are the bytes that are there; `id` is "" where the entry is of no download."""

    event: Event
    id: str
    download: Download
    arrived: int | None


def report_of(entry: JournalEntry, paths: Paths) -> Report | None:
    """What `entry` reports, or None when it speaks by another contract."""
    said = entry.fields
    event = _EVENTS.get(said.get("TRAFICO_EVENTO", ""))
    if event is None or CONTRACT not in said:
        return None
    name = said.get("TRAFICO_DESCARGA", "")
    return Report(event, name if _ID.fullmatch(name) else "", _download(said, paths), _whole(said, "TRAFICO_BYTES"))


class Reports:
    """Gives the findings of reports, and keeps what is under way in the memory of the process that began it."""

    def __init__(self, memory: DetectorState, paths: Paths) -> None:
        self._memory = memory
        self._paths = paths

    def observe(self, entry: JournalEntry, process: Process, report: Report, rules: RuleSet) -> Iterator[Finding]:
        """What `report`, the entry `entry` of `process`, means."""
        process.reports = True
        process.foreign = process.foreign or report.event is Event.FOREIGN
        self._memory.changed()
        if not report.id:
            return
        owner, attempt = self._known(report, entry.pid)
        if report.event is Event.FINISHED:
            yield self._finished(entry, owner, attempt, report.download)
        elif report.event is Event.FAILED:
            yield self._failed(entry, process, owner, attempt, report.download, classify(entry.fields, rules))
        elif report.event is Event.RELEASED:
            yield from self._released(entry, process, owner, attempt)
        elif attempt is None:
            attempt = process.attempts.reported(report.id, report.download, entry.cursor, entry.at)
            attempt.hear(entry.at, entry.message, None)
            yield about(entry, FindingKind.STARTED, download=attempt.download, exact=True)
            yield from self._goes_on(entry, process, process, attempt, report)
        else:
            attempt.download = _newer(attempt.download, report.download)
            attempt.hear(entry.at, entry.message, None)
            yield from self._goes_on(entry, process, owner, attempt, report)

    def _known(self, report: Report, pid: int) -> tuple[Process, DownloadAttempt | None]:
        """The attempt that `report` is about, and the process that has begun it."""
        processes = [self._memory.processes[pid], *self._memory.processes.values()]
        for owner in processes:
            for attempt in reversed(owner.attempts.all):
                if attempt.report == report.id:
                    return owner, attempt
        if report.event in _MAY_BE_TIED:
            tied = [
                (owner, attempt)
                for owner in self._memory.processes.values()
                for attempt in owner.attempts.all
                if attempt.report and same_file(attempt.download, report.download) and _may_go(attempt, report)
            ]
            if len(tied) == 1:
                return tied[0]
        return processes[0], None

    def _goes_on(
        self, entry: JournalEntry, process: Process, owner: Process, attempt: DownloadAttempt, report: Report
    ) -> Iterator[Finding]:
        if report.event in _EVIDENCE:
            attempt.observe(_EVIDENCE[report.event])
        announced = attempt.download.size
        if report.event is Event.COPIED and None not in (announced, report.arrived) and announced != report.arrived:
            yield self._failed(entry, process, owner, attempt, report.download, Verdict(ErrorType.CORRUPTO, SHORT))

    def _finished(
        self, entry: JournalEntry, owner: Process, attempt: DownloadAttempt | None, download: Download
    ) -> Finding:
        origin = ""
        if attempt is not None:
            download, origin = _newer(attempt.download, download), attempt.failure
            owner.attempts.end(attempt, entry.at)
        return replace(
            about(entry, FindingKind.FINISHED, download=download, actionable=download, exact=True),
            repaired=bool(origin),
            origin=origin,
        )

    def _failed(
        self,
        entry: JournalEntry,
        process: Process,
        owner: Process,
        attempt: DownloadAttempt | None,
        download: Download,
        verdict: Verdict,
    ) -> Finding:
        download = download if attempt is None else _newer(attempt.download, download)
        origin = attempt.failure if attempt is not None else ""
        origin = origin or _told_just_now(process, download, entry.at) or entry.cursor
        for one in {id(process): process, id(owner): owner}.values():
            one.failure = Failure(origin, verdict.error_type, entry.at, download, exact=True)
            one.unknown = None
        if attempt is not None:
            attempt.observe(Evidence.FAILED, origin)
            attempt.download, attempt.failure = download, origin
            attempt.failed_at, attempt.kind = entry.at, verdict.error_type.value
        if verdict.error_type is ErrorType.SERVIDOR_CAIDO:
            self._memory.outage.add(entry.pid)
        self._memory.changed()
        return about(
            entry,
            FindingKind.FAILED,
            download=download,
            actionable=download,
            error_type=verdict.error_type,
            rule=verdict.rule,
            lines=_lines(entry),
            origin=origin,
            exact=True,
            cause=verdict.cause,
            wait=verdict.wait,
            exception=entry.fields.get("TRAFICO_EXCEPCION", ""),
        )

    def _released(
        self, entry: JournalEntry, process: Process, owner: Process, attempt: DownloadAttempt | None
    ) -> Iterator[Finding]:
        """Nobody has the download any more. Where text has told of its failure, it is known now whose that was."""
        if attempt is None or attempt.released:
            return
        attempt.observe(Evidence.RELEASED)
        attempt.hear(entry.at, entry.message, None)
        if attempt.failure and not attempt.failed_at and attempt.kind:
            verdict = Verdict(ErrorType(attempt.kind), RELEASED)
            yield self._failed(entry, process, owner, attempt, attempt.download, verdict)
        elif not attempt.failure and Evidence.FINISHED in attempt.evidence:
            owner.attempts.end(attempt, entry.at)
            yield about(entry, FindingKind.FINISHED, download=attempt.download)
        elif not attempt.failure and attempt.download.destination is None:
            owner.attempts.end(attempt, entry.at)  # the bot has only looked at it


def _may_go(attempt: DownloadAttempt, report: Report) -> bool:
    """Whether what `report` tells of a file of the server can be `attempt`."""
    to, known = report.download.destination, attempt.download.destination
    return to is None or known is None or to == known


def _told_just_now(process: Process, download: Download, at: float) -> str:
    """The origin of a failure that text has told of a moment ago, where it may be this one: journald takes
    lines and reports by two sockets, and puts them in either order."""
    last = process.failure
    if last is None or last.exact or not 0 <= at - last.at < TOGETHER_SECONDS:
        return ""
    return last.origin if agree(last.download, download) else ""


def _newer(known: Download, more: Download) -> Download:
    """`known`, with what `more` says in its stead: the latest place that is told holds."""
    said = {one.name: value for one in fields(more) if (value := getattr(more, one.name)) is not None}
    return replace(known, **said)


def _lines(entry: JournalEntry) -> tuple[str, ...]:
    said = entry.fields
    told = (entry.message, said.get("TRAFICO_CADENA", ""), said.get("TRAFICO_RUTA", ""))
    return tuple(line.replace("\n", " ")[:1000] for line in told if line)


def _download(said: Mapping[str, str], paths: Paths) -> Download:
    modelo, video, place = _place(said)
    origin = said.get("TRAFICO_ORIGEN", "")
    source = origin if origin.startswith("/") else paths.read(origin).source
    return Download(
        modelo=modelo,
        video=video,
        file_id=_id_of(said, "TRAFICO_FILE_ID"),
        size=_whole(said, "TRAFICO_FILE_SIZE"),
        source=source if source and _LOST not in source else None,
        destination=place,
        unique_id=_id_of(said, "TRAFICO_FILE_UNIQUE_ID"),
    )


def _place(said: Mapping[str, str]) -> tuple[str | None, str | None, str | None]:
    """Modelo, video and destination, where they are of one another: an entry over the limit of a datagram
    goes with values that are cut, and a name may be bytes that are no text."""
    modelo, video, place = (said.get(f"TRAFICO_{name}", "") for name in ("MODELO", "VIDEO", "DESTINO"))
    if not modelo or _LOST in modelo or "/" in modelo or modelo.startswith((".", "_")):
        return None, None, None
    whole = place.startswith("/") and base_name(place) == video and f"/{modelo}/" in place and _LOST not in place
    if whole and video:
        return modelo, video, place
    return (modelo if len(modelo) < _CUT else None), None, None


def _id_of(said: Mapping[str, str], name: str) -> str | None:
    value = said.get(name, "")
    return value if _FILE_ID.fullmatch(value) else None


def _whole(said: Mapping[str, str], name: str) -> int | None:
    value = said.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else None
