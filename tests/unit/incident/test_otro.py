"""Exceptions that none of the six types names: tried again where that can help, told where it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident import policy
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.messages import LANGUAGES
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import Cause, ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.serialization import decode, encode
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.notify.messages.render import render
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
KNOWN = Download("luna", "a.mp4", "BAAC1", 100, destination="modelos/luna/a.mp4", unique_id="AgAD7")
PROOF = Verdict(True, (Evidence("file", "/m/luna/a.mp4"),))
NO_PROOF = Verdict(False, reason="nothing_there")
BAD = "telegram.error.BadRequest"


def new() -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es")


def failed(cause: Cause, wait: float = 0.0, download: Download = KNOWN, **more: object) -> Finding:
    found = Finding(
        FindingKind.FAILED, NOW, 7, download, ErrorType.OTRO, "exception", "Bad Request: <b>why</b>", origin="s1",
        actionable=download, exact=True, cause=cause, wait=wait, exception=BAD,
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def only_order(pipeline: Pipeline) -> RepairTask:
    (order,) = pipeline.orders.values()
    return order


def only_incident(changes: ChangeSet) -> Incident:
    (incident,) = changes.incidents
    return incident


@pytest.mark.parametrize("cause", [Cause.TEMPORARY, Cause.SERVER_ERROR])
def test_what_may_pass_is_tried_again_three_times_after_1_2_and_4_seconds(cause: Cause) -> None:
    pipeline, now, waits, changes = new(), NOW, [], ChangeSet()
    pipeline.observe((failed(cause),), NOW)
    while pipeline.orders:
        order = only_order(pipeline)
        assert (order.kind, order.download) == (TaskKind.RETRY_DOWNLOAD, KNOWN)
        waits.append(order.due_at - now)
        now = order.due_at
        changes = pipeline.finish_task(order, TaskResult(order.id, Outcome.FAILED, "file_unavailable"), NO_PROOF, now)
    assert waits == [1.0, 2.0, 4.0]
    assert only_incident(changes).estado is Estado.FALLIDO
    assert [notice.code for notice in changes.notices] == ["failed"]


def test_it_is_solved_by_the_proof_alone_and_nobody_is_told() -> None:
    pipeline = new()
    told = pipeline.observe((failed(Cause.TEMPORARY),), NOW).notices
    order = only_order(pipeline)
    changes = pipeline.finish_task(order, TaskResult(order.id, Outcome.DONE), PROOF, NOW + 2)
    assert only_incident(changes).estado is Estado.SOLUCIONADO
    assert (told, changes.notices) == ((), ())


@pytest.mark.parametrize("wait", [0.0, 5.0, 17.0, 3000.0])
def test_a_server_that_asks_to_wait_is_asked_a_second_after_its_time(wait: float) -> None:
    pipeline = new()
    changes = pipeline.observe((failed(Cause.RATE_LIMITED, wait),), NOW)
    order, incident = only_order(pipeline), only_incident(changes)
    assert order.due_at == NOW + wait + 1 and order.attempt == 1
    assert incident.not_before == order.due_at
    if wait:
        assert (incident.accion, incident.reason, changes.notices) == ("wait_turn", "server_busy", ())


@pytest.mark.parametrize("wait", [3600.0, 86400.0, 1e18, float("inf")])
def test_who_asks_for_more_than_an_hour_is_asked_in_an_hour_and_it_is_told(wait: float) -> None:
    pipeline = new()
    changes = pipeline.observe((failed(Cause.RATE_LIMITED, wait),), NOW)
    order, incident = only_order(pipeline), only_incident(changes)
    assert order.due_at == incident.not_before == NOW + 3600
    assert incident.reason == "wait_too_long"
    assert "una hora" in render(changes.notices[-1], "es").plain
    pending = [one.text for one in changes.records if one.event == "incident_pending"]
    assert len(pending) == 1 and "una hora" in pending[0]
    again = pipeline.finish_task(order, TaskResult(order.id, Outcome.FAILED, "timeout"), NO_PROOF, order.due_at)
    assert only_order(pipeline).due_at == order.due_at + 2 and again.notices


@pytest.mark.parametrize("wait", [float("nan"), -5.0])
def test_a_time_that_is_none_is_none(wait: float) -> None:
    pipeline = new()
    pipeline.observe((failed(Cause.RATE_LIMITED, wait),), NOW)
    assert only_order(pipeline).due_at == NOW + 1


def test_the_time_holds_over_a_restart_and_a_cause() -> None:
    pipeline = new()
    pipeline.set_disk_full(True, Evidence("space", "0", False), NOW)
    held = only_incident(pipeline.observe((failed(Cause.RATE_LIMITED, 600),), NOW))
    assert (held.waiting_for, held.attempt) == (ErrorType.DISCO_LLENO, 0)
    again = new()
    again.restore(Snapshot((decode(Incident, encode(held)),), (), "", pipeline.memory()))
    again.set_disk_full(False, Evidence("space", "9 GB"), NOW + 30)
    assert only_order(again).due_at == NOW + 601


def test_an_attempt_that_a_cause_cuts_short_while_it_waits_its_turn_is_given_back() -> None:
    pipeline = new()
    pipeline.observe((failed(Cause.RATE_LIMITED, 10),), NOW)
    order = only_order(pipeline)
    full = TaskResult(order.id, Outcome.BLOCKED_BY_SPACE, "no_space")
    held = only_incident(pipeline.finish_task(order, full, NO_PROOF, NOW + 11))
    assert (held.waiting_for, held.attempt) == (ErrorType.DISCO_LLENO, 0)


@pytest.mark.parametrize(
    ("cause", "reason", "advice"),
    [
        (Cause.TOO_BIG, "file_too_big", {"es": "--local", "en": "--local"}),
        (Cause.NOT_AVAILABLE, "not_available", {"es": "lo envíen otra vez", "en": "send the video again"}),
    ],
)
@pytest.mark.parametrize("download", [KNOWN, Download()])
def test_what_no_attempt_can_help_is_told_at_once_with_the_advice(
    cause: Cause, reason: str, advice: dict[str, str], download: Download
) -> None:
    pipeline = new()
    changes = pipeline.observe((failed(cause, download=download),), NOW)
    incident = only_incident(changes)
    assert (incident.estado, incident.reason, incident.attempt) == (Estado.FALLIDO, reason, 0)
    assert changes.orders == () and not pipeline.orders
    (notice,) = changes.notices
    for language in LANGUAGES:
        told = render(notice, language).plain.replace("\n", " ")
        assert advice[language].split()[0] in told and BAD in told and "Bad Request" in told
        assert "<b>why" not in render(notice, language).html


@pytest.mark.parametrize("cause", [Cause.TOO_BIG, Cause.NOT_AVAILABLE])
def test_a_person_who_has_changed_something_has_it_tried(cause: Cause) -> None:
    incident = only_incident(new().observe((failed(cause),), NOW))
    decision = policy.asked_again(incident, "cli:ana", new().incidents.situation(NOW + 60))
    assert decision.order is not None and decision.order.kind is TaskKind.RETRY_DOWNLOAD
    assert (decision.order.due_at, decision.incident.asked) == (NOW + 60, 1)


def test_what_nothing_is_known_of_is_tried_once() -> None:
    pipeline = new()
    incident = only_incident(pipeline.observe((failed(Cause.UNKNOWN),), NOW))
    assert (incident.attempt, incident.max_attempts) == (1, 1)
    order = only_order(pipeline)
    changes = pipeline.finish_task(order, TaskResult(order.id, Outcome.FAILED, "server_error"), NO_PROOF, NOW + 1)
    assert only_incident(changes).estado is Estado.FALLIDO and not pipeline.orders


def test_what_may_not_be_acted_on_is_not_tried() -> None:
    pipeline = new()
    told = only_incident(pipeline.observe((failed(Cause.TEMPORARY, actionable=Download()),), NOW))
    assert (told.estado, told.reason, len(pipeline.orders)) == (Estado.PENDIENTE, "single_record", 0)
    ended = pipeline.tick(NOW + 121)
    assert only_incident(ended).estado is Estado.FALLIDO and ended.notices


def test_what_another_line_says_of_it_takes_nothing_back() -> None:
    pipeline = new()
    pipeline.observe((failed(Cause.RATE_LIMITED, 60),), NOW)
    text = failed(Cause.NONE, exact=False, exception="", message="said in text")
    incident = only_incident(pipeline.observe((text,), NOW + 1))
    assert (incident.cause, incident.exception, incident.not_before) == (Cause.RATE_LIMITED, BAD, NOW + 61)


def test_what_the_exception_was_is_stored_and_an_older_record_has_none() -> None:
    incident = Incident("A", ErrorType.OTRO, NOW, NOW, cause=Cause.TEMPORARY, exception=BAD, success=KNOWN)
    assert decode(Incident, encode(incident)) == incident
    old = decode(Incident, '{"id":"A","error_type":"timeout","opened_at":1,"updated_at":1}')
    assert (old.cause, old.exception, old.not_before, old.success) == (Cause.NONE, "", 0.0, None)
