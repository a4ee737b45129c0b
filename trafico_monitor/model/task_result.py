"""What became of an order, before anybody has looked whether it helped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .rescued_file import Offer


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
