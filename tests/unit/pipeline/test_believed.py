"""What the bot says of its own success, through the whole pipeline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.messages import text
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import Evidence, Outcome, TaskKind, TaskResult, Verdict
from trafico_monitor.notify.messages.render import render
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
PROOF = Verdict(True, (Evidence("file", "/m/luna/b.mp4"),))
UNNAMED = Download(source="/api/videos/file_1.mp4", size=100)
PLACED = replace(UNNAMED, modelo="luna", video="a.mp4")


def new(refusal: str = "") -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es", refusal)


def failed(download: Download) -> Finding:
    kind, error_type = FindingKind.FAILED, ErrorType.TIMEOUT
    return Finding(kind, NOW, 7, download, error_type, "r", origin="s1", actionable=download)


def succeeded(download: Download) -> Finding:
    return Finding(FindingKind.FINISHED, NOW + 9, 7, download, message="✅ Archivo copiado", origin="s1")


def test_a_success_that_nobody_can_look_at_is_left_to_a_person_with_what_the_bot_said() -> None:
    pipeline = new()
    nothing = Download()
    pipeline.observe((failed(nothing),), NOW)
    (incident,) = pipeline.observe((succeeded(nothing),), NOW + 9).incidents
    assert (incident.estado, incident.reason) == (Estado.PENDIENTE, "not_looked_at")
    assert incident.evidence == (Evidence("bot_line", "✅ Archivo copiado"),)
    assert not pipeline.tick(NOW + 100).incidents
    changes = pipeline.tick(NOW + 9 + 121)
    (ended,) = changes.incidents
    assert (ended.estado, ended.reason, ended.recovered_by_bot) == (Estado.FALLIDO, "not_looked_at", False)
    (notice,) = changes.notices
    told = render(notice, "es").plain
    assert text("reason.not_looked_at", "es") in told and "comprueba que el video está" in told
    assert "no se ha comprobado" in told and "✅ Archivo copiado" in told


def test_what_the_bot_says_of_a_source_is_looked_for_by_its_content() -> None:
    pipeline = new()
    pipeline.observe((failed(UNNAMED),), NOW)
    changes = pipeline.observe((succeeded(UNNAMED),), NOW + 9)
    (incident,), (order,) = changes.incidents, changes.orders
    assert (incident.open, order.kind, order.download) == (True, TaskKind.CONFIRM, UNNAMED)
    (ended,) = pipeline.finish_task(order, TaskResult(order.id, Outcome.DONE), PROOF, NOW + 10).incidents
    assert (ended.estado, ended.accion, ended.evidence) == (Estado.SOLUCIONADO, "by_bot", PROOF.evidence)


class TestTheSameFileSentAgain:
    LOST = Download("luna", "a.mp4", "BAAC1", 100, destination="modelos/luna/a.mp4", unique_id="AgAD7")
    SENT = replace(LOST, video="b.mp4", file_id="BAAC2", destination="modelos/luna/b.mp4")

    def ended(self, sent: Download, exact: bool = True) -> tuple[Pipeline, ChangeSet]:
        pipeline = new()
        pipeline.observe((replace(failed(self.LOST), exact=True),), NOW)
        return pipeline, pipeline.observe((replace(succeeded(sent), origin="s2", exact=exact),), NOW + 9)

    @pytest.mark.parametrize(
        "sent", [SENT, replace(SENT, file_id="BAAC1"), replace(SENT, unique_id=None, file_id="BAAC1")]
    )
    def test_closes_the_first_one_once_it_has_been_looked_at(self, sent: Download) -> None:
        """Telegram gives the same file the same file_id, or another one."""
        pipeline, changes = self.ended(sent)
        (order,) = changes.orders
        assert (order.kind, order.download) == (TaskKind.CONFIRM, sent)
        changes = pipeline.finish_task(order, TaskResult(order.id, Outcome.DONE), PROOF, NOW + 10)
        (ended,) = changes.incidents
        assert (ended.estado, ended.accion, ended.evidence) == (Estado.SOLUCIONADO, "sent_again", PROOF.evidence)
        assert ended.download == self.LOST and changes.notices == ()
        (record,) = [one for one in changes.records if one.event == "incident_solved"]
        assert record.accion == "el mismo video llegó en otro mensaje"

    def test_one_that_is_not_there_lets_the_repair_go_on(self) -> None:
        pipeline, changes = self.ended(self.SENT)
        (order,) = changes.orders
        missing = Verdict(False, reason="nothing_there")
        (again,) = pipeline.finish_task(order, TaskResult(order.id, Outcome.DONE), missing, NOW + 10).orders
        assert (again.kind, again.download) == (TaskKind.RETRY_DOWNLOAD, self.LOST)

    @pytest.mark.parametrize(
        ("sent", "exact"),
        [
            (replace(SENT, modelo="sol", destination="modelos/sol/b.mp4"), True),
            (replace(SENT, unique_id="AgAD8"), True),
            (replace(SENT, size=99), True),
            (SENT, False),  # words are not enough for a file of another name
        ],
    )
    def test_nothing_else_does(self, sent: Download, exact: bool) -> None:
        pipeline, changes = self.ended(sent, exact)
        assert changes.incidents == () and changes.orders == ()
        assert [order.kind for order in pipeline.orders.values()] == [TaskKind.RETRY_DOWNLOAD]


def test_a_success_of_another_size_than_was_announced_is_none() -> None:
    """A source that is cut short is copied «successfully» by the bot: its own number says so."""
    pipeline = new()
    pipeline.observe((failed(UNNAMED),), NOW)
    (incident,) = pipeline.observe((succeeded(replace(UNNAMED, size=40)),), NOW + 9).incidents
    assert incident.open and not incident.recovered_by_bot
    assert [order.kind for order in pipeline.orders.values()] == [TaskKind.RETRY_DOWNLOAD]


def test_what_could_not_be_looked_at_is_looked_at_once_the_installation_is_known() -> None:
    pipeline = new("missing.project")
    pipeline.observe((failed(PLACED),), NOW)
    (incident,) = pipeline.observe((succeeded(PLACED),), NOW + 9).incidents
    assert (incident.estado, incident.reason) == (Estado.PENDIENTE, "missing.project")
    assert pipeline.tick(NOW + 600).orders == ()
    pipeline.reload(Limits(), "es", "")
    (order,) = pipeline.tick(NOW + 601).orders
    assert order.kind is TaskKind.CONFIRM


def test_what_has_begun_ends_before_the_bots_success_is_looked_at() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(PLACED),), NOW).orders
    assert pipeline.begin_task(order) is not None
    changes = pipeline.observe((succeeded(PLACED),), NOW + 9)
    assert (changes.orders, changes.finished) == ((), ())
    (confirm,) = pipeline.finish_task(
        order, TaskResult(order.id, Outcome.FAILED, "timeout"), Verdict(False), NOW + 20
    ).orders
    assert confirm.kind is TaskKind.CONFIRM


def test_an_order_that_waits_learns_what_is_told_meanwhile() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(UNNAMED),), NOW).orders
    (again,) = pipeline.observe((failed(PLACED),), NOW).orders
    assert (again.id, again.due_at) == (order.id, order.due_at)
    begun = pipeline.begin_task(order)
    assert begun is not None and begun.download == PLACED


def test_a_proven_copy_is_remembered_as_delivered() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(PLACED),), NOW).orders
    pipeline.begin_task(order)
    copied = TaskResult(order.id, Outcome.DONE, "copied", path="/m/luna/a.mp4", delivered=("f1", "luna"))
    pipeline.finish_task(order, copied, Verdict(True, (Evidence("file", "/m/luna/a.mp4"),)), NOW + 3)
    assert (pipeline.delivered("f1"), pipeline.delivered("f2")) == ("luna", "")
    pipeline.finish_task(replace(order, id="x"), copied, Verdict(True), NOW + 4)
    again = new()
    again.incidents.deliveries.restore(pipeline.memory()["deliveries"])  # type: ignore[arg-type]
    assert again.delivered("f1") == "luna"
