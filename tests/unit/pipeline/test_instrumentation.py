"""Whether the bot's downloads are known exactly: by what its process has told since it was started."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import Snapshot
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.pipeline.instrumentation import Instrumentation, hear, restored, snapshot, standing
from trafico_monitor.pipeline.pipeline import Pipeline

RULES = Path(__file__).parents[3] / "trafico_monitor/detection/rules"
PTB = "telegram 22.5"


def told(event: str, at: float, library: str = PTB, pid: int = 7, **more: str) -> JournalEntry:
    said = {"TRAFICO_EVENTO": event, "TRAFICO_CONTRATO": "1", "TRAFICO_BIBLIOTECA": library, **more}
    return JournalEntry("…", pid, at, fields=said)


def heard(*entries: JournalEntry) -> Instrumentation:
    found = Instrumentation()
    for entry in entries:
        found = hear(found, entry)
    return found


def exact(known: Instrumentation, began: float = 90.0, *, lives: bool = False) -> bool:
    return bool(standing(known, began, lives=lives)["exact"])


def test_exactly_from_the_first_word_of_its_own_until_its_next_start() -> None:
    known = heard(told("activo", 100))
    assert standing(known, 90, lives=False) == {"exact": True, "library": PTB, "foreign": None}
    assert standing(known, 101, lives=True) == {"exact": False, "library": None, "foreign": None}
    assert not exact(Instrumentation())


@pytest.mark.parametrize(
    "entry",
    [
        JournalEntry("TRAFICO_EVENTO=activo TRAFICO_CONTRATO=1", 7, 100),
        told("activo", 100, TRAFICO_CONTRATO="2"),
        replace(told("activo", 100), origin=Origin.MANAGER),
        JournalEntry("…", 7, 100, fields={"TRAFICO_EVENTO": "inicio"}),  # trafico_monitor.bot
        told("ajeno", 100),
    ],
)
def test_nothing_else_makes_it_exact(entry: JournalEntry) -> None:
    assert not exact(heard(entry))


def test_any_event_of_the_contract_tells() -> None:
    assert exact(heard(told("inicio", 100)))
    assert exact(heard(told("ajeno", 99, "telethon 9"), told("activo", 100)))


def test_a_version_that_is_not_known_is_named() -> None:
    assert standing(heard(told("ajeno", 100, "telegram 30.0")), 0, lives=True) == {
        "exact": False, "library": None, "foreign": "telegram 30.0",
    }  # fmt: skip


def test_the_libraries_are_those_of_the_process_that_told_last() -> None:
    both = heard(told("activo", 100), told("activo", 101, "telethon 1.42"), told("activo", 102))
    assert standing(both, 90, lives=False)["library"] == f"{PTB}, telethon 1.42"
    assert standing(hear(both, told("activo", 103, "aiogram 3.1", pid=8)), 90, lives=False)["library"] == "aiogram 3.1"


def test_without_a_unit_a_process_that_lives_tells() -> None:
    known = heard(told("activo", 100))
    assert exact(known, 0, lives=True) and not exact(known, 0, lives=False)


def test_a_stream_of_events_is_not_a_stream_of_memories() -> None:
    known = heard(told("activo", 100))
    assert all(hear(known, told("progreso", 100 + n)) is known for n in range(60))
    assert hear(known, told("progreso", 160)).at == 160
    assert hear(known, JournalEntry("text", 7, 500)) is known


@pytest.mark.parametrize("saved", [{}, {"at": "x", "pid": 1}, {"at": 1, "pid": None}, {"told": 1}])
def test_a_memory_of_something_else_is_nothing_told(saved: dict[str, object]) -> None:
    assert restored(saved) == Instrumentation()


def new() -> Pipeline:
    rules = load({file.name: file.read_text(encoding="utf-8") for file in RULES.glob("*.toml")})
    return Pipeline(Detector(rules), Tracker(), Limits(), "es")


def test_it_goes_on_after_a_restart_of_the_monitor() -> None:
    pipeline = new()
    changes = pipeline.consume([told("activo", 100)], "c1", 100)
    assert changes.memory is not None  # in the transaction of the cursor: neither is without the other
    again = new()
    again.restore(Snapshot(memory=json.loads(json.dumps(changes.memory))))
    assert again.told == pipeline.told == heard(told("activo", 100))
    assert restored(json.loads(json.dumps(snapshot(Instrumentation())))) == Instrumentation()
