"""Records of named fields: JSON and key=value. Pure.

A format string such as `{"level": "%(levelname)s", "message": "%(message)s"}` escapes nothing, so a message may
contain a level of its own. Writers put the message before or after the level: of several levels, the one that the
message cannot have supplied counts: the first if it comes before the message, else the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from json.decoder import JSONDecoder

from .record import CAUSE, HANDLING, TRACEBACK, Continuation, Format, Level, Record, bare, continued, level_of

_LEVELS = ("level", "levelname", "severity", "lvl", "log_level", "loglevel", "level_name", "log.level")
_MESSAGES = ("message", "msg", "event", "log.message", "textpayload", "text")
_LOGGERS = ("logger", "name", "logger_name", "loggername", "log.logger")
_TRACES = (
    "exc_info", "exception", "exc_text", "stack_trace", "stacktrace", "traceback", "stack_info", "stack",
    "error.stack_trace", "err.stack", "exception.stacktrace",
)  # fmt: skip
_ERRORS = (
    "error", "err", "exc", "reason", "cause", "exception", "exc_info", "exc_text", "exc_value", "exception_message",
    "error.message", "err.message", "exception.value", "os_error", "error_message", "errmsg", "exc_message", "detail",
    "motivo",
)  # fmt: skip
_KINDS = ("exc_type", "error.type", "err.type", "exception.type", "error_type")
_FILES, _FUNCTIONS, _NUMBERS = (
    ("filename", "file.name", "module"),
    ("funcname", "func_name", "function"),
    ("lineno", "line"),
)
_PLACES = (*_FILES, *_FUNCTIONS, *_NUMBERS, "pathname")
_TIMES = ("timestamp", "time", "asctime", "ts", "@timestamp", "date")
_PAIR = re.compile(
    r"([A-Za-z_@][\w.@-]{0,60}+)="
    r"('(?:[^'\\]|\\.){0,16000}+'|\"(?:[^\"\\]|\\.){0,16000}+\"|(?!['\"])[^ \"]{0,4000}+|)(?: |$)",
    re.DOTALL,
)
_WORD = re.compile(r"[^ ]{1,4000}+(?: |$)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_LOGURU = ("message", "level", "name", "function", "line", "file.name")
_MOST_PAIRS, _MOST_FIELDS, _LONGEST = 200, 60, 2000
_MOST_LINES = 2000
_MOST_ERRORS = 3  # fields of one record that say its error
_MOST_EXCEPTIONS = 20

Pairs = list[tuple[str, object]]


class _Object(tuple):  # type: ignore[type-arg]
    """The pairs of one JSON object in their order, a key perhaps twice."""


_DECODER = JSONDecoder(object_pairs_hook=_Object, strict=False)


# Escapes that stand for no character but half of one, which nothing can store or send.
_HALF = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_OTHER_HALF = r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_NO_CHARACTER = re.compile(rf"{_HALF}(?!{_OTHER_HALF})|(?<!{_HALF}){_OTHER_HALF}")


def json_record(text: str) -> Record | None:
    """The record that is one JSON object, perhaps cut off at its end; None for any other text."""
    if "\\u" in text:
        text = _NO_CHARACTER.sub(r"\\ufffd", text)
    try:
        whole = _DECODER.decode(text)
        pairs = list(whole) if isinstance(whole, _Object) else []
    except (ValueError, RecursionError):
        pairs = _cut_off(text)
    return _record(_flat(pairs), Format.JSON) if pairs else None


def logfmt_record(text: str) -> Record | None:
    """The record that is a row of key=value; None when no level or no message is among them."""
    pairs: Pairs = []
    at = 0
    while at < len(text) and len(pairs) < _MOST_PAIRS:
        pair = _PAIR.match(text, at)
        if pair is None:
            rest = _WORD.match(text, at)
            if rest is None or not pairs:
                break
            at = rest.end()
            continue
        pairs.append((pair[1], _unquoted(pair[2])))
        at = pair.end()
    named = {key.lower() for key, _ in pairs}
    if named.isdisjoint(_LEVELS) or named.isdisjoint(_MESSAGES):
        return None
    return _record(pairs, Format.LOGFMT)


def _unquoted(value: str) -> str:
    if "\\" not in value:
        return value[1:-1] if value[:1] in ("'", '"') else value
    if value[:1] not in ("'", '"'):
        return value.replace("\\n", "\n")
    return _ESCAPE.sub(_unescaped, value[1:-1])


def _unescaped(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2] or escape[3]
    if number is None:
        return _ESCAPES.get(escape[4], escape[4])
    code = int(number, 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "�"


def _cut_off(text: str) -> Pairs:
    """The pairs of an object up to where it can be read: the log cuts long lines."""
    pairs: Pairs = []
    at = 1
    while len(pairs) < _MOST_PAIRS:
        at = _skipped(text, at)
        if text[at : at + 1] != '"':
            break
        try:
            key, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        at = _skipped(text, at)
        if text[at : at + 1] != ":":
            break
        at = _skipped(text, at + 1)
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            if text[at : at + 1] == '"':
                pairs.append((key, _half(text[at + 1 :])))
            break
        pairs.append((key, value))
        at = _skipped(text, at)
        if text[at : at + 1] != ",":
            break
        at += 1
    return pairs


def _skipped(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\n"):
        at += 1
    return at


def _half(text: str) -> str:
    """The string that was to begin here and was cut off."""
    for less in range(7):  # an escape may be cut in its middle
        try:
            return str(_DECODER.decode(f'"{text[: len(text) - less]}"'))
        except ValueError:
            continue
    return ""


def _flat(pairs: Pairs) -> Pairs:
    """`pairs`, with those of an inner object under both names. Loguru's are under `record`."""
    flat: Pairs = []
    for key, value in pairs[:_MOST_PAIRS]:
        if not isinstance(value, _Object):
            flat.append((key, value))
            continue
        if key == "record":
            flat = _loguru(dict(flat).get("text"), value)
            continue
        if key.lower() in _LEVELS:
            flat.append((key, dict(value).get("name")))
            continue
        flat += [(f"{key}.{inner}", one) for inner, one in value[:_MOST_PAIRS]]
    return flat


def _loguru(text: object, record: _Object) -> Pairs:
    """The pairs of loguru's `record`; what its `text` has behind the message is the exception."""
    pairs = [pair for pair in _flat(list(record)) if pair[0] in _LOGURU or pair[0].startswith("extra.")]
    message = str(dict(pairs).get("message", ""))
    if isinstance(text, str):
        lines = text.rstrip("\n").split("\n", _MOST_LINES)
        pairs.append(("exception", "\n".join(lines[1 + message.count("\n") :])))
    raised = dict(record).get("exception")
    if isinstance(raised, _Object):
        pairs += [(f"exception.{key}", value) for key, value in raised if key in ("type", "value")]
    return pairs


def _record(pairs: Pairs, form: Format) -> Record | None:
    lowered: Pairs = [(key.lower(), value) for key, value in pairs]
    places = [number for number, (key, value) in enumerate(lowered) if key in _MESSAGES and isinstance(value, str)]
    if not places:
        return None
    at = min(places, key=lambda number: (_MESSAGES.index(lowered[number][0]), number))
    message = str(lowered[at][1])
    known = dict(reversed(lowered))
    trace = _trace(known)
    first, *further = (bare(line) for line in message.split("\n", _MOST_LINES))
    rest = tuple(trace or [continued(line) for line in further])
    error = "" if trace else error_of(known)
    taken = {*_PLACES, *_LEVELS, *_LOGGERS, *_TIMES, *_TRACES, lowered[at][0]}
    fields = {
        key: str(value)[:_LONGEST]
        for key, value in pairs[:_MOST_FIELDS]
        if isinstance(value, str | int | float) and not isinstance(value, bool) and key.lower() not in taken
    }
    logger = next((str(known[key]) for key in _LOGGERS if isinstance(known.get(key), str)), "")
    return Record(_level(lowered, at), logger, _place(known), first, rest, form, fields, error=error)


def _level(pairs: Pairs, message: int) -> Level | None:
    named = [number for number, (key, _) in enumerate(pairs) if key in _LEVELS]
    if not named:
        return None
    value = pairs[named[0] if named[0] < message else named[-1]][1]
    keys = {key for key, _ in pairs}
    return level_of(value, pino="msg" in keys and bool(keys & {"hostname", "pid"}))


def _place(known: Mapping[str, object]) -> str:
    parts = (next((known[key] for key in keys if known.get(key)), "") for keys in (_FILES, _FUNCTIONS, _NUMBERS))
    return ":".join(str(part)[:120] for part in parts if part)


def _trace(known: Mapping[str, object]) -> list[Continuation]:
    """The traceback that a record sets apart, as CPython would print it."""
    for key in _TRACES:
        value = known.get(key)
        if isinstance(value, str) and "\n" in value.strip("\n"):
            return [continued(line) for line in value.strip("\n").split("\n", _MOST_LINES)]
        if isinstance(value, list) and value:
            return list(_listed(value))
    return []


def error_of(known: Mapping[str, object]) -> str:
    """The words of an error that a record sets apart, on one line."""
    kind = next((str(known[key]) for key in _KINDS if isinstance(known.get(key), str)), "")
    said = [str(known[key]) for key in _ERRORS if isinstance(known.get(key), str) and known[key]]
    return ": ".join(" ".join(part.split()) for part in dict.fromkeys((kind, *said[:_MOST_ERRORS])) if part)


def _listed(value: Sequence[object]) -> Iterator[Continuation]:
    """The lines of a list of lines, or of structlog's list of exceptions, the outermost first."""
    if not isinstance(value[0], _Object):
        for part in value[:_MOST_LINES]:
            if isinstance(part, str):
                yield from (continued(line) for line in part.rstrip("\n").split("\n", _MOST_LINES))
        return
    chain = [dict(one) for one in value[:_MOST_EXCEPTIONS] if isinstance(one, _Object)]
    for number, one in enumerate(reversed(chain)):
        if number:
            yield Continuation(CAUSE if chain[len(chain) - number].get("is_cause") else HANDLING)
        yield Continuation(TRACEBACK)
        frames = one.get("frames")
        for frame in frames[:_MOST_LINES] if isinstance(frames, list) else []:
            if isinstance(frame, _Object):
                file, line, function = (dict(frame).get(key) for key in ("filename", "lineno", "name"))
                yield Continuation(f'  File "{file}", line {line}, in {function}')
        first, *further = f"{one.get('exc_type')}: {one.get('exc_value')}".split("\n")
        yield Continuation(first)
        yield from (Continuation(line) for line in further)
