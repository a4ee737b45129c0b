"""What is known of one process of the bot, and how that survives a restart. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..model.download import Download
from ..model.finding import ErrorType
from ..model.journal_entry import JournalEntry
from .children import Complaints
from .download_attempts import DownloadAttempt, DownloadAttempts, attempt_from
from .tracebacks import Block, block_from, named_from
from .unfolding import Drawing, drawing_from


@dataclass(slots=True)
class Failure:
    """The newest failure of a process; `sealed` once the traceback that ends it was seen."""

    origin: str
    error_type: ErrorType
    at: float
    download: Download
    repairing: bool = False
    sealed: bool = False
    exact: bool = False  # reported by the process itself, not told by text


@dataclass(slots=True)
class Process:
    attempts: DownloadAttempts = field(default_factory=DownloadAttempts)
    block: Block | None = None
    header: tuple[str, str, str] | None = None  # cursor, line, silence of the last ERROR record
    named: Download = field(default_factory=Download)  # by the fields of that record
    failure: Failure | None = None
    at: float = 0.0
    # Cursor, time and text of an ERROR record that no rule knows: what follows may yet explain it.
    unknown: tuple[str, float, str] | None = None
    passed: bool = False  # another record has come since `header`, perhaps of another thread
    drawing: Drawing = field(default_factory=Drawing)
    reports: bool = False  # it tells of its downloads by fields: its text is context
    foreign: bool = False  # of a library, too, that the instrumentation does not know: text counts all the same

    @property
    def exact(self) -> bool:
        """True while nothing of its downloads is known from text alone."""
        return self.reports and not self.foreign

    @property
    def waits(self) -> bool:
        """True while something is open that time ends."""
        return bool(self.block or self.header or self.drawing.held)

    @property
    def blank(self) -> bool:
        attempts = self.attempts
        open_ones = self.block or self.header or self.failure or self.unknown
        return not (open_ones or attempts.all or attempts.ended or self.reports or self.foreign) and self.drawing.blank


def as_data(process: Process) -> dict[str, object]:
    failure = process.failure
    return {
        "attempts": [attempt.as_data() for attempt in process.attempts.all],
        "ended": None
        if process.attempts.ended is None
        else DownloadAttempt(process.attempts.ended, "", process.attempts.ended_at).as_data(),
        "block": process.block.as_data() if process.block else None,
        "header": list(process.header) if process.header else None,
        "named": [process.named.modelo, process.named.video],
        "passed": process.passed,
        "unknown": list(process.unknown) if process.unknown else None,
        "reports": process.reports,
        "foreign": process.foreign,
        "gone_at": process.attempts.gone_at,
        "drawing": None if process.drawing.blank else process.drawing.as_data(),
        "failure": None
        if failure is None
        else {
            "origin": failure.origin,
            "error_type": failure.error_type.value,
            "attempt": DownloadAttempt(failure.download, "", failure.at).as_data(),
            "repairing": failure.repairing,
            "sealed": failure.sealed,
            "exact": failure.exact,
        },
    }


def process_from(data: Mapping[str, object]) -> Process:
    attempts, block, header, failure = (data.get(key) for key in ("attempts", "block", "header", "failure"))
    unknown, drawing = data.get("unknown"), data.get("drawing")
    process = Process(reports=bool(data.get("reports", False)), foreign=bool(data.get("foreign", False)))
    if isinstance(attempts, list):
        process.attempts = DownloadAttempts([attempt_from(one) for one in attempts])
    process.attempts.gone_at = float(str(data.get("gone_at", 0.0)))
    ended = data.get("ended")
    if isinstance(ended, Mapping):
        last = attempt_from(ended)
        process.attempts.ended, process.attempts.ended_at = last.download, last.at
    if isinstance(block, Mapping):
        process.block = block_from(block)
    if isinstance(header, list):
        process.header = (str(header[0]), str(header[1]), str(header[2]))
        process.named = named_from(data.get("named"))
        process.passed = bool(data.get("passed", False))
    if isinstance(unknown, list):
        process.unknown = (str(unknown[0]), float(str(unknown[1])), str(unknown[2]))
    if isinstance(drawing, Mapping):
        process.drawing = drawing_from(drawing)
    if isinstance(failure, Mapping):
        attempt = attempt_from(failure["attempt"])
        process.failure = Failure(
            origin=str(failure["origin"]),
            error_type=ErrorType(failure["error_type"]),
            at=attempt.at,
            download=attempt.download,
            repairing=bool(failure["repairing"]),
            sealed=bool(failure["sealed"]),
            exact=bool(failure.get("exact", False)),
        )
    return process


_MOST_PROCESSES = 256
_ANYBODY = 0  # in `outage`: a process that is gone


class DetectorState:
    """What every part of the detector knows and changes. Who changes anything says so by `changed`.

    `busy` are the processes with an open traceback or ERROR record; `outage` those that have seen
    the server down and not yet answer. `quiet` is True while there are neither. `complaints` are of the bot's
    children, for the seconds until the bot itself reports the failure.
    """

    __slots__ = ("busy", "changes", "complaints", "outage", "processes", "quiet")

    def __init__(self) -> None:
        self.changes = 0
        self.quiet = True
        self.processes: dict[int, Process] = {}
        self.busy: set[int] = set()
        self.outage: set[int] = set()
        self.complaints = Complaints()

    def changed(self) -> None:
        """`snapshot` would differ from now on."""
        self.changes += 1
        self.quiet = not self.busy and not self.outage

    def of(self, entry: JournalEntry) -> Process:
        """The process that wrote `entry`, which is its newest word."""
        process = self.processes.get(entry.pid)
        if process is None:
            process = self.processes[entry.pid] = Process()
            if len(self.processes) > _MOST_PROCESSES:
                self._drop_oldest()
        process.at = entry.at
        return process

    def _drop_oldest(self) -> None:
        closed = [pid for pid in self.processes if pid not in self.busy]
        for pid in sorted(closed, key=lambda pid: self.processes[pid].at)[: _MOST_PROCESSES // 2]:
            del self.processes[pid]

    def head(self, pid: int, process: Process, header: tuple[str, str, str] | None) -> None:
        """`header` is the last ERROR record of the process, or None: it has said something else since. One
        other record may come in between, from another thread: the traceback still belongs to the header."""
        if header is None and process.header is not None and not process.passed:
            process.passed = True
        elif header == process.header:
            return
        else:
            process.header, process.passed = header, False
        (self.busy.add if process.waits else self.busy.discard)(pid)
        self.changed()

    def drawn(self, pid: int, process: Process, blank: bool) -> None:
        """The process may have begun or ended a drawing; `blank` says that it had none before."""
        if blank and process.drawing.blank:
            return
        (self.busy.add if process.waits else self.busy.discard)(pid)
        self.changed()

    def seen_down_by(self, pid: int) -> bool:
        """Whether an answer of the server that `pid` tells of is news."""
        return bool(self.outage & {pid, _ANYBODY})

    def end_all(self, at: float) -> None:
        """All processes are gone at `at`; that the server was down is not."""
        if self.processes or self.outage:
            self.outage = {_ANYBODY} if self.outage else set()
            self.end(tuple(self.processes), at)

    def end(self, pids: Iterable[int], at: float) -> None:
        """These processes are gone at `at`. What they had under way is still told of (`Downloads.overdue`)."""
        for pid in pids:
            process = self.processes[pid]
            self.busy.discard(pid)
            if not process.attempts.open:
                del self.processes[pid]
            elif not process.attempts.gone_at:
                self.processes[pid] = Process(attempts=process.attempts, at=process.at)
                process.attempts.gone_at = at
        self.changed()

    def forget(self, pids: Iterable[int]) -> None:
        """All that was to be told of these processes has been told."""
        for pid in pids:
            self.busy.discard(pid)
            del self.processes[pid]

    def snapshot(self) -> dict[str, object]:
        """Everything that is open, as JSON-able data; `restore` takes it back."""
        processes = {str(pid): as_data(one) for pid, one in self.processes.items() if not one.blank}
        return {"outage": sorted(self.outage), "processes": processes}

    def restore(self, data: Mapping[str, object]) -> None:
        """Goes on from a snapshot; unknown or missing parts count as nothing open."""
        outage, processes = data.get("outage"), data.get("processes")
        self.outage = {int(pid) for pid in outage} if isinstance(outage, list) else set()
        self.processes = {}
        if isinstance(processes, Mapping):
            self.processes = {int(pid): process_from(one) for pid, one in processes.items()}
        self.busy = {pid for pid, process in self.processes.items() if process.waits}
        self.changed()
