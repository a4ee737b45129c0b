"""When do two descriptions mean one download? Pure."""

from __future__ import annotations

from .download import Download


def agree(one: Download, other: Download) -> bool:
    """False when both name something and it differs: they are two downloads. One file has one unique id and
    perhaps several file ids; sent for two modelos it is two downloads."""
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
    """False when both say under which name the video belongs and it differs."""
    if one.video and other.video and one.video != other.video:
        return False
    both = one.destination and other.destination
    return not both or base_name(one.destination or "") == base_name(other.destination or "")


def same(one: Download, other: Download) -> bool:
    """True when both name one and the same video (not merely the server's file)."""
    if not agree(one, other):
        return False
    return bool(
        (one.file_id and one.file_id == other.file_id)
        or (one.video and one.video == other.video)
        or (one.destination and one.destination == other.destination)
    )


def merged(known: Download, more: Download) -> Download:
    """`known`, completed by what `more` adds. A later source path is the better one (the host's
    instead of the container's); whoever merges has made sure that they agree."""
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
    """The last component of `path`, whichever way its slashes lean."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def same_file(one: Download, other: Download) -> bool:
    """True when both name one file of the Bot API server, which several downloads may read."""
    return bool(one.source and other.source and base_name(one.source) == base_name(other.source))


def same_content(one: Download, other: Download) -> bool:
    """True when `other` brings what `one` was to bring: one file for one modelo, perhaps sent again, and so
    under another name."""
    for mine, theirs in ((one.modelo, other.modelo), (one.size, other.size)):
        if mine is not None and theirs is not None and mine != theirs:
            return False
    if one.unique_id and other.unique_id:
        return one.unique_id == other.unique_id
    return bool(one.file_id and one.file_id == other.file_id) or same_file(one, other)


def meant(download: Download) -> bool:
    """True when the lines told that a video is on its way, whether or not it can be downloaded again."""
    named = (download.file_id, download.source, download.destination, download.video, download.modelo)
    return any(named)
