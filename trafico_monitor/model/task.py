"""What is to be done about an incident. An order is stored before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .download import Download
from .finding import ErrorType


class TaskKind(str, Enum):
    RETRY_DOWNLOAD = "retry_download"  # getFile by file_id, or copy from the named source
    CREATE_FOLDER = "create_folder"  # the folder of a modelo that was really named
    QUARANTINE = "quarantine"  # put a file aside that has been shown to be corrupt
    FIX_OWNER = "fix_owner"  # sudo -n of the root helper
    WAIT_FOR_SPACE = "wait_for_space"
    WAIT_FOR_SERVER = "wait_for_server"
    CONFIRM = "confirm"  # only look: is it on disk and whole?
    ASSIGN = "assign"  # a rescued file to the modelo that a person named


@dataclass(frozen=True, slots=True)
class RepairTask:
    """`id` is `<incident>/<step>`: carrying out the same id twice is the same order.

    `due_at` and `made_at` are in seconds since the epoch, by the same clock: one that is set back
    later must not make the wait longer than it was to be (0.0: not known). `attempt` counts from 1.
    `since` is when the failure was heard of, 0.0 where a person has asked: words are not all then.
    `busy` is how often in a row the server has asked to wait instead of answering.

    Of ASSIGN the id begins with `assign/`, the incident may be "", and the download is the rescued
    file (`source`, the announced `size`) and where it is to go (`modelo`, `video`); `found_size`
    are the bytes that it really has.
    """

    id: str
    incident_id: str
    kind: TaskKind
    error_type: ErrorType
    due_at: float
    attempt: int = 1
    download: Download = field(default_factory=Download)
    quarantined: str | None = None
    found_size: int | None = None
    busy: int = 0
    made_at: float = field(default=0.0, compare=False)
    since: float = field(default=0.0, compare=False)
