"""What to do about an incident: the playbook of the design document, section 4. Pure.

Each function takes the incident as it stands and what holds `at` that moment, and returns a
`Decision`: the incident as it is to be stored and at most one order. `playbook.py` says what each type
foresees, `decision.py` how it is ordered, `external_recovery.py` what a full disk or a dead server hold back,
`bot_success.py` what follows from the bot's own word.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
from ..model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from .circuit_breaker import reason_of
from .decision import (
    BOT_REPAIR_SECONDS,
    Decision,
    give,
    give_up,
    held,
    later,
    left_alone,
    ordered,
    pause,
    pending,
    refreshed,
    solve,
)
from .decision_context import DecisionContext
from .external_recovery import (
    BOT_LINE,
    NO_SITE,
    NOT_LOOKED_AT,
    RESUME_SPACING,
    after_confirmation,
    after_probe,
    believe,
    cause_gone,
    repaired_by_bot,
    said_by_bot,
    server_answered,
)
from .playbook import following, hopeless, is_last, most_attempts, plan, resumed_with, unplanned, vouched

__all__ = [
    "BOT_LINE", "BOT_REPAIR_SECONDS", "NOT_LOOKED_AT", "NO_SITE", "RESUME_SPACING", "Decision", "after", "asked_again",
    "begin", "cause_gone", "give_up", "go_on", "held", "out_of_budget", "plan", "refreshed", "repaired_by_bot",
    "said_by_bot", "server_answered", "solve", "unplanned", "vouched",
]  # fmt: skip

# Evidence of a step that stays true when the next step is looked at.
_STEPS = frozenset({"folder", "quarantine"})


def begin(incident: Incident, at: DecisionContext) -> Decision:
    """The first order of a new incident, or why there is none: `pendiente` with a reason, `fallido` at once
    where no attempt can help."""
    kinds, most = plan(incident), most_attempts(incident, at.limits)
    fresh = incident if incident.max_attempts == most else replace(incident, max_attempts=most)
    if reason := hopeless(incident):
        return give_up(fresh, reason, at, "none")
    if not kinds:
        return pending(fresh, "none", unplanned(incident), at.now)
    if at.conditions.refusal and kinds[0] not in (TaskKind.WAIT_FOR_SPACE, TaskKind.WAIT_FOR_SERVER):
        return pending(fresh, "none", at.conditions.refusal, at.now)
    return give(fresh, kinds[0], at)


def after(
    incident: Incident, order: RepairTask, result: TaskResult, verdict: Verdict, at: DecisionContext
) -> Decision:
    """Decides after a finished task. Only `verdict.proven` leads to `solucionado`. Information that arrived
    meanwhile counts: a first step taken without it is planned again, which every action supports."""
    seen = replace(
        incident,
        updated_at=at.now,
        reason="",
        quarantined=result.quarantined or incident.quarantined,
        evidence=_seen_by_now(incident, verdict),
    )
    if order.late_wait:
        seen = _late_one_made(seen, order, result)
    if order.kind is TaskKind.WAIT_FOR_SERVER:
        return after_probe(seen, order, verdict, at)
    if order.kind is TaskKind.CONFIRM:
        decision = after_confirmation(seen, order, result, verdict, at)
        return decision or begin(replace(seen, recovered_by_bot=False, success=None), at)
    if seen.attempt == 0 and refreshed(order, seen) != order:
        return begin(seen, at)
    if result.rescued and result.outcome is Outcome.REFUSED:  # it is safe; whose it is, a person has to say
        return give_up(seen, result.reason, at)
    if verdict.proven and (is_last(seen, order.kind) or order.kind is TaskKind.QUARANTINE):
        return solve(seen, at.now)
    if seen.recovered_by_bot:
        return believe(seen, at)
    if result.outcome is Outcome.DONE and not is_last(seen, order.kind):
        return give(seen, following(seen, order.kind), at)
    return _after_failure(seen, order, result, verdict, at)


def _late_one_made(incident: Incident, order: RepairTask, result: TaskResult) -> Incident:
    """The late attempt of `order` counts from its end on: until then `incident` was `pendiente`. A video that had
    arrived before was only looked at."""
    if result.outcome is Outcome.DONE and result.path is None:
        return replace(incident, accion="arrived")
    attempt = max(incident.attempt, order.attempt)
    return replace(incident, accion="retry", estado=Estado.REINTENTANDO, attempt=attempt)


def asked_again(incident: Incident, by: str, at: DecisionContext) -> Decision:
    """Applies an operator's (`by`) retry of an incident that is `fallido`, or open without a task: from the start
    of the playbook, with all attempts, at once. A cause that suspends others suspends this one too; it is then
    `pendiente` and resumes with them."""
    incident = vouched(incident)
    kinds = plan(incident)
    again = replace(
        incident,
        attempt=0,
        max_attempts=at.limits.max_attempts,
        updated_at=at.now,
        accion="",
        reason="",
        recovered_by_bot=False,
        waiting_for=None,
        closed_at=None,
        acknowledged_by="",
        acknowledged_at=None,
        success=None,
        not_before=0.0,
        asked_by=by,
        late=0,
    )
    if kinds and kinds[0] is TaskKind.WAIT_FOR_SPACE and not at.conditions.disk_full:
        kinds = kinds[1:] or kinds
    decision = give(again, kinds[0], at) if kinds else begin(again, at)
    if decision.order is None:
        return decision
    return Decision(replace(decision.incident, estado=Estado.REINTENTANDO), replace(decision.order, due_at=at.now))


def out_of_budget(incident: Incident, order: RepairTask, reason: str, now: float) -> Decision:
    """Withholds `order` for `reason` (one of `budget.SPENT`): `incident` waits for its budget without using up an
    attempt. Cleaning up after a solved one is skipped."""
    if not incident.open:
        return Decision(incident)
    if order.kind is TaskKind.WAIT_FOR_SERVER:  # the periodic look goes on asking
        return pending(incident, "wait_server", reason, now, waiting_for=ErrorType.SERVIDOR_CAIDO)
    burnt = 1 if order.kind is TaskKind.RETRY_DOWNLOAD and not order.late_wait else 0
    return pending(incident, "wait_budget", reason, now, attempt=max(0, incident.attempt - burnt))


def go_on(incident: Incident, at: DecisionContext) -> Decision:
    """Resumes an `incident` whose own obstacle is gone: its budget, or the unknown installation."""
    free = replace(incident, updated_at=at.now, reason="")
    if free.recovered_by_bot:
        return believe(free, at)
    return give(free, resumed_with(free), at) if plan(free) else begin(free, at)


def _seen_by_now(incident: Incident, verdict: Verdict) -> tuple[Evidence, ...]:
    """Merges the last observations with earlier ones that this step does not cover."""
    new = {each.what for each in verdict.evidence}
    kept = _STEPS - new if verdict.proven else (_STEPS | {BOT_LINE}) - new
    steps = tuple(each for each in incident.evidence if each.ok and each.what in kept)
    return (*steps, *verdict.evidence) if verdict.evidence else incident.evidence


def _after_failure(
    incident: Incident, order: RepairTask, result: TaskResult, verdict: Verdict, at: DecisionContext
) -> Decision:
    reason = reason_of(result, verdict)
    marked = replace(incident, reason=reason)
    if result.retry_after:
        return left_alone(marked, order, result.retry_after, at.now)
    match result.outcome:
        case Outcome.BLOCKED_BY_SPACE:
            return held(marked, ErrorType.DISCO_LLENO, at.now)
        case Outcome.BLOCKED_BY_SERVER:
            return held(marked, ErrorType.SERVIDOR_CAIDO, at.now)
        case Outcome.REFUSED if at.conditions.refusal or reason == NO_SITE:
            return pending(marked, "none", at.conditions.refusal or reason, at.now)
        case Outcome.REFUSED if refreshed(order, incident) == order:
            return give_up(marked, reason, at)
        case Outcome.BLOCKED_BY_OWNER if _may_hand_over(incident, order, at):
            return give(marked, TaskKind.FIX_OWNER, at)
        case Outcome.DONE if reason == "unreadable_by_bot" and _may_hand_over(incident, order, at):
            return give(marked, TaskKind.FIX_OWNER, at)
    end = later if order.kind is TaskKind.RETRY_DOWNLOAD else give_up
    if incident.late or max(incident.attempt, order.attempt) >= most_attempts(incident, at.limits):
        return end(marked, reason, at)
    if not incident.asked and at.ledger.hopeless(incident.error_type, order.kind, reason, at.now):
        return end(marked, reason, at, "given_up_early")
    if order.kind is TaskKind.RETRY_DOWNLOAD:
        return give(marked, order.kind, at)
    due, attempt = at.now + pause(at.limits, order.attempt), order.attempt + 1
    return ordered(marked, order.kind, due, accion=incident.accion, estado=Estado.PENDIENTE, attempt=attempt)


def _may_hand_over(incident: Incident, order: RepairTask, at: DecisionContext) -> bool:
    """True while an attempt is left that could use the helper's result."""
    return order.kind is not TaskKind.FIX_OWNER and incident.attempt < most_attempts(incident, at.limits)
