"""What to do about an incident: the playbook of the design document, section 4. Pure.

Each function takes the incident as it stands and what holds `at` that moment, and returns a
`Decision`: the incident as it is to be stored and at most one order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..model.download import Download
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
from ..model.order import Order, OrderKind
from ..model.result import Outcome, Result
from ..model.verdict import Evidence, Verdict
from .ledger import reason_of
from .situation import Limits, Situation

# Evidence of a step that stays true when the next step is looked at.
_STEPS = frozenset({"folder", "quarantine"})
# What the bot itself says: evidence only while nothing better is known.
BOT_LINE = "bot_line"
# The reason of an order that was to be carried out in the moment in which the installation was lost.
NO_SITE = "no_site"
_CAUSES = (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO)
# Orders that change nothing on the disk: they may look at a place that a single record names.
_LOOKING = frozenset({OrderKind.CONFIRM, OrderKind.WAIT_FOR_SPACE, OrderKind.WAIT_FOR_SERVER})

# The bot's own repair (sudo chmod) is cut off after 5 s by the bot itself (corpus E-012): an
# announced repair gets that long before ours begins, so that the two do not run side by side.
BOT_REPAIR_SECONDS = 6.0
# After a cause has gone, the waiting downloads go on oldest first, this far apart (issue 4).
RESUME_SPACING = 0.5
# A server that asks to be left alone (HTTP 429) is asked again when it said, and later each time
# that it says so again; nobody is believed who asks for more than an hour.
BUSY_GROWTH, MOST_BUSY_SECONDS, LONGEST_RETRY_AFTER = 3.0, 900.0, 3600.0


@dataclass(frozen=True, slots=True)
class Decision:
    incident: Incident
    order: Order | None = None


def plan(incident: Incident) -> tuple[OrderKind, ...]:
    """The orders that the playbook foresees for `incident`, in order; () when nothing may be acted on
    from which anything could be repaired without guessing."""
    download = incident.actionable
    again = (OrderKind.RETRY_DOWNLOAD,) if download.known else ()
    placed = _placed(download)
    match incident.error_type:
        case ErrorType.TIMEOUT | ErrorType.OTRO:
            return again
        case ErrorType.RUTA_INEXISTENTE:
            folder = (OrderKind.CREATE_FOLDER,) if download.destination or download.modelo else ()
            return folder + again
        case ErrorType.CORRUPTO:
            return ((OrderKind.QUARANTINE,) if placed else ()) + again
        case ErrorType.PERMISOS:
            named = download.source or download.destination or download.modelo
            return ((OrderKind.FIX_OWNER,) if named else ()) + again
        case ErrorType.DISCO_LLENO:
            return (OrderKind.WAIT_FOR_SPACE, *again)
        case ErrorType.SERVIDOR_CAIDO:
            return (OrderKind.WAIT_FOR_SERVER, *again)


def unplanned(incident: Incident) -> str:
    """Why `plan` has no order for `incident`: nothing is known of the download, or only what a single
    record says, which a line break in a stranger's text can forge."""
    download = incident.download
    told = download.known or download.destination or download.modelo or download.video
    return "single_record" if told else "no_download_data"


def vouched(incident: Incident) -> Incident:
    """`incident` once a person asks for another go: they may have the file that a single record names
    rescued. Its modelo stays for them to say (`assign`)."""
    named = incident.download
    if incident.actionable.known or not named.known:
        return incident
    return replace(incident, actionable=Download(file_id=named.file_id, size=named.size, source=named.source))


def begin(incident: Incident, at: Situation) -> Decision:
    """The first order of a new incident, or why there is none (`pendiente` with a reason)."""
    kinds = plan(incident)
    fresh, most = incident, at.limits.max_attempts
    if incident.max_attempts != most:
        fresh = replace(incident, max_attempts=most)
    if not kinds:
        return _pending(fresh, "none", unplanned(incident), at.now)
    if at.conditions.refusal and kinds[0] not in (OrderKind.WAIT_FOR_SPACE, OrderKind.WAIT_FOR_SERVER):
        return _pending(fresh, "none", at.conditions.refusal, at.now)
    return _give(fresh, kinds[0], at)


def refreshed(order: Order, incident: Incident) -> Order:
    """`order`, which has not begun, with what is known of its download by now."""
    return replace(order, download=_download_for(order.kind, incident), error_type=incident.error_type)


def after(incident: Incident, order: Order, result: Result, verdict: Verdict, at: Situation) -> Decision:
    """What follows from an order that ran. Only `verdict.proven` leads to `solucionado`. What was
    learnt of the incident while it ran counts: a first step that was taken without knowing it is
    planned anew, which every action can bear."""
    seen = replace(
        incident,
        updated_at=at.now,
        reason="",
        quarantined=result.quarantined or incident.quarantined,
        evidence=_seen_by_now(incident, verdict),
    )
    if order.kind is OrderKind.WAIT_FOR_SERVER:
        return _after_probe(seen, order, verdict, at)
    if order.kind is OrderKind.CONFIRM:
        return _after_confirmation(seen, result, verdict, at)
    if seen.attempt == 0 and refreshed(order, seen) != order:
        return begin(seen, at)
    if result.rescued and result.outcome is Outcome.REFUSED:  # it is safe; whose it is, a person has to say
        return give_up(seen, result.reason, at)
    if verdict.proven and (_last(seen, order.kind) or order.kind is OrderKind.QUARANTINE):
        return solve(seen, at.now)
    if seen.recovered_by_bot:
        return _believe(seen, at)
    if result.outcome is Outcome.DONE and not _last(seen, order.kind):
        return _give(seen, _next(seen, order.kind), at)
    return _after_failure(seen, order, result, verdict, at)


def cause_gone(incident: Incident, place: int, evidence: Evidence, at: Situation) -> Decision:
    """The cause that held `incident` back is gone, as `evidence` shows; `place` is its position
    in the queue (0 first). A cause that is itself the incident is solved by its evidence, and
    with it its own download goes on, if there is one to go on with."""
    freed = replace(incident, waiting_for=None, updated_at=at.now, evidence=(evidence,))
    if incident.error_type in _CAUSES and not incident.actionable.known:
        if incident.download.known:  # a video is meant, and it is not there yet
            return _pending(freed, "none", unplanned(incident), at.now)
        return solve(freed, at.now)
    if at.conditions.refusal:
        return _pending(freed, "none", at.conditions.refusal, at.now)
    kind = OrderKind.RETRY_DOWNLOAD if incident.error_type in _CAUSES else _resume_kind(incident)
    decision = _give(freed, kind, at)
    if decision.order is None:
        return decision
    return replace(decision, order=replace(decision.order, due_at=decision.order.due_at + place * RESUME_SPACING))


def repaired_by_bot(incident: Incident, line: str, at: Situation) -> Decision:
    """The bot says that it succeeded after all. Where the file can be looked at, it is looked at
    first. Where the lines never named its place, the bot's own line is all the evidence there will
    be, and the record says that nobody has looked; nothing is believed while the installation is
    not known."""
    return _believe(said_by_bot(incident, line, at.now), at)


def said_by_bot(incident: Incident, line: str, now: float) -> Incident:
    """`incident` as it stands once the bot has said `line`: that it succeeded after all."""
    evidence = (Evidence(BOT_LINE, line),)
    return replace(incident, recovered_by_bot=True, evidence=evidence, updated_at=now, waiting_for=None)


def _believe(incident: Incident, at: Situation) -> Decision:
    if incident.error_type is ErrorType.SERVIDOR_CAIDO and not _placed(incident.download):
        return server_answered(incident, at.now)
    if at.conditions.refusal:
        return _pending(incident, "none", at.conditions.refusal, at.now)
    if _placed(incident.download):
        kind, estado = OrderKind.CONFIRM, incident.estado
        return Decision(*_ordered(incident, kind, at.now, accion="confirm", estado=estado))
    return solve(incident, at.now)


def server_answered(incident: Incident, now: float) -> Decision:
    """A line of the bot says that the server answers again: no proof (the words may come from a
    file's name, and a server in a crash loop answers now and then), but a reason to ask it now."""
    waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO, updated_at=now)
    return Decision(*_ordered(waiting, OrderKind.WAIT_FOR_SERVER, now, accion="wait_server", estado=incident.estado))


def asked_again(incident: Incident, by: str, at: Situation) -> Decision:
    """A person (`by`) wants another go at an incident that is `fallido`, or open without an order:
    from the playbook's beginning, with all its attempts, at once. What holds others back holds
    this one too; then it is `pendiente` and goes on with them."""
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
        asked=incident.asked + 1,
        asked_by=by,
    )
    if kinds and kinds[0] is OrderKind.WAIT_FOR_SPACE and not at.conditions.disk_full:
        kinds = kinds[1:] or kinds
    decision = _give(again, kinds[0], at) if kinds else begin(again, at)
    if decision.order is None:
        return decision
    return Decision(replace(decision.incident, estado=Estado.REINTENTANDO), replace(decision.order, due_at=at.now))


def out_of_budget(incident: Incident, order: Order, reason: str, now: float) -> Decision:
    """`order` is not given, for `reason` (one of `budget.SPENT`): `incident` waits until there is
    something left, without an attempt burnt. What tidies up after a solved one is left to others."""
    if not incident.open:
        return Decision(incident)
    if order.kind is OrderKind.WAIT_FOR_SERVER:  # the periodic look goes on asking
        return _pending(incident, "wait_server", reason, now, waiting_for=ErrorType.SERVIDOR_CAIDO)
    burnt = 1 if order.kind is OrderKind.RETRY_DOWNLOAD else 0
    return _pending(incident, "wait_budget", reason, now, attempt=max(0, incident.attempt - burnt))


def go_on(incident: Incident, at: Situation) -> Decision:
    """What held `incident` back for itself alone is over: its budget, or that the installation was
    not known."""
    free = replace(incident, updated_at=at.now, reason="")
    if free.recovered_by_bot:
        return _believe(free, at)
    return _give(free, _resume_kind(free), at) if plan(free) else begin(free, at)


def give_up(incident: Incident, reason: str, at: Situation, accion: str = "given_up") -> Decision:
    """`fallido`, with the reason that the operator is told, and where the original lies if it was
    put aside."""
    closed = replace(
        incident,
        estado=Estado.FALLIDO,
        reason=reason,
        accion=accion,
        updated_at=at.now,
        closed_at=at.now,
        waiting_for=None,
        evidence=_kept(incident, at),
    )
    return Decision(closed)


def solve(incident: Incident, now: float) -> Decision:
    """`solucionado`; the caller holds the proof, which is already in `incident.evidence`. What
    lies in quarantine for this incident stays there for its time."""
    closed = replace(
        incident,
        estado=Estado.SOLUCIONADO,
        accion="by_bot" if incident.recovered_by_bot else incident.accion,
        reason="",
        updated_at=now,
        closed_at=now,
        waiting_for=None,
    )
    return Decision(closed)


def _seen_by_now(incident: Incident, verdict: Verdict) -> tuple[Evidence, ...]:
    """What was seen last, and of what was seen before the steps that this one does not speak of."""
    new = {each.what for each in verdict.evidence}
    kept = _STEPS - new if verdict.proven else (_STEPS | {BOT_LINE}) - new
    steps = tuple(each for each in incident.evidence if each.ok and each.what in kept)
    return (*steps, *verdict.evidence) if verdict.evidence else incident.evidence


def _kept(incident: Incident, at: Situation) -> tuple[Evidence, ...]:
    """The evidence of one that failed: also where the original is, and for how long."""
    told = tuple(each for each in incident.evidence if not each.what.startswith("kept_"))
    if incident.quarantined is None:
        return told
    if at.limits.keep_unsolved is None:
        return (*told, Evidence("kept_unsolved", incident.quarantined))
    until = datetime.fromtimestamp(at.now + at.limits.keep_unsolved).astimezone().strftime("%Y-%m-%d %H:%M")
    return (*told, Evidence("kept_until", f"{incident.quarantined} · {until}"))


def _after_probe(incident: Incident, order: Order, verdict: Verdict, at: Situation) -> Decision:
    if verdict.proven:
        evidence = verdict.evidence[0] if verdict.evidence else Evidence("server", "")
        return cause_gone(incident, 0, evidence, at)
    incident = replace(incident, recovered_by_bot=False)
    if order.attempt >= at.limits.server_attempts:
        # The periodic check goes on looking; the incident ends when the server answers.
        waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO)
        return _pending(waiting, "wait_server", "server_down", at.now)
    return Decision(
        *_ordered(
            replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO),
            OrderKind.WAIT_FOR_SERVER,
            at.now + at.limits.server_interval,
            accion="wait_server",
            estado=Estado.REINTENTANDO,
            attempt=order.attempt + 1,
        )
    )


def _after_confirmation(incident: Incident, result: Result, verdict: Verdict, at: Situation) -> Decision:
    if verdict.proven:
        return solve(incident, at.now)
    refusal = at.conditions.refusal or (NO_SITE if result.reason == NO_SITE else "")
    if refusal:  # nobody could look: neither a proof nor a sign that the bot was wrong
        return _pending(incident, "none", refusal, at.now)
    # The bot said that it is there, and it is not, or not whole: our own repair goes on.
    return begin(replace(incident, recovered_by_bot=False), at)


def _after_failure(incident: Incident, order: Order, result: Result, verdict: Verdict, at: Situation) -> Decision:
    reason = reason_of(result, verdict)
    marked = replace(incident, reason=reason)
    if result.retry_after:
        return _left_alone(marked, order, result.retry_after, at.now)
    match result.outcome:
        case Outcome.BLOCKED_BY_SPACE:
            return _held(marked, ErrorType.DISCO_LLENO, at.now)
        case Outcome.BLOCKED_BY_SERVER:
            return _held(marked, ErrorType.SERVIDOR_CAIDO, at.now)
        case Outcome.REFUSED if at.conditions.refusal or reason == NO_SITE:
            return _pending(marked, "none", at.conditions.refusal or reason, at.now)
        case Outcome.REFUSED if refreshed(order, incident) == order:
            return give_up(marked, reason, at)
        case Outcome.BLOCKED_BY_OWNER if _may_hand_over(incident, order, at):
            return _give(marked, OrderKind.FIX_OWNER, at)
        case Outcome.DONE if reason == "unreadable_by_bot" and _may_hand_over(incident, order, at):
            return _give(marked, OrderKind.FIX_OWNER, at)
    if max(incident.attempt, order.attempt) >= at.limits.max_attempts:
        return give_up(marked, reason, at)
    if not incident.asked and at.ledger.hopeless(incident.error_type, order.kind, reason, at.now):
        return give_up(marked, reason, at, "given_up_early")
    if order.kind is OrderKind.RETRY_DOWNLOAD:
        return _give(marked, order.kind, at)
    return Decision(
        *_ordered(
            marked,
            order.kind,
            at.now + _pause(at.limits, order.attempt),
            accion=incident.accion,
            estado=Estado.PENDIENTE,
            attempt=order.attempt + 1,
        )
    )


def _may_hand_over(incident: Incident, order: Order, at: Situation) -> bool:
    """True while an attempt is left that could use what the helper hands over."""
    return order.kind is not OrderKind.FIX_OWNER and incident.attempt < at.limits.max_attempts


def _left_alone(incident: Incident, order: Order, retry_after: float, now: float) -> Decision:
    """The same attempt again, when the server wants to be asked: none is burnt by its asking."""
    longer = min(MOST_BUSY_SECONDS, BUSY_GROWTH**order.busy if order.busy else 0.0)
    due = now + max(min(retry_after, LONGEST_RETRY_AFTER), longer)
    again, next_order = _ordered(
        incident, order.kind, due, accion="wait_turn", estado=Estado.PENDIENTE, attempt=order.attempt
    )
    return Decision(again, replace(next_order, busy=min(order.busy + 1, 20)))


def _give(incident: Incident, kind: OrderKind, at: Situation) -> Decision:
    cause = at.conditions.cause_for(kind)
    if cause is not None and cause is not incident.error_type:
        return _held(incident, cause, at.now)
    match kind:
        case OrderKind.RETRY_DOWNLOAD:
            return _retry(incident, at)
        case OrderKind.WAIT_FOR_SPACE:
            return _held(incident, ErrorType.DISCO_LLENO, at.now)
        case OrderKind.WAIT_FOR_SERVER:
            waits = ErrorType.SERVIDOR_CAIDO
            return Decision(
                *_ordered(
                    incident,
                    kind,
                    at.now,
                    accion="wait_server",
                    estado=Estado.PENDIENTE,
                    waiting_for=waits,
                    updated_at=at.now,
                )
            )
    due = at.now + (BOT_REPAIR_SECONDS if incident.rule.endswith("_bot_fix") else 0.0)
    return Decision(
        *_ordered(incident, kind, due, accion=kind.value, estado=Estado.PENDIENTE, updated_at=at.now),
    )


def _retry(incident: Incident, at: Situation) -> Decision:
    attempt = incident.attempt + 1
    if attempt > at.limits.max_attempts:
        return give_up(incident, incident.reason or "attempts_used", at)
    waits = incident.error_type is ErrorType.TIMEOUT or attempt > 1
    due = at.now + (_pause(at.limits, attempt) if waits else 0.0)
    marked = replace(incident, attempt=attempt, updated_at=at.now)
    return Decision(
        *_ordered(marked, OrderKind.RETRY_DOWNLOAD, due, accion="retry", estado=Estado.REINTENTANDO, attempt=attempt)
    )


def _ordered(
    incident: Incident,
    kind: OrderKind,
    due_at: float,
    *,
    accion: str,
    estado: Estado,
    attempt: int = 1,
    **also: Any,
) -> tuple[Incident, Order]:
    """`incident` with the order given, and whatever `also` changes of it: one copy, not two."""
    step = incident.step + 1
    ordered = replace(incident, step=step, accion=accion, estado=estado, **also)
    order = Order(
        id=f"{incident.id}/{step}",
        incident_id=incident.id,
        kind=kind,
        error_type=incident.error_type,
        due_at=due_at,
        attempt=attempt,
        download=_download_for(kind, incident),
        quarantined=incident.quarantined,
        made_at=incident.updated_at,
        since=0.0 if incident.asked else incident.opened_at,
    )
    return ordered, order


def _held(incident: Incident, cause: ErrorType, now: float) -> Decision:
    # An attempt that the cause cut short is given back: it proved nothing about the download.
    given_back = max(0, incident.attempt - 1) if incident.estado is Estado.REINTENTANDO else incident.attempt
    accion = "wait_space" if cause is ErrorType.DISCO_LLENO else "wait_server"
    return _pending(incident, accion, incident.reason, now, waiting_for=cause, attempt=given_back)


def _pending(incident: Incident, accion: str, reason: str, now: float, **also: Any) -> Decision:
    pending = replace(incident, estado=Estado.PENDIENTE, accion=accion, reason=reason, updated_at=now, **also)
    return Decision(pending)


def _pause(limits: Limits, attempt: int) -> float:
    return limits.backoff[min(attempt, len(limits.backoff)) - 1]


def _download_for(kind: OrderKind, incident: Incident) -> Download:
    return incident.download if kind in _LOOKING else incident.actionable


def _placed(download: Download) -> bool:
    return bool(download.destination or (download.modelo and download.video))


def _next(incident: Incident, kind: OrderKind) -> OrderKind:
    kinds = plan(incident)
    return kinds[kinds.index(kind) + 1] if kind in kinds else kinds[-1]


def _last(incident: Incident, kind: OrderKind) -> bool:
    kinds = plan(incident)
    return not kinds or kind == kinds[-1]


def _resume_kind(incident: Incident) -> OrderKind:
    kinds = plan(incident)
    if incident.attempt or not kinds:
        return OrderKind.RETRY_DOWNLOAD
    return kinds[0]
