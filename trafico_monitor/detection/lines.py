"""The shape of one log line: record or continuation, level, name of media files. Pure."""

from __future__ import annotations

import re

# A decision needs no more of a line than this; journald itself cuts at 48 K. It bounds the work
# that a hostile line can cause.
LONGEST_LINE = 8192

TRACEBACK = "Traceback (most recent call last):"
CAUSE = "The above exception was the direct cause of the following exception:"
HANDLING = "During handling of the above exception, another exception occurred:"

BLANK = "·"
_MEDIA = "mp4|mov|mkv|avi|webm|m4v|mpg|mpeg|flv|wmv|3gp|ts|mp3|m4a|ogg|oga|opus|wav|jpg|jpeg|png|gif|webp|pdf|zip"
_DOTTED = tuple(f".{suffix}" for suffix in _MEDIA.split("|"))
_NAMES = re.compile(
    rf"(?<=['\"])[^'\"]{{1,400}}\.(?:{_MEDIA})(?:\.part|\.temp|\.tmp|\.ytdl)?(?=['\"])"
    rf"|[^\s'\"/\\=]{{1,200}}\.(?:{_MEDIA})(?:\.part|\.temp|\.tmp|\.ytdl)?(?!\w|\.\w)"
)
_PYTHON_RECORD = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.<>-]{0,200}:")
_DATED = re.compile(r"\[?\(?(?:\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d)")
_LEVEL = re.compile(r"(?:^|[\s\[|(])(ERROR|CRITICAL|FATAL|Error|error)(?=$|[\s\]|:)])")
_LEVEL_WITHIN = 120


def without_names(lowered: str) -> str:
    """`lowered` with the names of media files blanked out: the words in them say nothing."""
    for suffix in _DOTTED:
        if suffix in lowered:
            return _NAMES.sub(BLANK, lowered)
    return lowered


def begins_record(line: str) -> bool:
    """True when `line` is a log record or a print of its own, not the rest of the one before."""
    return bool(_PYTHON_RECORD.match(line) or _DATED.match(line) or not line[:1].isascii())


def is_error_record(line: str) -> bool:
    """True for records of level ERROR or worse, and for what the bot prints with a cross."""
    match = _PYTHON_RECORD.match(line)
    if match:
        return match[1] in ("ERROR", "CRITICAL")
    return "❌" in line[:_LEVEL_WITHIN] or _LEVEL.search(line[:_LEVEL_WITHIN]) is not None


def is_indented(line: str) -> bool:
    return line[:1] in (" ", "\t")
