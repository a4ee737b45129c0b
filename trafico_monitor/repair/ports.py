"""Inputs of an action, and the mapping from errno to a result."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import PathRefused
from ..host.redact import redact
from ..model.installation import Installation
from ..model.task import Answer, Media, Outcome, TaskResult
from .at_rest import NotSettled
from .bot_api import ServerFile, Trouble, get_file

# True: an intact video of that size (None: any size). False: proven damaged or of another size.
# None: undecided.
Judge = Callable[[Path, int | None], Awaitable[bool | None]]
# The same, with observation and reason.
Examine = Callable[[Path, int | None], Awaitable[Media]]
# Gives a path to the bot's user by the root helper.
Give = Callable[[Path], Awaitable[TaskResult]]
# (site, file_id, seconds to wait for the answer)
GetFile = Callable[[Installation, str, float], Awaitable[ServerFile | Trouble]]

# The modelo that a file of the server (its identity) was delivered to before, "" when to none that is known.
Delivered = Callable[[str], str]


def nobody(identity: str) -> str:
    """No knowledge of earlier deliveries."""
    return ""


# A disk slower than this counts as hung; 2 GB get 460 s.
BYTES_PER_SECOND = 5_000_000


async def _cannot_tell(path: Path, size: int | None) -> Media:
    return Media(Answer.CANNOT_TELL, reason="cannot_judge")


@dataclass(frozen=True, slots=True)
class Tools:
    """`patience` is the base time in seconds for any download, whatever its size."""

    is_good: Judge
    give: Give
    examine: Examine = _cannot_tell
    get_file: GetFile = get_file
    delivered: Delivered = nobody
    now: Callable[[], float] = time.time
    patience: float = 60.0

    def seconds_for(self, size: int | None) -> float:
        """Returns the deadline for moving `size` bytes."""
        return self.patience + (size or 0) / BYTES_PER_SECOND


_BY_ERRNO = {
    errno.ENOSPC: (Outcome.BLOCKED_BY_SPACE, "no_space"),
    errno.EDQUOT: (Outcome.BLOCKED_BY_SPACE, "no_quota"),
    errno.EACCES: (Outcome.BLOCKED_BY_OWNER, "not_permitted"),
    errno.EPERM: (Outcome.BLOCKED_BY_OWNER, "not_permitted"),
    errno.ENOENT: (Outcome.FAILED, "path_missing"),
    errno.EROFS: (Outcome.FAILED, "read_only"),
    errno.EFBIG: (Outcome.REFUSED, "too_big_for_disk"),
    errno.ENAMETOOLONG: (Outcome.REFUSED, "path_strange"),
    errno.ESTALE: (Outcome.FAILED, "source_changing"),
    errno.ETIMEDOUT: (Outcome.FAILED, "timeout"),
}


class SourceMissing(FileNotFoundError):
    """The source file does not exist (as opposed to a missing destination folder)."""


class SourceUnreadable(PermissionError):
    """The source file exists but may not be read."""


def from_error(order_id: str, error: OSError | PathRefused) -> TaskResult:
    """Returns the result of a task that ended with `error`; the detail contains no secret."""
    if isinstance(error, PathRefused):
        return TaskResult(order_id, Outcome.REFUSED, str(error))
    if isinstance(error, NotSettled):
        return TaskResult(order_id, Outcome.FAILED, error.reason, retry_after=error.retry_after)
    if isinstance(error, SourceMissing):
        return TaskResult(order_id, Outcome.FAILED, "source_missing", describe(error))
    if isinstance(error, SourceUnreadable):
        return TaskResult(order_id, Outcome.BLOCKED_BY_OWNER, "source_unreadable", describe(error))
    if isinstance(error, TimeoutError):
        return TaskResult(order_id, Outcome.FAILED, "timeout", describe(error))
    outcome, reason = _BY_ERRNO.get(error.errno or 0, (Outcome.FAILED, "io_error"))
    return TaskResult(order_id, outcome, reason, describe(error))


def describe(error: OSError) -> str:
    """Returns the kernel's message for `error` and the file name, redacted."""
    words = os.strerror(error.errno) if error.errno else type(error).__name__
    return redact(f"{words}: {error.filename}" if error.filename else words)
