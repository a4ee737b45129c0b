"""Inhibition: while the disk is full or the server is down, dependent incidents wait; they resume when the cause
clears. Pure."""

from __future__ import annotations

from dataclasses import replace

from ...incident import policy
from ...incident.recovery_queue import MET_TOO_OFTEN, RecoveryQueue
from ...model.finding import Cause, ErrorType
from ...model.incident import Incident
from ...model.task import Evidence, Outcome, TaskKind, TaskResult, TaskStat
from ..changeset_builder import ChangeSetBuilder
from .incidents import IncidentHandler


class Inhibitor:
    """`resumption` decides the order."""

    def __init__(self, incidents: IncidentHandler, resumption: RecoveryQueue) -> None:
        self._incidents = incidents
        self._resumption = resumption
        # Causes that were seen not to hold: what showed it, and when that was looked at.
        self._gone: dict[ErrorType, tuple[Evidence, float]] = {}

    def meet(self, incident: Incident, result: TaskResult, now: float) -> TaskResult:
        """An order ran into a cause: it holds from now on, until the next look says otherwise. Where the bot
        was answered 5xx for this one, and we are too, that is no outage but an attempt that failed."""
        if result.reason == "server_fault" and incident.cause is Cause.SERVER_ERROR:
            return replace(result, outcome=Outcome.FAILED)
        conditions = self._incidents.conditions
        if result.outcome is Outcome.BLOCKED_BY_SPACE:
            self._resumption.met(incident.id, now)
            self._incidents.conditions = replace(conditions, disk_full=True)
        elif result.outcome is Outcome.BLOCKED_BY_SERVER:
            if self._resumption.met(incident.id, now) > MET_TOO_OFTEN:
                return replace(result, outcome=Outcome.FAILED)
            self._incidents.conditions = replace(conditions, server_down=True)
        return result

    def release(self, cause: ErrorType, seen: tuple[Evidence, float], step: ChangeSetBuilder, now: float) -> None:
        """Applies a check (its result and start time) that found `cause` gone."""
        self._gone[cause] = seen
        self.resume(step, now)

    def resume(self, step: ChangeSetBuilder, now: float) -> None:
        """Resumes incidents whose cause is gone and whose turn has come."""
        conditions, incidents = self._incidents.conditions, self._incidents
        holding = {ErrorType.DISCO_LLENO: conditions.disk_full, ErrorType.SERVIDOR_CAIDO: conditions.server_down}
        free = {cause: seen for cause, seen in self._gone.items() if not holding[cause]}
        waiting = [
            one
            for one in incidents.tracker.open_incidents()
            if one.waiting_for in free
            and _seen_after(one, free[one.waiting_for][1], now)
            and not incidents.under_way(one)
        ]
        for place, incident in enumerate(self._resumption.next(waiting, incidents.orders.values(), now)):
            cause = incident.waiting_for
            assert cause is not None
            decision = policy.cause_gone(incident, place, free[cause][0], incidents.situation(now))
            if incident.error_type is cause:
                kind = TaskKind.WAIT_FOR_SPACE if cause is ErrorType.DISCO_LLENO else TaskKind.WAIT_FOR_SERVER
                waited = max(0.0, now - incident.opened_at)
                incidents.count(TaskStat(cause, kind, now, True, seconds=waited), step)
            incidents.apply(incident, decision, step, now)


def _seen_after(incident: Incident, looked_at: float, now: float) -> bool:
    """Whether the check started after `incident` last met its cause: an earlier one proves nothing. (A future time
    comes from a clock that was set back.)"""
    return incident.updated_at <= looked_at or incident.updated_at > now
