"""The bot's own success report: a reason to verify, never a proof. Pure.

The video is verified at its reported path; without a path, it is searched by name or content among the files put into
the modelos' folders since. If nothing can be verified, the incident is `pendiente` and then left to an operator: the
record contains the bot's line, marked «not verified».
"""

from __future__ import annotations

from dataclasses import replace

from ..model.download import meant
from ..model.finding import ErrorType
from ..model.incident import Incident
from ..model.task import Evidence, RepairTask, TaskKind, TaskResult, Verdict
from .decision import Decision, left_alone, ordered, pending, solve
from .decision_context import DecisionContext
from .playbook import placed
from .waiting_tasks import server_answered

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
    if incident.error_type is ErrorType.SERVIDOR_CAIDO and not meant(incident.download):
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
