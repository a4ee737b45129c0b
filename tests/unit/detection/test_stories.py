"""Whole stories as real programs print them, down to the incidents: nothing guessed, nothing twice."""

from __future__ import annotations

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.journal.parser import entries
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from .test_lines import rules  # noqa: F401

VIDEO = "20260101_101010_abcdef.mp4"
NAMED = [
    "INFO:__main__:📥 Video recibido de luna",
    f"INFO:__main__:✅ Video recibido: {VIDEO}",
    "INFO:__main__:⏬ Descargando: 5 MB",
]
OVER_HTTP = [
    "INFO:__main__:🔍 DEBUG: file_path=http://127.0.0.1:8081/file/bot<TOKEN>/videos/file_3.mp4",
    "INFO:__main__:🔍 DEBUG: file_size=5665533",
    "INFO:__main__:📥 Descargando vía HTTP...",
]
FETCHING = (*e.HANDLER, (f"{e.SITE}/telegram/_files/file.py", "download_to_drive"))
SHORT = "peer closed connection without sending complete message body (received 1000 bytes, expected 5665533)"
TOKEN = "1234567890:AAExampleExampleExampleExampleExamp"
OWN_SCRIPT = (("/srv/descargar.py", "<module>"), ("/srv/descargar.py", "bajar"))
BEGUN = f"INFO:__main__:📥 Descargando modelos/luna/{VIDEO}"
FAILED = f"ERROR:__main__:❌ Error descargando modelos/luna/{VIDEO}"
ENDED = "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"
Seen = tuple[str, str | None, str | None, bool]


def incidents(rules: RuleSet, lines: list[str]) -> list[Seen]:  # noqa: F811
    found = [one.incident for one in simulate(entries(lines), rules)]
    return [(one.error_type.value, one.download.modelo, one.download.video, one.recovered_by_bot) for one in found]


def chained(inner: str, outer: str, *frames: tuple[str, str]) -> list[str]:
    return [*e.link(inner, *e.LIBRARY), "", e.CAUSE, "", *e.link(outer, *frames)]


@pytest.mark.parametrize(
    ("exceptions", "kind"),
    [
        ((f"httpcore.RemoteProtocolError: {SHORT}", f"telegram.error.NetworkError: httpx.X: {SHORT}"), "corrupto"),
        (("httpcore.ReadTimeout", "telegram.error.TimedOut: Timed out"), "timeout"),
        (("httpx.ConnectError", "telegram.error.NetworkError: httpx.ConnectError: "), "servidor_caido"),
        (("", "telegram.error.InvalidToken: Not Found"), "ruta_inexistente"),
        (("", "telegram.error.NetworkError: Internal Server Error"), "servidor_caido"),
    ],
)
def test_a_file_over_http_keeps_its_name(rules: RuleSet, exceptions: tuple[str, str], kind: str) -> None:  # noqa: F811
    inner, outer = exceptions
    story = chained(inner, outer, *FETCHING) if inner else e.link(outer, *FETCHING)
    assert incidents(rules, [*NAMED, *OVER_HTTP, e.HEADER, *story, e.POLL]) == [(kind, "luna", VIDEO, False)]


@pytest.mark.parametrize(
    ("exception", "kind"),
    [
        ("httpx.ReadTimeout: timed out", "timeout"),
        ("requests.exceptions.ReadTimeout: HTTPConnectionPool(host='localhost', port=8081): timed out", "timeout"),
        ("aiogram.exceptions.TelegramServerError: Telegram server says - Bad Gateway", "servidor_caido"),
        ("urllib.error.ContentTooShortError: <urlopen error retrieval incomplete: got only 1 out of 2>", "corrupto"),
    ],
)
def test_a_script_of_the_users_own(rules: RuleSet, exception: str, kind: str) -> None:  # noqa: F811
    story = [BEGUN, FAILED, *e.link(exception, *OWN_SCRIPT)]
    assert incidents(rules, story) == [(kind, "luna", VIDEO, False)]
    again = [BEGUN, f"INFO:__main__:✅ Descarga completa: modelos/luna/{VIDEO}"]
    assert incidents(rules, story + again) == [(kind, "luna", VIDEO, True)]


def test_the_database_of_the_same_words_is_not_ours(rules: RuleSet) -> None:  # noqa: F811
    header = f"ERROR:__main__:❌ Error descargando datos de Supabase para {VIDEO}"
    frames = ((f"{e.SITE}/postgrest/_sync/request_builder.py", "execute"),)
    assert incidents(rules, [header, *e.link("httpx.ReadTimeout: timed out", *frames)]) == []


def test_an_error_line_begins_nothing_that_a_later_success_could_end(rules: RuleSet) -> None:  # noqa: F811
    story = [BEGUN, FAILED, *e.link("httpx.RemoteProtocolError: " + SHORT, *OWN_SCRIPT)]
    assert incidents(rules, [*story, *e.starting("file_7.mp4"), ENDED]) == [("corrupto", "luna", VIDEO, False)]


def test_a_later_failure_of_another_kind_inherits_no_name(rules: RuleSet) -> None:  # noqa: F811
    full = f"[Errno 28] No space left on device: '{e.SERVER}/file_1.mp4' -> '{e.MODELS}/luna/{VIDEO}'"
    first = [*e.starting("file_1.mp4"), *e.copy_failed(full)]
    second = e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")
    assert incidents(rules, [*first, e.POLL, *second]) == [
        ("disco_lleno", "luna", VIDEO, False),
        ("timeout", None, None, False),
    ]


def test_a_traceback_belongs_to_the_failed_file_and_not_to_one_that_was_refused_before(rules: RuleSet) -> None:  # noqa: F811
    refused = ["INFO:__main__:📥 Video recibido de sol", "INFO:__main__:✅ Video recibido: 20260101_090909_aaaaaa.mp4"]
    too_big = e.link("telegram.error.BadRequest: Bad Request: file is too big", *e.HANDLER)
    missing = e.copy_failed(f"[Errno 2] No such file or directory: '{e.SERVER}/file_9.mp4'")
    story = [*refused, e.HEADER, *too_big, e.POLL, *NAMED, *e.starting("file_9.mp4"), *missing]
    assert incidents(rules, story) == [("ruta_inexistente", "luna", VIDEO, False)]


@pytest.mark.parametrize("folder", ["/srv/telegram", "/mnt/datos/bot-api", "/home/ana/tg-data"])
def test_the_servers_directory_may_have_any_name(rules: RuleSet, folder: str) -> None:  # noqa: F811
    """Docker mounts it from wherever its owner wants: the token in the path tells whose it is."""
    source = f"{folder}/<TOKEN>/videos/file_7.mp4"
    starts = [line.replace(f"{e.SERVER}/file_7.mp4", source) for line in e.starting("file_7.mp4")]
    denied = e.copy_failed(f"[Errno 13] Permission denied: '{source}'")
    for story in ([*NAMED, *starts, *denied], denied):
        raw = [line.replace("<TOKEN>", TOKEN) for line in (*story, e.POLL)]
        [incident] = [one.incident for one in simulate(entries(raw), rules)]
        assert incident.download.source == source
    whole = [line.replace("<TOKEN>", TOKEN) for line in (*NAMED, *starts, *denied, e.POLL)]
    assert incidents(rules, whole) == [("permisos", "luna", VIDEO, False)]


def test_a_copy_from_a_place_that_says_nothing_keeps_the_names(rules: RuleSet) -> None:  # noqa: F811
    starts = [line.replace(e.SERVER, "/srv/cache") for line in e.starting("file_7.mp4")]
    timed_out = e.copy_failed("[Errno 110] Connection timed out: '/srv/cache/file_7.mp4'")
    assert incidents(rules, [*NAMED, *starts, *timed_out, e.POLL]) == [("timeout", "luna", VIDEO, False)]


def test_an_unknown_error_within_another_threads_traceback_is_told_in_time(rules: RuleSet) -> None:  # noqa: F811
    lines = [
        e.TRACEBACK,
        e.frame("/home/ana/trafico/src/x.py", "f")[0],
        "ERROR:__main__:una avería nunca vista",
        "ValueError: x",
    ]
    detector = Detector(rules)
    found = [finding for entry in e.entries(lines) for finding in detector.feed(entry)]
    for now in (1010.0, 1020.0):
        found += detector.settle(now)
    assert [finding.message for finding in found] == ["ValueError: x", "ERROR:__main__:una avería nunca vista"]
    assert not detector.unsettled
