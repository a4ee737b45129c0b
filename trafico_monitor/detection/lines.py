"""The shape of one log line: record or continuation, level, name of media files. Pure."""

from __future__ import annotations

import re

from .log_formats import Continuation, Level, Record, read

# A decision needs no more of a line than this; journald itself cuts at 48 K. It bounds the work
# that a hostile line can cause.
LONGEST_LINE = 8192

# The next part of an exception group, whose traceback or exception follows.
PART = "+---------------- part ----------------"

BLANK = "·"
_MEDIA = "mp4|mov|mkv|avi|webm|m4v|mpg|mpeg|flv|wmv|3gp|ts|mp3|m4a|ogg|oga|opus|wav|jpg|jpeg|png|gif|webp|pdf|zip"
_DOTTED = tuple(f".{suffix}" for suffix in _MEDIA.split("|"))
_NAMES = re.compile(
    rf"(?<=['\"])[^'\"]{{1,400}}\.(?:{_MEDIA})(?:\.part|\.temp|\.tmp|\.ytdl)?(?=['\"])"
    rf"|[^\s'\"/\\=]{{1,200}}\.(?:{_MEDIA})(?:\.part|\.temp|\.tmp|\.ytdl)?(?!\w|\.\w)"
)
_BEGINS_WITH_ERROR = re.compile(r"\W{0,8}(?:error|critical|fatal)(?!\w)", re.IGNORECASE)


def without_names(lowered: str) -> str:
    """`lowered` with the names of media files blanked out: the words in them say nothing."""
    for suffix in _DOTTED:
        if suffix in lowered:
            return _NAMES.sub(BLANK, lowered)
    return lowered


def begins_record(line: str) -> bool:
    """True when `line` is a log record or a print of its own, not the rest of the one before."""
    found = read(line)
    return isinstance(found, Record) and found.certain


def is_error_record(line: str) -> bool:
    """True for records of level ERROR or worse, and for what the bot prints with a cross or as an error."""
    found = read(line)
    if isinstance(found, Continuation):
        return found.text.lstrip().startswith("❌")
    if found.level is not None:
        return found.level >= Level.ERROR
    return found.message.lstrip().startswith("❌") or _BEGINS_WITH_ERROR.match(found.message) is not None


def is_indented(line: str) -> bool:
    return line[:1] in (" ", "\t")
