"""Why the monitor cannot write into a directory of its own, in one word for the operator."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ..host import directory
from ..host.directory import DirectoryRefused
from . import own_files

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


def why_not(path: Path) -> str:
    """ "" when a file can be written there, else space, quota, read_only, gone, denied or other."""
    try:
        with directory.opened(path, None) as folder:
            own_files.discard(folder, _PROBE)
            file = own_files.make(folder, _PROBE)
            try:
                if os.write(file, bytes(_PROBE_BYTES)) < _PROBE_BYTES:
                    return "space"
                os.fsync(file)  # some file systems say only now that there is no room
            finally:
                os.close(file)
                own_files.discard(folder, _PROBE)
    except DirectoryRefused:
        return "link"
    except OSError as error:
        return _CAUSES.get(error.errno or 0, "other")
    return ""
