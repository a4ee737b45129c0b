"""A bot that prints and reports: journald takes its lines and its reports by two sockets, and puts
those of the same moment in either order."""

from __future__ import annotations

import pytest

from tests.cases import each
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.model.finding import FindingKind
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from .test_detector import feed
from .test_lines import rules  # noqa: F401

VIDEO = "20260101_101010_abcdef.mp4"
TELLS = {
    "TRAFICO_MODELO": "luna",
    "TRAFICO_VIDEO": VIDEO,
    "TRAFICO_FILE_ID": "BAAC",
    "TRAFICO_FILE_SIZE": "5665533",
    "TRAFICO_DESTINO": f"{e.MODELS}/luna/{VIDEO}",
}
NAMED = [
    "INFO:__main__:📥 Video recibido de luna",
    f"INFO:__main__:✅ Video recibido: {VIDEO}",
    "INFO:__main__:⏬ Descargando: 5 MB",
]
TIMED_OUT = e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")
DENIED = e.copy_failed(f"[Errno 13] Permission denied: '{e.SERVER}/file_9.mp4'")


def mixed(lines: list[str], begun: int, failed: int, error: str) -> list[JournalEntry]:
    """The report of the beginning before line `begun`, that of the failure before line `failed`."""
    said: list[tuple[str, str]] = [("", line) for line in lines]
    said.insert(failed, ("error", f"❌ Error al descargar {VIDEO}: {error}"))
    said.insert(begun, ("inicio", f"⏬ Descargando: {VIDEO}"))
    fields = {event: {**TELLS, "TRAFICO_EVENTO": event} for event in ("inicio", "error")}
    return [
        JournalEntry(line, 100, 1000.0 + n * 0.001, f"c:{n}", fields=fields.get(event, {}))
        for n, (event, line) in enumerate(said)
    ]


@each("begun", range(4))
@each("after", [0, 1, 2, 100])
@each(
    ("before", "rest", "error", "kind"),
    [
        ([], TIMED_OUT, "TimedOut: Timed out", "timeout"),
        ([], DENIED, f"PermissionError: [Errno 13] Permission denied: '{e.SERVER}/file_9.mp4'", "permisos"),
        (e.starting("file_9.mp4"), DENIED, "PermissionError: [Errno 13] Permission denied", "permisos"),
    ],
)
def test_one_failure_with_all_its_names_in_whatever_order_it_is_told(
    rules: RuleSet,  # noqa: F811
    before: list[str],
    rest: list[str],
    error: str,
    kind: str,
    begun: int,
    after: int,
) -> None:
    entries = mixed([*NAMED, *before, *rest, e.POLL], begun, len(NAMED) + len(before) + after, error)
    first = next(finding for finding in feed(Detector(rules), entries) if finding.kind is FindingKind.FAILED)
    assert (first.download.modelo, first.download.video, first.download.file_id) == ("luna", VIDEO, "BAAC")
    [incident] = [one.incident for one in simulate(entries, rules)]
    assert (incident.error_type.value, incident.download.size) == (kind, 5665533)


def test_a_second_video_of_the_same_modelo_is_another_download(rules: RuleSet) -> None:  # noqa: F811
    other = "20260101_101011_fedcba.mp4"
    second = ["INFO:__main__:📥 Video recibido de luna", f"INFO:__main__:✅ Video recibido: {other}"]
    first = mixed([*NAMED, *second, *TIMED_OUT, e.POLL], 3, 100, "TimedOut: Timed out")
    names = {one.incident.download.video for one in simulate(first, rules)}
    assert VIDEO in names and other not in names


def test_a_success_of_other_bytes_than_announced_ends_no_failure(rules: RuleSet) -> None:  # noqa: F811
    """The bot counts what it has copied, and only then finds it too short; its report comes first."""
    said = ["INFO:__main__:✅ Archivo copiado exitosamente: 100000 bytes", "ERROR:__main__:❌ Archivo corrupto"]
    found = feed(Detector(rules), mixed([*NAMED, *said, e.POLL], 3, 3, "VideoDamaged: "))
    assert FindingKind.FINISHED not in {finding.kind for finding in found}


def test_a_report_of_what_the_lines_have_told_is_no_repetition(rules: RuleSet) -> None:  # noqa: F811
    said = [f"ERROR:__main__:❌ Archivo corrupto: {e.MODELS}/luna/{VIDEO} (1 de 2 bytes)", e.POLL]
    [incident] = [one.incident for one in simulate(mixed([*NAMED, *said], 3, 4, "VideoDamaged: "), rules)]
    assert incident.count == 1


@pytest.mark.parametrize(
    "line",
    [
        "INFO:__main__:📥 Video recibido de descarga_exitosa",
        "INFO:__main__:📥 Video recibido de ✅ Archivo copiado exitosamente: 5 bytes",
        "INFO:__main__:✅ Video recibido: descarga exitosa.mp4",
        "INFO:__main__:mensaje de ana: ✅ Descarga exitosa: 5 MB",
        "INFO:x:usuario Archivo copiado exitosamente después de fix: 5 bytes pulsó",
        "INFO:__main__:⏬ Descargando: archivo descargado",
    ],
)
def test_a_strangers_name_with_the_words_of_a_success_ends_nothing(rules: RuleSet, line: str) -> None:  # noqa: F811
    """Telegram's users choose their names, and the bot prints them."""
    [incident] = [one.incident for one in simulate(mixed([*TIMED_OUT, e.POLL, line], 0, 100, "x"), rules)]
    assert not incident.recovered_by_bot


@each("start", ["", "INFO:__main__:", "2025-12-26T10:00:00Z ", "2025-12-26 10:00:00,123 - bot - INFO - "])
@each(
    "words",
    [
        "✅ Archivo copiado exitosamente: 5665533 bytes",
        "✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
        "✅ Descarga completa",
        "✅ Descarga exitosa: 250 MB",
        "Archivo descargado: 5665533 bytes",
        "✅ Video descargado exitosamente",
    ],
)
def test_the_bots_own_success_is_known_by_where_it_stands(rules: RuleSet, start: str, words: str) -> None:  # noqa: F811
    found = feed(Detector(rules), mixed([*NAMED, start + words], 0, 100, "x"))
    assert FindingKind.FINISHED in {finding.kind for finding in found}
