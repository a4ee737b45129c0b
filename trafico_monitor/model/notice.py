"""Something the administrator is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from .incident import Incident


class Severity(IntEnum):
    INFO = 0  # start, stop, summary
    RECOVERABLE = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Notice:
    """`key` names the conversation: an incident's id, or `service`, `space`, `unit`,
    `silence`, `blind`.

    Notices of one key and one `thread` are one message that is edited; a new thread is a new
    message, so that the phone rings. `code` is `notice.<code>` in messages/.
    """

    key: str
    code: str
    severity: Severity
    at: float
    thread: int = 0
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
