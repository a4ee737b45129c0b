"""Lines of the bot's children, level C: they open and name nothing, and tell the type of a failure without reason."""

from __future__ import annotations

import pytest

from trafico_monitor.detection.children import MOST_COMPLAINTS, Complaints
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry, Origin

from .test_lines import CASES, rules  # noqa: F401

SOURCE = "/home/victor/.telegram-bot-api/<TOKEN>/videos/file_9.mp4"
PLACE = "modelos/luna/20251225_143020_a3f2b1.mp4"
COPYING = f"INFO:__main__:📥 Copiando desde: {SOURCE}"
FAILED = f"ERROR:__main__:❌ Error al copiar: Command '['cp', '{SOURCE}', '{PLACE}']' returned non-zero exit status 1."
FULL = f"cp: error writing '{PLACE}': No space left on device"
BOT, CHILD = Origin.BOT, Origin.CHILD
TRACEBACK = (
    "ERROR:__main__:❌ Error al copiar archivo",
    "Traceback (most recent call last):",
    '  File "/x/bot_central.py", line 5, in copiar',
    '    subprocess.run(["cp", a, b], check=True)',
    f"subprocess.CalledProcessError: Command '['cp', '{SOURCE}', '{PLACE}']' returned non-zero exit status 1.",
)


def findings(rules: RuleSet, *said: tuple[Origin, str], apart: float = 0.01) -> list[Finding]:  # noqa: F811
    detector = Detector(rules)
    found: list[Finding] = []
    for number, (origin, line) in enumerate(said):
        pid = 7 if origin is BOT else 1000 + number
        found += detector.feed(JournalEntry(line, pid, 1000 + number * apart, f"c{number}", origin))
    return [*found, *detector.settle(float("inf"))]


def failures(found: list[Finding]) -> list[tuple[ErrorType | None, str]]:
    return [(one.error_type, one.origin) for one in found if one.kind is FindingKind.FAILED]


def test_a_childs_line_alone_is_nothing(rules: RuleSet) -> None:  # noqa: F811
    assert any(label != "none" for label, _ in CASES)
    for _, line in CASES:
        assert findings(rules, (BOT, COPYING), (CHILD, line))[1:] == [], line
    assert findings(rules, *((CHILD, line) for line in TRACEBACK), (CHILD, FAILED), (CHILD, FULL)) == []


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        (FULL, ErrorType.DISCO_LLENO),
        (f"cp: error writing '/srv/100trafico/{PLACE}': Disk quota exceeded", ErrorType.DISCO_LLENO),
        (f"cp: cannot open '{SOURCE}' for reading: Permission denied", ErrorType.PERMISOS),
        (f"cp: cannot create regular file '{PLACE}': No such file or directory", ErrorType.RUTA_INEXISTENTE),
        (f"chown: changing ownership of '{PLACE}': Operation not permitted", ErrorType.PERMISOS),
        (f"{PLACE}: Invalid data found when processing input", ErrorType.CORRUPTO),
    ],
)
def test_it_tells_the_type_of_a_failure_without_a_reason(
    rules: RuleSet,  # noqa: F811
    complaint: str,
    expected: ErrorType,
) -> None:
    for record in ((FAILED,), TRACEBACK):
        found = findings(rules, (BOT, COPYING), (CHILD, complaint), *((BOT, line) for line in record))
        assert failures(found) == [(expected, "c2")]
        assert found[-1].lines[0] == complaint and len(found) == 2
        assert (found[-1].download.modelo, found[-1].download.source) == ("luna", SOURCE)


def test_it_may_come_after_the_bots_record(rules: RuleSet) -> None:  # noqa: F811
    assert failures(findings(rules, (BOT, COPYING), (BOT, FAILED), (CHILD, FULL))) == [(ErrorType.DISCO_LLENO, "c1")]


def test_what_the_bot_says_itself_stands(rules: RuleSet) -> None:  # noqa: F811
    own = f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{SOURCE}'"
    assert failures(findings(rules, (BOT, COPYING), (CHILD, FULL), (BOT, own))) == [(ErrorType.PERMISOS, "c2")]


@pytest.mark.parametrize(
    "complaint",
    [
        "cp: error writing 'modelos/luna/another.mp4': No space left on device",
        "cp: error writing 'modelos/luna/x20251225_143020_a3f2b1.mp4': No space left on device",
        "No space left on device",
        "Timeout 30000ms exceeded.",
        f"cp: overwrite '{PLACE}: No space left on device'?",  # a stranger named the file so
        f"cp: cannot stat '{PLACE}: No space left on device': Input/output error",
        f"{PLACE}: anything\nx: No space left on device",
    ],
)
def test_of_another_file_or_in_a_files_name_it_tells_nothing(rules: RuleSet, complaint: str) -> None:  # noqa: F811
    found = findings(rules, (BOT, COPYING), (CHILD, complaint), (BOT, FAILED))
    assert [one.kind for one in found] == [FindingKind.STARTED, FindingKind.UNKNOWN]


def test_without_a_download_under_way_or_long_after_it_tells_nothing(rules: RuleSet) -> None:  # noqa: F811
    assert failures(findings(rules, (CHILD, FULL), (BOT, FAILED))) == []
    assert failures(findings(rules, (BOT, COPYING), (CHILD, FULL), (BOT, FAILED), apart=11.0)) == []
    of_another_matter = "ERROR:supabase:❌ No se pudo guardar la fila 7"
    assert failures(findings(rules, (BOT, COPYING), (CHILD, FULL), (BOT, of_another_matter))) == []


def test_a_flood_of_complaints_is_bounded(rules: RuleSet) -> None:  # noqa: F811
    complaints = Complaints()
    for number in range(1000):
        line = f"cp: error writing '{number}.mp4': No space left on device"
        complaints.take(JournalEntry(line, 9, 1000.0, f"c{number}", CHILD), rules)
    assert len(complaints._latest) == MOST_COMPLAINTS
