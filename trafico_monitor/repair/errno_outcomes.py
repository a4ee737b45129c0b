"""From what the kernel answered to what it means for an order."""

from __future__ import annotations

import errno
import os

from ..errors import PathRefused
from ..host.redact import redact
from ..model.task import Outcome, TaskResult
from .fs.at_rest import NotSettled

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
    """The file to copy from is not there (apart from a missing folder to copy into)."""


class SourceUnreadable(PermissionError):
    """The file to copy from is there and may not be read."""


def from_error(order_id: str, error: OSError | PathRefused) -> TaskResult:
    """The result of an order that ended with `error`; the detail carries no secret."""
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
    """The kernel's words for `error` and the name it is about, redacted."""
    words = os.strerror(error.errno) if error.errno else type(error).__name__
    return redact(f"{words}: {error.filename}" if error.filename else words)
