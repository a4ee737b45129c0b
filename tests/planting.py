"""What the bot's user, or whoever shares its folders, can put below them: trees as deep as the kernel takes,
names that are no text, notes that are no notes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

LEVELS = 1200
NAMES = (
    b"\x01\xff.mp4",
    b"\xff\xfe.mp4",
    b"a\xed\xa0\x80b.mp4",
    b"line\nbreak.mp4",
    b"\x1b[31mred.mp4",
    b"\xe2\x80\xa8.mp4",
    b"n" * 255,
)
WHEN = "2026-01-01T00:00:00+00:00"
NOTES = (
    {"timestamp": WHEN, "original": "\ud800"},
    {"timestamp": WHEN, "original": "luna/\udcff\ud800.mp4", "incidente": "\ud800"},
    {"timestamp": WHEN, "original": "luna/a\0b.mp4", "incidente": "a\0b"},
    {"timestamp": WHEN, "original": "luna/" + "x" * 5000, "incidente": "y" * 5000, "size": 10**300},
    {"timestamp": "0001-01-01T00:00:00+23:59", "original": "luna/v.mp4", "incidente": ["ABCDEF23"]},
    {"timestamp": "9999-12-31T23:59:59-23:59", "original": "../../etc/passwd", "incidente": None},
    {"timestamp": "\ud800", "original": WHEN},
)


def plant(folder: Path, *, deep: bool = True) -> None:
    """A deep tree, a deeper one by its bytes, and every strange name as a file and as a folder."""
    if deep:
        dig(folder, b"d", LEVELS)
        dig(folder, b"e" * 200, LEVELS)
        dig(folder, b"\xff" * 100, 100)
    at = os.open(folder, os.O_RDONLY)
    try:
        for name in NAMES:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=at))
            os.mkdir(b"f" + name[:250], dir_fd=at)
        os.mkfifo(b"pipe.mp4", dir_fd=at)
        os.symlink(b"round", b"round", dir_fd=at)
        os.symlink(b".", b"here.mp4", dir_fd=at)
    finally:
        os.close(at)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{(at := os.open(folder, os.O_RDONLY))}/socket.mp4")
        os.close(at)


def plant_notes(folder: Path) -> None:
    """Beside files that they tell of."""
    contents = [json.dumps(note).encode() for note in NOTES]
    contents += [b"[" * 60_000, b'{"original":' * 20_000, b"\xff\xfe", b"", b"9" * 60_000, b'{"timestamp": NaN}']
    for number, content in enumerate(contents):
        (folder / f"x{number}").write_bytes(b"bad")
        (folder / f"x{number}.json").write_bytes(content)
    (folder / "y").write_bytes(b"bad")
    (folder / "y.json").mkdir()


def dig(folder: Path, name: bytes, levels: int) -> None:
    """`levels` folders, each in the one before, and a file in the last."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for _ in range(levels):
            os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        os.close(os.open(b"last.mp4", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    finally:
        os.close(at)


@contextlib.contextmanager
def place() -> Iterator[Path]:
    """A folder to plant in, none of pytest's own: what takes that away is recursive before Python 3.13."""
    folder = Path(tempfile.mkdtemp(prefix="trafico-planted-", dir="/dev/shm"))  # in memory: it is many folders
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        clear(folder)


def clear(folder: Path) -> None:
    """Python's own rmtree is recursive before 3.13."""
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True, timeout=60)
