"""What the bot says of its own success, through the whole pipeline."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.rule_text import load
from trafico_monitor.incident.situation import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.messages import text
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.order import OrderKind
from trafico_monitor.model.result import Outcome, Result
from trafico_monitor.model.verdict import Evidence, Verdict
from trafico_monitor.pipeline import Pipeline

NOW = 1_766_000_000.0
UNNAMED = Download(source="/api/videos/file_1.mp4", size=100)
PLACED = replace(UNNAMED, modelo="luna", video="a.mp4")


def new(refusal: str = "") -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es", refusal)


def failed(download: Download) -> Finding:
    kind, error_type = FindingKind.FAILED, ErrorType.TIMEOUT
    return Finding(kind, NOW, 7, download, error_type, "r", origin="s1", actionable=download)


def succeeded(download: Download) -> Finding:
    return Finding(FindingKind.FINISHED, NOW + 9, 7, download, message="✅ Archivo copiado", origin="s1")


def test_a_success_that_nobody_can_look_at_is_recorded_as_what_the_bot_says() -> None:
    pipeline = new()
    pipeline.observe((failed(UNNAMED),), NOW)
    changes = pipeline.observe((succeeded(UNNAMED),), NOW + 9)
    (incident,) = changes.incidents
    assert (incident.estado, incident.accion) == (Estado.SOLUCIONADO, "by_bot")
    assert incident.evidence == (Evidence("bot_line", "✅ Archivo copiado"),)
    (record,) = [one for one in changes.records if one.event == "incident_solved"]
    assert text("evidence.bot_line", "es") in record.text and "no se ha comprobado" in record.text


def test_a_success_of_another_size_than_was_announced_is_none() -> None:
    """A source that is cut short is copied «successfully» by the bot: its own number says so."""
    pipeline = new()
    pipeline.observe((failed(UNNAMED),), NOW)
    (incident,) = pipeline.observe((succeeded(replace(UNNAMED, size=40)),), NOW + 9).incidents
    assert incident.open and not incident.recovered_by_bot
    assert [order.kind for order in pipeline.orders.values()] == [OrderKind.RETRY_DOWNLOAD]


def test_what_could_not_be_looked_at_is_looked_at_once_the_installation_is_known() -> None:
    pipeline = new("missing.project")
    pipeline.observe((failed(PLACED),), NOW)
    (incident,) = pipeline.observe((succeeded(PLACED),), NOW + 9).incidents
    assert (incident.estado, incident.reason) == (Estado.PENDIENTE, "missing.project")
    assert pipeline.pass_time(NOW + 600).orders == ()
    pipeline.reload(Limits(), "es", "")
    (order,) = pipeline.pass_time(NOW + 601).orders
    assert order.kind is OrderKind.CONFIRM


def test_what_has_begun_ends_before_the_bots_success_is_looked_at() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(PLACED),), NOW).orders
    assert pipeline.begin(order) is not None
    changes = pipeline.observe((succeeded(PLACED),), NOW + 9)
    assert (changes.orders, changes.finished) == ((), ())
    (confirm,) = pipeline.finish(order, Result(order.id, Outcome.FAILED, "timeout"), Verdict(False), NOW + 20).orders
    assert confirm.kind is OrderKind.CONFIRM


def test_an_order_that_waits_learns_what_is_told_meanwhile() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(UNNAMED),), NOW).orders
    (again,) = pipeline.observe((failed(PLACED),), NOW).orders
    assert (again.id, again.due_at) == (order.id, order.due_at)
    begun = pipeline.begin(order)
    assert begun is not None and begun.download == PLACED


def test_a_proven_copy_is_remembered_as_delivered() -> None:
    pipeline = new()
    (order,) = pipeline.observe((failed(PLACED),), NOW).orders
    pipeline.begin(order)
    copied = Result(order.id, Outcome.DONE, "copied", path="/m/luna/a.mp4", delivered=("f1", "luna"))
    pipeline.finish(order, copied, Verdict(True, (Evidence("file", "/m/luna/a.mp4"),)), NOW + 3)
    assert (pipeline.delivered("f1"), pipeline.delivered("f2")) == ("luna", "")
    pipeline.finish(replace(order, id="x"), copied, Verdict(True), NOW + 4)
    again = new()
    again.incidents.deliveries.restore(pipeline.memory()["deliveries"])  # type: ignore[arg-type]
    assert again.delivered("f1") == "luna"
