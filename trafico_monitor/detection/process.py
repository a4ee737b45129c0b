"""What is known of one process of the bot, and how that survives a restart. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.download import Download
from ..model.finding import ErrorType
from .context import Attempt, Attempts, attempt_from
from .tracebacks import Block, block_from


@dataclass(slots=True)
class Failure:
    """The newest failure of a process; `sealed` once the traceback that ends it was seen."""

    origin: str
    error_type: ErrorType
    at: float
    download: Download
    repairing: bool = False
    sealed: bool = False


@dataclass(slots=True)
class Process:
    attempts: Attempts = field(default_factory=Attempts)
    block: Block | None = None
    header: tuple[str, str, str] | None = None  # cursor, line, silence of the last ERROR record
    failure: Failure | None = None
    at: float = 0.0

    @property
    def blank(self) -> bool:
        return self.block is None and self.header is None and self.failure is None and not self.attempts.all


def as_data(process: Process) -> dict[str, object]:
    failure = process.failure
    return {
        "attempts": [attempt.as_data() for attempt in process.attempts.all],
        "block": process.block.as_data() if process.block else None,
        "header": list(process.header) if process.header else None,
        "failure": None
        if failure is None
        else {
            "origin": failure.origin,
            "error_type": failure.error_type.value,
            "attempt": Attempt(failure.download, "", failure.at).as_data(),
            "repairing": failure.repairing,
            "sealed": failure.sealed,
        },
    }


def process_from(data: Mapping[str, object]) -> Process:
    attempts, block, header, failure = (data.get(key) for key in ("attempts", "block", "header", "failure"))
    process = Process()
    if isinstance(attempts, list):
        process.attempts = Attempts([attempt_from(one) for one in attempts])
    if isinstance(block, Mapping):
        process.block = block_from(block)
    if isinstance(header, list):
        process.header = (str(header[0]), str(header[1]), str(header[2]))
    if isinstance(failure, Mapping):
        attempt = attempt_from(failure["attempt"])
        process.failure = Failure(
            origin=str(failure["origin"]),
            error_type=ErrorType(failure["error_type"]),
            at=attempt.at,
            download=attempt.download,
            repairing=bool(failure["repairing"]),
            sealed=bool(failure["sealed"]),
        )
    return process
