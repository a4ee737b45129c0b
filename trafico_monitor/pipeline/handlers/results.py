"""Results: a task has run and was verified, or the bot reports that a download has ended well. Pure."""

from __future__ import annotations

from ...incident import policy
from ...incident.circuit_breaker import attempt_of
from ...model.finding import Finding
from ...model.task import RepairTask, TaskKind, TaskResult, Verdict
from .. import events
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
            # A video that had arrived before is no success of the late attempt: it was not made.
            late = order.late_wait if result.path or not verdict.proven else 0.0
            self._incidents.count(attempt_of(incident, order, result, verdict, now), step, late, incident.reason)
        waits = rescued.notice_of(self._incidents.tracker.get(order.incident_id), order, result, now)
        if waits is not None:
            step.notices.append(waits)
        self._causes.resume(step, now)


SAID_TWICE_SECONDS = 10.0


class CompletedHandler:
    def __init__(self) -> None:
        self._last = (0, "", 0.0)  # process, video, time

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """Recorded once: the bot says «Archivo copiado …» and «Descarga completa …»."""
        said = (finding.pid, finding.download.video or "", finding.at)
        again = said[:2] == self._last[:2] and said[1] and said[2] - self._last[2] < SAID_TWICE_SECONDS
        self._last = said
        if not again:
            step.records.append(events.download_event(finding, step.language))
        if finding.exact and finding.download.destination:
            step.arrived.append(finding)
