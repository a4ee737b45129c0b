"""The shape of one log line: record or continuation, level, name of media files. Pure."""

from __future__ import annotations

import re

from ..log_formats import Continuation, Level, Record, read

# A decision needs no more of a line than this; journald itself cuts at 48 K. It bounds the work
# that a hostile line can cause.
LONGEST_LINE = 8192

# The next part of an exception group, whose traceback or exception follows.
PART = "+---------------- part ----------------"

BLANK = "·"
_MEDIA = "mp4|mov|mkv|avi|webm|m4v|mpg|mpeg|flv|wmv|3gp|ts|mp3|m4a|ogg|oga|opus|wav|jpg|jpeg|png|gif|webp|pdf|zip"
_DOTTED = tuple(f".{suffix}" for suffix in _MEDIA.split("|"))
_NAME, _QUOTED_NAME = 200, 400  # characters before the dot
_SUFFIX = re.compile(rf"\.(?:{_MEDIA})(?:\.part|\.temp|\.tmp|\.ytdl)?(?:(?=['\"])|(?!\w|\.\w))")
_NOT_IN_NAME = re.compile(r"[\s'\"/\\=]")
_BEGINS_WITH_ERROR = re.compile(r"\W{0,8}(?:error|critical|fatal)(?!\w)", re.IGNORECASE)


def without_names(lowered: str) -> str:
    """`lowered` with the names of media files blanked out: the words in them say nothing."""
    for suffix in _DOTTED:
        if suffix in lowered:
            return _blanked(lowered)
    return lowered


def _blanked(text: str) -> str:
    """By hand from suffix to suffix: an expression for a whole name would begin anew at each of its characters."""
    names: list[tuple[int, int]] = []
    for match in _SUFFIX.finditer(text):
        dot, end = match.span()
        begin = _begin_of_name(text, dot, quoted=text[end : end + 1] in ("'", '"'))
        if begin == dot:
            continue
        while names and begin < names[-1][1]:
            begin = min(begin, names.pop()[0])
        names.append((begin, end))
    pieces: list[str] = []
    at = 0
    for begin, end in names:
        pieces += (text[at:begin], BLANK)
        at = end
    return "".join((*pieces, text[at:]))


def _begin_of_name(text: str, dot: int, *, quoted: bool) -> int:
    if quoted:
        quote = max(text.rfind(mark, max(0, dot - _QUOTED_NAME - 1), dot) for mark in "'\"")
        if quote >= 0:
            return quote + 1
    above = text[max(0, dot - _NAME) : dot]
    stop = _NOT_IN_NAME.search(above[::-1])
    return dot - (stop.start() if stop else len(above))


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
