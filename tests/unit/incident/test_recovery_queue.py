"""Oldest first, a few at a time, and nobody keeps the others back."""

from __future__ import annotations

import json
from dataclasses import replace

from trafico_monitor.incident.recovery_queue import AT_ONCE, LONGEST_PAUSE, RecoveryQueue
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Incident
from trafico_monitor.model.task import RepairTask, TaskKind

NOW = 1_766_000_000.0
WAITING = [
    Incident(f"ID{n}", ErrorType.TIMEOUT, NOW + n, NOW + n, actionable=Download(source=f"/x/file_{n}.mp4"))
    for n in range(10)
]


def names(found: tuple[Incident, ...]) -> list[str]:
    return [one.id for one in found]


def order(kind: TaskKind = TaskKind.RETRY_DOWNLOAD, due_at: float = NOW) -> RepairTask:
    return RepairTask("ID9/1", "ID9", kind, ErrorType.TIMEOUT, due_at)


def test_the_oldest_go_first_and_the_rest_waits_its_turn() -> None:
    assert names(RecoveryQueue().next(WAITING[::-1], (), NOW)) == ["ID0", "ID1", "ID2"]
    assert len(RecoveryQueue().next(WAITING, [order()] * (AT_ONCE - 1), NOW)) == 1
    assert not RecoveryQueue().next(WAITING, [order()] * AT_ONCE, NOW)


def test_what_does_not_work_now_takes_nobodys_turn() -> None:
    later = [order(due_at=NOW + 600), order(TaskKind.WAIT_FOR_SERVER)]
    assert len(RecoveryQueue().next(WAITING, later * AT_ONCE, NOW)) == AT_ONCE


def test_who_only_waits_for_the_cause_needs_no_turn() -> None:
    outages = [replace(one, error_type=ErrorType.SERVIDOR_CAIDO, actionable=Download()) for one in WAITING]
    assert len(RecoveryQueue().next(outages, [order()] * AT_ONCE, NOW)) == len(outages)


def test_who_met_the_cause_again_stands_behind_the_others() -> None:
    resumption = RecoveryQueue()
    resumption.met("ID0", NOW)
    assert names(resumption.next(WAITING, (), NOW)) == ["ID1", "ID2", "ID3"]
    assert names(resumption.next(WAITING[:1], (), NOW)) == ["ID0"]


def test_who_meets_it_again_and_again_waits_longer_each_time() -> None:
    resumption, now, tries = RecoveryQueue(), NOW, 0
    while now < NOW + 4 * 3600:
        if resumption.next(WAITING[:1], (), now):
            resumption.met("ID0", now)
            tries += 1
        now += 1
    assert tries == 11  # at once twice, then after 30 s, 1, 2, 4, 8, 16, 32 min, and then each hour
    assert not resumption.next(WAITING[:1], (), now - LONGEST_PAUSE)


def test_it_survives_a_restart_and_forgets_what_has_ended() -> None:
    resumption = RecoveryQueue()
    for _ in range(3):
        resumption.met("ID0", NOW)
    again = RecoveryQueue()
    again.restore(json.loads(json.dumps(resumption.snapshot())))
    assert not again.next(WAITING[:1], (), NOW + 1)
    again.ended("ID0")
    assert names(again.next(WAITING[:1], (), NOW + 1)) == ["ID0"]
    again.restore({"ID0": "nonsense", "ID1": [1]})
    assert again.snapshot() == {}
