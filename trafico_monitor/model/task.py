"""Repair tasks: what is to be done, what became of it, and the proof. A task is stored before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .download import Download
from .finding import ErrorType
from .installation import Offer


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


class Outcome(Enum):
    DONE = "done"
    FAILED = "failed"  # may work another time
    REFUSED = "refused"  # must not or cannot be done; trying again is of no use
    BLOCKED_BY_SPACE = "blocked_by_space"  # ENOSPC or EDQUOT while doing it
    BLOCKED_BY_SERVER = "blocked_by_server"  # the Bot API server does not answer
    BLOCKED_BY_OWNER = "blocked_by_owner"  # EACCES or EPERM while doing it


@dataclass(frozen=True, slots=True)
class TaskResult:
    """`reason` is a code of messages/ (`reason.<code>`), `detail` a redacted text for the log.

    `path` is what was written, made or looked at (host path); `quarantined` where the bad file
    now lies; `rescued` is True when `path` is below `_rescatados` for want of a destination.
    A REFUSED one that is `rescued` was put there because of a doubt about whose it is: that is for a
    person to say. `delivered` is the identity of the server's file that was put into a modelo's folder,
    and that folder. `retry_after` are the seconds that the server asked to be left alone (HTTP 429), 0 for none.
    Of a rescued one `why` is the reason that its place is not free ("": it is not known), and `offer` what a person
    has to choose from.
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
    """`reason` is a code of messages/ when it did not work; `seconds` the time from the incident's
    first line until it did, None when it did not. An order that a full disk or a dead server cut
    short is no attempt: it says nothing about itself."""

    error_type: ErrorType
    kind: TaskKind
    at: float
    worked: bool
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at: `what` is a code (file, size, media, owner, folder, space,
    server, container, bot_line), `value` what was seen, `ok` whether it is as it must be."""

    what: str
    value: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is a code of messages/ (`reason.<code>`) when not proven."""

    proven: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


class Answer(Enum):
    """What a look at a video's content can say. BROKEN takes two judges that agree."""

    WHOLE = "whole"
    BROKEN = "broken"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Media:
    """`seen` is what the file is (container, codec, duration), `reason` a code of messages/ when it
    is not whole, `duration` in seconds as the container announces it. `sound` says of a file whose
    end nothing in it tells that nothing else is wrong with it: the announced size can prove it."""

    answer: Answer
    seen: str = ""
    reason: str = ""
    duration: float | None = None
    sound: bool = False

    @property
    def whole(self) -> bool | None:
        """The answer as a condition: None is «cannot tell», which is neither."""
        return {Answer.WHOLE: True, Answer.BROKEN: False, Answer.CANNOT_TELL: None}[self.answer]

    @property
    def end_seen(self) -> bool:
        """True when the file itself, or its announced size, shows where it ends."""
        return self.answer is Answer.WHOLE
