"""Mounts in the demo's own namespace: invisible to the host, and removed with it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_BIND = 4096
MS_REC = 16384
MS_MOVE = 8192

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError with the target's name."""
    words = [os.fsencode(word) or None for word in (source, os.fspath(target), kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(options) or None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


def empty(place: Path, mode: str = "0755", size: str = "") -> None:
    """Mounts an empty memory file system over `place`."""
    mount("tmpfs", place, "tmpfs", 0, f"mode={mode}" + (f",size={size}" if size else ""))


def bind(source: Path, target: Path) -> None:
    mount(str(source), target, "", MS_BIND | MS_REC)


def copy_over(place: Path, stage: Path) -> None:
    """Mounts over `place` a directory in memory with the same entries, so that others can be added. `stage` is a
    directory to prepare it. Works where overlayfs does not."""
    stage.mkdir()
    empty(stage)
    for entry in os.scandir(place):
        into = stage / entry.name
        if entry.is_symlink():
            into.symlink_to(Path(entry.path).readlink())
            continue
        into.mkdir() if entry.is_dir() else into.touch()
        bind(Path(entry.path), into)
    mount(str(stage), place, "", MS_MOVE)
