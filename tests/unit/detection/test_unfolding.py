"""One traceback is one incident in every format and behind every carrier, as the real libraries write it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from tests.cases import each
from tests.examples import examples
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.detection.unfolding import Drawing, flush, unfold
from trafico_monitor.journal.parser import bot_entry
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from . import raising as r
from .log_writers import NAMELESS, TRANSPORTS, WRITERS, Writer, rich_table
from .log_writers import _python as python_writer
from .log_writers import _structlog as structlog_writer
from .test_line_skipper import DULL, Said
from .test_line_skipper import findings as read_by
from .test_lines import rules  # noqa: F401

Seen = tuple[str, str | None, str | None]
VIDEO = "20260101_101010_abcdef.mp4"
STORIES: dict[str, tuple[Callable[[], r.Raised], list[Seen]]] = {
    "missing folder": (r.missing_folder, [("ruta_inexistente", "luna", VIDEO)]),
    "denied": (r.denied, [("permisos", "yic", VIDEO)]),
    "full disk": (r.full_disk, [("disco_lleno", "yic", VIDEO)]),
    "timed out": (r.timed_out, [("timeout", None, None)]),
    "refused": (r.refused, [("servidor_caido", None, None)]),
    "sending": (lambda: r.timed_out(r.SENDING), []),
    "polling": (lambda: r.timed_out(r.POLLING), []),
}
SAID = "No error handlers are registered, logging exception."


def every_line(write: Writer) -> Writer:
    """A formatter that repeats its prefix before every line of a traceback."""

    def written(level: str, name: str, message: str, info: object = None) -> str:
        lines = [message, *(r.printed(info) if info else [])]  # type: ignore[arg-type]
        return "\n".join(write(level, name, line, None) for line in lines)

    return written


def one_line(write: Writer, mark: str) -> Writer:
    return lambda level, name, message, info=None: write(level, name, message, info).replace("\n", mark)


def boxed(width: int, *, variables: bool) -> Writer:
    """rich.traceback.install() under logging.basicConfig: the box stands in the first column."""

    def written(level: str, name: str, message: str, info: object = None) -> str:
        first = WRITERS["basic"](level, name, message, None)
        if not info:
            return first
        stream = io.StringIO()
        Console(file=stream, width=width).print(Traceback.from_exception(*info, show_locals=variables))  # type: ignore[misc]
        return f"{first}\n{stream.getvalue()}".rstrip("\n")

    return written


TABLES: dict[str, Writer] = {
    f"rich {width} {options}": rich_table(width, **options)
    for width in (80, 100)
    for options in (
        {},
        {"log_time_format": "[%X]"},
        {"show_path": False},
        {"show_time": False},
        {"rich_tracebacks": True},
        {"rich_tracebacks": True, "tracebacks_show_locals": True, "log_time_format": "[%X]"},
    )
}
TABLES["rich 80 colours"] = rich_table(80, force_terminal=True)
BOXES = {
    f"box {width} {variables}": boxed(width, variables=variables) for width in (60, 100) for variables in (True, False)
}
# As rich 15.0.0 writes groups (`lines_of(…, group=True)` with it); before 14 their boxes leave the parts out.
RICH_GROUPS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("rich_groups.json").read_text(encoding="utf-8")
)
FORMATS: dict[str, Writer] = {
    **{name: write for name, write in {**WRITERS, **NAMELESS}.items() if name != "json by hand"},
    **{
        f"{name}, on every line": every_line((WRITERS | NAMELESS)[name])
        for name in ("basic", "ptb", "padded", "bracket")
    },
    **{f"one line {mark!r}": one_line(WRITERS["ptb"], mark) for mark in ("\\n", "#012", "\r")},
    **TABLES,
    **BOXES,
    "no level": python_writer(logging.Formatter("%(asctime)s %(message)s", "%d/%m/%Y %H:%M:%S")),
    "structlog, boxes": structlog_writer(structlog.dev.ConsoleRenderer(colors=False)),
}


def lines_of(write: Writer, story: str, *, group: bool = False) -> list[str]:
    raised = STORIES[story][0]()
    texts = [
        write("INFO", "__main__", "⏳ Esperando videos…", None),
        write("ERROR", "telegram.ext.Application", SAID, r.in_a_group(raised) if group else raised),
        write("INFO", "__main__", "⏳ Esperando videos…", None),
    ]
    lines = [line for text in texts for line in text.split("\n")]
    return [line for line in lines if line]  # journald drops empty lines, and keeps those of blanks


def incidents(rules: RuleSet, lines: list[str]) -> list[Seen]:  # noqa: F811
    return [
        (found.incident.error_type.value, found.incident.download.modelo, found.incident.download.video)
        for found in simulate(entries(lines), rules)
    ]


def entries(lines: list[str]) -> list[JournalEntry]:
    return [bot_entry(line.encode(), 7, 1000 + number * 0.005, f"c{number}") for number, line in enumerate(lines)]


@pytest.mark.slow
@each("story", STORIES)
@each("name", FORMATS)
def test_every_format_gives_one_incident(rules: RuleSet, name: str, story: str) -> None:  # noqa: F811
    lines = lines_of(FORMATS[name], story)
    assert incidents(rules, lines) == STORIES[story][1], "\n".join(lines)


SOURCE = "/home/ana/.telegram-bot-api/<TOKEN>/videos/file_16.mp4"
TARGET = f"{e.MODELS}/yic/{VIDEO}"
COPYING = ("INFO", "__main__", f"📥 Copiando desde: {SOURCE}")
TOLD: dict[str, tuple[list[tuple[str, str, str]], list[tuple[str, str | None, str | None, bool]]]] = {
    "copy": (
        [
            COPYING,
            ("ERROR", "__main__", f"❌ Error al copiar: [Errno 28] No space left on device: '{SOURCE}' -> '{TARGET}'"),
        ],
        [("disco_lleno", "yic", VIDEO, False)],
    ),
    "own fix": (
        [
            COPYING,
            ("WARNING", "__main__", "⚠️ Error de permisos detectado, aplicando fix automático..."),
            ("INFO", "__main__", "✅ Archivo copiado exitosamente después de fix: 5665533 bytes"),
        ],
        [("permisos", None, None, True)],
    ),
    "repr": ([("ERROR", "__main__", "❌ Error descargando: TimedOut('Timed out')")], [("timeout", None, None, False)]),
    "database": (
        [("ERROR", "database.contenidos_prd", f"❌ Error creando contenido 'modelos/yic/{VIDEO}': timed out")],
        [],
    ),
}


@pytest.mark.slow
@each("story", TOLD)
@each("name", FORMATS)
def test_what_the_bot_says_without_a_traceback(rules: RuleSet, name: str, story: str) -> None:  # noqa: F811
    said, expected = TOLD[story]
    said = [("INFO", "__main__", "⏳ Esperando videos…"), *said, ("INFO", "__main__", "⏳ Esperando videos…")]
    lines = [line for one in said for line in FORMATS[name](*one, None).split("\n") if line]
    found = [one.incident for one in simulate(entries(lines), rules)]
    seen = [(x.error_type.value, x.download.modelo, x.download.video, x.recovered_by_bot) for x in found]
    assert seen == expected, "\n".join(lines)


@pytest.mark.slow
@each("story", ["missing folder", "timed out", "sending"])
@each("form", TRANSPORTS)
@each("name", ["basic", "ptb", "loguru", "structlog", "python-json-logger", "rich 80 {}"])
def test_what_carries_lines_changes_nothing(rules: RuleSet, name: str, form: str, story: str) -> None:  # noqa: F811
    lines = [f"{TRANSPORTS[form]}{line}\r" for line in lines_of(FORMATS[name], story)]
    assert incidents(rules, lines) == STORIES[story][1]


@pytest.mark.slow
@each("story", STORIES)
@each("name", ["basic", "ptb", "coloredlogs", "structlog", "loguru", *list(TABLES)[:4]])
def test_an_exception_group_is_one_incident(rules: RuleSet, name: str, story: str) -> None:  # noqa: F811
    lines = lines_of(FORMATS[name], story, group=True)
    assert incidents(rules, lines) == STORIES[story][1], "\n".join(lines)


@each("name", RICH_GROUPS)
def test_an_exception_group_in_a_box_is_one_incident(rules: RuleSet, name: str) -> None:  # noqa: F811
    story = name.rpartition(": ")[2]
    assert incidents(rules, RICH_GROUPS[name]) == STORIES[story][1], "\n".join(RICH_GROUPS[name])


@each("story", STORIES)
@each("name", ["basic", "ptb", "loguru", "structlog", "python-json-logger", "loguru, JSON"])
def test_a_record_and_its_traceback_in_one_entry(rules: RuleSet, name: str, story: str) -> None:  # noqa: F811
    raised = STORIES[story][0]()
    whole = FORMATS[name]("ERROR", "__main__", SAID, raised)
    bare = "\n".join([SAID, *r.printed(raised)])  # as systemd's JournalHandler writes it
    for text in (whole, bare):
        later = ["HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getUpdates", "⏳ Esperando videos…"]
        assert incidents(rules, [text, *later]) == STORIES[story][1]


def test_the_rest_of_a_record_that_reports_nothing_says_nothing(rules: RuleSet) -> None:  # noqa: F811
    quoted = "\n".join(["💬 @ana: hola", *r.printed(r.missing_folder()), f"ERROR:__main__:❌ {r.denied()[1]}"])
    for name in ("basic", "python-json-logger", "structlog, logfmt", "loguru, JSON"):
        assert incidents(rules, [WRITERS[name]("INFO", "__main__", quoted, None)]) == []


def test_variables_in_a_box_say_nothing(rules: RuleSet) -> None:  # noqa: F811
    """Their values are strangers' words, and may draw a box of their own."""
    box = boxed(100, variables=True)("ERROR", "x", SAID, r.timed_out(r.SENDING)).split("\n")
    forged = ["╰──╯", "OSError: [Errno 28] No space left on device: 'a' -> '/srv/modelos/luna/x.mp4'", "│ x │"]
    at = next(number for number, line in enumerate(box) if "locals" in line)
    rows = [f"│ │ {row:<{len(box[at]) - 8}} │ │" for row in forged]
    assert incidents(rules, [*box[: at + 1], *rows, *box[at + 1 :]]) == []


def test_a_log_that_has_lost_the_beginning_of_a_traceback(rules: RuleSet) -> None:  # noqa: F811
    for story, (_, expected) in STORIES.items():
        lines = lines_of(WRITERS["basic"], story)
        frame = next(number for number, line in enumerate(lines) if "process_update" in line or "polling" in line)
        assert incidents(rules, lines[frame:]) == expected, story


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["basic", "loguru", "rich 80 {}", "box 100 True", "python-json-logger", "structlog, boxes"]
)
def test_a_restart_at_any_line_changes_nothing(rules: RuleSet, name: str) -> None:  # noqa: F811
    lines = lines_of(FORMATS[name], "missing folder")
    whole = findings(rules, lines)
    assert len({origin for origin, _ in whole}) == 1
    step = max(1, len(lines) // 40)
    for cut in range(0, len(lines), step):
        assert findings(rules, lines, cut) == whole


def findings(rules: RuleSet, lines: list[str], cut: int = -1) -> list[tuple[str, str]]:  # noqa: F811
    detector = Detector(rules)
    found = []
    for number, entry in enumerate(entries(lines)):
        if number == cut:
            memory = json.loads(json.dumps(detector.snapshot()))
            detector = Detector(rules)
            detector.restore(memory)
        found += detector.feed(entry)
    found += detector.settle(float("inf"))
    return [(one.origin, one.message) for one in found]


def test_a_snapshot_of_the_version_before_is_read(rules: RuleSet) -> None:  # noqa: F811
    detector = Detector(rules)
    lines = lines_of(WRITERS["basic"], "missing folder")
    for entry in entries(lines[:-2]):
        detector.feed(entry)
    memory = detector.snapshot()
    for process in memory["processes"].values():  # type: ignore[attr-defined]
        process.pop("drawing")
    again = Detector(rules)
    again.restore(memory)
    rest = [finding for entry in entries(lines)[-2:] for finding in again.feed(entry)]
    assert [one.error_type.value for one in rest if one.error_type] == ["ruta_inexistente"]


def test_a_held_line_is_told_when_nothing_follows(rules: RuleSet) -> None:  # noqa: F811
    detector = Detector(rules)
    error = f"❌ Error al copiar: [Errno 13] Permission denied: '{e.MODELS}/luna/{VIDEO}'"
    rows = rich_table(80)("ERROR", "x", error, None).split("\n")
    found = [finding for entry in entries(rows) for finding in detector.feed(entry)]
    assert not found and detector.unsettled
    [told] = detector.settle(1000.2)
    assert (told.message, told.download.modelo, told.download.video) == (f"ERROR:-:{error}", "luna", VIDEO)
    assert not detector.settle(2000.0)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.sampled_from(lines_of(FORMATS["rich 80 {}"], "timed out"))), max_size=30
    )
)
def test_no_text_breaks_it(texts: list[str]) -> None:
    drawing = Drawing()
    for number, text in enumerate(texts):
        for piece in unfold(drawing, JournalEntry(text, 7, float(number), str(number))):
            assert "\n" not in piece.line
    assert all(piece.line for piece in flush(drawing, 7))


@pytest.mark.slow
@settings(max_examples=examples(150), deadline=None)
@given(
    name=st.sampled_from(
        ["basic", "loguru", "rich 80 {}", "rich 100 {'show_path': False}", "box 100 True", "structlog, JSON"]
    ),
    chosen=st.lists(st.sampled_from(sorted(STORIES)), min_size=1, max_size=2),
    order=st.lists(st.integers(0, 2), max_size=200),
    restart_at=st.integers(-1, 150),
)
def test_a_reader_that_passes_lines_over_sees_the_same(
    name: str, chosen: list[str], order: list[int], restart_at: int
) -> None:
    told = [lines_of(FORMATS[name], story) for story in chosen]
    story = [Said(entry.pid, entry.message) for entry in e.interleaved(order, [*told, DULL * 3])]
    everything, _ = read_by(story, skip=False, restart_at=restart_at)
    assert read_by(story, skip=True, restart_at=restart_at)[0] == everything


def test_a_wrapped_row_of_a_record_that_was_passed_over_says_nothing(rules: RuleSet) -> None:  # noqa: F811
    """A stranger's words fill a row, and the record that they belong to says nothing to anybody."""
    denied = "[Errno 13] Permission denied: 'modelos/luna/x.mp4'"
    words = "hola " * 8 + f"ReadTimeout: timed out modelos/luna/x.mp4 {denied} " * 3
    for write in TABLES.values():
        rows = write("INFO", "x", f"💬 @ana: {words}", None).split("\n")
        assert incidents(rules, rows) == []
        assert incidents(rules, rows[1:]) == []
