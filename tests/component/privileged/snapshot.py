"""Everything about a tree that the helper could change."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path


def snapshot(root: Path, contents: Collection[str] = ()) -> dict[str, tuple[object, ...]]:
    """By path: inode, owner, group, mode, ACLs and other attributes; links are not followed.
    Names in `contents` are left out: what the helper itself keeps."""
    found: dict[str, tuple[object, ...]] = {}
    waiting = [root]
    while waiting:
        path = waiting.pop()
        status = path.lstat()
        names = () if path.is_symlink() else os.listxattr(path, follow_symlinks=False)
        extra = tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(names))
        found[str(path)] = (status.st_ino, status.st_uid, status.st_gid, status.st_mode, extra)
        if path.is_dir() and not path.is_symlink() and path.name not in contents:
            waiting += path.iterdir()
    return found
