"""Where the logs are kept, and how far that directory is to be trusted."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ..host import directory
from ..host.directory import Trust

# Bytes of a file that is mended by reading all of it. Beyond, it is put aside as it is. In a
# directory of somebody else's, who can spoil it as often as he likes, that must cost little.
_MOST_MENDED, _MOST_MENDED_OF_OTHERS = 16 * 1024 * 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """`trust` judges the directory (None: any owner); files of `owners` are taken over."""

    path: Path
    trust: Trust | None
    owners: frozenset[int]
    most_mended: int

    @classmethod
    def trusted(cls, path: Path) -> Place:
        """One that must be the monitor's own."""
        trust = directory.ours()
        return cls(path, trust, trust.users, _MOST_MENDED)

    @classmethod
    def packaged(cls, path: Path) -> Place:
        """The package's own directory: used whoever owns it, for there is no other."""
        return cls(path, None, directory.ours().users, _MOST_MENDED_OF_OTHERS)

    @classmethod
    def of_user(cls, path: Path, uid: int) -> Place:
        """One of the project's user, for a copy: what others have put there is never read."""
        owners = frozenset({os.geteuid(), uid})
        return cls(path, directory.ours().with_owner(uid), owners, _MOST_MENDED_OF_OTHERS)

    def opened(self) -> AbstractContextManager[int]:
        """The directory's descriptor. Raises DirectoryRefused, OSError."""
        return directory.opened(self.path, self.trust, make=True)
