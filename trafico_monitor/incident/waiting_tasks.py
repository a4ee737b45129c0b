"""Waiting for a full disk or a dead server: probes for the end of the cause, and resumption. Pure.

An answering server, or free space, brings no video: an incident with a download continues with it, waits for the bot's
own success, or is left to an operator.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.download import meant
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
from ..model.task import Evidence, RepairTask, TaskKind, Verdict
from .decision import Decision, give, ordered, pending, solve
from .decision_context import DecisionContext
from .playbook import CAUSES, resumed_with, unplanned

# After a cause has gone, the waiting downloads go on oldest first, this far apart (issue 4).
RESUME_SPACING = 0.5


def cause_gone(incident: Incident, place: int, evidence: Evidence, at: DecisionContext) -> Decision:
    """Applies the end of the cause that suspended `incident`, shown by `evidence`; `place` is its position in the
    queue (0 first). An incident that is itself the cause is solved by this evidence only if it concerns no
    download; otherwise its own download resumes, if possible."""
    freed = replace(incident, waiting_for=None, updated_at=at.now, evidence=(evidence,))
    if incident.error_type in CAUSES and not incident.actionable.known:
        if meant(incident.download):
            return pending(freed, "none", unplanned(incident), at.now)
        return solve(freed, at.now)
    if at.conditions.refusal:
        return pending(freed, "none", at.conditions.refusal, at.now)
    kind = TaskKind.RETRY_DOWNLOAD if incident.error_type in CAUSES else resumed_with(incident)
    decision = give(freed, kind, at)
    if decision.order is None:
        return decision
    return replace(decision, order=replace(decision.order, due_at=decision.order.due_at + place * RESUME_SPACING))


def server_answered(incident: Incident, now: float) -> Decision:
    """A line of the bot says that the server answers again: no proof (the words may come from a
    file's name, and a server in a crash loop answers now and then), but a reason to ask it now."""
    waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO, updated_at=now)
    return ordered(waiting, TaskKind.WAIT_FOR_SERVER, now, accion="wait_server", estado=incident.estado)


def after_probe(incident: Incident, order: RepairTask, verdict: Verdict, at: DecisionContext) -> Decision:
    """The server was asked."""
    if verdict.proven:
        evidence = verdict.evidence[0] if verdict.evidence else Evidence("server", "")
        return cause_gone(incident, 0, evidence, at)
    waiting = replace(incident, recovered_by_bot=False, waiting_for=ErrorType.SERVIDOR_CAIDO)
    if order.attempt >= at.limits.server_attempts:
        # The periodic check goes on looking; the incident ends when the server answers.
        return pending(waiting, "wait_server", "server_down", at.now)
    return ordered(
        waiting,
        TaskKind.WAIT_FOR_SERVER,
        at.now + at.limits.server_interval,
        accion="wait_server",
        estado=Estado.REINTENTANDO,
        attempt=order.attempt + 1,
    )
