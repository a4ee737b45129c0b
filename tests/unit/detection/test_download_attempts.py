"""States of a download attempt: what each real line makes of it, and those that an older version has stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.download_attempts import UNDER_WAY, AttemptState, DownloadAttempt, attempt_from
from trafico_monitor.detection.extract.download import Evidence
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import FindingKind
from trafico_monitor.model.journal_entry import JournalEntry

from .test_lines import rules  # noqa: F401

SERVER = "/home/victor/.telegram-bot-api/<TOKEN>/videos"
# Lines of the corpus, by their ids.
LINES = {
    "L-N006": "INFO:__main__:🔍 DEBUG: file_path=https://api.telegram.org/file/bot<TOKEN>/" + SERVER + "/{file}",
    "L-N007": "INFO:__main__:🔍 DEBUG: file_size=5665533",
    "L-N008": "INFO:__main__:📥 Copiando desde: " + SERVER + "/{file}",
    "L-N009": "INFO:__main__:✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
    "L-N010": "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes",
    "L-P004": "WARNING:__main__:⚠️ Error de permisos detectado, aplicando fix automático...",
    "E-004": "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '" + SERVER + "/{file}'",
    "HTTP": "INFO:__main__:📥 Descargando vía HTTP...",
}
SNAPSHOTS = json.loads((Path(__file__).parent / "snapshots.json").read_text(encoding="utf-8"))
BEGUN = ["L-N006", "L-N007"]
STATES = {
    "receiving": AttemptState.RECEIVING,
    "nameless": AttemptState.RECEIVING,
    "copying": AttemptState.COPYING,
    "ambiguous": AttemptState.AMBIGUOUS,
    "stalled": AttemptState.STALLED,
    "failed": AttemptState.FAILED,
    "repairing": AttemptState.REPAIRING,
}


def fed(detector: Detector, names: list[str], start: float = 1000.0) -> list[AttemptState]:
    """The states of all attempts after the lines `names`; «L-N008/4» is of file_4.mp4, «5000 s» is time."""
    at = start
    for number, name in enumerate(names):
        if name.endswith(" s"):
            at += float(name[:-2])
            detector.overdue(at)
            continue
        line, _, file = name.partition("/")
        at += 0.01
        text = LINES[line].format(file=f"file_{file or 3}.mp4")
        detector.feed(JournalEntry(text, 7, at, f"{start:.0f}:{number}"))
    processes = detector._memory.processes
    return [one.state for one in processes[7].attempts.all] if 7 in processes else []


@pytest.mark.parametrize(
    ("names", "states"),
    [
        (BEGUN, [AttemptState.RECEIVING]),
        ([*BEGUN, "L-N008"], [AttemptState.COPYING]),
        ([*BEGUN, "L-N008", "L-N010"], []),
        ([*BEGUN, "L-N008", "E-004"], [AttemptState.FAILED]),
        ([*BEGUN, "L-N008", "L-P004"], [AttemptState.REPAIRING]),
        ([*BEGUN, "L-N008", "L-P004", "L-N009"], []),
        ([*BEGUN, "L-N008", "L-P004", "E-004"], [AttemptState.FAILED]),
        ([*BEGUN, "L-N008", "5000 s"], [AttemptState.STALLED]),
        ([*BEGUN, "L-N008", "5000 s", "E-004"], [AttemptState.FAILED]),
        ([*BEGUN, "L-N008", "5000 s", "L-N010"], []),
        (["HTTP"], [AttemptState.RECEIVING]),
        # Two of one size under way, and one success: nobody knows whose.
        ([*BEGUN, "L-N008", "L-N006/4", "L-N007", "L-N008/4", "L-N010"], [AttemptState.AMBIGUOUS] * 2),
        ([*BEGUN, "L-N008", "L-N006/4", "L-N007", "L-N008/4", "L-N010", "L-N010"], []),
        ([*BEGUN, "L-N008", "L-N006/4", "L-N007", "L-N008/4", "L-N010", "5000 s"], [AttemptState.AMBIGUOUS] * 2),
    ],
)
def test_each_line_leads_to_its_state(rules: RuleSet, names: list[str], states: list[AttemptState]) -> None:  # noqa: F811
    assert fed(Detector(rules), names) == states


def test_further_words_clear_a_doubt() -> None:
    attempt = DownloadAttempt(Download(), "c", 1.0)
    for evidence, state in (
        (Evidence.COPYING, AttemptState.COPYING),
        (Evidence.DOUBT, AttemptState.AMBIGUOUS),
        (Evidence.COPYING, AttemptState.AMBIGUOUS),
        (Evidence.CLEAR, AttemptState.COPYING),
        (Evidence.SILENCE, AttemptState.STALLED),
        (Evidence.DOUBT, AttemptState.STALLED),
    ):
        attempt.observe(evidence, "o" if evidence is Evidence.SILENCE else "")
        assert attempt.state is state and attempt.under_way is (state in UNDER_WAY) is not bool(attempt.failure)
    assert attempt_from(json.loads(json.dumps(attempt.as_data()))) == attempt


@pytest.mark.parametrize("version", SNAPSHOTS)
@pytest.mark.parametrize("story", STATES)
def test_what_an_older_version_stored_goes_on(rules: RuleSet, version: str, story: str) -> None:  # noqa: F811
    detector = Detector(rules)
    detector.restore(SNAPSHOTS[version][story])
    attempts = [one for process in detector._memory.processes.values() for one in process.attempts.all]
    assert attempts and {one.state for one in attempts} == {STATES[story]}
    assert {one.nameless for one in attempts} == {story == "nameless"}
    assert {one.copying for one in attempts} == {story in ("copying", "ambiguous")}
    again = Detector(rules)
    again.restore(json.loads(json.dumps(detector.snapshot())))
    assert again.snapshot() == detector.snapshot()


@pytest.mark.parametrize("version", SNAPSHOTS)
def test_a_repair_that_an_older_version_saw_announced_ends_well(rules: RuleSet, version: str) -> None:  # noqa: F811
    detector = Detector(rules)
    detector.restore(SNAPSHOTS[version]["repairing"])
    [finished] = detector.feed(JournalEntry(LINES["L-N009"], 7, 1001.0, "later"))
    assert finished.kind is FindingKind.FINISHED and finished.repaired and finished.origin == "c4"
