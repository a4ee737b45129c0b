"""A record's own words, and how far they are trusted (level B of the design document, section 4). Pure.

A record of the bot may quote a stranger: a chat message, a caption, a display name, a URL. Only the
bot's own words decide, which are what remains of the record without its quotations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .extract.line_format import LONGEST_LINE, without_names
from .log_formats import Continuation, Format, Level, Record, read
from .quotation import unquoted


class Voice(Enum):
    """How a record is said, in the order of trust."""

    RECORD = "record"  # level WARNING or worse, or one of the bot's own signs at its beginning
    PLAIN = "plain"  # printed without a level: a bare exception, a tool's complaint, or anything else
    QUIET = "quiet"  # INFO and DEBUG: only exact templates count


SIGNS = ("❌", "⚠", "🚨", "⛔", "‼", "✗", "✖", "🛑", "💥", "🔥")  # a bot's own, of a failure


@dataclass(frozen=True, slots=True)
class Statement:
    """All in lower case, names of media files blanked out. `line` is the whole record in the form of
    `logging.basicConfig`, whatever its own format is; `message` what its format's prefix introduces, `own` the
    message without quotations and without the paths of URLs."""

    voice: Voice
    line: str
    message: str
    own: str
    logger: str = ""


def statement(line: str) -> Statement:
    """The statement of one line, which may be a record, a line of a traceback or neither."""
    said = read(line[:LONGEST_LINE])
    return of_text(said.text) if isinstance(said, Continuation) else of_record(said, line)


def of_record(record: Record, line: str) -> Statement:
    """The statement of `record`, which the reader of log formats made of `line`. An error that the
    format sets apart, as JSON does, belongs to the message."""
    message = record.message.lstrip()
    if record.level is not None and message.startswith('"'):  # telebot and others quote the whole message
        message = message[1:].rstrip('"')
    if record.error and record.error not in message:
        message = f"{message}: {record.error}"
    if record.level is None:
        voice = Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN
    else:
        voice = Voice.RECORD if record.level >= Level.WARNING else Voice.QUIET
    if record.format is not Format.PLAIN:
        thread = record.place.partition(" ")[2]
        line = f"{record.level.name if record.level else ''}:{record.logger}:{message} {thread}"
    return _statement(voice, line, message, record.logger)


def of_text(line: str) -> Statement:
    """The statement of `line` as it stands: a line of a traceback, or one without a format."""
    message = line.lstrip()
    return _statement(Voice.RECORD if message.startswith(SIGNS) else Voice.PLAIN, line, message)


def _statement(voice: Voice, line: str, message: str, logger: str = "") -> Statement:
    said = without_names(message.lower())
    return Statement(voice, without_names(line[:LONGEST_LINE].lower()), said, unquoted(said), logger.lower())
