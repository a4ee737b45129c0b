"""Recoveries from outside: a cause has cleared, the server answers, or the bot reports success. Pure.

That the server answers, or that there is space, brings no video: an incident with a download continues with it, or
waits for the bot's own success, or is left to a person. The bot's word is a reason to verify, never a proof: the
video is verified where the bot says it is; where no line says so, it is looked for by its name or its content among
what was put into the modelos' folders since. What nobody could verify is `pendiente`, and then left to a person: the
record has the bot's line, with «not looked at».
"""

from __future__ import annotations

from dataclasses import replace

from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
from ..model.task import Evidence, RepairTask, TaskKind, TaskResult, Verdict
from .decision import Decision, give, left_alone, ordered, pending, solve
from .decision_context import DecisionContext
from .playbook import CAUSES, placed, resumed_with, unplanned

# After a cause has gone, the waiting downloads go on oldest first, this far apart (issue 4).
RESUME_SPACING = 0.5


def cause_gone(incident: Incident, place: int, evidence: Evidence, at: DecisionContext) -> Decision:
    """Applies the end of the cause that suspended `incident`, shown by `evidence`; `place` is its position in the
    queue (0 first). An incident that is itself the cause is solved by this evidence only if it concerns no
    download; otherwise its own download resumes, if possible."""
    freed = replace(incident, waiting_for=None, updated_at=at.now, evidence=(evidence,))
    if incident.error_type in CAUSES and not incident.actionable.known:
        if incident.awaited:
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


# What the bot itself says: evidence only while nothing better is known.
BOT_LINE = "bot_line"
# The reason of an order that was to be carried out in the moment in which the installation was lost.
NO_SITE = "no_site"
NOT_LOOKED_AT = "not_looked_at"


def repaired_by_bot(incident: Incident, line: str, at: DecisionContext) -> Decision:
    """The bot says by `line` that it succeeded after all. Nothing is believed while the installation is
    not known."""
    return believe(said_by_bot(incident, line, at.now), at)


def said_by_bot(incident: Incident, line: str, now: float) -> Incident:
    """Returns `incident` after the bot reported success with `line`."""
    evidence = (Evidence(BOT_LINE, line),)
    return replace(incident, recovered_by_bot=True, evidence=evidence, updated_at=now, waiting_for=None)


def believe(incident: Incident, at: DecisionContext) -> Decision:
    """The look that follows; of an outage without a download, at the server."""
    if incident.error_type is ErrorType.SERVIDOR_CAIDO and not incident.awaited:
        return server_answered(incident, at.now)
    if at.conditions.refusal:
        return pending(incident, "none", at.conditions.refusal, at.now)
    if placed(incident.success or incident.download) or incident.actionable.source or incident.actionable.video:
        return ordered(incident, TaskKind.CONFIRM, at.now, accion="confirm", estado=incident.estado)
    return pending(incident, "none", NOT_LOOKED_AT, at.now, recovered_by_bot=False)


def after_confirmation(
    incident: Incident, order: RepairTask, result: TaskResult, verdict: Verdict, at: DecisionContext
) -> Decision | None:
    """The look has been taken; None: the bot said that it is there, and it is not, or not whole."""
    if verdict.proven:
        return solve(incident, at.now)
    refusal = at.conditions.refusal or (NO_SITE if result.reason == NO_SITE else "")
    if refusal:  # nobody could look: neither a proof nor a sign that the bot was wrong
        return pending(incident, "none", refusal, at.now)
    if result.retry_after:  # not at rest yet
        return left_alone(replace(incident, reason=result.reason), order, result.retry_after, at.now)
    return None
