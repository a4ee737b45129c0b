"""Repair tasks, their results, and the proof. A task is stored before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .download import Download
from .finding import ErrorType
from .installation import Offer


class TaskKind(str, Enum):
    RETRY_DOWNLOAD = "retry_download"  # getFile by file_id, or copy from the named source
    CREATE_FOLDER = "create_folder"  # the folder of a modelo named in the log
    QUARANTINE = "quarantine"  # move a proven corrupt file aside
    FIX_OWNER = "fix_owner"  # sudo -n of the root helper
    WAIT_FOR_SPACE = "wait_for_space"
    WAIT_FOR_SERVER = "wait_for_server"
    CONFIRM = "confirm"  # verify only: is it on disk and intact?
    ASSIGN = "assign"  # a rescued file to the modelo chosen by an operator


@dataclass(frozen=True, slots=True)
class RepairTask:
    """`id` is `<incident>/<step>`: running an id twice is the same task.

    `due_at` and `made_at` are seconds since the epoch by the same clock; a clock that is set back must not lengthen
    the wait (0.0: unknown). `attempt` counts from 1. `since` is the time of the failure, 0.0 if an operator requested
    the task: then not everything rests on log text. `busy` counts consecutive answers in which the server asked to
    wait.

    For ASSIGN, the id starts with `assign/`, the incident may be "", and the download is the rescued file (`source`,
    the announced `size`) with its destination (`modelo`, `video`); `found_size` is its actual size in bytes.

    `late_wait` is the wait in seconds of a late attempt, 0.0 for any other task: minutes have passed, so the video is
    looked for before it is downloaded again.
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
    late_wait: float = 0.0


class Outcome(Enum):
    DONE = "done"
    FAILED = "failed"  # may work another time
    REFUSED = "refused"  # forbidden or impossible; another attempt is pointless
    BLOCKED_BY_SPACE = "blocked_by_space"  # ENOSPC or EDQUOT while doing it
    BLOCKED_BY_SERVER = "blocked_by_server"  # the Bot API server does not answer
    BLOCKED_BY_OWNER = "blocked_by_owner"  # EACCES or EPERM while doing it


@dataclass(frozen=True, slots=True)
class TaskResult:
    """`reason` is a code of messages/ (`reason.<code>`), `detail` a redacted text for the log.

    `path` is the written, created or inspected host path; `quarantined` the new path of the bad file; `rescued` is
    True if `path` is in `_rescatados` for lack of a destination. A REFUSED one that is `rescued` was put there because
    its modelo is in doubt: an operator decides. `delivered` is the identity of the server's file that was put into a
    modelo's folder, and that folder. `retry_after` is the delay in seconds requested by the server (HTTP 429), 0 for
    none. For a rescued file, `why` is the reason why its destination is not free ("": unknown), and `offer` the
    choices for the operator.
    """

    order_id: str
    outcome: Outcome
    reason: str = ""
    detail: str = ""
    path: str | None = None
    quarantined: str | None = None
    rescued: bool = False
    retry_after: float = 0.0
    delivered: tuple[str, str] | None = None
    why: str = ""
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class TaskStat:
    """`reason` is a code of messages/ if the task failed; `seconds` is the time from the incident's first line to
    success, None on failure. A task interrupted by a full disk or a dead server does not count as an attempt."""

    error_type: ErrorType
    kind: TaskKind
    at: float
    worked: bool
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One verified fact: `what` is a code (file, size, media, owner, folder, space, server, container, bot_line),
    `value` the observation, `ok` whether it is as required."""

    what: str
    value: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a code of messages/ (`reason.<code>`) if not proven."""

    proven: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


class Answer(Enum):
    """Result of checking a video's content. BROKEN needs two judges that agree."""

    WHOLE = "whole"
    BROKEN = "broken"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Media:
    """`seen` describes the file (container, codec, duration), `reason` is a code of messages/ if it is not intact,
    `duration` is in seconds as recorded in the container. `sound`: the file does not record its end, but shows no
    other fault, so the announced size can prove it."""

    answer: Answer
    seen: str = ""
    reason: str = ""
    duration: float | None = None
    sound: bool = False

    @property
    def whole(self) -> bool | None:
        """The answer as a condition; None means undecided."""
        return {Answer.WHOLE: True, Answer.BROKEN: False, Answer.CANNOT_TELL: None}[self.answer]


def percentile(seconds: Mapping[int, int], share: float) -> float | None:
    """The smallest value that at least `share` of all are not above; None of none."""
    total = sum(seconds.values())
    reached = 0
    for value, number in sorted(seconds.items()):
        reached += number
        if reached >= total * share and number:
            return float(value)
    return None
