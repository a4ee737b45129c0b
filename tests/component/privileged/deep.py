"""Trees that no path can name as a whole, and folders with very many entries."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def levels(below: Path, number: int, uid: int) -> Iterator[None]:
    """`number` folders, one in the other; they are gone at the end, for rmtree() is recursive on Python 3.11."""
    fd = os.open(below, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(number):
        os.mkdir("d", 0o777, dir_fd=fd)
        inner = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.fchown(inner, uid, uid)
        os.close(fd)
        fd = inner
    os.close(fd)
    try:
        yield
    finally:
        subprocess.run(["rm", "-rf", below / "d"], check=True, timeout=60)


def entries(folder: Path, number: int) -> None:
    """`number` empty files of root's in `folder`."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for each in range(number):
        os.mknod(f"{each:06}.mp4", stat.S_IFREG | 0o644, dir_fd=fd)
    os.close(fd)
