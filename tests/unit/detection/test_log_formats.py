"""Records before words: a format's own prefix tells level and logger, and nothing that a message quotes does."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from tests.growth import Work, assert_linear
from trafico_monitor.detection.log_formats import (
    Continuation,
    Format,
    Level,
    Record,
    Shape,
    fields,
    headers,
    read,
    reading,
)
from trafico_monitor.detection.log_formats import record as records
from trafico_monitor.detection.ruleset import regex_safety

from . import episodes as e
from .log_writers import NAMELESS, TRANSPORTS, WRITERS, Info, rich_table

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
LOGGERS = ("__main__", "telegram.ext.Application", "handlers.video", "bot_central")
EXACT = {name for name in WRITERS if "JSON" in name or "=" in name or "loguru" in name}
EXACT |= {"basic", "ptb", "bars", "colons", "flask", "padded", "python-json-logger", "structlog, logfmt"}
PADDING = " -:|\r"
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
LOOK_ALIKES = (
    "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: 'a' -> 'modelos/otra/x.mp4'",
    "2026-11-29 23:52:21,153 - telegram.ext.Updater - CRITICAL - x",
    "2025-12-26 10:15:00.123 | ERROR    | handlers:on_text:88 - x",
    '"level": "error", "message": "x"}',
    '", "level": "ERROR", "logger": "otro", "message": "x"}',
    '{"level": "critical", "event": "x", "logger": "otro"}',
    "[error    ] x [otro] a=1",
    "   [httpx] texto='x' n=1",
    "level=error event=x logger=otro",
    "' level='error' event='x",
    '" level=error event="x',
    "bot-1  | ERROR:otro:x",
    "           CRITICAL x                  bot.py:12",
    'Traceback (most recent call last):\n  File "/srv/bot.py", line 1, in get_file\nOSError: [Errno 28] x',
    "╭─ Traceback (most recent call last) ─╮\n│ /srv/x.py:1 in f │\n╰──────────────────╯\nOSError: x",
    "  + Exception Group Traceback (most recent call last):\n  | X: y\n  +-+---------------- 1 ----------------",
    "\x1b[31mERROR\x1b[0m:otro:x",
    "- ERROR -",
    ": ERROR: x",
    "] [ERROR] x",
    "\r",
    "%(levelname)s",
)
TEXTS = st.lists(
    st.one_of(st.sampled_from(LOOK_ALIKES), st.text(st.characters(exclude_categories=["Cs"]), max_size=30)), max_size=4
).map(lambda parts: "\n".join(parts))


def failure(video: str = "modelos/luna/x.mp4") -> Info:
    try:
        try:
            raise FileNotFoundError(2, "No such file or directory", video)
        except OSError as inner:
            raise RuntimeError("outer failed") from inner
    except RuntimeError:
        return sys.exc_info()  # type: ignore[return-value]


def record(text: str) -> Record:
    found = read(text)
    assert isinstance(found, Record), found
    return found


def shown(message: str) -> str:
    """The first line of `message` as a record has it: without colours."""
    return COLOUR.sub("", message.split("\n")[0]).rstrip("\r")


# -- each format, as the real library writes it


@each("level", list(Level))
@each("name", WRITERS)
def test_level_logger_and_message_of_every_format(name: str, level: Level) -> None:
    for logger in LOGGERS:
        message = f"❌ Error al copiar: [Errno 13] Permission denied: 'a b' -> \"{logger}\" (x=1)"
        if name == "json by hand":
            message = message.replace('"', "'")
        found = record(WRITERS[name](level.name, logger, message, None))
        assert (found.level, found.logger, found.message) == (level, logger, message)
        assert found.certain and not found.rest


@each("level", list(Level))
@each("name", NAMELESS)
def test_level_and_message_where_no_logger_is_said(name: str, level: Level) -> None:
    found = record(NAMELESS[name](level.name, "x", "❌ Error al copiar: [Errno 13] Permission denied: 'a'", None))
    assert (found.level, found.logger, found.message[:20]) == (level, "", "❌ Error al copiar: [")
    assert found.certain and found.message.endswith("'a'")


@pytest.mark.parametrize("name", ["telebot", "file", "file behind", "file in round brackets", "loguru", "rich"])
def test_the_place_in_the_source(name: str) -> None:
    write = (WRITERS | NAMELESS)[name]
    place = record(write("ERROR", "__main__", "x", None)).place
    assert re.fullmatch(r"bot_central\.py:209(?: MainThread)?|__main__:\w+:\d+", place), place


@each("form", TRANSPORTS)
@each("name", [*WRITERS, "short", "bracket", "dated"])
def test_what_carries_a_line_changes_nothing(name: str, form: str) -> None:
    line = (WRITERS | NAMELESS)[name]("ERROR", "__main__", "❌ Error al copiar: 'x'", None)
    assert "\n" not in line
    carried = record(TRANSPORTS[form] + line + "\r")
    assert carried == record(line), line
    assert carried.level is Level.ERROR


@each("form", TRANSPORTS)
def test_what_carries_a_continuation_changes_nothing(form: str) -> None:
    for line in ('  File "/srv/bot.py", line 1, in f', e.TRACEBACK, e.CAUSE, "    raise X", "httpx.ReadTimeout: x"):
        assert read(TRANSPORTS[form] + line + "\r") == Continuation(line)


@each("name", [*WRITERS, "dated", "short"])
def test_a_traceback_in_the_same_entry_has_the_form_of_cpython(name: str) -> None:
    if name == "json by hand":  # it writes the traceback behind the object
        return
    found = record((WRITERS | NAMELESS)[name]("ERROR", "__main__", "❌ Error al copiar", failure()))
    assert (found.level, found.message) == (Level.ERROR, "❌ Error al copiar")
    lines = [one.text for one in found.rest if one.shape is Shape.TEXT]
    assert lines.count(e.TRACEBACK) == 2 and lines.count(e.CAUSE) == 1
    inner = next(line for line in lines if "FileNotFoundError:" in line)
    assert "[Errno 2] No such file or directory: 'modelos/luna/x.mp4'" in inner
    assert lines[-1] == "RuntimeError: outer failed"
    frames = [line for line in lines if line.startswith('  File "')]
    assert frames and frames[0].endswith("in failure")


def test_the_boxes_of_rich_lose_their_borders() -> None:
    write = rich_table(80, rich_tracebacks=True, tracebacks_show_locals=True)
    first, *rows = write("ERROR", "x", "❌ Error al copiar", failure()).split("\n")
    assert record(first).wrap is not None
    found = [read(row) for row in rows]
    assert all(isinstance(one, Continuation) for one in found)
    titles = [(one.text, one.depth) for one in found if isinstance(one, Continuation) and one.shape is Shape.EDGE]
    assert [title for title, depth in titles if not depth and title] == ["Traceback (most recent call"] * 2
    assert ("locals", 1) in titles
    assert any("│" not in one.text for one in found if isinstance(one, Continuation) and one.shape is Shape.ROW)


def test_rich_leaves_out_a_time_that_stands_above() -> None:
    whole = rich_table(80, log_time_format="[%X]")("ERROR", "x", "❌ Error al copiar", None)
    without = " " * 11 + whole[11:]
    assert record(without) == record(whole)
    assert record(without).level is Level.ERROR
    # A further row of a message stands where another console may have its levels.
    assert isinstance(read(" " * 20 + "ERROR    ❌ Error al copiar" + " " * 33), Continuation)


def test_an_exception_group_loses_its_bars() -> None:
    assert read('  |   File "/srv/bot.py", line 1, in f') == Continuation(
        '  File "/srv/bot.py", line 1, in f', depth=2
    )
    assert read("    | OSError: [Errno 28] x") == Continuation("OSError: [Errno 28] x", depth=3)
    assert read("  +-+---------------- 1 ----------------") == Continuation("1", Shape.EDGE, 1)
    assert read("    +------------------------------------") == Continuation("", Shape.EDGE, 2)


def test_loguru_marks_a_frame_and_draws_values() -> None:
    assert read('> File "/srv/bot.py", line 9, in copiar') == Continuation('  File "/srv/bot.py", line 9, in copiar')
    values = read("    │   └ 'ReadTimeout: timed out'")
    assert isinstance(values, Continuation) and values.shape is Shape.VALUE


@each(
    ("line", "level", "message"),
    [
        ("WARN: x", Level.WARNING, "x"),
        ("FATAL: x", Level.CRITICAL, "x"),
        ("SEVERE - x", Level.CRITICAL, "x"),
        ("[ERR] x", Level.ERROR, "x"),
        ("error: x", Level.ERROR, "x"),
        ("[E 251226 14:30:20 bot:209] x", Level.ERROR, "x"),
        ("E1226 14:30:20.123456 4021 bot.py:209] x", Level.ERROR, "x"),
        ("INFO:     127.0.0.1:1 - x", Level.INFO, "127.0.0.1:1 - x"),
        ("26/12/2025 14:30:20 ❌ x", None, "❌ x"),
        ("26.12.2025 14:30:20 ERROR x", Level.ERROR, "x"),
        ("2025-12-26T14:30:20.123Z ERROR x", Level.ERROR, "x"),
        ("2025-12-26T14:30:20+01:00 - ERROR - x", Level.ERROR, "x"),
        ("Fri Dec 26 14:30:20 2025 ERROR x", Level.ERROR, "x"),
        ("ERROR al copiar el archivo", Level.ERROR, "ERROR al copiar el archivo"),
        ("Error al copiar el archivo", None, "Error al copiar el archivo"),
        ('{"level": 50, "time": 1766759420123, "pid": 9, "hostname": "s", "msg": "x"}', Level.ERROR, "x"),
        ('{"level": 30, "pid": 9, "hostname": "s", "msg": "x"}', Level.INFO, "x"),
        ('{"level": 40, "event": "x"}', Level.ERROR, "x"),
        ('{"severity": "WARNING", "message": "x"}', Level.WARNING, "x"),
        ('{"log.level": "error", "message": "x"}', Level.ERROR, "x"),
        ('{"log": {"level": "error"}, "message": "x"}', Level.ERROR, "x"),
        ('{"level": {"name": "ERROR", "no": 40}, "message": "x"}', Level.ERROR, "x"),
        ('{"level": 3, "message": "x"}', Level.ERROR, "x"),
        ('{"level": "error", "event": "message", "text": "ERROR:x:y"}', Level.ERROR, "message"),
        ('{"ok": false, "description": "Logged out"}', None, '{"ok": false, "description": "Logged out"}'),
        ("[" * 9000, None, "[" * 9000),
        ('{"a":' * 9000, None, '{"a":' * 9000),
    ],
)
def test_spellings(line: str, level: Level | None, message: str) -> None:
    found = record(line)
    assert (found.level, found.message) == (level, message)


def test_json_that_the_log_has_cut_off() -> None:
    whole = WRITERS["python-json-logger"]("ERROR", "__main__", "❌ Error al copiar", failure())
    for length in range(len(whole) - 5, len(whole) - 400, -7):
        found = record(whole[:length])
        assert (found.level, found.logger, found.message) == (Level.ERROR, "__main__", "❌ Error al copiar")
        assert found.rest[0].text == e.TRACEBACK


def test_other_fields_are_told_apart_from_the_message() -> None:
    found = record(
        '{"level": "error", "event": "download_failed", "video": "modelos/luna/x.mp4", "error": "[Errno 28] x"}'
    )
    assert found.fields["video"] == "modelos/luna/x.mp4" and found.error == "[Errno 28] x"
    console = record("2026-11-29T23:55:07Z [error    ] copy failed   [handlers.video] video=x.mp4 texto='a [b] c=1'")
    assert (console.message, console.logger) == ("copy failed", "handlers.video")
    assert console.fields == {"video": "x.mp4", "texto": "a [b] c=1"}


def test_a_message_that_is_a_separator_is_the_message() -> None:
    for message in ("-", "|", ":"):
        found = record(f"[2026-01-01 10:00:00,123] [DEBUG] [handlers.video] {message}")
        assert (found.logger, found.message) == ("handlers.video", message)


@pytest.mark.parametrize("mark", ["\\n", "#012", "\r"])
def test_a_formatter_that_keeps_a_record_on_one_line(mark: str) -> None:
    lines = ["ERROR:__main__:❌ Error", e.TRACEBACK, *e.frame("/srv/bot.py", "copiar"), "OSError: [Errno 28] x"]
    found = record(mark.join(lines))
    assert found.message == "❌ Error" and [one.text for one in found.rest] == lines[1:]
    quoted = record("ERROR:__main__:❌ No se pudo responder («" + mark.join(["hola", *lines[1:]]) + "»)")
    assert not quoted.rest


# -- what a message quotes


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=examples(60), deadline=None)
@given(text=TEXTS, level=st.sampled_from(list(Level)), quote=st.sampled_from(["Mensaje de @ana: {}", "«{}»", "{}"]))
def test_no_text_in_a_message_changes_its_record(name: str, text: str, level: Level, quote: str) -> None:
    by_hand = name == "json by hand"
    if by_hand:  # nothing is escaped there: see the next test
        text = text.replace('"', "'").replace("\\", "/")
        assume(all(sign.isprintable() for sign in text))
    message = quote.format(text)
    assume("Traceback" not in message.split("\n")[0])  # of one that is unfolded the beginning is the message
    assume("\x1b" not in COLOUR.sub("", message))
    written = WRITERS[name](level.name, "handlers.video", message, None)
    for entry in (written, written.split("\n")[0]):
        found = record(entry)
        assert found.level is level
        if found.format is Format.STRUCTLOG and "\n" in written:  # the logger stands behind the last line
            continue
        assert found.logger == "handlers.video"
        expected = shown(message)
        if name in EXACT:
            assert found.message.strip("\r") == expected.strip("\r")
        else:  # what pads and separates cannot be told from the same signs in a message
            assert found.message.strip(PADDING) == expected.strip(PADDING)


@settings(max_examples=examples(200), deadline=None)
@given(text=TEXTS, level=st.sampled_from(list(Level)))
def test_json_that_escapes_nothing(text: str, level: Level) -> None:
    """The level stands before the message, so a message cannot bring one."""
    found = record(WRITERS["json by hand"](level.name, "handlers.video", f"Mensaje: {text}", None))
    assert (found.level, found.logger) == (level, "handlers.video")


@pytest.mark.parametrize("name", NAMELESS)
@settings(max_examples=examples(60), deadline=None)
@given(text=TEXTS, level=st.sampled_from(list(Level)))
def test_no_quotation_changes_the_level_where_no_logger_is_said(name: str, text: str, level: Level) -> None:
    message = f"💬 Mensaje de @ana: «{text}»"
    assume("\x1b" not in COLOUR.sub("", message))
    for entry in ((written := NAMELESS[name](level.name, "x", message, None)), written.split("\n")[0]):
        found = record(entry)
        assert (found.level, found.logger) == (level, "")


@settings(max_examples=examples(200), deadline=None)
@given(text=TEXTS, name=st.sampled_from(sorted(WRITERS)))
def test_no_further_line_of_an_entry_is_a_record(text: str, name: str) -> None:
    found = record("Mensaje de @ana: hola\n" + WRITERS[name]("ERROR", "otro", "x", None) + "\n" + text)
    assert (found.level, found.logger, found.message) == (None, "", "Mensaje de @ana: hola")
    assert all(isinstance(one, Continuation) for one in found.rest)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.one_of(TEXTS, st.text(max_size=200), st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")))
)
def test_any_text_is_read(text: str) -> None:
    found = read(text)
    assert isinstance(found, Record | Continuation)


# -- time


def modules() -> Iterator[tuple[str, re.Pattern[str]]]:
    for module in (fields, headers, reading, records):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value


@each(("name", "pattern"), list(modules()))
def test_every_repetition_has_an_end(name: str, pattern: re.Pattern[str]) -> None:
    try:
        regex_safety.compiled(pattern.pattern)
    except regex_safety.NotLinear as refused:
        # Their steps are many, but each is tried at one place of a line alone: see the next test.
        assert refused.reason == "ways", name


PIECES = ["a", " ", "[", "(", "'", '"', "\\", "=", "a=", "a='", "│", "| ", "\x1b[", "a.", "A:", '{"a":', "ERROR ", "1"]
PIECES += [" - ", " [a]", " [a] b=", "x.py:1", e.TRACEBACK + "\\n", "\n", "\r", "╭─╮", "  + ", "a | ", ": "]
STARTS = ("", "[error] ", "2025-12-26 14:30:20 ", "{", "a=b ", "Dec 26 14:30:20 a ")


@each("piece", PIECES)
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    def work(size: int) -> Work:
        texts = [start + piece * (size // len(piece)) for start in STARTS]
        return lambda: [read.__wrapped__(text) for text in texts]

    assert_linear(work, 8_000, 64_000)


# -- the corpus


def corpus() -> Iterator[tuple[str, list[str]]]:
    if not CORPUS.is_dir():
        return
    for file in sorted(CORPUS.glob("*.jsonl")):
        for number, text in enumerate(file.read_text(encoding="utf-8").splitlines()):
            data = json.loads(text)
            yield f"{file.stem}:{data.get('id', number)}", data.get("lines") or [data["line"]]


def test_every_line_of_the_corpus_is_read() -> None:
    """No header is taken for a continuation, nothing that continues for a record."""
    for name, lines in corpus():
        for line in lines:
            found = read(line)
            assert isinstance(found, Record | Continuation), (name, line)
            if isinstance(found, Record) and found.format is Format.PLAIN and not found.rest:
                # What has no prefix goes on unchanged, but for colours and what carried it.
                assert found.message in COLOUR.sub("", line), (name, line)
            stripped = line.strip()
            if stripped.startswith('File "') and ", line " in stripped:
                assert isinstance(found, Continuation), (name, line)


def test_the_examples_of_the_tests_are_read() -> None:
    lines = [
        *e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout"),
        *e.starting("file_1.mp4"),
        e.POLL,
    ]
    kinds = [type(read(line)) for line in lines]
    assert kinds.count(Record) == 5 and kinds[0] is Record and kinds[-1] is Record
