"""What a person may ask of an incident, and what follows: pure, through the whole pipeline."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cases import each
from trafico_monitor.control import decisions
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Conditions, Limits
from trafico_monitor.incident.retry_budget import SHARES
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.messages import catalogue
from trafico_monitor.model.alert import Notification, NotificationCode, Scope, Severity, Silence
from trafico_monitor.model.control import ControlRequest, RequestKind
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.installation import RescuedFile
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
ANA = "cli:ana"
KNOWN = Download("victor", "a.mp4", source="/x/videos/file_1.mp4", size=10)
FAILED = Incident(
    "ABCDEF23", ErrorType.TIMEOUT, NOW - 90, NOW - 60, Estado.FALLIDO, KNOWN, attempt=3, step=3,
    reason="timeout", accion="given_up", closed_at=NOW - 60, actionable=KNOWN,
)  # fmt: skip
PROOF = Verdict(True, (Evidence("file", "/m/victor/a.mp4"), Evidence("size", "10 B")))


def new(*incidents: Incident, refusal: str = "") -> Pipeline:
    pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es", refusal)
    for incident in incidents:
        pipeline.tracker.put(incident)
    return pipeline


def events(answer: decisions.CommandOutcome) -> list[str]:
    return [record.event for record in answer.changes.records] if answer.changes else []


# Retry.


def test_a_failed_incident_is_opened_again_and_the_record_says_who_asked() -> None:
    pipeline = new(FAILED)
    answer = decisions.retry(pipeline, FAILED, ANA, NOW)
    assert (answer.reply.ok, answer.reply.code, answer.reply.fields["id"]) == (True, "retry_begun", FAILED.id)
    assert answer.changes is not None
    (incident,), (order,) = answer.changes.incidents, answer.changes.orders
    assert (incident.estado, incident.attempt, incident.asked, incident.asked_by) == (
        Estado.REINTENTANDO, 1, 1, ANA,
    )  # fmt: skip
    assert (order.kind, order.due_at, order.id) == (TaskKind.RETRY_DOWNLOAD, NOW, f"{FAILED.id}/4")
    assert events(answer) == ["request_retry", "incident_retrying"]
    first = answer.changes.records[0]
    assert ANA in first.text and first.fields["por"] == ANA and first.incident == FAILED


def test_asking_twice_begins_nothing_twice() -> None:
    pipeline = new(FAILED)
    decisions.retry(pipeline, FAILED, ANA, NOW)
    now = pipeline.tracker.get(FAILED.id)
    assert now is not None
    again = decisions.retry(pipeline, now, "panel:token", NOW + 1)
    assert (again.reply.ok, again.reply.code, again.changes) == (True, "retry_under_way", None)
    assert len(pipeline.orders) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"estado": Estado.SOLUCIONADO}, "retry_solved"),
        ({"download": Download("victor", "a.mp4"), "actionable": Download()}, "retry_refused"),
        ({"estado": Estado.PENDIENTE, "closed_at": None, "waiting_for": ErrorType.DISCO_LLENO}, "retry_waiting"),
        ({"estado": Estado.PENDIENTE, "closed_at": None, "waiting_for": ErrorType.SERVIDOR_CAIDO}, "retry_waiting"),
    ],
)
def test_what_cannot_be_tried_again_is_refused_with_the_reason(change: dict[str, object], code: str) -> None:
    incident = replace(FAILED, **change)  # type: ignore[arg-type]
    pipeline = new(incident)
    pipeline.incidents.conditions = Conditions(disk_full=True, server_down=True)
    answer = decisions.retry(pipeline, incident, ANA, NOW)
    assert (answer.reply.ok, answer.reply.code, answer.changes) == (False, code, None)
    if code == "retry_waiting":
        assert answer.reply.fields["causa"]


def test_what_waits_for_a_cause_that_is_gone_goes_on() -> None:
    waiting = replace(FAILED, estado=Estado.PENDIENTE, closed_at=None, waiting_for=ErrorType.DISCO_LLENO)
    assert decisions.retry(new(waiting), waiting, ANA, NOW).reply.code == "retry_begun"


def test_a_failed_one_waits_for_the_cause_that_holds_now() -> None:
    pipeline = new(FAILED)
    pipeline.incidents.conditions = Conditions(disk_full=True)
    answer = decisions.retry(pipeline, FAILED, ANA, NOW)
    assert (answer.reply.ok, answer.reply.code, answer.reply.fields["causa"]) == (True, "retry_held", "disco lleno")
    assert answer.changes is not None and answer.changes.incidents[0].estado is Estado.PENDIENTE


def test_without_a_project_nothing_is_tried() -> None:
    answer = decisions.retry(new(FAILED, refusal="missing.project"), FAILED, ANA, NOW)
    assert (answer.reply.code, answer.reply.fields["reason"]) == ("retry_refused", "missing.project")


def test_a_person_is_never_kept_waiting_by_a_budget() -> None:
    pipeline, codes = new(FAILED), []
    order = RepairTask("B/1", "B", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, NOW, download=KNOWN)
    for number in range(3):
        for _ in range(2000):
            pipeline.incidents.budget.spend(order, FAILED.pid, NOW)
        codes.append(decisions.retry(pipeline, FAILED, ANA, NOW + number).reply.code)
        assert len(pipeline.orders) == 1
        for given in list(pipeline.orders):
            pipeline.orders.pop(given)
    assert codes == ["retry_begun"] * 3


def test_assignments_have_a_budget_too_and_what_it_refuses_is_on_record() -> None:
    pipeline = new()
    rescued = RescuedFile("/m/_rescatados/file_1.mp4", 10, "a.mp4")
    request = ControlRequest(RequestKind.ASSIGN, ANA, NOW, file="file_1.mp4", modelo="luna")
    for _ in range(SHARES[TaskKind.ASSIGN].download):
        answer = decisions.assign(pipeline, rescued, None, request, NOW)
        assert answer.order is not None
        pipeline.orders.pop(answer.order.id)
    refused = decisions.assign(pipeline, rescued, None, request, NOW)
    assert (refused.reply.ok, refused.reply.code, refused.reply.fields["reason"]) == (
        False, "assign_failed", "budget_spent",
    )  # fmt: skip
    assert refused.order is None and events(refused) == ["assign_failed"]


# Acknowledge.


@pytest.mark.parametrize("estado", [Estado.FALLIDO, Estado.PENDIENTE, Estado.REINTENTANDO])
def test_an_acknowledgement_is_kept_with_who_and_when_and_said_in_the_message(estado: Estado) -> None:
    incident = replace(FAILED, estado=estado, closed_at=NOW if estado is Estado.FALLIDO else None)
    pipeline = new(incident)
    answer = decisions.acknowledge(pipeline, incident, ANA, NOW)
    assert answer.changes is not None and answer.reply.code == "acknowledged"
    (kept,) = answer.changes.incidents
    assert (kept.acknowledged_by, kept.acknowledged_at, kept.updated_at) == (ANA, NOW, incident.updated_at)
    assert events(answer) == ["request_ack"]
    assert [notice.code for notice in answer.changes.notices] == (["failed"] if estado is Estado.FALLIDO else [])
    again = decisions.acknowledge(pipeline, kept, "telegram:7", NOW + 60)
    assert (again.reply.ok, again.reply.code, again.changes) == (True, "acknowledged_already", None)
    assert again.reply.fields["por"] == ANA


def test_an_acknowledgement_leaves_the_repair_alone() -> None:
    pipeline = new(FAILED)
    decisions.retry(pipeline, FAILED, ANA, NOW)
    going_on = pipeline.tracker.get(FAILED.id)
    assert going_on is not None
    answer = decisions.acknowledge(pipeline, going_on, ANA, NOW + 1)
    assert answer.changes is not None and answer.changes.finished == ()
    assert len(pipeline.orders) == 1


def test_nothing_solved_has_to_be_acknowledged() -> None:
    solved = replace(FAILED, estado=Estado.SOLUCIONADO)
    answer = decisions.acknowledge(new(solved), solved, ANA, NOW)
    assert (answer.reply.ok, answer.reply.code, answer.changes) == (False, "ack_solved", None)


def with_a_dead_unit() -> Pipeline:
    pipeline = new()
    died = Notification(
        "unit", NotificationCode.UNIT_DIED, Severity.CRITICAL, NOW, 2, fields={"unidad": "trafico-main.service"}
    )
    pipeline.notify([died], NOW)
    return pipeline


def test_an_alarm_without_an_incident_is_acknowledged_with_who_and_when() -> None:
    pipeline = with_a_dead_unit()
    alarm = pipeline.alerting.find_alert("unit")
    assert alarm is not None
    answer = decisions.acknowledge_alarm(pipeline, alarm, ANA, NOW + 60)
    assert (answer.reply.ok, answer.reply.code, answer.reply.fields["alarma"]) == (True, "alarm_acknowledged", "unit")
    assert answer.changes is not None and events(answer) == ["request_ack_alarm"]
    (kept,), (record,) = answer.changes.alarms, answer.changes.records
    assert (kept.acknowledged_by, kept.acknowledged_at) == (ANA, NOW + 60)
    assert ANA in record.text and "unit" in record.text and record.incident is None
    assert [notice.only_edit for notice in answer.changes.notices] == [True]
    again = decisions.acknowledge_alarm(pipeline, kept, "telegram:7", NOW + 90)
    assert (again.reply.ok, again.reply.code, again.changes) == (True, "alarm_acknowledged_already", None)
    assert again.reply.fields["por"] == ANA


# Silences.


def silence(**fields: object) -> ControlRequest:
    base = ControlRequest(RequestKind.SILENCE, ANA, NOW, seconds=3600.0, reason="cambio de disco")
    return replace(base, **fields)  # type: ignore[arg-type]


def begun(answer: decisions.CommandOutcome) -> Silence:
    assert answer.changes is not None
    (one,) = answer.changes.silences
    return one


def test_a_silence_is_kept_together_with_its_record() -> None:
    answer = decisions.silence(new(), silence(scope=Scope.TYPE, value="timeout"), (), NOW)
    one = begun(answer)
    assert (one.scope, one.value, one.since, one.until) == (Scope.TYPE, "timeout", NOW, NOW + 3600)
    assert (one.reason, one.by, answer.reply.fields["silencio"]) == ("cambio de disco", ANA, one.id)
    assert len(one.id) == 6 and events(answer) == ["request_silence"]


def test_the_same_silence_asked_for_twice_is_one() -> None:
    one = begun(decisions.silence(new(), silence(), (), NOW))
    again = decisions.silence(new(), silence(), (one,), NOW + 5)
    assert (again.reply.ok, again.reply.code, again.changes) == (True, "silenced_already", None)
    longer = decisions.silence(new(), silence(seconds=7200.0), (one,), NOW + 5)
    other = decisions.silence(new(), silence(scope=Scope.MODELO, value="victor"), (one,), NOW + 5)
    assert len({one.id, begun(longer).id, begun(other).id}) == 3


@each(
    ("fields", "code"),
    [
        ({"reason": ""}, "invalid_reason"),
        ({"reason": "x" * 201}, "invalid_reason"),
        ({"seconds": 59.9}, "invalid_seconds"),
        ({"seconds": 7 * 86400 + 1.0}, "invalid_seconds"),
        ({"seconds": float("nan")}, "invalid_seconds"),
        ({"seconds": float("inf")}, "invalid_seconds"),
        ({"seconds": -3600.0}, "invalid_seconds"),
        ({"scope": Scope.TYPE, "value": "todos"}, "invalid_type"),
        ({"scope": Scope.MAINTENANCE, "value": "x"}, "invalid_scope"),
        ({"value": "x"}, "invalid_scope"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(fields: dict[str, object], code: str) -> None:
    reply = decisions.invalid(silence(**fields))
    assert reply is not None and (reply.ok, reply.code) == (False, code)


def test_a_silence_is_ended_once() -> None:
    one = begun(decisions.silence(new(), silence(), (), NOW))
    end = ControlRequest(RequestKind.END_SILENCE, ANA, NOW, value=one.id.lower())
    answer = decisions.end_silence(new(), end, (one,), NOW + 60)
    assert begun(answer) == replace(one, until=NOW + 60) and events(answer) == ["request_silence_ended"]
    again = decisions.end_silence(new(), end, (begun(answer),), NOW + 61)
    assert (again.reply.ok, again.reply.code, again.changes) == (True, "silence_ended_already", None)
    assert decisions.end_silence(new(), replace(end, value="SXXXXX"), (one,), NOW).reply.code == "unknown_silence"


# Assign.

FILE = RescuedFile("/m/_rescatados/file_1.mp4", 10, "a.mp4", FAILED.id)
ASSIGN = ControlRequest(RequestKind.ASSIGN, ANA, NOW, file="file_1.mp4", modelo="luna")


def test_a_rescued_file_becomes_an_order_that_nothing_overtakes() -> None:
    pipeline = new(FAILED)
    answer = decisions.assign(pipeline, FILE, FAILED, ASSIGN, NOW)
    assert answer.changes is not None and answer.changes.orders == (answer.order,)
    assert answer.order is not None
    assert (answer.order.kind, answer.order.incident_id) == (TaskKind.ASSIGN, FAILED.id)
    assert (answer.order.download.modelo, answer.order.download.video) == ("luna", "a.mp4")
    assert decisions.retry(pipeline, FAILED, ANA, NOW + 1).reply.code == "retry_under_way"
    again = decisions.assign(pipeline, FILE, FAILED, ASSIGN, NOW + 1)
    assert (again.order, again.changes) == (answer.order, None)
    other = decisions.assign(pipeline, FILE, FAILED, replace(ASSIGN, modelo="victor"), NOW + 1)
    assert (other.reply.ok, other.reply.code, other.order) == (False, "assign_taken", None)


def test_a_file_whose_repair_goes_on_is_not_taken_away_from_it() -> None:
    pipeline = new(FAILED)
    decisions.retry(pipeline, FAILED, ANA, NOW)
    answer = decisions.assign(pipeline, FILE, pipeline.tracker.get(FAILED.id), ASSIGN, NOW + 1)
    assert (answer.reply.ok, answer.reply.code, answer.changes) == (False, "assign_repairing", None)


@pytest.mark.parametrize("estado", [Estado.FALLIDO, Estado.SOLUCIONADO])
def test_the_proof_belongs_to_the_incident_and_solves_it(estado: Estado) -> None:
    incident = replace(FAILED, estado=estado)
    pipeline = new(incident)
    order = decisions.assign(pipeline, FILE, incident, ASSIGN, NOW).order
    assert order is not None
    result = TaskResult(order.id, Outcome.DONE, "assigned", path="/m/luna/a.mp4")
    answer = decisions.assigned(pipeline, order, incident, result, PROOF, NOW + 2)
    assert answer.changes is not None and (answer.reply.ok, answer.reply.code) == (True, "assigned")
    (kept,) = answer.changes.incidents
    assert (kept.estado, kept.evidence, kept.download.modelo) == (Estado.SOLUCIONADO, PROOF.evidence, "luna")
    assert answer.changes.finished == (order.id,) and pipeline.orders == {}


@pytest.mark.parametrize(
    ("result", "verdict", "code"),
    [
        (TaskResult("", Outcome.FAILED, "source_corrupt"), Verdict(False), "assign_failed"),
        (TaskResult("", Outcome.REFUSED, "path_link"), PROOF, "assign_failed"),
        (TaskResult("", Outcome.DONE, "assigned"), Verdict(False, reason="unreadable_by_bot"), "assign_unproven"),
    ],
)
def test_without_proof_it_is_no_success(result: TaskResult, verdict: Verdict, code: str) -> None:
    pipeline = new(FAILED)
    order = decisions.assign(pipeline, FILE, FAILED, ASSIGN, NOW).order
    assert order is not None
    answer = decisions.assigned(pipeline, order, FAILED, result, verdict, NOW + 2)
    assert answer.changes is not None and (answer.reply.ok, answer.reply.code) == (False, code)
    assert answer.changes.incidents == () and answer.changes.finished == (order.id,)
    assert events(answer) == ["assign_failed"] and answer.reply.fields["motivo"]


# Words.


@pytest.mark.parametrize("module", ["decisions", "processor"])
def test_every_answer_has_its_words(module: str) -> None:
    place = Path(decisions.__file__).with_name(f"{module}.py")
    codes = re.findall(r'ControlResponse\((?:True|False), "(\w+)"', place.read_text(encoding="utf-8"))
    assert codes and not {code for code in codes if f"request.{code}" not in catalogue("es")}


def test_a_token_never_gets_through() -> None:
    token = "1234567890:AAExampleExampleExampleExampleExampl"
    answer = decisions.assign(new(), replace(FILE, path=f"/m/_rescatados/{token}.mp4", incident=""), None, ASSIGN, NOW)
    assert answer.changes is not None
    assert token not in answer.changes.records[0].text and token not in str(answer.reply.fields)
