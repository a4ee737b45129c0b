"""Handler: the result of a task and its verdict. Pure."""

from __future__ import annotations

from ...incident import policy
from ...incident.circuit_breaker import attempt_of
from ...model.task import RepairTask, TaskKind, TaskResult, Verdict
from ..changeset_builder import ChangeSetBuilder
from . import rescued
from .incidents import IncidentHandler
from .inhibition import Inhibitor

_PUTS = frozenset({TaskKind.RETRY_DOWNLOAD, TaskKind.CONFIRM})


class ResultHandler:
    def __init__(self, incidents: IncidentHandler, causes: Inhibitor) -> None:
        self._incidents = incidents
        self._causes = causes

    def take(
        self, order: RepairTask, result: TaskResult, verdict: Verdict, step: ChangeSetBuilder, now: float
    ) -> None:
        """Applies `result` and its `verdict` to the incident, and to those that wait for it."""
        self._incidents.done(order.id, step)
        incident = self._incidents.tracker.get(order.incident_id)
        if incident is not None:
            if incident.open:
                result = self._causes.meet(incident, result, now)
                decision = policy.after(incident, order, result, verdict, self._incidents.situation(now))
                if verdict.proven and order.kind in _PUTS:
                    self._incidents.proven(incident, order)
                    if result.delivered is not None:
                        self._incidents.deliveries.learn(*result.delivered)
                self._incidents.apply(incident, decision, step, now)
            self._incidents.count(attempt_of(incident, order, result, verdict, now), step)
        waits = rescued.notice_of(self._incidents.tracker.get(order.incident_id), order, result, now)
        if waits is not None:
            step.notices.append(waits)
        self._causes.resume(step, now)
