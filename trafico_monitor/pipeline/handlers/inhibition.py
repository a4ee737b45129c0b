"""Inhibition: while the disk is full or the server is down, dependent incidents wait; they resume when the cause
clears. Pure.

Also the handlers of the periodic checks of both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...incident import policy
from ...incident.recovery_queue import MET_TOO_OFTEN, RecoveryQueue
from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import Cause, ErrorType, Finding, FindingKind
from ...model.incident import Incident
from ...model.task import Evidence, Outcome, TaskKind, TaskResult, TaskStat
from ...notify.triggers import ALARM
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


_WORSE = {"ok": 0, "warning": 1, "critical": 2}
_EVENTS = {"warning": "space_low", "critical": "space_critical", "ok": "space_ok"}


class DiskHandler:
    """`level` is the result of the last check: ok, warning or critical."""

    def __init__(self) -> None:
        self.level = "ok"
        self._told: Notification | None = None  # while it is short: the message that says so

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """The periodic look at the disks."""
        code = finding.code
        if code == self.level:
            return
        self.level = code
        step.event(_EVENTS[code], finding.at, 6 - 2 * _WORSE[code], code=f"space_{code}", texto=finding.message)
        severity = Severity.CRITICAL if code == "critical" else Severity.RECOVERABLE
        step.tell("space", NotificationCode(f"space_{code}"), severity, finding, int(finding.at))
        self._told = step.notices[-1] if code != "ok" else None

    def explain(
        self, fields: Mapping[str, str], incidents: Iterable[Incident], step: ChangeSetBuilder, now: float
    ) -> tuple[Notification, ...]:
        """Adds the disk usage breakdown to the open low-space notifications. Returns the critical ones, which must
        be edited without alerting again or restarting their reminders."""
        told: list[Notification] = [] if self._told is None else [self._told]
        full = (one for one in incidents if one.error_type is ErrorType.DISCO_LLENO)
        for incident in itertools.islice(full, 1):  # the oldest: once is enough
            told.append(Notification(incident.id, NotificationCode.CRITICAL, Severity.CRITICAL, now, ALARM, incident))
        edits = [replace(one, fields={**one.fields, **fields}, only_edit=True) for one in told]
        step.notices += [one for one in edits if one.severity is not Severity.CRITICAL]
        if told:
            code = "space_used" if fields.get("liberable") else "space_used_for_good"
            step.event("space_used", now, 6, code, **fields)
        return tuple(one for one in edits if one.severity is Severity.CRITICAL)


class ServerHandler:
    """`state` is the result of the last check: up or down."""

    def __init__(self, incidents: IncidentHandler, causes: Inhibitor) -> None:
        self.state = "up"
        self._incidents = incidents
        self._causes = causes

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """The periodic look at the server. That it is down is an incident like others."""
        changed, down = finding.code != self.state, finding.code == "down"
        self._is(finding.code)
        if changed:
            step.event(f"server_{finding.code}", finding.at, 3 if down else 5, texto=finding.message)
        if not down:
            seen = (Evidence("server", finding.message), finding.at)
            self._causes.release(ErrorType.SERVIDOR_CAIDO, seen, step, now)
            return
        self._incidents.hold_late(step, now)
        if changed:
            failed = replace(
                finding,
                kind=FindingKind.FAILED,
                error_type=ErrorType.SERVIDOR_CAIDO,
                rule="health_server",
                origin=finding.origin or f"health:{finding.at:.3f}",
            )
            self._incidents.observe(failed, step, now)

    def restore(self, state: str) -> None:
        self._is(state)

    def _is(self, state: str) -> None:
        self.state = state
        self._incidents.conditions = replace(self._incidents.conditions, server_down=state == "down")
