"""Blindness and silence as the pipeline keeps, records and tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.model.task import TaskKind
from trafico_monitor.pipeline.handlers.visibility import OVER_SECONDS
from trafico_monitor.pipeline.pipeline import Pipeline

RULES = Path(__file__).parents[3] / "trafico_monitor/detection/rules"
UNIT = "trafico-main.service"
PATH = "INFO:__main__:🔍 DEBUG: file_path=/home/ana/.telegram-bot-api/videos/file_3.mp4"
COPYING = "INFO:__main__:📥 Copiando desde: /home/ana/.telegram-bot-api/videos/file_3.mp4"


def new() -> Pipeline:
    rules = load({file.name: file.read_text(encoding="utf-8") for file in RULES.glob("*.toml")})
    return Pipeline(Detector(rules), Tracker(), Limits(), "es")


@pytest.fixture
def pipeline() -> Pipeline:
    return new()


def blind(code: str, at: float, message: str = "") -> Finding:
    return Finding(FindingKind.BLIND, at, rule=UNIT, message=message, code=code)


def events(changes: ChangeSet) -> list[str]:
    return [record.event for record in changes.records]


def told(changes: ChangeSet) -> list[tuple[str, str, int]]:
    return [(notice.key, notice.code, notice.thread) for notice in changes.notices]


def dropped(number: int, at: float) -> JournalEntry:
    fields = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e"}
    return JournalEntry(f"Suppressed {number} messages from {UNIT}", 50, at, f"s{at}", Origin.JOURNALD, fields)


def test_what_lasts_is_told_once_and_its_end(pipeline: Pipeline) -> None:
    begun = pipeline.observe((blind("reader_behind", 1000, "45"),), 1000)
    assert events(begun) == ["blind"] and "45 s" in begun.records[0].text
    assert told(begun) == [("blind", "blind", 1000)]
    again = pipeline.observe((blind("reader_behind", 1030, "75"),), 1030)
    assert not again.records and not again.notices
    over = pipeline.observe((blind("caught_up", 1060),), 1060)
    assert events(over) == ["sighted"] and told(over) == [("blind", "sighted", 1000)]  # the same message, edited
    assert not pipeline.blindness.now
    assert not pipeline.observe((blind("caught_up", 1090),), 1090).records


def test_dropped_lines_are_counted_in_all_and_over_after_a_while(pipeline: Pipeline) -> None:
    first = pipeline.consume([dropped(200, 1000)], "a", 1000)
    second = pipeline.consume([dropped(50, 1100)], "b", 1100)
    assert events(first) == events(second) == ["blind"]
    assert {thread for _, _, thread in (*told(first), *told(second))} == {1000}  # one conversation
    assert pipeline.blindness.dropped == 250 and pipeline.blindness.now["suppressed"].count == 2
    assert not pipeline.tick(1100 + OVER_SECONDS).records
    over = pipeline.tick(1101 + OVER_SECONDS)
    assert events(over) == ["sighted"] and over.notices[0].fields["perdidas"] == "250"
    assert pipeline.blindness.dropped == 250
    later = pipeline.consume([dropped(1, 9000)], "c", 9000)
    assert told(later) == [("blind", "blind", 9000)]  # a new one rings again


def test_one_message_tells_every_reason_and_ends_with_the_last(pipeline: Pipeline) -> None:
    pipeline.observe((blind("no_access", 1000, "denegado"),), 1000)
    both = pipeline.observe((blind("reader_behind", 1030, "45"),), 1030)
    assert "denegado" in both.notices[0].fields["texto"] and "45 s" in both.notices[0].fields["texto"]
    one = pipeline.observe((blind("readable", 1060),), 1060)
    assert events(one) == ["sighted"] and not one.notices
    assert told(pipeline.observe((blind("caught_up", 1060),), 1060)) == [("blind", "sighted", 1000)]


def test_opening_the_journal_again_is_no_blindness(pipeline: Pipeline) -> None:
    changes = pipeline.observe((blind("reopened", 1000),), 1000)
    assert events(changes) == ["blind"] and not changes.notices and not pipeline.blindness.now


def test_a_silent_unit_is_told_once_until_it_speaks_or_ends(pipeline: Pipeline) -> None:
    silent = pipeline.observe((blind("unit_silent", 1000, "312"),), 1000)
    assert events(silent) == ["unit_silent"] and told(silent) == [("silence", "unit_silent", 1000)]
    assert UNIT in silent.records[0].text and "312 s" in silent.records[0].text
    assert not pipeline.observe((blind("unit_silent", 1030, "342"),), 1030).notices
    speaks = pipeline.observe((blind("unit_speaks", 1090),), 1090)
    assert events(speaks) == ["unit_speaks"] and told(speaks) == [("silence", "unit_speaks", 1000)]
    pipeline.observe((blind("unit_silent", 2000, "312"),), 2000)
    pipeline.observe((Finding(FindingKind.UNIT, 2010, rule=UNIT, code="stopped"),), 2010)
    assert not pipeline.blindness.now
    assert not pipeline.observe((blind("unit_speaks", 2020),), 2020).records


def test_it_survives_a_restart(pipeline: Pipeline) -> None:
    pipeline.observe((blind("reader_behind", 1000, "45"),), 1000)
    pipeline.consume([dropped(200, 1000)], "a", 1000)
    after = new()
    after.restore(Snapshot(memory=json.loads(json.dumps(pipeline.memory()))))
    assert after.blindness.dropped == 200
    assert not after.observe((blind("reader_behind", 1030, "75"),), 1030).notices
    assert events(after.observe((blind("caught_up", 1060),), 1060)) == ["sighted"]


def test_a_silent_download_is_an_incident_of_the_playbook(pipeline: Pipeline) -> None:
    pipeline.consume([JournalEntry(PATH, 100, 999, "p"), JournalEntry(COPYING, 100, 1000, "a")], "a", 1000)
    now, found = 1000.0, ChangeSet()
    while not found.incidents and now < 4000:
        now += 10
        found = pipeline.tick(now)
    incident = found.incidents[-1]
    assert incident.error_type is ErrorType.TIMEOUT and incident.rule == "silence_download"
    assert incident.estado is Estado.REINTENTANDO and "30 min" in incident.error_message
    assert "Copiando desde" in incident.error_message and found.orders[0].download.source


def test_what_one_record_has_begun_is_told_and_left_to_a_person(pipeline: Pipeline) -> None:
    pipeline.consume([JournalEntry(COPYING, 100, 1000, "a")], "a", 1000)
    found = [pipeline.tick(float(now)) for now in range(1000, 4000, 10)]
    assert [one for changes in found for one in changes.orders] == []
    assert next(one.reason for changes in found for one in changes.incidents) == "single_record"


def test_the_bots_own_end_closes_it(pipeline: Pipeline) -> None:
    pipeline.consume([JournalEntry(PATH, 100, 999, "p"), JournalEntry(COPYING, 100, 1000, "a")], "a", 1000)
    assert sum(len(pipeline.tick(float(now)).orders) for now in range(1000, 4000, 10)) == 1
    late = pipeline.consume([JournalEntry("✅ Archivo copiado exitosamente: 5 bytes", 100, 4000, "b")], "b", 4000)
    assert late.incidents[-1].open and late.incidents[-1].recovered_by_bot
    assert [order.kind for order in late.orders] == [TaskKind.CONFIRM]


def test_a_machine_that_slept_finds_no_silence(pipeline: Pipeline) -> None:
    pipeline.consume([JournalEntry(COPYING, 100, 1000, "a")], "a", 1000)
    assert not pipeline.tick(1000 + 8 * 3600).incidents
    assert not pipeline.consume([JournalEntry("anything", 100, 1001 + 8 * 3600, "b")], "b", 1001 + 8 * 3600).incidents


def test_a_gap_is_no_proof_of_silence(pipeline: Pipeline) -> None:
    pipeline.consume([JournalEntry(COPYING, 100, 1000, "a")], "a", 1000)
    pipeline.observe((blind("cursor_gap", 1010),), 1010)
    assert not pipeline.consume([JournalEntry("anything", 100, 9000, "b")], "b", 9000).incidents
