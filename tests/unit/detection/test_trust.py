"""Words of strangers move nothing: which records open an incident, and which places may be acted on."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.pipeline.dry_run import SimulatedIncident, simulate

from . import episodes as e
from .quotations import COMPLAINTS, FORMATS, TALK, TEXTS, quotations, quoted
from .test_lines import SHIPPED

RULES = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
VIDEO = "20260101_101010_abcdef.mp4"
ON_FILES = {"retry_download", "create_folder", "quarantine", "fix_owner"}
SOURCE = f"{e.SERVER}/file_9.mp4"
COPYING = ["INFO:__main__:🔍 DEBUG: file_size=5665533", f"INFO:__main__:📥 Copiando desde: {SOURCE}"]
DONE = "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"
DENIED = f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{SOURCE}'"
BOTH = (
    f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{SOURCE}' -> '{e.MODELS}/luna/{VIDEO}'"
)
NO_FOLDER = f"ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '{e.MODELS}/luna/{VIDEO}'"
FULL = (
    f"ERROR:__main__:❌ Error al copiar: [Errno 28] No space left on device: '{SOURCE}' -> '{e.MODELS}/luna/{VIDEO}'"
)
CORRUPT = f"ERROR:__main__:❌ Archivo corrupto: {e.MODELS}/luna/{VIDEO}"
REFUSED = "httpx.ConnectError: All connection attempts failed"
GENUINE = {
    "timeout": [*e.starting("file_9.mp4"), *e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")],
    "permisos": [*COPYING, *e.copy_failed(f"[Errno 13] Permission denied: '{SOURCE}'")],
    "both ends": [*COPYING, BOTH],
    "folder": [*COPYING, NO_FOLDER],
    "disk": [*COPYING, FULL],
    "corrupt": ["INFO:__main__:📥 Video recibido de luna", *COPYING, DONE, CORRUPT],
    "server": e.getting_file(f"telegram.error.NetworkError: {REFUSED}", REFUSED),
}  # fmt: skip


def play(lines: list[str]) -> tuple[SimulatedIncident, ...]:
    return simulate([JournalEntry(line, 100, 1000.0 + n * 0.005, f"c:{n}") for n, line in enumerate(lines)], RULES)


def tasks(played: tuple[SimulatedIncident, ...]) -> list[tuple[str, tuple[str, ...], object]]:
    return [(one.incident.error_type.value, one.orders, one.incident.actionable) for one in played]


@cache
def expected(name: str) -> list[tuple[str, tuple[str, ...], object]]:
    return tasks(play(GENUINE[name]))


def test_no_quotation_opens_an_incident() -> None:
    lines = list(quotations())
    played = play(lines)
    assert [lines[int(one.incident.first.partition(":")[2])] for one in played] == []


@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_failure_has_its_tasks(name: str) -> None:
    [one] = play(GENUINE[name])
    assert one.orders, one
    if name in ("both ends", "folder", "disk", "corrupt"):
        named = one.incident.actionable
        assert (named.modelo, named.video) == ("luna", VIDEO)


@pytest.mark.parametrize("name", GENUINE)
@given(
    text=st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_characters="\n\r"), max_size=80)),
    template=st.sampled_from((*TALK, *COMPLAINTS)),
    form=st.sampled_from(FORMATS),
    loud=st.booleans(),
    place=st.integers(0, 100),
)
@settings(deadline=None, max_examples=25)
def test_a_quotation_at_any_place_changes_no_task(
    name: str,
    text: str,
    template: str,
    form: object,
    loud: bool,
    place: int,
) -> None:
    lines = GENUINE[name]
    level = ("WARNING" if loud else "INFO") if template in COMPLAINTS else "INFO"
    quotation = form(level, "__main__", quoted(template, text))  # type: ignore[operator]
    at = place % (len(lines) + 1)
    assert tasks(play([*lines[:at], quotation, *lines[at:]])) == expected(name), (at, quotation)


@pytest.mark.parametrize("line", [DENIED, BOTH, NO_FOLDER, FULL, CORRUPT])
def test_a_single_record_is_told_and_moves_nothing(line: str) -> None:
    [one] = play(["INFO:__main__:💬 @alguien: hola", line])
    assert one.incident.download.known or one.incident.download.video
    assert not ON_FILES & set(one.orders)


@pytest.mark.parametrize("line", [DENIED, BOTH, NO_FOLDER, CORRUPT])
def test_the_record_of_another_download_ties_nothing(line: str) -> None:
    other = ["INFO:__main__:📥 Video recibido de sol", f"INFO:__main__:📥 Copiando desde: {e.SERVER}/file_10.mp4"]
    for one in play([*other, line]):
        assert "luna" not in str(one.incident.actionable)
        assert "file_9" not in str(one.incident.actionable)


def test_a_copy_that_ended_well_ties_nothing_to_a_later_record_of_another_file() -> None:
    ends = f"'{e.SERVER}/file_1.mp4' -> '{e.MODELS}/otra/p.mp4'"
    later = f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: {ends}"
    [one] = play([*COPYING, DONE, "INFO:__main__:💬 @alguien: hola", later])
    assert not ON_FILES & set(one.orders)


@pytest.mark.parametrize(
    "line",
    [
        'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getFile "HTTP/1.1 502 Bad Gateway"',
        'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getFile "HTTP/1.1 504 Gateway Timeout"',
        "INFO:media_downloader:Media downloaded with wrong size - /srv/video/X269.mov",
    ],
)
def test_an_exact_template_of_a_library_counts_at_info_for_its_own_logger(line: str) -> None:
    assert play([line])
    _, _, message = line.split(":", 2)
    assert not play([f"INFO:__main__:{message}"])
    assert not play([f"INFO:__main__:💬 @alguien: {message}"])


def test_a_bot_that_prints_without_levels_is_watched() -> None:
    [one] = play([f"📥 Copiando desde: {SOURCE}", f"❌ Error al copiar: [Errno 13] Permission denied: '{SOURCE}'"])
    assert one.orders == ("fix_owner", "retry_download")
    frames = [
        "Traceback (most recent call last):",
        '  File "/srv/bot.py", line 3, in copiar',
        "    shutil.copy2(a, b)",
    ]
    assert play([*frames, "OSError: [Errno 28] No space left on device: '/srv/modelos/luna/x.mp4'"])
