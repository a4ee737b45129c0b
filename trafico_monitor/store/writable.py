"""Why the monitor cannot write into a directory of its own, in one word for the operator."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

_PROBE = ".probe"
_PROBE_BYTES = 64 * 1024  # about what one step of the pipeline needs
_CAUSES = {
    errno.ENOSPC: "space",
    errno.EDQUOT: "quota",
    errno.EROFS: "read_only",
    errno.ENOENT: "gone",
    errno.ENOTDIR: "gone",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
}


def why_not(directory: Path) -> str:
    """ "" when a file can be written there, else space, quota, read_only, gone, denied or other."""
    path = directory / _PROBE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if os.write(descriptor, bytes(_PROBE_BYTES)) < _PROBE_BYTES:
                return "space"
            os.fsync(descriptor)  # some file systems say only now that there is no room
        finally:
            os.close(descriptor)
    except OSError as error:
        return _CAUSES.get(error.errno or 0, "other")
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
    return ""
