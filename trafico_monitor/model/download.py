"""One download: its description in the log, the comparison of two descriptions, and its progress. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Download:
    """None means that the log does not say; nothing is guessed.

    `source` and `destination` are paths as written in the log: redacted (a component may be `<TOKEN>`), possibly from
    inside the container, and untrusted. `size` is in bytes.
    """

    modelo: str | None = None
    video: str | None = None
    file_id: str | None = None
    size: int | None = None
    source: str | None = None
    destination: str | None = None
    unique_id: str | None = None  # the Bot API's file_unique_id: the same for every message with the file

    @property
    def known(self) -> bool:
        """True if a source for another download is known."""
        return bool(self.file_id or self.source)


def agree(one: Download, other: Download) -> bool:
    """False if both name a value and the values differ: they are two downloads. A file has one unique id and
    possibly several file ids; sent for two modelos, it is two downloads."""
    if one.modelo and other.modelo and one.modelo != other.modelo:
        return False
    if one.unique_id and other.unique_id and one.unique_id != other.unique_id:
        return False
    if one.file_id and other.file_id and not (one.unique_id and other.unique_id):
        return one.file_id == other.file_id
    if one.file_id and one.file_id == other.file_id:
        return True
    if one.source and other.source and base_name(one.source) != base_name(other.source):
        return False
    return same_place(one, other)


def same_place(one: Download, other: Download) -> bool:
    """False if both name a destination and the destinations differ."""
    if one.video and other.video and one.video != other.video:
        return False
    both = one.destination and other.destination
    return not both or base_name(one.destination or "") == base_name(other.destination or "")


def same(one: Download, other: Download) -> bool:
    """True if both name the same video (not only the same file of the server)."""
    if not agree(one, other):
        return False
    return bool(
        (one.file_id and one.file_id == other.file_id)
        or (one.video and one.video == other.video)
        or (one.destination and one.destination == other.destination)
    )


def merged(known: Download, more: Download) -> Download:
    """Returns `known` completed by `more`. A later source path replaces an earlier one (the host's path replaces
    the container's). The caller has checked that the two agree."""
    return Download(
        modelo=known.modelo if known.modelo is not None else more.modelo,
        video=known.video if known.video is not None else more.video,
        file_id=known.file_id if known.file_id is not None else more.file_id,
        size=known.size if known.size is not None else more.size,
        source=more.source if more.source is not None else known.source,
        destination=known.destination if known.destination is not None else more.destination,
        unique_id=known.unique_id if known.unique_id is not None else more.unique_id,
    )


def base_name(path: str) -> str:
    """Returns the last component of `path`, with slashes or backslashes."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def same_file(one: Download, other: Download) -> bool:
    """True if both name one file of the Bot API server, which several downloads may read."""
    return bool(one.source and other.source and base_name(one.source) == base_name(other.source))


def same_content(one: Download, other: Download) -> bool:
    """True if `other` delivers the content of `one`: the same file for the same modelo, possibly sent again under
    another name."""
    for mine, theirs in ((one.modelo, other.modelo), (one.size, other.size)):
        if mine is not None and theirs is not None and mine != theirs:
            return False
    if one.unique_id and other.unique_id:
        return one.unique_id == other.unique_id
    return bool(one.file_id and one.file_id == other.file_id) or same_file(one, other)


def meant(download: Download) -> bool:
    """True if the log announced a video, whether or not it can be downloaded again."""
    named = (download.file_id, download.source, download.destination, download.video, download.modelo)
    return any(named)


class Phase(str, Enum):
    RECEIVING = "receiving"  # the Bot API server fetches it: its progress is not visible
    COPYING = "copying"  # from there to its destination
    RETRYING = "retrying"  # the monitor downloads it again


@dataclass(frozen=True, slots=True)
class UnderWay:
    """`since` is the start, `heard` the time of the last line about it (seconds since the epoch). `size` is the
    announced size, `done` the bytes on disk; None if unknown."""

    download: Download
    since: float
    heard: float
    phase: Phase
    size: int | None = None
    done: int | None = None
    incident: str = ""  # of a RETRYING
    attempt: int = 0
