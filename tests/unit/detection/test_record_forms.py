"""Forms in which bots of all kinds log a failure: levels in Spanish or of one letter, names in fields, the bot's own
repair in its words, an exception named before its traceback. Each class over many formats, and what looks like it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import product

import pytest
import structlog
from loguru import logger as loguru_logger

from tests.cases import each
from trafico_monitor.detection.log_formats import Level, Record, read
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from . import raising as r
from .log_writers import NAMELESS, TRANSPORTS, WRITERS
from .test_lines import rules  # noqa: F401

VIDEO = "20260101_101010_abcdef.mp4"
PLACE = f"modelos/luna/{VIDEO}"
DENIED = f"✖ {PLACE}: PermissionError – [Errno 13] Permission denied: '/srv/{PLACE}'"
LATE = f"💥 No pude completar {PLACE}. Motivo: Timed out"
SHORT = f"✖ {PLACE}: 900000 bytes, debían ser 5665533"
SAYINGS = [(DENIED, "permisos"), (LATE, "timeout"), (SHORT, "corrupto")]
Seen = tuple[str, str | None, str | None, bool]


def incidents(rules: RuleSet, text: str) -> list[Seen]:  # noqa: F811
    entries = e.entries(text.split("\n"))
    found = [one.incident for one in simulate(entries, rules)]
    return [(one.error_type.value, one.download.modelo, one.download.video, one.recovered_by_bot) for one in found]


# -- levels

IN_WORDS = (
    "30/11/2026 13:46:37 [{0}] {1}", "2026-11-30 13:46:37,123 [{0}] {1}", "[{0}] {1}", "{0}: {1}",
    "2026-11-30 13:46:37,123 | {0} | {1}", "2026-11-30 13:46:37 {0} {1}", "{0} - {1}",
    "2026-11-30 13:46:37,123 - bot.descargas - {0} - {1}", '{{"nivel": 1, "level": "{0}", "message": "{1}"}}',
)  # fmt: skip
BY_LETTER = (
    "13:41:43 {0} __main__ » {1}", "13:41:43 [{0}] {1}", "2026-11-30 13:41:43,123 [{0}] bot.descargas: {1}",
    "2026-11-30 13:41:43,123 | {0} | {1}", "2026-11-30 13:41:43 {0} bot.descargas - {1}",
    "13:41:43 {0} aiogram.event | {1}", "11-30 13:41:43.123 {0} bot_central: {1}",
)  # fmt: skip
WORDS = {"AVISO": Level.WARNING, "ADVERTENCIA": Level.WARNING, "ERROR": Level.ERROR, "FALLO": Level.ERROR,
         "CRÍTICO": Level.CRITICAL, "INFO": Level.INFO,
         "INFORMACIÓN": Level.INFO, "DEPURACIÓN": Level.DEBUG}  # fmt: skip
LETTERS = {"W": Level.WARNING, "E": Level.ERROR, "C": Level.CRITICAL, "F": Level.CRITICAL,
           "I": Level.INFO, "D": Level.DEBUG}  # fmt: skip
HEADED = [*product(IN_WORDS, WORDS.items()), *product(BY_LETTER, LETTERS.items())]


@pytest.mark.parametrize(("form", "level"), HEADED)
def test_a_level_of_another_spelling_counts_as_its_own(
    rules: RuleSet,  # noqa: F811
    form: str,
    level: tuple[str, Level],
) -> None:
    for said, kind in SAYINGS:
        line = form.format(level[0], said)
        found = read(line)
        assert isinstance(found, Record) and found.level is level[1], line
        assert found.message == said
        expected = [(kind, "luna", VIDEO, False)] if level[1] >= Level.WARNING else []
        assert incidents(rules, line) == expected, line


FRAMED = (
    "[13:41:43 {0}] {1}", "[13:41:43 {0} bot.descargas] {1}", "2026-11-30 13:41:43|{0}|bot|{1}",
    "2026-11-30 13:41:43;{0};bot.descargas;{1}", "2026-11-30 13:41:43|bot.descargas|{0}|{1}",
    "[2026-11-30 13:41:43][{0}][bot] {1}", "[2026-11-30 13:41:43][bot.descargas][{0}] {1}",
    "2026-11-30 13:41:43 » {0} » {1}", "20261130 13:41:43 {0} {1}", "1764510103.123 {0} {1}", "30/11 13:41:43 {0} {1}",
    "lun 30 nov 2026 13:41:43 {0} {1}", "30-nov-2026 13:41:43 {0} {1}", "13:41 {0} {1}", "**{0}** {1}",
    "=== {0} === {1}", "!! {0}: {1}", "[🔴 {0}] {1}", "🔴 {0}: {1}", "🤖 [{0}] {1}",
)  # fmt: skip
SHORTENED = {"ERR": Level.ERROR, "WRN": Level.WARNING, "INF": Level.INFO, "DBG": Level.DEBUG, "FTL": Level.CRITICAL}


@pytest.mark.parametrize("form", FRAMED)
def test_a_level_counts_in_every_frame(rules: RuleSet, form: str) -> None:  # noqa: F811
    for word, level in {**WORDS, **SHORTENED}.items():
        for said, kind in SAYINGS:
            line = form.format(word, said)
            found = read(line)
            assert isinstance(found, Record) and (found.level, found.message) == (level, said), line
            expected = [(kind, "luna", VIDEO, False)] if level >= Level.WARNING else []
            assert incidents(rules, line) == expected, line


def test_a_framed_word_of_the_text_is_no_level() -> None:
    for line in (
        "13:41:43|Pepe|ERROR|Timed out", "[13:41:43][Pepe][ERROR] Timed out", "13:41:43 Pepe|ERROR|x|Timed out",
        "13:41 Pepe: ERROR Timed out", "1764510103 ERROR Timed out", "👤 ERROR: Timed out", "*ERROR Timed out",
        "[13:41:43 Pepe ERROR] Timed out", "13:41 pide otro ERROR Timed out",
    ):  # fmt: skip
        found = read(line)
        assert isinstance(found, Record) and found.level is None, line


def test_a_letter_of_the_text_is_no_level() -> None:
    for line in (
        "13:41:43 E Pérez » Timed out",
        "13:41:43 F1 __main__ » Timed out",
        "13:41:43 E es la letra que falta: Timed out",
        "E __main__ » Timed out",
        "hola [E] Timed out",
    ):
        found = read(line)
        assert isinstance(found, Record) and found.level is None, line


# -- names in fields

_TRACE = structlog.processors.format_exc_info
RENDERERS: dict[str, tuple[object, ...]] = {
    "console": (structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),),
    "coloured": (structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback),),
    "JSON": (_TRACE, structlog.processors.JSONRenderer()),
    "trees": (structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()),
    "key=value": (_TRACE, structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])),
    "logfmt": (_TRACE, structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])),
}


def by_structlog(renderer: str) -> Callable[..., str]:
    def write(level: str, event: str, info: object = None, **fields: str) -> str:
        stream = io.StringIO()
        first = (structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"))
        made = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[*first, *RENDERERS[renderer]],  # type: ignore[list-item]
            wrapper_class=structlog.BoundLogger,
        ).bind(logger="__main__", **fields)
        getattr(made, level)(event, **({"exc_info": info} if info else {}))
        return stream.getvalue().removesuffix("\n")

    return write


def by_loguru(level: str, event: str, info: object = None, **fields: str) -> str:
    stream = io.StringIO()
    loguru_logger.remove()
    loguru_logger.add(stream, level=0, serialize=True, backtrace=False, diagnose=False)
    loguru_logger.bind(**fields).opt(exception=info).log(level.upper(), event)  # type: ignore[arg-type]
    loguru_logger.remove()
    return stream.getvalue().removesuffix("\n")


def by_json(level: str, event: str, info: object = None, **fields: str) -> str:
    trace = {"exc_info": "\n".join(r.printed(info))} if info else {}  # type: ignore[arg-type]
    return json.dumps({"levelname": level.upper(), "name": "bot", "message": event, **fields, **trace})


FIELDED = {**{f"structlog, {name}": by_structlog(name) for name in RENDERERS}, "loguru": by_loguru, "json": by_json}
CARRIERS = ("", TRANSPORTS["compose"], TRANSPORTS["cri"])


def carried(text: str, carrier: str) -> str:
    return "\n".join(carrier + line for line in text.split("\n"))


@each("form", FIELDED)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_names_in_a_failures_fields_are_its_own(rules: RuleSet, form: str, carrier: str) -> None:  # noqa: F811
    write, names = FIELDED[form], {"modelo": "olga", "video": "toma_3.mp4"}
    begun = write("info", "recepcion", modelo="otra", video="otro.mp4")
    for raised, kind in ((r.timed_out(), "timeout"), (r.refused(), "servidor_caido")):
        failed = write("error", "descarga_fallida", raised, **names)
        assert incidents(rules, carried(f"{begun}\n{failed}", carrier)) == [(kind, "olga", "toma_3.mp4", False)]
    failed = write("error", "descarga fallida: Timed out", **names)
    assert incidents(rules, carried(failed, carrier)) == [("timeout", "olga", "toma_3.mp4", False)]


@each("form", FIELDED)
def test_no_other_name_is_taken_from_fields(rules: RuleSet, form: str) -> None:  # noqa: F811
    write, late = FIELDED[form], "descarga fallida: Timed out"
    nothing = [("timeout", None, None, False)]
    assert incidents(rules, write("error", late, modelo="../x", video="file_3.mp4")) == nothing
    assert incidents(rules, write("error", late, modelo="a b", video="a/b.mp4")) == nothing
    assert incidents(rules, write("error", late, archivo="bot.ts")) == nothing
    assert incidents(rules, write("error", late, nombre="olga", titulo="toma_3.mp4")) == nothing
    assert incidents(rules, write("error", f"{late} modelo='olga' video='toma_3.mp4'")) == nothing
    # A record that fails without names inherits none from the one before it, or after.
    other = write("error", "no va", modelo="olga", video="toma_3.mp4")
    bare = write("error", "descarga_fallida", r.timed_out())
    assert incidents(rules, f"{other}\n{bare}\n{other}") == nothing
    # The words of a record stand against its fields.
    said = write("error", f"descarga fallida, modelos/sol/{VIDEO}: Timed out", modelo="olga", video="toma_3.mp4")
    assert incidents(rules, said) == [("timeout", "sol", VIDEO, False)]


def test_the_pairs_of_a_rust_programs_record(rules: RuleSet) -> None:  # noqa: F811
    head = "2026-11-30T13:41:43.757456Z {0} bot::handlers: "
    pairs = f'download failed path="{PLACE}" error="request timed out"'
    late = [("timeout", "luna", VIDEO, False)]
    for level, expected in (("ERROR", late), (" WARN", late), (" INFO", []), ("DEBUG", [])):
        assert incidents(rules, head.format(level) + pairs) == expected
    for said in (
        'rejected name="x\\" error=\\"request timed out"', 'rejected title="request timed out"',
        'rejected caption="x" error="caption too long: timed out"',
    ):  # fmt: skip
        assert incidents(rules, head.format("ERROR") + said) == []


# -- the bot's own repair

ANNOUNCED = {
    "Permisos insuficientes en el fichero del servidor; los corrijo": "permisos",
    "🛠️ Acceso denegado al original, intento arreglar los permisos": "permisos",
    "⚠️ El archivo /srv/.telegram-bot-api/1/videos/file_4.mp4 no se deja leer, corrijo permisos": "permisos",
    "Permission denied, trying to fix it": "permisos",
    "No existía el directorio: lo creo y repito": "ruta_inexistente",
    "🛠️ Creo el directorio que faltaba": "ruta_inexistente",
}
SUCCEEDED = (
    "Vídeo archivado al segundo intento (900000 bytes)", "✔️ Video listo después de reparar",
    "✅ Copia hecha tras corregir permisos", "Video saved after fixing permissions",
    "Download finished on the second try",
)  # fmt: skip
WRITTEN = {**WRITERS, **{name: NAMELESS[name] for name in ("short", "bracket", "file behind", "rich")}}


@each("form", WRITTEN)
def test_the_bots_own_repair_is_seen_in_its_words(rules: RuleSet, form: str) -> None:  # noqa: F811
    write = WRITTEN[form]
    for said, kind in ANNOUNCED.items():
        announced = write("WARNING", "__main__", said, None)
        assert incidents(rules, announced) == [(kind, None, None, False)], said
        for done in SUCCEEDED:
            succeeded = write("INFO", "__main__", done, None)
            assert incidents(rules, f"{announced}\n{succeeded}") == [(kind, None, None, True)], done
            assert incidents(rules, succeeded) == []


def test_what_is_no_repair_of_the_bots(rules: RuleSet) -> None:  # noqa: F811
    announced = "WARNING:bot:Permisos insuficientes en el fichero; los corrijo"
    for done in (
        "El usuario pide el vídeo al segundo intento",
        "Vídeo pedido al segundo intento",
        "Tras corregir permisos",
    ):
        assert incidents(rules, f"{announced}\nINFO:bot:{done}") == [("permisos", None, None, False)], done
    assert not rules.decide("ERROR:bot:El usuario corrige el texto; los corrijo")


# -- an exception that is named before its traceback, as aiogram does

CAUSE = "Cause exception while process update id=77 by bot id=123456789\nTelegramNetworkError: HTTP Client says - {0}"
PRINTED_AS_LINES = [
    name for name in WRITTEN if name not in ("json by hand", "structlog", "structlog, colours", "rich")
]


@pytest.mark.parametrize("form", PRINTED_AS_LINES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_exception_named_before_its_traceback_waits_for_it(rules: RuleSet, form: str, carrier: str) -> None:  # noqa: F811
    said = CAUSE.format("Request timeout error")
    for frames, kinds in ((r.SENDING, []), (r.POLLING, []), (r.GETTING, ["timeout"])):
        text = WRITTEN[form]("ERROR", "aiogram.event", said, r.timed_out(frames))
        assert [one[0] for one in incidents(rules, carried(text, carrier))] == kinds
    alone = f"ERROR:aiogram.event:{said}"
    assert [one[0] for one in incidents(rules, alone)] == ["timeout"]
    assert [one[0] for one in incidents(rules, f"{alone}\nINFO:aiogram.event:Update id=78 is handled.")] == ["timeout"]


def test_free_words_behind_a_programs_name_leave_it_to_the_traceback(rules: RuleSet) -> None:  # noqa: F811
    for frames, kinds in ((r.SENDING, []), (r.GETTING, ["timeout"])):
        lines = ["[bot] algo ha ido mal (TimedOut)", *r.printed(r.timed_out(frames)), "[bot] siguiente"]
        assert [one[0] for one in incidents(rules, "\n".join(lines))] == kinds
    for line in ("[bot] Error descargando: Timed out", "[descargas] el vídeo no llega: Timed out"):
        assert [one[0] for one in incidents(rules, line)] == ["timeout"]


def test_marks_below_a_line_of_code_are_no_exception(rules: RuleSet) -> None:  # noqa: F811
    trace = r.printed(r.timed_out(r.SENDING))
    at = next(number for number, line in enumerate(trace) if "process_update" in line)
    for marks in ("^^^^^^^^^^", "~~~~~^^^^^", "^"):
        text = "\n".join(["ERROR:bot:x", *trace[: at + 1], marks, *trace[at + 1 :]])
        assert incidents(rules, text) == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('Error: Os { code: 28, kind: StorageFull, message: "No space left on device" }', "disco_lleno"),
        ("HTTP request sent, awaiting response... Read error (Connection timed out) in headers.", "timeout"),
        ("ERROR:bot:descarga fallida: ClientResponseError(RequestInfo(url=URL('http://127.0.0.1:8081/x/getFile'), "
         "headers=<CIMultiDictProxy('User-Agent': 'Python/3.11')>), (), status=502)", "servidor_caido"),
        ("ERROR:bot:✖ modelos/luna/a.mp4: ClientDecodeError – Failed to decode object", "servidor_caido"),
        ("ERROR:bot:El usuario envía modelos/luna/a.mp4: Timed out", "none"),
        ("ERROR:bot:No pude completar https://example.org/a.mp4 Timed out", "none"),
        ("[bot] va por ahí diciendo TimedOut", "none"),
    ],
)  # fmt: skip
def test_further_wordings(rules: RuleSet, line: str, kind: str) -> None:  # noqa: F811
    decided = rules.decide_by_rules(line)
    assert (decided.error_type.value if decided and decided.error_type else "none") == kind
