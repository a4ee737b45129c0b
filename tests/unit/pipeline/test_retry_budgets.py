"""What a flood of lines may cost, and what it must not cost the others: through the whole pipeline."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trafico_monitor.control import decisions
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.retry_budget import HOUR, SHARES, SPENT
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
LINES = 3000
REASONS = ("source_missing", "timeout", "connection_lost", "not_served", "server_error")
PROOF = Verdict(True, (Evidence("file", "/m/a.mp4"),))
NO_PROOF = Verdict(False, (Evidence("file", "/m/a.mp4", False),), "nothing_there")


def new() -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es")


def failure(number: int, error_type: ErrorType, download: Download, pid: int = 7, at: float = NOW) -> Finding:
    return Finding(
        FindingKind.FAILED, at + number / 1e4, pid, download, error_type, "r", origin=f"s{number}.{at}",
        code="handler", actionable=download,
    )  # fmt: skip


def named(number: int) -> Download:
    """Of a modelo that nobody has had before, and nothing to download from."""
    return Download(f"modelo{number}", f"{number}.mp4", destination=f"modelos/modelo{number}/{number}.mp4")


def known(number: int, modelo: str) -> Download:
    source = f"/api/videos/file_{number}.mp4"
    return Download(modelo, f"{number}.mp4", size=10, source=source, destination=f"modelos/{modelo}/{number}.mp4")


class Machine:
    """Carries out what is ordered, as long as something is; counts it."""

    def __init__(self, pipeline: Pipeline, verdict: Verdict = PROOF) -> None:
        self.pipeline, self.verdict, self.now = pipeline, verdict, NOW
        self.done: list[RepairTask] = []
        self.told: list[str] = []

    def hear(self, *findings: Finding) -> None:
        self._take(self.pipeline.observe(findings, self.now))

    def work(self, seconds: float = 0.0) -> None:
        """For so long, and until nothing is under way."""
        until = self.now + seconds
        while True:
            self._take(self.pipeline.tick(self.now))
            due = [order for order in self.pipeline.orders.values() if order.due_at <= self.now]
            for order in due:
                self.carry_out(order)
            if not due:
                if self.now >= until and not self.pipeline.orders:
                    return
                self.now += 1.0

    def carry_out(self, order: RepairTask) -> None:
        current = self.pipeline.begin_task(order)
        if current is None:
            return
        self.done.append(current)
        outcome = Outcome.DONE if self.verdict.proven else Outcome.FAILED
        # Ever other reasons: of one that never works the ledger would make an end.
        reason = "" if self.verdict.proven else REASONS[len(self.done) % len(REASONS)]
        result = TaskResult(current.id, outcome, reason)
        self._take(self.pipeline.finish_task(current, result, self.verdict, self.now))

    def _take(self, changes: ChangeSet) -> None:
        self.told += [notice.code for notice in changes.notices]

    def count(self, kind: TaskKind) -> int:
        return sum(order.kind is kind for order in self.done)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error_type", "download", "kind"),
    [
        (ErrorType.RUTA_INEXISTENTE, named, TaskKind.CREATE_FOLDER),
        (ErrorType.CORRUPTO, named, TaskKind.QUARANTINE),
        (ErrorType.PERMISOS, named, TaskKind.FIX_OWNER),
        (ErrorType.TIMEOUT, lambda number: known(number, "luna"), TaskKind.RETRY_DOWNLOAD),
    ],
)
def test_three_thousand_lines_cost_no_more_than_the_share_of_a_process(
    error_type: ErrorType, download: object, kind: TaskKind
) -> None:
    machine = Machine(new(), NO_PROOF)
    machine.hear(*(failure(number, error_type, download(number)) for number in range(LINES)))  # type: ignore[operator]
    for order in list(machine.pipeline.orders.values()):
        machine.now = max(machine.now, min(order.due_at, NOW + 60))
        machine.carry_out(order)
    assert 0 < machine.count(kind) <= SHARES[kind].process
    waiting = [one for one in machine.pipeline.tracker.open_incidents() if one.reason in SPENT]
    assert {one.estado for one in waiting} == {Estado.PENDIENTE} and len(waiting) >= LINES - SHARES[kind].process
    assert machine.told.count("budget_spent") == 1


@pytest.mark.slow
def test_three_thousand_lines_give_a_handful_of_folders() -> None:
    machine = Machine(new())
    machine.hear(*(failure(number, ErrorType.RUTA_INEXISTENTE, named(number)) for number in range(LINES)))
    machine.work(60)
    assert machine.count(TaskKind.CREATE_FOLDER) == SHARES[TaskKind.CREATE_FOLDER].process == 8


def test_a_bot_that_is_started_again_and_again_is_bounded_as_well() -> None:
    machine = Machine(new())
    for number in range(300):
        machine.hear(failure(number, ErrorType.RUTA_INEXISTENTE, named(number), pid=1000 + number))
    machine.work(60)
    assert machine.count(TaskKind.CREATE_FOLDER) == SHARES[TaskKind.CREATE_FOLDER].hour


@pytest.mark.parametrize("error_type", [each for each in ErrorType if each is not ErrorType.DISCO_LLENO])
def test_fifty_downloads_that_all_fail_at_once_are_all_repaired(error_type: ErrorType) -> None:
    """Each into a folder of its own that is not there."""
    machine = Machine(new())
    machine.hear(*(failure(number, error_type, known(number, f"modelo{number}")) for number in range(50)))
    machine.work(60)
    assert machine.pipeline.tracker.open_incidents() == ()
    first = TaskKind.QUARANTINE if error_type is ErrorType.CORRUPTO else TaskKind.RETRY_DOWNLOAD
    assert machine.count(first) == 50
    assert "failed" not in machine.told


def test_fifty_downloads_that_never_work_get_every_attempt_that_they_have() -> None:
    machine = Machine(new(), NO_PROOF)
    machine.hear(*(failure(number, ErrorType.TIMEOUT, known(number, "luna")) for number in range(50)))
    machine.work(60)
    assert machine.told.count("failed") == 50 and "budget_spent" not in machine.told


def test_what_is_left_over_goes_on_when_the_hour_has_passed_and_is_told_once_an_hour() -> None:
    machine = Machine(new())
    for number in range(20):
        machine.hear(failure(number, ErrorType.RUTA_INEXISTENTE, named(number)))
    machine.work(HOUR - 60)
    assert machine.count(TaskKind.CREATE_FOLDER) == 8
    assert machine.told.count("budget_spent") == 1
    machine.work(120)
    assert machine.count(TaskKind.CREATE_FOLDER) == 16
    machine.work(HOUR)
    assert machine.count(TaskKind.CREATE_FOLDER) == 20
    assert machine.pipeline.tracker.open_incidents() == ()


def test_nothing_is_stored_while_it_only_waits() -> None:
    machine = Machine(new())
    for number in range(20):
        machine.hear(failure(number, ErrorType.RUTA_INEXISTENTE, named(number)))
    machine.work(60)
    for second in range(60):
        changes = machine.pipeline.tick(machine.now + second)
        assert (changes.incidents, changes.records, changes.memory) == ((), (), None)


def test_it_goes_on_after_a_restart() -> None:
    machine = Machine(new())
    for number in range(9):
        machine.hear(failure(number, ErrorType.RUTA_INEXISTENTE, named(number)))
    machine.work(60)
    (left,) = machine.pipeline.tracker.open_incidents()
    again = Machine(new())
    again.pipeline.restore(Snapshot((left,), memory=json.loads(json.dumps(machine.pipeline.memory()))))
    again.now = machine.now
    again.work(60)
    assert again.done == []
    again.work(HOUR)
    assert again.count(TaskKind.CREATE_FOLDER) == 1


def test_a_person_who_asks_is_not_kept_waiting() -> None:
    machine = Machine(new())
    for number in range(9):
        machine.hear(failure(number, ErrorType.RUTA_INEXISTENTE, named(number)))
    machine.work(60)
    (left,) = machine.pipeline.tracker.open_incidents()
    assert (left.estado, left.accion, left.reason) == (Estado.PENDIENTE, "wait_budget", "budget_process")
    for _ in range(3):
        answer = decisions.retry(
            machine.pipeline, machine.pipeline.tracker.get(left.id) or left, "cli:ana", machine.now
        )
        assert answer.reply.code == "retry_begun"
        machine.verdict = NO_PROOF
        machine.work(60)
    assert machine.count(TaskKind.CREATE_FOLDER) > 10


def test_a_download_that_fails_again_and_again_waits_instead_of_being_given_up() -> None:
    machine = Machine(new(), NO_PROOF)
    for number in range(5):
        machine.hear(failure(number, ErrorType.TIMEOUT, known(1, "luna"), at=machine.now))
        machine.work(20)
    assert machine.count(TaskKind.RETRY_DOWNLOAD) == SHARES[TaskKind.RETRY_DOWNLOAD].download
    (left,) = machine.pipeline.tracker.open_incidents()
    assert (left.estado, left.reason, left.attempt) == (Estado.PENDIENTE, "budget_spent", 0)
    machine.verdict = PROOF
    machine.work(HOUR)
    assert machine.pipeline.tracker.open_incidents() == ()


def test_a_server_that_is_said_to_be_back_all_the_time_is_asked_a_bounded_number_of_times() -> None:
    machine = Machine(new(), NO_PROOF)
    down = failure(0, ErrorType.SERVIDOR_CAIDO, Download())
    machine.hear(down)
    for number in range(3000):
        back = replace(down, kind=FindingKind.RECOVERED, at=NOW + number / 1e3, origin=f"b{number}", message="200 OK")
        machine.hear(back)
        for order in list(machine.pipeline.orders.values()):
            machine.carry_out(order)
    assert machine.count(TaskKind.WAIT_FOR_SERVER) <= SHARES[TaskKind.WAIT_FOR_SERVER].download
    (left,) = machine.pipeline.tracker.open_incidents()
    assert left.waiting_for is ErrorType.SERVIDOR_CAIDO
