"""The summary's counts: each incident once when it is detected, and once when it ends."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.pipeline.events import incident_event
from trafico_monitor.pipeline.lifecycle_events import RunStats


def test_the_summary_counts_types_and_ends() -> None:
    tally = RunStats(100.0)
    one = Incident("A", ErrorType.TIMEOUT, 101, 101)
    two = Incident("B", ErrorType.PERMISOS, 102, 102)
    stories = [
        one,
        two,
        replace(one, estado=Estado.REINTENTANDO, attempt=1),
        replace(one, estado=Estado.SOLUCIONADO),
        replace(two, estado=Estado.SOLUCIONADO, recovered_by_bot=True),
    ]
    tally.count(incident_event(each, 110.0, "es") for each in stories)
    assert tally.fields(160.0) == {
        "desde": "100",
        "hasta": "160",
        "total": "2",
        "timeout": "1",
        "permisos": "1",
        "solucionado": "2",
        "fallido": "0",
        "por_el_bot": "1",
    }
    assert tally.ended(Estado.FALLIDO) == 0
