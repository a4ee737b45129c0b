"""What is known of one process of the bot, and how that survives a restart. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...model.download import Download
from ...model.finding import ErrorType
from ..tracebacks import Block, block_from
from ..unfolding import Drawing, drawing_from
from .download_attempts import DownloadAttempt, DownloadAttempts, attempt_from


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
