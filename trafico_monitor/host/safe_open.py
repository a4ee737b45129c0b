"""Descriptor-based opening and reading of files below a directory, and of untrusted files."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unicodedata import category

from ..errors import PathRefused

# A name can be exchanged between a check and its use, so nothing is checked by name: the root is
# opened, then component after component relative to the one before, none of them a link. What is
# read, written or renamed afterwards hangs on those descriptors.

NAME_BYTES = 255  # NAME_MAX of every Linux file system
PATH_BYTES = 4095  # PATH_MAX without its NUL
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})


def plain_text(text: str) -> bool:
    """True without control characters, line separators and lone surrogates. Joiners and other format characters are
    allowed: real names contain emoji."""
    return not any(category(letter) in _FORBIDDEN for letter in text)


def safe_component(name: str) -> bool:
    """True if `name` is exactly one path component: no separator, no parent reference, no control character, no
    lone surrogate, within the file system's length limit."""
    if not name or name in (".", "..") or "/" in name or not plain_text(name):
        return False
    try:
        return len(name.encode()) <= NAME_BYTES
    except UnicodeEncodeError:
        return False


def locate(path: Path, roots: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """Returns the root that contains `path` and the components below it, from the text alone.

    The deepest root wins. Raises PathRefused (`path_outside`, `path_strange`).
    """
    # The components first: a lone surrogate cannot be encoded.
    if not all(map(safe_component, path.parts[1:])) or len(os.fsencode(path)) > PATH_BYTES:
        raise PathRefused("path_strange")
    holding = [root for root in roots if root in path.parents]
    if not holding or not path.is_absolute():
        raise PathRefused("path_outside")
    root = max(holding, key=lambda each: len(each.parts))
    return root, path.parts[len(root.parts) :]


def encodable(name: str) -> str:
    """Returns `name` for the kernel. Raises PathRefused for an impossible name: NUL, or a lone surrogate that
    stands for no byte."""
    try:
        if "\0" not in name and os.fsencode(name):
            return name
    except UnicodeEncodeError:
        pass
    raise PathRefused("path_strange")


@contextmanager
def open_folder(folder: Path, roots: Sequence[Path]) -> Iterator[int]:
    """Returns an O_PATH descriptor of `folder`, which is one of `roots` or below one.

    Raises PathRefused for a link on the path; FileNotFoundError and PermissionError propagate.
    """
    root, parts = (folder, ()) if folder in roots else locate(folder, roots)
    at = os.open(root, _FOLDER)
    try:
        for name in parts:
            below = _step(at, name)
            os.close(at)
            at = below
        yield at
    finally:
        os.close(at)


def open_regular(path: Path, roots: Sequence[Path]) -> int:
    """Returns a read descriptor of the regular file `path`. Raises as `open_folder`; PathRefused also for anything
    other than a regular file (O_NONBLOCK: a FIFO must not block)."""
    with open_folder(path.parent, roots) as folder:
        try:
            file = os.open(encodable(path.name), _READING, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise PathRefused("path_link" if error.errno == errno.ELOOP else "path_special") from None
            raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise PathRefused("path_special")
    return file


def _step(parent: int, name: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except NotADirectoryError:
        # O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a link as for a plain file.
        linked = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
        raise PathRefused("path_link" if linked else "path_not_folder") from None


BEGINNING_BYTES = 64 * 1024  # bytes; a unit's file or a script has a few hundred


def beginning(file: Path, most: int = BEGINNING_BYTES) -> str:
    """Returns the first `most` bytes of a regular file as text; "" if it is not regular or unreadable.

    Only a regular file is opened: a pipe would block, and opening a device may have effects.
    """
    try:
        place = os.open(file, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        if not stat.S_ISREG(os.fstat(place).st_mode):
            return ""
        with Path(f"/proc/self/fd/{place}").open("rb") as opened:
            return opened.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(place)


_CHUNK = 1024 * 1024


def digest(file: int, stop: threading.Event) -> str:
    """Returns the SHA-256 of the open `file` in hexadecimal. Blocking: about 0.5 to 2 GB per second. Raises
    OSError, and TimeoutError once `stop` is set."""
    found, offset = hashlib.sha256(), 0
    while chunk := os.pread(file, _CHUNK, offset):
        if stop.is_set():
            raise TimeoutError
        found.update(chunk)
        offset += len(chunk)
    return found.hexdigest()
