"""Late attempts: after the quick ones, minutes apart, and only where the machine's own history gives hope."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from trafico_monitor.control import decisions
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.late_attempts import ENOUGH, SECONDS, WINDOW, LateHistory
from trafico_monitor.incident.retry_budget import SHARES, RetryBudget, Share
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.messages import LANGUAGES
from trafico_monitor.messages.format import clock
from trafico_monitor.model.alert import NotificationCode
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import Cause, ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.model.serialization import decode, encode
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.notify.messages.render import render
from trafico_monitor.notify.triggers import ALARM, FAILED, LIVE, RELIEF
from trafico_monitor.pipeline.events import action_text
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
QUICK, LATE = (1.0, 2.0, 4.0), (60.0, 300.0, 1800.0)
LIMITS = Limits(late=LATE)
PROOF = Verdict(True, (Evidence("file", "/m/luna/a.mp4"),))
NO_PROOF = Verdict(False, reason="timeout")
LATER = NotificationCode.RETRY_LATER
SPACE = Evidence("space", "9 GB")


def video(number: int = 0) -> Download:
    return Download("luna", f"{number}.mp4", f"F{number}", 100, destination=f"modelos/luna/{number}.mp4")


def failure(at: float = NOW, number: int = 0, error_type: ErrorType = ErrorType.TIMEOUT, **more: object) -> Finding:
    download = video(number)
    found = Finding(
        FindingKind.FAILED,
        at,
        7,
        download,
        error_type,
        "r",
        "Timed out",
        origin=f"s{number}.{at}",
        actionable=download,
    )
    return replace(found, **more)  # type: ignore[arg-type]


class Machine:
    """A pipeline on a clock of its own: `answer` says whether the attempt at a time is proven."""

    def __init__(self, limits: Limits = LIMITS, answer: Callable[[float], bool] = lambda at: False) -> None:
        self.pipeline = Pipeline(Detector(load({})), Tracker(), limits, "es")
        self.answer = answer
        self.now = NOW
        self.waits: list[float] = []
        self.steps: list[ChangeSet] = []

    def fail(self, finding: Finding | None = None) -> str:
        """The id of the incident."""
        self.steps.append(self.pipeline.observe((finding or failure(self.now),), self.now))
        return self.steps[-1].incidents[-1].id

    @property
    def order(self) -> RepairTask:
        (order,) = self.pipeline.orders.values()
        return order

    def incident(self, name: str) -> Incident:
        found = self.pipeline.tracker.get(name)
        assert found is not None
        return found

    def attempt(self, result: TaskResult | None = None, verdict: Verdict | None = None) -> ChangeSet:
        """The next order, when it is due."""
        order = min(self.pipeline.orders.values(), key=lambda one: one.due_at)
        self.waits.append(order.due_at - self.now)
        self.now = max(self.now, order.due_at)
        worked = self.answer(self.now)
        done = TaskResult(order.id, Outcome.DONE, path="/m/luna/a.mp4")
        result = result or (done if worked else TaskResult(order.id, Outcome.FAILED, "timeout"))
        self.pipeline.begin_task(order)
        verdict = verdict or (PROOF if worked else NO_PROOF)
        self.steps.append(self.pipeline.finish_task(order, replace(result, order_id=order.id), verdict, self.now))
        return self.steps[-1]

    def run(self) -> None:
        while self.pipeline.orders:
            self.attempt()

    def told(self) -> list[tuple[int, NotificationCode]]:
        return [(notice.thread, notice.code) for step in self.steps for notice in step.notices]


# -- the waits


def test_1_2_and_4_seconds_to_the_millisecond_then_60_300_and_1800() -> None:
    machine = Machine()
    name = machine.fail()
    machine.run()
    assert machine.waits == [*QUICK, *LATE]
    end = machine.incident(name)
    assert (end.estado, end.attempt, end.max_attempts, end.accion) == (Estado.FALLIDO, 6, 6, "given_up")


def test_an_empty_list_is_the_monitor_of_1_0_0() -> None:
    machine = Machine(Limits())
    name = machine.fail()
    machine.run()
    assert machine.waits == [*QUICK]
    assert (machine.incident(name).estado, machine.incident(name).max_attempts) == (Estado.FALLIDO, 3)
    assert machine.told() == [(FAILED, NotificationCode.FAILED)]


@pytest.mark.parametrize(
    "error_type", [one for one in ErrorType if one not in (ErrorType.TIMEOUT, ErrorType.SERVIDOR_CAIDO)]
)
def test_what_time_alone_does_not_heal_is_not_tried_late(error_type: ErrorType) -> None:
    machine = Machine()
    name = machine.fail(failure(error_type=error_type, cause=Cause.TEMPORARY))
    if error_type is ErrorType.DISCO_LLENO:
        machine.pipeline.set_disk_full(False, SPACE, NOW + 1)
        machine.now = NOW + 1
    machine.run()
    assert machine.incident(name).estado is Estado.FALLIDO
    assert machine.incident(name).late == 0 and max(machine.waits) < 60


@pytest.mark.parametrize("reason", ["file_too_big", "file_id_refused", "token_refused"])
def test_what_no_attempt_can_help_has_no_late_one(reason: str) -> None:
    machine = Machine()
    name = machine.fail()
    machine.attempt(TaskResult("", Outcome.REFUSED, reason))
    assert (machine.incident(name).estado, machine.incident(name).reason) == (Estado.FALLIDO, reason)


def test_it_is_pendiente_until_its_time_and_fallido_only_after_the_last() -> None:
    machine = Machine()
    name = machine.fail()
    seen = []
    while machine.pipeline.orders:
        machine.attempt()
        one = machine.incident(name)
        seen.append((one.estado.value, one.attempt, one.max_attempts, one.next_attempt_at))
    assert [each[:3] for each in seen] == [
        ("reintentando", 2, 3), ("reintentando", 3, 3), ("pendiente", 3, 6), ("pendiente", 4, 6), ("pendiente", 5, 6),
        ("fallido", 6, 6),
    ]  # fmt: skip
    third = NOW + 7
    times = [third + 60, third + 360, third + 2160]
    assert [each[3] for each in seen if each[3]] == times
    records = [record for step in machine.steps for record in step.records if record.incident is not None]
    late = [record for record in records if record.incident is not None and record.incident.next_attempt_at]
    assert [record.accion for record in late] == [
        f"próximo intento a las {clock(at)} ({n}/6)" for n, at in zip((4, 5, 6), times, strict=True)
    ]


# -- who is told, and when


def test_the_administrator_is_told_after_the_third_failure_and_the_message_is_edited_when_it_succeeds() -> None:
    machine = Machine(answer=lambda at: at > NOW + 300)
    name = machine.fail()
    machine.attempt()
    machine.attempt()
    assert machine.told() == []
    third = machine.attempt()
    (notice,) = third.notices
    said = render(notice, "es").plain
    assert f"3 intentos fallidos. Próximo intento a las {clock(machine.now + 60)} (4/6)." in said
    assert "fallido:" not in said and "Motivo:" in said
    machine.run()
    assert machine.told() == [(LIVE, LATER), (LIVE, LATER), (LIVE, NotificationCode.SOLVED)]
    end = machine.incident(name)
    assert (end.estado, end.attempt, action_text(end, "es")) == (Estado.SOLUCIONADO, 5, "reintento 5/6")


def test_the_last_failure_edits_the_message_and_rings() -> None:
    machine = Machine()
    machine.fail()
    machine.run()
    told = [(LIVE, LATER)] * 3 + [(LIVE, NotificationCode.MOVED), (FAILED, NotificationCode.FAILED)]
    assert machine.told() == told
    assert "intentos: 6/6" in render(machine.steps[-1].notices[-1], "es").plain


def test_an_outage_s_download_has_one_message_for_its_late_attempts_beside_the_alarm() -> None:
    machine = Machine(answer=lambda at: at > NOW + 300)
    machine.fail(failure(error_type=ErrorType.SERVIDOR_CAIDO))
    machine.attempt(verdict=PROOF)  # the probe: the server answers
    machine.run()
    solved = NotificationCode.SOLVED
    assert machine.told() == [
        (ALARM, NotificationCode.CRITICAL), (LIVE, LATER), (LIVE, LATER), (LIVE, solved), (RELIEF, solved),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stage_has_its_words(language: str) -> None:
    machine = Machine()
    machine.fail()
    machine.run()
    for step in machine.steps:
        for notice in step.notices:
            assert "{" not in render(notice, language).plain
        for record in step.records:
            assert record.incident is None or "{" not in action_text(record.incident, language)


# -- a person


def test_a_person_may_have_it_tried_at_once_while_a_late_attempt_is_awaited() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    asked = decisions.retry(machine.pipeline, machine.incident(name), "ana", machine.now)
    assert asked.reply.ok and asked.reply.code == "retry_begun" and asked.changes is not None
    assert [(n.thread, n.code) for n in asked.changes.notices] == [(LIVE, NotificationCode.RETRY_ASKED)]
    assert "ana" in render(asked.changes.notices[0], "es").plain
    assert (machine.order.due_at, machine.order.attempt, machine.order.late_wait) == (machine.now, 1, 0.0)
    machine.waits.clear()
    machine.run()
    assert machine.waits == [0.0, 2.0, 4.0, *LATE]
    assert machine.incident(name).estado is Estado.FALLIDO


def test_a_late_attempt_that_has_begun_is_under_way() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    machine.pipeline.begin_task(machine.order)
    assert (
        decisions.retry(machine.pipeline, machine.incident(name), "ana", machine.now).reply.code == "retry_under_way"
    )


def test_an_acknowledgement_is_shown_in_the_message_and_stops_nothing() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    said = decisions.acknowledge(machine.pipeline, machine.incident(name), "ana", machine.now)
    assert said.changes is not None
    assert [(n.thread, n.code) for n in said.changes.notices] == [(LIVE, LATER)]
    assert "ana" in render(said.changes.notices[0], "es").plain
    machine.run()
    assert machine.waits == [*QUICK, *LATE]


# -- causes and limits


def test_a_full_disk_holds_a_late_attempt_back_and_space_lets_it_go_on() -> None:
    machine = Machine(answer=lambda at: at > NOW + 400)
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    machine.pipeline.set_disk_full(True, SPACE, NOW + 30)
    held = machine.incident(name)
    assert (held.waiting_for, held.attempt, machine.pipeline.orders.of(name)) == (ErrorType.DISCO_LLENO, 3, ())
    machine.now = NOW + 500
    machine.pipeline.set_disk_full(False, SPACE, machine.now)
    machine.run()
    assert (machine.incident(name).estado, machine.incident(name).attempt) == (Estado.SOLUCIONADO, 4)
    assert machine.now < NOW + 510


def test_a_late_attempt_cut_short_by_the_server_is_given_back() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    machine.attempt(TaskResult("", Outcome.BLOCKED_BY_SERVER, "server_unreachable"))
    held = machine.incident(name)
    assert (held.waiting_for, held.attempt, held.late) == (ErrorType.SERVIDOR_CAIDO, 3, 1)
    machine.now += 100
    machine.pipeline.observe((Finding(FindingKind.SERVER, machine.now, code="up"),), machine.now)
    machine.waits.clear()
    machine.run()
    assert machine.waits == [4.0, 300.0, 1800.0]
    assert (machine.incident(name).estado, machine.incident(name).attempt) == (Estado.FALLIDO, 6)


def test_a_server_that_asks_to_wait_is_obeyed_without_using_up_the_attempt() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    for _ in range(3):
        machine.attempt(TaskResult("", Outcome.FAILED, "server_busy", retry_after=120.0))
    assert machine.waits[4:] == [120.0, 120.0]
    assert (machine.order.attempt, machine.order.late_wait) == (4, 60.0)
    machine.run()
    assert machine.incident(name).attempt == 6


def test_the_hourly_budget_holds_for_late_attempts() -> None:
    machine = Machine()
    shares = {**SHARES, TaskKind.RETRY_DOWNLOAD: Share(4, 1000, 2000)}
    machine.pipeline.incidents.budget = RetryBudget(shares)
    name = machine.fail()
    for _ in range(4):
        machine.attempt()
    held = machine.incident(name)
    assert (held.estado, held.accion, held.attempt) == (Estado.PENDIENTE, "wait_budget", 4)
    assert not machine.pipeline.orders
    machine.now = NOW + 3700
    machine.steps.append(machine.pipeline.tick(machine.now))
    machine.run()
    assert machine.incident(name).attempt == 6


def test_an_open_circuit_breaker_skips_the_quick_repetitions_and_its_failures_are_not_counted_twice() -> None:
    machine = Machine()
    for number in range(4):
        machine.fail(failure(NOW, number))
    for _ in range(10):
        machine.attempt()
    ledger = machine.pipeline.incidents.ledger
    assert ledger.hopeless(ErrorType.TIMEOUT, TaskKind.RETRY_DOWNLOAD, "timeout", machine.now)
    name = machine.fail(failure(machine.now, 9))
    first = machine.pipeline.orders.of(name)[0]
    result = TaskResult(first.id, Outcome.FAILED, "timeout")
    machine.pipeline.finish_task(first, result, NO_PROOF, machine.now + 1)
    assert machine.pipeline.orders.of(name)[0].late_wait == 60.0
    before = machine.pipeline.incidents.ledger
    machine.pipeline.finish_task(machine.pipeline.orders.of(name)[0], result, NO_PROOF, machine.now + 61)
    assert machine.pipeline.incidents.ledger is before


# -- exactly once


def restarted(machine: Machine) -> Machine:
    """What a kill -9 leaves is what the last transaction had."""
    pipeline = machine.pipeline
    memory = json.loads(json.dumps(pipeline.memory()))
    incidents = tuple(decode(Incident, encode(one)) for one in pipeline.tracker._incidents.values())
    orders = tuple(decode(RepairTask, encode(one)) for one in pipeline.orders.values())
    after = Machine(LIMITS, machine.answer)
    after.pipeline.restore(Snapshot(incidents, orders, "c", memory))
    after.now = machine.now
    return after


def test_a_restart_before_each_attempt_changes_nothing() -> None:
    machine = Machine()
    name = machine.fail()
    waits = []
    while machine.pipeline.orders:
        machine = restarted(machine)
        machine.attempt()
        waits += machine.waits
    assert waits == [*QUICK, *LATE]
    assert machine.incident(name).estado is Estado.FALLIDO
    again = restarted(machine)
    assert again.pipeline.incidents.late == machine.pipeline.incidents.late != LateHistory()


def test_a_failure_without_a_name_is_not_taken_in_by_an_incident_that_only_waits() -> None:
    """A late attempt of ours makes an incident no younger: the next failure is another download's."""
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    started = Finding(FindingKind.STARTED, NOW + 50, 7, video(1))
    machine.pipeline.observe((started,), NOW + 50)
    machine.attempt()
    nameless = failure(machine.now + 3, download=Download(), actionable=Download(), origin="later")
    assert machine.fail(nameless) != name


def test_the_bot_s_own_success_meanwhile_ends_it_without_another_download() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    waiting = machine.order
    finished = Finding(FindingKind.FINISHED, NOW + 20, 7, video(), message="✅ Descarga completa", exact=True)
    changes = machine.pipeline.observe((finished,), NOW + 20)
    assert waiting.id in changes.finished
    assert machine.order.kind is TaskKind.CONFIRM
    machine.attempt(TaskResult("", Outcome.DONE), PROOF)
    assert machine.incident(name).estado is Estado.SOLUCIONADO
    assert TaskKind.RETRY_DOWNLOAD not in {order.kind for order in machine.pipeline.orders.values()}


def test_a_video_that_is_there_already_is_proven_and_teaches_nothing_about_late_attempts() -> None:
    machine = Machine()
    name = machine.fail()
    for _ in QUICK:
        machine.attempt()
    machine.attempt(TaskResult("", Outcome.DONE), PROOF)
    end = machine.incident(name)
    assert (end.estado, end.attempt, end.accion) == (Estado.SOLUCIONADO, 3, "arrived")
    assert machine.pipeline.incidents.late == LateHistory()


@pytest.mark.parametrize(("file_id", "again"), [("F0", True), ("F9", False)])
def test_the_bot_that_downloads_the_video_again_goes_first(file_id: str, again: bool) -> None:
    """A user sends it once more: another name, the same file of the server."""
    machine = Machine()
    machine.fail()
    for _ in QUICK:
        machine.attempt()
    waiting = machine.order
    assert not machine.pipeline.bot_downloads_again(waiting)
    fields = {
        "TRAFICO_EVENTO": "inicio", "TRAFICO_MODELO": "luna", "TRAFICO_VIDEO": "b.mp4", "TRAFICO_FILE_ID": file_id,
        "TRAFICO_FILE_SIZE": "100", "TRAFICO_DESTINO": "modelos/luna/b.mp4",
    }  # fmt: skip
    entry = JournalEntry("", 7, NOW + 60, "c1", fields=fields)
    machine.pipeline.consume([entry], "c1", NOW + 60)
    assert machine.pipeline.bot_downloads_again(waiting) is again


# -- what history leaves out


def test_ten_failures_of_one_kind_leave_it_out_and_a_success_brings_it_back() -> None:
    history = LateHistory()
    for number in range(ENOUGH):
        assert not history.hopeless(ErrorType.TIMEOUT, "timeout", 60.0, NOW + number)
        history = history.with_outcome(ErrorType.TIMEOUT, "timeout", 60.0, NOW + number, False)
    now = NOW + ENOUGH
    assert history.hopeless(ErrorType.TIMEOUT, "timeout", 60.0, now)
    for other in (
        (ErrorType.SERVIDOR_CAIDO, "timeout", 60.0),
        (ErrorType.TIMEOUT, "lost", 60.0),
        (ErrorType.TIMEOUT, "timeout", 300.0),
    ):
        assert not history.hopeless(*other, now)
    assert not history.hopeless(ErrorType.TIMEOUT, "timeout", 60.0, now + SECONDS)  # it is forgotten
    assert not history.hopeless(ErrorType.TIMEOUT, "timeout", 60.0, NOW - 1)  # the clock was set back
    better = history.with_outcome(ErrorType.TIMEOUT, "timeout", 60.0, now, True)
    assert not better.hopeless(ErrorType.TIMEOUT, "timeout", 60.0, now)


def test_what_history_leaves_out_is_not_counted_and_is_said_when_nothing_is_left() -> None:
    machine = Machine()
    for wait in (60.0, 1800.0):
        for _ in range(ENOUGH):
            late = machine.pipeline.incidents.late.with_outcome(ErrorType.TIMEOUT, "timeout", wait, NOW, False)
            machine.pipeline.incidents.late = late
    name = machine.fail()
    machine.run()
    assert machine.waits == [*QUICK, 300.0]
    end = machine.incident(name)
    assert (end.attempt, end.max_attempts, end.accion) == (4, 4, "given_up_late")
    assert "sin reintentos tardíos (4/4)" in render(machine.steps[-1].notices[-1], "es").plain


def test_a_person_s_request_is_tried_late_whatever_history_says() -> None:
    machine = Machine()
    for _ in range(ENOUGH):
        for wait in LATE:
            late = machine.pipeline.incidents.late.with_outcome(ErrorType.TIMEOUT, "timeout", wait, NOW, False)
            machine.pipeline.incidents.late = late
    name = machine.fail()
    machine.run()
    assert machine.waits == [*QUICK]
    machine.waits.clear()
    decisions.retry(machine.pipeline, machine.incident(name), "ana", machine.now)
    machine.run()
    assert machine.waits == [0.0, 2.0, 4.0, *LATE]


def test_the_history_is_bounded() -> None:
    history = LateHistory()
    for number in range(3000):
        history = history.with_outcome(ErrorType.TIMEOUT, f"r{number % 500}", 60.0, NOW + number, False)
    assert len(history.outcomes) <= 64 and max(map(len, history.outcomes.values())) <= WINDOW
    assert len(json.dumps(history.snapshot())) < 64_000
    assert LateHistory.restored(json.loads(json.dumps(history.snapshot()))) == history


@pytest.mark.parametrize(
    "memory",
    [
        {"x": 1},
        {"a b c": [[1, 7]]},
        {"a b": [[1, 1]]},
        {"timeout timeout 60": [["x", 1], [1], None]},
        {"timeout timeout 60": []},
        {"a b c": 5},
    ],
)
def test_a_spoilt_history_is_an_empty_one(memory: dict[str, object]) -> None:
    assert LateHistory.restored(memory) == LateHistory()


# -- a simulated server


def recovery(luck: random.Random) -> float:
    """Seconds until a cause that ended a download is over: a blip, an overload of minutes, or something that no
    waiting heals. The shares are chosen so that 1, 2, 4 s alone solve what they solved in the simulation that the
    waits come from (.58)."""
    kind = luck.random()
    if kind < 0.62:
        return luck.expovariate(1 / 2.0)
    return luck.lognormvariate(5.2, 1.2) if kind < 0.92 else float("inf")


def solved(limits: Limits, number: int = 2000, seed: int = 14) -> tuple[float, float, dict[int, float]]:
    """The share of `number` timeouts that end `solucionado`, late attempts an incident, and the seconds that each one
    solved by a quick attempt took."""
    luck, machine, proven, late, quick = random.Random(seed), Machine(limits), 0, 0, dict[int, float]()
    for one in range(number):
        machine.now += 7200.0
        over = machine.now + recovery(luck)
        machine.answer = lambda at, over=over: at >= over  # type: ignore[misc]
        began, name = machine.now, machine.fail()
        machine.waits.clear()
        machine.run()
        end = machine.incident(name)
        proven += end.estado is Estado.SOLUCIONADO
        late += max(0, end.attempt - 3)
        if end.estado is Estado.SOLUCIONADO and end.attempt <= 3:
            quick[one] = machine.now - began
        machine.steps.clear()
    return proven / number, late / number, quick


def test_late_attempts_solve_what_1_2_and_4_seconds_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    alone, _, before = solved(Limits())
    both, late, after = solved(LIMITS)
    with capsys.disabled():
        print(f"\ntimeouts solved: 1, 2, 4 s {alone:.2f}; with late attempts {both:.2f}, {late:.2f} late an incident")
    assert 0.53 <= alone <= 0.63
    assert both >= 0.85
    assert {one: after[one] for one in before} == before  # to the millisecond


def test_history_spares_the_late_attempts_that_never_help(capsys: pytest.CaptureFixture[str]) -> None:
    machine, late = Machine(), []
    for _ in range(60):
        machine.now += 7200.0
        name = machine.fail()
        machine.run()
        late.append(max(0, machine.incident(name).attempt - 3))
    with capsys.disabled():
        print(f"\nhopeless incidents: late attempts {sum(late[:10]) / 10:.2f} each at first, {late[-1]} later")
    assert late[0] == 3 and sum(late) <= 3 * ENOUGH + 3
