"""One order that ran to its end, as the ledger counts it."""

from __future__ import annotations

from dataclasses import dataclass

from .finding import ErrorType
from .task import TaskKind


@dataclass(frozen=True, slots=True)
class TaskStat:
    """`reason` is a code of messages/ when it did not work; `seconds` the time from the incident's
    first line until it did, None when it did not. An order that a full disk or a dead server cut
    short is no attempt: it says nothing about itself."""

    error_type: ErrorType
    kind: TaskKind
    at: float
    worked: bool
    reason: str = ""
    seconds: float | None = None
