"""What the engine makes of whole stories: one failure, one finding; polling is no download."""

from __future__ import annotations

import json

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry, Origin

from . import episodes as e
from .test_lines import rules  # noqa: F401

TIMED_OUT = ("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")
REFUSED = (
    "telegram.error.NetworkError: httpx.ConnectError: All connection attempts failed",
    "httpx.ConnectError: All connection attempts failed",
)
HUNG_UP = (
    "telegram.error.NetworkError: httpx.RemoteProtocolError: Server disconnected without sending a response.",
    "httpx.RemoteProtocolError: Server disconnected without sending a response.",
)


@pytest.fixture
def detector(rules: RuleSet) -> Detector:  # noqa: F811
    return Detector(rules)


def feed(detector: Detector, entries: list[JournalEntry]) -> list[Finding]:
    found = [finding for entry in entries for finding in detector.feed(entry)]
    return [*found, *detector.settle(float("inf"))]


def failures(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.kind is FindingKind.FAILED]


def test_a_traceback_is_one_finding(detector: Detector) -> None:
    [failed] = failures(feed(detector, e.entries([e.POLL, *e.getting_file(*TIMED_OUT), e.POLL])))
    assert failed.error_type is ErrorType.TIMEOUT and failed.origin == "100:1" and failed.code == "handler"


def test_it_is_told_with_its_last_line_when_nothing_can_follow(detector: Detector) -> None:
    lines = e.entries(e.getting_file(*TIMED_OUT))
    assert not [finding for entry in lines[:-1] for finding in detector.feed(entry)]
    assert len(detector.feed(lines[-1])) == 1


def test_the_innermost_cause_decides(detector: Detector) -> None:
    lines = e.getting_file(
        "telegram.error.TimedOut: Timed out", "httpcore.ConnectError: [Errno 111] Connection refused"
    )
    [failed] = failures(feed(detector, e.entries(lines)))
    assert failed.error_type is ErrorType.SERVIDOR_CAIDO


@pytest.mark.parametrize(
    "story", [e.polling(*TIMED_OUT), e.polling(*HUNG_UP), e.sending(*TIMED_OUT), e.sending(*HUNG_UP)]
)
def test_polling_and_sending_lose_no_video(detector: Detector, story: list[str]) -> None:
    assert not failures(feed(detector, e.entries([e.POLL, *story, e.POLL])))


@pytest.mark.parametrize("story", [e.polling(*REFUSED), e.sending(*REFUSED)])
def test_a_refused_connection_is_a_dead_server_whoever_sees_it(detector: Detector, story: list[str]) -> None:
    found = feed(detector, e.entries([*story, e.POLL]))
    [failed] = failures(found)
    assert failed.error_type is ErrorType.SERVIDOR_CAIDO and failed.code == "polling"
    assert found[-1].kind is FindingKind.RECOVERED


def test_the_error_line_is_told_at_once_and_its_traceback_under_the_same_origin(detector: Detector) -> None:
    target = (
        f"[Errno 28] No space left on device: '{e.SERVER}/file_3.mp4' -> '{e.MODELS}/luna/20260101_101010_abcdef.mp4'"
    )
    lines = e.entries([*e.starting("file_3.mp4"), *e.copy_failed(target), e.POLL])
    at_once = [finding for entry in lines[:4] for finding in detector.feed(entry)]
    later = [finding for entry in lines[4:] for finding in detector.feed(entry)]
    [first], [second] = failures(at_once), failures(later)
    assert first.origin == second.origin == lines[3].cursor
    assert first.download.modelo == "luna" and first.download.video == "20260101_101010_abcdef.mp4"
    assert first.download.size == 5665533 and first.download.source == f"{e.SERVER}/file_3.mp4"


def test_the_bots_own_repair_is_recognised(detector: Detector) -> None:
    lines = [
        *e.starting("file_3.mp4"),
        "WARNING:__main__:⚠️ Error de permisos detectado, aplicando fix automático...",
        "INFO:__main__:✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
    ]
    started, failed, finished = feed(detector, e.entries(lines))
    assert started.kind is FindingKind.STARTED and failed.bot_fix
    assert finished.kind is FindingKind.FINISHED and finished.repaired and finished.origin == failed.origin


def test_another_download_of_the_process_repairs_nothing(detector: Detector) -> None:
    error = f"[Errno 13] Permission denied: '{e.SERVER}/file_3.mp4'"
    lines = [*e.starting("file_3.mp4"), *e.copy_failed(error), *e.starting("file_3.mp4")]
    found = feed(detector, e.entries([*lines, "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"]))
    assert found[-1].kind is FindingKind.FINISHED and found[-1].origin == ""


def test_a_502_page_is_one_failure(detector: Detector) -> None:
    page = [
        'ERROR:telegram.request.BaseRequest:Can not load invalid JSON data: "<html>',
        "<head><title>502 Bad Gateway</title></head>",
        "</html>",
        '"',
    ]
    json_error = e.link(
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        ("/usr/lib/python3.11/json/__init__.py", "loads"),
    )
    outer = "telegram.error.NetworkError: Bad Gateway (502). Parsing the server response b'<html>' failed"
    story = [*page, *json_error, *e.getting_file(outer, "telegram.error.TelegramError: Invalid server response")]
    found = failures(feed(detector, e.entries(story)))
    assert [failed.error_type for failed in found] == [ErrorType.SERVIDOR_CAIDO]
    polled = [*page, *json_error, *e.polling(outer, "telegram.error.TelegramError: Invalid server response")]
    assert not failures(feed(detector, e.entries(polled, pid=7)))


def test_a_404_of_the_file_is_a_path_and_of_get_file_a_token(detector: Detector) -> None:
    line = "telegram.error.InvalidToken: Not Found"
    fetching = (*e.HANDLER, (f"{e.SITE}/telegram/_files/file.py", "download_to_drive"))
    [failed] = failures(feed(detector, e.entries([e.HEADER, *e.link(line, *fetching)])))
    assert failed.error_type is ErrorType.RUTA_INEXISTENTE
    asking = (*e.HANDLER, (f"{e.SITE}/telegram/_bot.py", "get_file"))
    assert not failures(feed(detector, e.entries([e.HEADER, *e.link(line, *asking)], pid=8)))


def test_the_database_is_not_ours_whatever_it_names(detector: Detector) -> None:
    video = f"{e.MODELS}/luna/20260101_101010_abcdef.mp4"
    header = f"ERROR:database.contenidos_prd:❌ Error creando contenido '{video}': timed out"
    frames = (
        ("/home/ana/trafico/src/database/contenidos_prd.py", "create_contenido"),
        (f"{e.SITE}/postgrest/x.py", "execute"),
    )
    assert not failures(feed(detector, e.entries([header, *e.link("httpx.ReadTimeout", *frames)])))


def test_nothing_is_guessed(detector: Detector) -> None:
    [failed] = failures(feed(detector, e.entries([*e.getting_file(*TIMED_OUT)])))
    assert failed.download.modelo is None and failed.download.video is None
    hostile = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/../../secreto/clave.mp4'"
    [failed] = failures(feed(detector, e.entries([hostile], pid=9)))
    assert failed.download.modelo is None and failed.download.destination is None


def test_two_downloads_of_one_process_are_kept_apart(detector: Detector) -> None:
    names = [f"modelos/{modelo}/20260101_101010_{n}.mp4" for modelo, n in (("luna", "aaaaaa"), ("sol", "bbbbbb"))]
    lines = [f"INFO:__main__:📥 Descargando {name}" for name in names]
    for name, error in zip(
        reversed(names),
        ("requests.exceptions.ReadTimeout: timed out", "IncompleteRead(1 bytes read, 2 more expected)"),
        strict=True,
    ):
        lines += [f"ERROR:__main__:❌ Error descargando {name}", *e.link(error, ("/srv/descargar.py", "<module>"))]
    found = failures(feed(detector, e.entries(lines)))
    assert [(one.download.modelo, one.error_type) for one in found] == [
        ("sol", ErrorType.TIMEOUT),
        ("luna", ErrorType.CORRUPTO),
    ]


def test_structured_entries_are_exact(detector: Detector) -> None:
    fields = {"TRAFICO_MODELO": "luna", "TRAFICO_VIDEO": "x.mp4", "TRAFICO_FILE_ID": "BAAC", "TRAFICO_FILE_SIZE": "9"}
    begin, end = ({**fields, "TRAFICO_EVENTO": event} for event in ("inicio", "fin"))
    started, finished = feed(
        detector,
        [JournalEntry("descarga", 5, 1.0, "a", fields=begin), JournalEntry("descarga", 5, 2.0, "b", fields=end)],
    )
    assert started.kind is FindingKind.STARTED and started.download.file_id == "BAAC" and started.download.size == 9
    assert finished.kind is FindingKind.FINISHED and finished.download.video == "x.mp4"
    error = {**fields, "TRAFICO_EVENTO": "error"}
    [failed] = failures(feed(detector, [JournalEntry("Timed out", 5, 3.0, "c", fields=error)]))
    assert failed.download.file_id == "BAAC" and failed.error_type is ErrorType.TIMEOUT


@pytest.mark.parametrize(
    ("message", "message_id", "code"),
    [
        ("Started trafico-main.service - Bot.", "39f53479d3a045ac8e11786248231fbf", "started"),
        (
            "trafico-main.service: Main process exited, code=killed, status=9/KILL",
            "98e322203f7a4ed290d09fe03c09fe15",
            "exited",
        ),
        ("trafico-main.service: Failed with result 'exit-code'.", "d9b373ed55a64feb8242e02dbe79a49c", "failed"),
        ("trafico-main.service: Failed with result 'oom-kill'.", "d9b373ed55a64feb8242e02dbe79a49c", "oom"),
        ("trafico-main.service: Start request repeated too quickly.", "", "start_limit"),
        (
            "trafico-main.service: Scheduled restart job, restart counter is at 3.",
            "5eb03494b6584870a536b337290809b3",
            "restart_scheduled",
        ),
        ("Stopped trafico-main.service - Bot.", "", "stopped"),
    ],
)
def test_the_life_of_the_unit(detector: Detector, message: str, message_id: str, code: str) -> None:
    [unit] = detector.feed(e.manager(message, 5.0, message_id))
    assert (unit.kind, unit.code, unit.rule) == (FindingKind.UNIT, code, "trafico-main.service")


def test_lost_lines_are_told(detector: Detector) -> None:
    lost = JournalEntry("Suppressed 1234 messages from trafico-main.service", 55, 1.0, "x", Origin.JOURNALD)
    [blind] = detector.feed(lost)
    assert blind.kind is FindingKind.BLIND and blind.code == "suppressed"


def test_the_end_of_the_unit_ends_its_downloads(detector: Detector) -> None:
    feed(detector, e.entries(e.starting("file_3.mp4")))
    assert detector.snapshot()["processes"]
    detector.feed(e.manager("trafico-main.service: Deactivated successfully.", 1001.0))
    assert detector.processes_under_way == frozenset()
    assert len(detector.overdue(1010.0)) == 1
    assert not detector.snapshot()["processes"]


def test_changes_stand_still_for_uninteresting_lines(detector: Detector) -> None:
    feed(detector, e.entries(e.starting("file_3.mp4")))
    before = detector.changes, json.dumps(detector.snapshot(), sort_keys=True)
    feed(detector, e.entries([e.POLL, e.SEND, "INFO:telegram.ext.Application:Application started"] * 3, start=2000.0))
    assert (detector.changes, json.dumps(detector.snapshot(), sort_keys=True)) == before


def test_settle_waits_for_a_chain_that_may_go_on(detector: Detector) -> None:
    lines = e.entries(e.polling(*HUNG_UP))
    half = next(n for n, entry in enumerate(lines) if entry.message == e.CAUSE)
    for entry in lines[:half]:
        detector.feed(entry)
    assert detector.settle(lines[half - 1].at + 0.1) == ()
    assert not failures(feed(detector, lines[half:]))


def test_new_rules_keep_what_is_open(detector: Detector, rules: RuleSet) -> None:  # noqa: F811
    lines = e.entries(e.getting_file(*TIMED_OUT))
    for entry in lines[:-1]:
        detector.feed(entry)
    detector.rules = rules
    assert len(detector.feed(lines[-1])) == 1


def test_a_rounded_size_is_never_taken_for_the_announced_one(detector: Detector) -> None:
    said = ["INFO:__main__:📥 Video recibido de victor", "INFO:__main__:⏬ Descargando: 1 MB"]
    denied = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/b/videos/file_1.mp4'"
    [rounded] = failures(feed(detector, e.entries([*said, denied])))
    assert rounded.download.size is None
    [exact] = failures(feed(detector, e.entries([*said, "INFO:__main__:🔍 DEBUG: file_size=814867", denied])))
    assert exact.download.size == 814867


def test_a_success_line_that_counts_other_bytes_than_announced_closes_nothing(detector: Detector) -> None:
    said = ["INFO:__main__:📥 Video recibido de victor", "INFO:__main__:🔍 DEBUG: file_size=812286"]
    short = feed(detector, e.entries([*said, "INFO:__main__:✅ Archivo copiado exitosamente: 100 bytes"]))
    assert FindingKind.FINISHED not in {finding.kind for finding in short}
    whole = feed(detector, e.entries([*said, "INFO:__main__:✅ Archivo copiado exitosamente: 812286 bytes"]))
    assert FindingKind.FINISHED in {finding.kind for finding in whole}


def test_a_polling_failure_inherits_no_download(detector: Detector) -> None:
    began = [
        "INFO:__main__:📥 Video recibido de victor",
        "INFO:__main__:✅ Video recibido: 20251225_143020_a3f2b1.mp4",
    ]
    [failed] = failures(feed(detector, e.entries([*began, *e.polling(*REFUSED)])))
    assert failed.error_type is ErrorType.SERVIDOR_CAIDO
    assert (failed.download.modelo, failed.download.video) == (None, None)
