"""An order has run, and its effect has been looked at. Pure."""

from __future__ import annotations

from ..incident import policy
from ..incident.ledger import attempt_of
from ..model.order import Order, OrderKind
from ..model.result import Result
from ..model.verdict import Verdict
from . import rescued
from .causes import Causes
from .incidents import Incidents
from .step import Step

_PUTS = frozenset({OrderKind.RETRY_DOWNLOAD, OrderKind.CONFIRM})


class Results:
    def __init__(self, incidents: Incidents, causes: Causes) -> None:
        self._incidents = incidents
        self._causes = causes

    def take(self, order: Order, result: Result, verdict: Verdict, step: Step, now: float) -> None:
        """What `result` and its `verdict` mean for the incident, and for those that wait behind it."""
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
