"""Whatever repair has put a video into `_rescatados`: the step tells of it."""

from __future__ import annotations

from tests.cases import each
from tests.unit.pipeline.test_inhibition import NOW, PROOF, failed, new
from trafico_monitor.model.alert import Notification, Scope, Severity, Silence
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.installation import Offer, conversation, mark_of
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline

FILE = "/m/modelos/_rescatados/file_01.mp4"
OFFER = Offer(2_773_535, ("luna", "noa"), 2)


def rescued(order: RepairTask, outcome: Outcome = Outcome.DONE, **more: object) -> TaskResult:
    known: dict[str, object] = {"reason": "rescued", "path": FILE, "rescued": True, "offer": OFFER, **more}
    return TaskResult(order.id, outcome, **known)  # type: ignore[arg-type]


def told(changes: ChangeSet) -> list[Notification]:
    return [notice for notice in changes.notices if notice.code == "rescued"]


def ordered(pipeline: Pipeline, kind: ErrorType) -> RepairTask:
    """The first step of a failure's playbook; one that a person asks for where it has none."""
    pipeline.observe((failed(1, kind),), NOW + 1)
    if not pipeline.orders:  # it waits for space
        pipeline.set_disk_full(False, Evidence("space", "9 GB"), NOW + 2)
    for order in pipeline.orders.values():
        return order
    (incident,) = pipeline.tracker.open_incidents()
    known = RepairTask(f"{incident.id}/1", incident.id, TaskKind.RETRY_DOWNLOAD, kind, NOW, download=incident.download)
    pipeline.incidents.orders[known.id] = known
    return known


@each("proven", [True, False])
@each("kind", list(ErrorType))
@each("step", list(TaskKind))
def test_whatever_the_error_and_the_order(kind: ErrorType, step: TaskKind, proven: bool) -> None:
    pipeline = new()
    order = ordered(pipeline, kind)
    begun = pipeline.begin_task(order)
    assert begun is not None
    as_kind = RepairTask(order.id, order.incident_id, step, kind, order.due_at, download=order.download)
    verdict = PROOF if proven else Verdict(False, reason="unreadable_by_bot")
    (notice,) = told(pipeline.finish_task(as_kind, rescued(order), verdict, NOW + 5))
    assert notice.key == conversation(mark_of("file_01.mp4", order.incident_id)) and notice.to == ("admin",)
    assert (notice.severity, notice.only_edit, notice.incident) == (Severity.RECOVERABLE, False, None)
    assert notice.fields["archivo"] == "file_01.mp4" and notice.fields["bytes"] == "2773535"
    assert (notice.fields["incidente"], notice.fields["tipo"]) == (order.incident_id, kind.value)
    assert (notice.fields["modelos"], notice.fields["total"]) == ("luna/noa", "2")


def test_also_of_an_incident_that_nobody_remembers_and_of_one_in_doubt() -> None:
    pipeline = new()
    order = ordered(pipeline, ErrorType.TIMEOUT)
    pipeline.begin_task(order)
    result = rescued(order, Outcome.REFUSED, reason="delivered_elsewhere")
    (notice,) = told(pipeline.finish_task(order, result, PROOF, NOW + 5))
    assert notice.fields["motivo"] == "delivered_elsewhere"
    lost = RepairTask("LOSTLOST/1", "LOSTLOST", TaskKind.RETRY_DOWNLOAD, ErrorType.PERMISOS, NOW)
    pipeline.incidents.orders[lost.id] = lost
    (notice,) = told(pipeline.finish_task(lost, rescued(lost), PROOF, NOW + 5))
    assert (notice.fields["incidente"], notice.fields["motivo"]) == ("LOSTLOST", "place_unknown")


def test_tried_again_it_is_the_same_message() -> None:
    pipeline = new()
    first = ordered(pipeline, ErrorType.TIMEOUT)
    pipeline.begin_task(first)
    bad = Verdict(False, reason="size_differs")
    before = told(pipeline.finish_task(first, rescued(first), bad, NOW + 5))
    second = next(iter(pipeline.orders.values()))
    assert second.id != first.id
    pipeline.begin_task(second)
    after = told(pipeline.finish_task(second, rescued(second), bad, NOW + 9))
    assert [(n.key, n.thread) for n in before] == [(n.key, n.thread) for n in after]


def test_what_was_not_rescued_is_not_told() -> None:
    pipeline = new()
    order = ordered(pipeline, ErrorType.TIMEOUT)
    pipeline.begin_task(order)
    done = TaskResult(order.id, Outcome.DONE, "copied", path="/m/a")
    assert told(pipeline.finish_task(order, done, PROOF, NOW + 5)) == []


def test_a_silence_delays_it_and_drops_nothing() -> None:
    pipeline = new()
    order = ordered(pipeline, ErrorType.PERMISOS)
    pipeline.begin_task(order)
    until = NOW + 3600
    pipeline.alerting.set_silences((Silence("SAAAAA", Scope.ALL, "", NOW, until, "night", "cli:ana"),))
    (notice,) = told(pipeline.finish_task(order, rescued(order), PROOF, NOW + 5))
    assert (notice.hold, notice.only_edit) == (until, False)


def test_the_bots_maintenance_does_not_hold_it_back() -> None:
    pipeline = new()
    order = ordered(pipeline, ErrorType.PERMISOS)
    pipeline.begin_task(order)
    pipeline.alerting.unit_stopping("trafico-main.service", NOW + 2, NOW + 2)
    (notice,) = told(pipeline.finish_task(order, rescued(order), PROOF, NOW + 5))
    assert not notice.only_edit
