"""Unknown errors through the pipeline: kept, told once, and a storm of them as one number."""

from __future__ import annotations

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.unknown import HOUR, MOST_AN_HOUR
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.pipeline.pipeline import Pipeline

AT = 1000.0


def pipeline() -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(3, (1.0,), 3, 10.0), "es")


def entries(*messages: str, at: float = AT) -> list[JournalEntry]:
    found = []
    for number, message in enumerate(messages):
        found.append(JournalEntry(message, 7, at + number / 100, f"c{at}-{number}"))
        found.append(JournalEntry("INFO:x:sigue", 7, at + number / 100, f"d{at}-{number}"))
    return found


def events(changes: ChangeSet) -> list[str]:
    return [record.text for record in changes.records if record.event == "unknown_error"]


def test_a_kind_is_told_once_and_counted_on() -> None:
    lines = [f"ERROR:x: el hueco {number} no cuadra" for number in range(50)]
    changes = pipeline().consume(entries(*lines), "c", AT)
    assert len(events(changes)) == len(changes.notices) == 1 and "hueco <NUM>" in events(changes)[0]
    assert [(kind.count, len(kind.samples)) for kind in changes.unknown] == [(50, 5)]
    assert changes.notices[0].key == "unknown" and changes.memory is not None


def test_a_storm_of_kinds_is_a_handful_and_one_number_after_an_hour() -> None:
    line = pipeline()
    words = [f"ERROR:{chr(97 + number)}{chr(98 + number)}: raro" for number in range(20)]
    changes = line.consume(entries(*words), "c", AT)
    assert len(events(changes)) == len(changes.notices) == MOST_AN_HOUR and len(changes.unknown) == 20
    assert not line.tick(AT + 60).notices
    late = line.tick(AT + 60 + HOUR)
    assert [notice.fields["clases"] for notice in late.notices] == ["15"] and "15" in events(late)[0]


def test_after_a_restart_a_known_kind_is_not_new() -> None:
    first = pipeline().consume(entries("ERROR:x: el hueco 1 no cuadra"), "c", AT)
    again = pipeline()
    again.restore(Snapshot(cursor="c", memory=first.memory, unknown=first.unknown))
    changes = again.consume(entries("ERROR:x: el hueco 2 no cuadra", at=AT + 9), "d", AT + 9)
    assert not changes.records and not changes.notices
    assert [(kind.id, kind.count) for kind in changes.unknown] == [(first.unknown[0].id, 2)]


def test_the_same_lines_read_again_after_a_crash_are_the_same_notice() -> None:
    told = [pipeline().consume(entries("ERROR:x: raro"), "c", AT).notices[0] for _ in range(2)]
    assert told[0] == told[1]
