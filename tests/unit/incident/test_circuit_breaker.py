"""Where trying again never works it is left, and begins anew with the first that works."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trafico_monitor.incident.circuit_breaker import SECONDS, TRIES, CircuitBreaker, attempt_of
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Incident
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, TaskStat, Verdict

NOW = 1_766_000_000.0
AGAIN = TaskKind.RETRY_DOWNLOAD
FAILED = TaskStat(ErrorType.TIMEOUT, AGAIN, NOW, False, "source_missing")
WORKED = TaskStat(ErrorType.TIMEOUT, AGAIN, NOW, True, seconds=7.0)
INCIDENT = Incident("ABC23456", ErrorType.TIMEOUT, NOW - 7, NOW)


def after(*attempts: TaskStat) -> CircuitBreaker:
    ledger = CircuitBreaker()
    for attempt in attempts:
        ledger = ledger.with_attempt(attempt)
    return ledger


def hopeless(ledger: CircuitBreaker, reason: str = "source_missing", at: float = NOW) -> bool:
    return ledger.hopeless(ErrorType.TIMEOUT, AGAIN, reason, at)


def test_ten_failures_for_one_reason_and_none_that_worked() -> None:
    assert not hopeless(after(*[FAILED] * (TRIES - 1)))
    assert hopeless(after(*[FAILED] * TRIES))


def test_each_reason_type_and_order_for_itself() -> None:
    ledger = after(*[FAILED] * TRIES)
    assert not hopeless(ledger, "timeout")
    assert not ledger.hopeless(ErrorType.CORRUPTO, AGAIN, "source_missing", NOW)
    assert not ledger.hopeless(ErrorType.TIMEOUT, TaskKind.FIX_OWNER, "source_missing", NOW)


def test_one_that_works_makes_it_begin_anew() -> None:
    assert not hopeless(after(*[FAILED] * TRIES, WORKED))
    assert not hopeless(after(*[FAILED] * TRIES, WORKED, *[FAILED] * (TRIES - 1)))


def test_what_was_a_week_ago_counts_no_more() -> None:
    ledger = after(*[FAILED] * TRIES)
    assert hopeless(ledger, at=NOW + SECONDS)
    assert not hopeless(ledger, at=NOW + SECONDS + 1)
    later = ledger.with_attempt(replace(FAILED, reason="timeout", at=NOW + SECONDS + 1))
    assert [key[2] for key in later.failures] == ["timeout"]


def test_it_stays_small() -> None:
    ledger = after(*[FAILED] * 1000)
    assert [len(times) for times in ledger.failures.values()] == [TRIES]


def test_it_survives_a_restart() -> None:
    ledger = after(*[FAILED] * TRIES, replace(FAILED, reason="timeout"))
    assert CircuitBreaker.restored(json.loads(json.dumps(ledger.snapshot()))) == ledger


@pytest.mark.parametrize("memory", [{"x": [1]}, {"a b c": []}, {"a b c": "text"}, {"a b c": [None]}, {"a b c d": [1]}])
def test_what_was_not_written_by_it_is_left_out(memory: dict[str, object]) -> None:
    assert CircuitBreaker.restored(memory) == CircuitBreaker()


def counted(kind: TaskKind, result: TaskResult, verdict: Verdict) -> TaskStat | None:
    order = RepairTask("ABC23456/1", INCIDENT.id, kind, ErrorType.TIMEOUT, NOW)
    return attempt_of(INCIDENT, order, result, verdict, NOW)


PROOF = Verdict(True, (Evidence("file", "/m/a.mp4"),))


def test_what_works_is_what_is_proven() -> None:
    done = TaskResult("", Outcome.DONE, "copied")
    assert counted(AGAIN, done, PROOF) == WORKED
    unproven = counted(AGAIN, done, Verdict(False, reason="size_differs"))
    assert unproven is not None and (unproven.worked, unproven.reason) == (False, "size_differs")


def test_putting_aside_works_by_being_done() -> None:
    aside = counted(TaskKind.QUARANTINE, TaskResult("", Outcome.DONE, "quarantined"), Verdict(False))
    assert aside is not None and aside.worked


@pytest.mark.parametrize(
    "result",
    [
        TaskResult("", Outcome.BLOCKED_BY_SPACE, "no_space"),
        TaskResult("", Outcome.BLOCKED_BY_SERVER, "server_unreachable"),
        TaskResult("", Outcome.FAILED, "server_busy", retry_after=5.0),
    ],
)
def test_what_was_cut_short_says_nothing(result: TaskResult) -> None:
    assert counted(AGAIN, result, Verdict(False)) is None
