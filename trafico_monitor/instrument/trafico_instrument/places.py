"""The models directory: paths below it, and the identification of a Bot API server's file."""

from __future__ import annotations

import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 4096  # PATH_MAX
_TOKEN = re.compile(r"(?:bot)?([0-9]{5,}(?::|%3[Aa])[A-Za-z0-9_-]{30,})\Z")
_VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".ts", ".m2ts", ".mpg", ".mpeg", ".3gp", ".flv", ".wmv")


def _roots() -> tuple[str, ...]:
    """Returns the directory as configured and, for a link, as resolved, each with a trailing slash."""
    said = os.environ.get("TRAFICO_MODELS_DIR", "")
    both = {os.path.abspath(said), os.path.realpath(said)} if said else set()
    return tuple(path.rstrip("/") + "/" for path in both)


ROOTS = _roots()
NAMES = tuple({root.rstrip("/").rpartition("/")[2] for root in ROOTS})


def path_text(value: Any) -> str | None:
    """Returns `value` as text if it is a path of a type whose inspection runs no foreign code."""
    kind, pathlib = type(value), sys.modules.get("pathlib")
    if kind is bytes and len(value) <= LONGEST:
        value = os.fsdecode(value)
    elif pathlib is not None and kind in (pathlib.PosixPath, pathlib.PurePosixPath):
        value = str(value)
    elif kind is not str:
        return None
    return value if 0 < len(value) <= LONGEST and "\0" not in value else None


def absolute(value: Any) -> str | None:
    """Returns the absolute, normalised path, without resolving links on disk."""
    text = path_text(value)
    if text is None or (text[0] == "/" and "/." not in text and "//" not in text and text[-1] != "/"):
        return text
    return os.path.abspath(text)


def on_disk(value: Any) -> str | None:
    """As `absolute`; if that is outside the models directory and contains links, the resolved path."""
    path = absolute(value)
    if path is None or within(path) is not None:
        return path
    real = os.path.realpath(path)
    return path if within(real) is None else real


def within(path: str | None) -> tuple[str, bool] | None:
    """Returns (modelo of the folder that contains an absolute path, whether the path is inside it); None elsewhere.
    `_rescatados` and hidden folders belong to no modelo."""
    if path is not None:
        for root in ROOTS:
            if path.startswith(root):
                modelo, slash, _ = path[len(root) :].partition("/")
                return (modelo, bool(slash)) if modelo and modelo[0] not in "_." else None
    return None


def is_of_modelo(path: str | None) -> bool:
    """Whether an absolute path is in a modelo's folder."""
    found = within(path)
    return found is not None and found[1]


def is_video(path: str) -> bool:
    return path.lower().endswith(_VIDEOS)


def tail(value: Any) -> str | None:
    """Returns `<token>/videos/file_16.mp4`, which identifies a file of the server in each spelling: URL, container
    path, host path. None for any other path."""
    text = path_text(value)
    parts = text.rsplit("/", 3)[-3:] if text else []
    found = _TOKEN.match(parts[0]) if len(parts) == 3 else None
    return None if found is None else "/".join((re.sub("%3[Aa]", ":", found[1]), *parts[1:]))
