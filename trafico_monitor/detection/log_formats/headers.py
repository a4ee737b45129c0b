"""Text prefixes: a time, a level, a logger and a source location in all usual orders. Pure.

A level counts only where a format puts one: at the start, or after a time, a logger or a location. A name after the
level counts only between a format's separators, or if it is a known logger: «ERROR Timeout: …» is a text that starts
with a word.

Every expression is anchored, and each repetition is bounded.
"""

from __future__ import annotations

import re
from itertools import islice

from .fields import error_of
from .record import EXCEPTION_NAME, LETTERS, LEVELS, Format, Level, Record, cells

_UPPER = "|".join(sorted((word.upper() for word in LEVELS), key=len, reverse=True))
_DATE = (
    r"(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.](?:\d{4}|\d\d)|\d\d[-/]\d\d|\d{8}"
    r"|(?:[A-Z][a-z]{2},? )?(?:[A-Z][a-z]{2} {1,2}\d{1,2}(?:,? \d{4})?|\d{1,2}[ /-][A-Z][a-z]{2}[ /-](?:\d{4}|\d\d))"
    r"|(?:(?:lun|mar|mi[eé]|jue|vie|s[aá]b|dom)\.?,? )?\d{1,2}[ /-]"
    r"(?:ene|feb|mar|abr|may|jun|jul|ago|sept?|oct|nov|dic)\.?[ /-](?:\d{4}|\d\d))"
)
_ZONE = r"(?: ?(?:Z|UTC|GMT|CES?T|[+-]\d\d:?\d\d)(?![\w:]))?"
_CLOCK = rf"\d\d?:\d\d(?::\d\d(?:[.,:]\d{{1,9}})?)?(?: ?[AaPp][Mm](?!\w))?{_ZONE}"
_TIME = (
    rf"(?:{_DATE}(?:[T _,-]|, ){_CLOCK}(?: \d{{4}}(?!\w))?|\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?"
    rf"|\d{{10}}\.\d{{3,9}}(?= )|\d\d:\d\d(?= \[?(?:{_UPPER})\b))"
)
_TITLE = "|".join(sorted((word.capitalize() for word in LEVELS), key=len, reverse=True))
_LOWER = "|".join(sorted(LEVELS, key=len, reverse=True))

_BASIC = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([^\s:]{1,120}):", re.ASCII)
_STAMP = re.compile(rf"([\[(<]?)({_TIME})(?:[\])>]|: (?=[A-Z]{{4,8}}/))?", re.ASCII)
# In brackets a level may be spelt in any way; bare it is upper case, or stands before a separator.
_LEVEL = re.compile(
    rf"(?:(?P<open>[\[(<]) ?(?P<within>{_UPPER}|{_LOWER}|{_TITLE}) {{0,9}}+(?:/[\w-]{{1,40}}+)?[\])>]"
    rf"|(?P<bare>{_UPPER})(?:/[\w-]{{1,40}}+\]|(?![\w.\[/=(]))"
    rf"|(?P<word>{_LOWER}|{_TITLE})(?=:(?: |$)| {{0,8}}+[-|] ))"
)
_ALONE = re.compile(rf"\b(?:{_UPPER})(?:/[\w-]{{1,40}}+\])?")
_AFTER = re.compile(r" {0,12}+: |:(?=[^\s:/])| {0,12}+[-–—|»›] | {1,12}+|$|: {0,3}+$")
_BEFORE = re.compile(r" {0,40}+(?P<mark>[-–—|»›]|::) {1,4}+|(?P<colon>:) ?+|,? {1,40}+")
_FIELD = re.compile(
    r"\[[^\]\[]{1,80}+\]|\([^()]{1,120}+\)"
    r"|[A-Za-z0-9_<][\w./<>@-]{0,120}+(?:\[\d{1,10}+\])?(?::[\w<>.]{1,80}+){0,2}+",
    re.ASCII,
)
# One letter for the level, behind a time: in brackets, between bars, or bare before a logger and a separator.
_LETTER = re.compile(
    r"(?:[ |,-]{0,4}+\[(?P<within>[DIWECF])\] {1,4}+(?:[-|:»›] )?"
    r"| ?[|] {0,2}+(?P<between>[DIWECF]) {0,4}+[|] ?"
    r"| (?P<bare>[DIWECF]) {1,4}+)",
    re.ASCII,
)
_NAME = re.compile(r"[A-Za-z_<][\w.<>/-]{0,120}+", re.ASCII)
_LETTERED_NAME = re.compile(r"([\w.<>]{1,120}+) {0,30}+(?:[-–|»›>]|:{1,2}) ", re.ASCII)
_PLACE = re.compile(r"[\w./<>-]{1,120}+(?::[\w<>]{1,80}+)?:\d{1,7}", re.ASCII)
_CALL = re.compile(r"([\w.<>-]{1,120}+):([\w.<>-]{1,120}+):(\d{1,7}+|None) - ", re.ASCII)
_IN_MODULE = re.compile(r"in ([\w.]{1,80}+): ", re.ASCII)
_ENCLOSED = re.compile(r"[\[(]([\w.<>/:@-]{1,160}+)(?: [\w-]{1,40}+)?[\])](?: {0,2}+[:|-] | )", re.ASCII)
_THREAD = re.compile(r"(?:MainThread|MainProcess|Thread-.{1,40}|ThreadPool.{1,60}|(?:Dummy-|asyncio_)?\d{1,19})$")
_FILE_LINE = re.compile(r"([\w./<>-]{1,120}+\.py:\d{1,7}+)(?: {0,4}+[-|:] | )", re.ASCII)
_PAIR = re.compile(
    r" {1,40}+([A-Za-z_][\w.-]{0,60}+)="
    r"('(?:[^'\\]|\\.){0,4000}+'|\"(?:[^\"\\]|\\.){0,4000}+\"|[^\s'\"]{0,4000}+)(?= |$)"
)
_BRACKETED_END = re.compile(r" {1,60}\[([\w.<>-]{1,120})\](?= [A-Za-z_]|$)", re.ASCII)
_EDGE_PLACE = re.compile(r" ([\w.<>-]{1,80}:\d{1,7})$", re.ASCII)
_GLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,8}+\d{1,10} ([\w.-]{1,80}+:\d{1,7}+)\] ", re.ASCII)
_TORNADO = re.compile(r"\[([DIWEC]) \d{6} \d\d:\d\d:\d\d ([\w.-]{1,80}+:\d{1,7}+)\] ", re.ASCII)
# Time and level within one pair of brackets, as Pyrogram's examples have it.
_SHARED = re.compile(rf"\[{_TIME} - ({_UPPER})\] - ([\w.<>-]{{1,120}}+) - ", re.ASCII)

# A level between marks without blanks; in brackets of its own behind those of the time; within those of the time.
_FRAMED = re.compile(
    rf"[|;\t](?:(?P<first>[\w.<>:-]{{1,120}}+)[|;\t])?(?P<marked>{_UPPER}) {{0,8}}+[|;\t]"
    r"(?:(?P<second>[\w.<>:-]{1,120}+)[|;\t])? ?"
    rf"|(?:\[(?P<before>[\w.<>:-]{{1,120}}+)\])?\[(?P<within>{_UPPER}|{_TITLE}|{_LOWER}) {{0,8}}+\]"
    r"(?:\[(?P<behind>[\w.<>:/-]{1,120}+)\])? ?",
    re.ASCII,
)
_CLOSED = re.compile(rf"\[{_TIME} ({_UPPER})(?: ([\w.<>-]{{1,120}}+))?\] ?", re.ASCII)
# A level that a print decorates by itself.
_DECORATED = re.compile(
    rf"\*{{1,3}} ?({_UPPER}) ?\*{{1,3}}:? |={{2,5}} ?({_UPPER}) ?={{2,5}}:? "
    rf"|!{{1,3}} ?({_UPPER}): |\[?[🔴🟥🟠🟡🟢🔵⚪🤖]\ufe0f? ?\[?({_UPPER})(?:\]:?|:) "
)
# The console of Rust's tracing, which escapes the quotation marks in a value.
_TRACING = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z {1,2}(TRACE|DEBUG|INFO|WARN|ERROR) (\w{1,60}+(?:::\w{1,60}+){0,8}+): ",
    re.ASCII,
)
_FIRST_PAIR = re.compile(r"(?= [A-Za-z_][\w.-]{0,60}+=)", re.ASCII)
_MOST_PAIRS = 32

# The first part of the names of libraries' loggers; others are known by a dot or an underscore.
_ROOTS = frozenset(
    {
        "root", "httpx", "httpcore", "asyncio", "urllib3", "requests", "telegram", "aiogram", "telebot", "TeleBot",
        "telethon", "pyrogram", "hydrogram", "aiohttp", "apscheduler", "docker", "supabase", "postgrest", "realtime",
        "google_genai", "playwright", "uvicorn", "gunicorn", "yt_dlp", "moviepy",
    }
)  # fmt: skip
# «ERROR al copiar …» is a sentence, and its first word belongs to it.
_SENTENCE = re.compile(r"(?:al?|en|de|del|durante|con|no|[a-zñ]{3,16}(?:ando|iendo|ado|ido))(?: |$)")
_PAD = 9  # levels are padded to eight, and one blank follows
_NARROWEST = 60  # cells of a console: rich's tables fill it
_LEVEL_COLUMNS = (11, 22)  # of rich, behind «[%X]» and «[%Y-%m-%d %X]»: no usual table has its messages there
_MOST_FIELDS = 4


def basic_header(line: str) -> Record | None:
    """The record that `line` begins as logging.basicConfig writes it."""
    basic = _BASIC.match(line)
    if basic is None:
        return None
    logger = "" if basic[2] == "-" else basic[2]  # «-» is said for none
    return Record(Level[basic[1]], logger, "", line[basic.end() :], format=Format.BASIC)


def header(line: str) -> Record | None:
    """The record that `line` begins with any other prefix; None when it has none."""
    lettered = _GLOG.match(line) or _TORNADO.match(line)
    if lettered is not None:
        return Record(LETTERS[lettered[1]], "", lettered[2], line[lettered.end() :], format=Format.TEXT)
    shared = _SHARED.match(line)
    if shared is not None:
        return Record(LEVELS[shared[1].lower()], shared[2], "", line[shared.end() :], format=Format.TEXT)
    tracing = _TRACING.match(line)
    if tracing is not None:
        return _traced(line[tracing.end() :], LEVELS[tracing[1].lower()], tracing[2])
    closed = _CLOSED.match(line)
    if closed is not None:
        return Record(LEVELS[closed[1].lower()], closed[2] or "", "", line[closed.end() :], format=Format.TEXT)
    decorated = _DECORATED.match(line)
    if decorated is not None:
        level = LEVELS[next(filter(None, decorated.groups())).lower()]
        return Record(level, "", "", line[decorated.end() :], format=Format.TEXT)
    stamp = _STAMP.match(line)
    if stamp is None:
        return _levelled(line, 0, False)
    at = stamp.end()
    return _lettered(line, at) or _framed(line, at) or _levelled(line, at, True) or _undated_level(line, at)


def _framed(line: str, start: int) -> Record | None:
    """The record whose level stands between marks or brackets right behind the time."""
    framed = _FRAMED.match(line, start)
    if framed is None:
        return None
    first = framed["first"] or framed["before"] or ""
    if first and not _logger_like(first):
        return None
    level, behind = LEVELS[(framed["marked"] or framed["within"]).lower()], framed["second"] or framed["behind"] or ""
    return Record(level, first or behind, "", line[framed.end() :], format=Format.TEXT)


def _lettered(line: str, start: int) -> Record | None:
    """The record whose level is one letter right behind the time."""
    letter = _LETTER.match(line, start)
    if letter is None:
        return None
    level = LETTERS[letter["within"] or letter["between"] or letter["bare"]]
    named = _LETTERED_NAME.match(line, letter.end())
    if named is not None and _logger_like(named[1]):
        return Record(level, named[1], "", line[named.end() :], format=Format.TEXT)
    return None if letter["bare"] else Record(level, "", "", line[letter.end() :], format=Format.TEXT)


def blank_time(line: str) -> Record | None:
    """The record of a console's table that leaves out a time equal to that above. `line` begins with a
    blank. A message's further rows begin with blanks as well, so the level must stand in a column where
    usual tables have no messages, or the place at the right edge."""
    column = len(line) - len(line.lstrip(" "))
    level = _LEVEL.match(line, column)
    if level is None or level["bare"] is None or line[level.end() : column + _PAD].strip() or not 4 < column < 60:
        return None
    if column not in _LEVEL_COLUMNS and _EDGE_PLACE.search(line[-90:]) is None:
        return None
    record = _in_table(line, column + _PAD, LEVELS[level["bare"].lower()])
    return record if record is not None and len(line) > column + _PAD and line[column + _PAD] != " " else None


def _undated_level(line: str, start: int) -> Record:
    after = re.match(r" {0,2}[-–—|] |[:,] |:| ", line[start:])
    return Record(None, "", "", line[start + (after.end() if after else 0) :], format=Format.TEXT)


def _levelled(line: str, start: int, dated: bool) -> Record | None:
    """The record whose level stands behind the time, with or without other fields before it."""
    at, logger, place, named, strong = start, "", "", not dated, ""
    if dated:
        between = _BEFORE.match(line, at)
        if between is not None:
            at, strong = between.end(), between["mark"] or between["colon"] or ""
    for _ in range(_MOST_FIELDS):
        level = _LEVEL.match(line, at)
        if level is not None:
            behind = _AFTER.match(line, level.end())
            if behind is not None and (named or at == start or dated):
                return _behind(line, level, behind, logger, place, dated)
        field = _FIELD.match(line, at)
        if field is None or not (dated or at == start):
            return None
        between = _BEFORE.match(line, field.end())
        if between is None or not _ALONE.search(line, field.end(), field.end() + 200):
            return None
        mark = between["mark"] or between["colon"] or ""
        text = field[0]
        enclosed = text[0] in "[("
        inner = text.strip("[]()").partition(" ")[0]
        name = inner.partition("[")[0]
        separated = mark == strong if mark == ":" else mark in (strong or mark) and mark != ""
        known = _logger_like(name) or _PLACE.fullmatch(inner) is not None or _with_pid(text)
        # Between blanks alone a word of the message could pass for a logger.
        if not (enclosed or separated or known or _with_pid(line, between.end())):
            return None
        if not dated and mark not in ("-", "|") and not (enclosed and _PLACE.fullmatch(inner)):
            return None
        if _PLACE.fullmatch(inner):
            place = text.strip("[]()")  # with the thread, where it is said
        elif _THREAD.match(text.strip("[]()")) is None:
            logger = name
        at, named = between.end(), True
    return None


def _behind(
    line: str, level: re.Match[str], behind: re.Match[str], logger: str, place: str, dated: bool
) -> Record | None:
    """The record whose `level` has been found, with what its format puts `behind` it."""
    word = level["within"] or level["bare"] or level["word"]
    found = LEVELS[word.lower()]
    gap = behind[0]
    mark = gap.strip()
    at, padded = behind.end(), False
    if level["bare"] and mark in ("", ":"):
        # Blanks beyond the padding are the message's own.
        at = min(at + _blanks(line, at, 12), max(level.end() + len(mark) + 1, level.start() + _PAD + len(mark)))
        if not dated and not mark and level.start() == 0 and len(gap) == 1 and _SENTENCE.match(line, at):
            return Record(found, logger, place, line, format=Format.TEXT)
        padded = not mark and level.start() + _PAD == at and line[:1] in (level["bare"][0], "[")
    elif not mark and gap:
        at = level.end() + 1
    if mark == "|":
        call = _CALL.match(line, at)
        if call is not None:
            where = f"{call[1]}:{call[2]}:{call[3]}"
            return Record(found, call[1], where, line[call.end() :], format=Format.LOGURU)
    if level["within"] and word.islower() and not logger:
        return _structlog(line[at:], found)
    stamp = None if dated else _STAMP.match(line, at)
    if stamp is not None and (between := _BEFORE.match(line, stamp.end())):
        dated, at = True, between.end()
    logger, place, at = _names(line, at, logger, place, mark, dated or level["within"] is not None)
    table = _in_table(line, at, found) if padded and not logger and not place else None
    return table or Record(found, logger, place, line[at:], format=Format.TEXT)


def _names(line: str, at: int, logger: str, place: str, mark: str, strict: bool) -> tuple[str, str, int]:
    """Logger and place that stand between the level and the message, and where the message begins."""
    for _ in range(_MOST_FIELDS):
        if not place and (match := _FILE_LINE.match(line, at)):
            place, at = match[1], match.end()
        elif match := _ENCLOSED.match(line, at):
            if _THREAD.match(match[1]) and strict:
                at = match.end()
            elif _PLACE.fullmatch(match[1]) and not place:
                place, at = match[1], match.end()
            elif not logger and strict and _logger_like(match[1]):
                logger, at = match[1], match.end()
            else:
                break
        elif not logger and (match := _NAME.match(line, at)):
            end, name = match.end(), match[0]
            separator = f" {mark} " if mark in ("-", "|", "»", "›") else ": "
            if mark == ":" and line[at - 1] == ":" and line[end : end + 1] == ":":
                logger, at = name, end + 1
            elif line.startswith(separator, end) and (separator != ": " or _logger_like(name)):
                logger, at = name, end + len(separator)
            elif line.startswith(": ", end) and _logger_like(name):
                logger, at = name, end + 2
            elif strict and name == "in" and (module := _IN_MODULE.match(line, at)):
                logger, at = module[1], module.end()
            elif strict and line.startswith(" ", end) and (name == "__main__" or name.partition(".")[0] in _ROOTS):
                logger, at = name, end + 1
            else:
                break
        else:
            break
    return logger, place, at


def _with_pid(line: str, at: int = 0) -> bool:
    """True when a name with the number of its process stands at `at`."""
    field = _FIELD.match(line, at)
    return field is not None and field[0].endswith("]") and field[0][0] != "["


def _logger_like(name: str) -> bool:
    first, dot, _ = name.partition(".")
    if first in _ROOTS or name.startswith("__"):
        return EXCEPTION_NAME.search(name) is None
    return (bool(dot) or "_" in name) and not name.endswith(".") and EXCEPTION_NAME.search(name) is None


def _structlog(text: str, level: Level) -> Record:
    """The record of structlog's console: the logger and the pairs stand behind the event."""
    for end in _BRACKETED_END.finditer(text):
        pairs = _pairs(text, end.end())
        if pairs is not None:
            event = text[: end.start()].rstrip(" ")
            return Record(level, end[1], "", event, format=Format.STRUCTLOG, fields=pairs, error=error_of(pairs))
    return Record(level, "", "", text.rstrip(" "), format=Format.STRUCTLOG)


def _traced(text: str, level: Level, target: str) -> Record:
    """The record of tracing: its pairs stand behind the message, up to the end."""
    for first in islice(_FIRST_PAIR.finditer(text), _MOST_PAIRS):
        pairs = _pairs(text, first.start())
        if pairs is not None:
            error, message = error_of(pairs), text[: first.start()]
            return Record(level, target, "", message, format=Format.STRUCTLOG, fields=pairs, error=error)
    return Record(level, target, "", text, format=Format.TEXT)


def _pairs(text: str, at: int) -> dict[str, str] | None:
    """The pairs from `at` on; None when anything else stands there."""
    pairs: dict[str, str] = {}
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            return None
        pairs.setdefault(pair[1], pair[2].strip("'\""))
        at = pair.end()
    return pairs


def _in_table(line: str, column: int, level: Level) -> Record | None:
    """The record of rich's table; None when `line` does not fill a console."""
    edge = _EDGE_PLACE.search(line, max(0, len(line) - 90))
    if cells(line) < _NARROWEST or (edge is None and not line.endswith("  ")):
        return None
    end = edge.start() if edge is not None else len(line)
    message = line[column:end].rstrip(" ")
    width = cells(line[:end]) - column
    return Record(level, "", edge[1] if edge else "", message, format=Format.RICH, wrap=(column, width))


def _blanks(line: str, at: int, most: int) -> int:
    run = line[at : at + most]
    return len(run) - len(run.lstrip(" "))
