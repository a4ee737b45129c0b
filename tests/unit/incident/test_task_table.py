"""Orders by id, and by the incident that they belong to."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.incident.task_table import TaskTable
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.task import RepairTask, TaskKind


def order(name: str) -> RepairTask:
    return RepairTask(name, name.split("/")[0], TaskKind.CONFIRM, ErrorType.TIMEOUT, 1.0)


def test_orders_are_found_by_their_incident_until_they_are_taken_out() -> None:
    book = TaskTable([order("A/1"), order("B/1"), order("A/2")])
    assert [one.id for one in book.of("A")] == ["A/1", "A/2"] and list(book) == ["A/1", "B/1", "A/2"]
    book["A/1"] = replace(order("A/1"), due_at=9.0)
    assert {one.id: one.due_at for one in book.of("A")} == {"A/1": 9.0, "A/2": 1.0}
    assert book.pop("A/1").due_at == 9.0 and book.pop("A/1", None) is None
    del book["A/2"]
    assert book.of("A") == () and book.of("C") == () and len(book) == 1


def test_an_order_that_has_begun_is_known_as_such_until_it_is_taken_out() -> None:
    book = TaskTable([order("A/1")])
    book["A/1"] = replace(order("A/1"), due_at=9.0)
    begun = book.begin("A/1")
    assert begun is not None and begun.due_at == 9.0 and book.has_begun("A/1")
    assert book.begin("B/1") is None and not book.has_begun("B/1")
    book["A/1"] = order("A/1")
    assert book.has_begun("A/1")
    del book["A/1"]
    assert not book.has_begun("A/1")
