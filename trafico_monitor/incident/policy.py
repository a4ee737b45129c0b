"""What to do about an incident: the playbook of the design document, section 4. Pure.

Each function takes the incident as it stands and returns a `Decision`: the incident as it is
to be stored and at most one order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
from ..model.order import Order, OrderKind
from ..model.result import Outcome, Result
from ..model.verdict import Evidence, Verdict

_CAUSES = (ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO)
_WRITES = frozenset({OrderKind.RETRY_DOWNLOAD, OrderKind.CREATE_FOLDER})

# The bot's own repair (sudo chmod) is cut off after 5 s by the bot itself (corpus E-012): an
# announced repair gets that long before ours begins, so that the two do not run side by side.
BOT_REPAIR_SECONDS = 6.0
# After a cause has gone, the waiting downloads go on oldest first, this far apart (issue 4).
RESUME_SPACING = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """`backoff` are the seconds before attempt 1, 2, 3 …; the last one repeats."""

    max_attempts: int = 3
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0)
    server_attempts: int = 3
    server_interval: float = 10.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds the others back. `refusal` is the code of what the configuration lacks for any
    correction at all ("" when nothing), as `missing.<code>` in messages/ explains."""

    disk_full: bool = False
    server_down: bool = False
    refusal: str = ""

    def cause_for(self, kind: OrderKind) -> ErrorType | None:
        """The condition that makes an order of `kind` pointless now, or None."""
        if self.disk_full and kind in _WRITES:
            return ErrorType.DISCO_LLENO
        if self.server_down and kind is OrderKind.RETRY_DOWNLOAD:
            return ErrorType.SERVIDOR_CAIDO
        return None


@dataclass(frozen=True, slots=True)
class Decision:
    incident: Incident
    order: Order | None = None


def plan(incident: Incident) -> tuple[OrderKind, ...]:
    """The orders that the playbook foresees for `incident`, in order; () when nothing is known
    from which anything could be repaired without guessing."""
    download = incident.download
    again = (OrderKind.RETRY_DOWNLOAD,) if download.known else ()
    placed = bool(download.destination or (download.modelo and download.video))
    match incident.error_type:
        case ErrorType.TIMEOUT:
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


def begin(incident: Incident, conditions: Conditions, limits: Limits, now: float) -> Decision:
    """The first order of a new incident, or why there is none (`pendiente` with a reason)."""
    kinds = plan(incident)
    fresh = replace(incident, max_attempts=limits.max_attempts, updated_at=now)
    if not kinds:
        return _pending(fresh, "none", "no_download_data", now)
    if conditions.refusal and kinds[0] not in (OrderKind.WAIT_FOR_SPACE, OrderKind.WAIT_FOR_SERVER):
        return _pending(fresh, "none", conditions.refusal, now)
    return _give(fresh, kinds[0], conditions, limits, now)


def after(
    incident: Incident,
    order: Order,
    result: Result,
    verdict: Verdict,
    conditions: Conditions,
    limits: Limits,
    now: float,
) -> Decision:
    """What follows from an order that ran. Only `verdict.proven` leads to `solucionado`."""
    seen = replace(
        incident,
        updated_at=now,
        reason="",
        quarantined=result.quarantined or incident.quarantined,
        evidence=verdict.evidence or incident.evidence,
    )
    if order.kind is OrderKind.WAIT_FOR_SERVER:
        return _after_probe(seen, order, verdict, conditions, limits, now)
    if order.kind is OrderKind.CONFIRM:
        return _after_confirmation(seen, verdict, conditions, limits, now)
    if verdict.proven and (_last(seen, order.kind) or order.kind is OrderKind.QUARANTINE):
        return solve(seen, now)
    if result.outcome is Outcome.DONE and not _last(seen, order.kind):
        return _give(seen, _next(seen, order.kind), conditions, limits, now)
    return _after_failure(seen, order, result, verdict, conditions, limits, now)


def cause_gone(
    incident: Incident, place: int, conditions: Conditions, limits: Limits, evidence: Evidence, now: float
) -> Decision:
    """The cause that held `incident` back is gone, as `evidence` shows; `place` is its position
    in the queue (0 first). A cause that is itself the incident is solved by its evidence, and
    with it its own download goes on, if there is one to go on with."""
    freed = replace(incident, waiting_for=None, updated_at=now, evidence=(evidence,))
    if incident.error_type in _CAUSES and not incident.download.known:
        return solve(freed, now)
    if conditions.refusal:
        return _pending(freed, "none", conditions.refusal, now)
    kind = OrderKind.RETRY_DOWNLOAD if incident.error_type in _CAUSES else _resume_kind(incident)
    decision = _give(freed, kind, conditions, limits, now)
    if decision.order is None:
        return decision
    return replace(decision, order=replace(decision.order, due_at=decision.order.due_at + place * RESUME_SPACING))


def repaired_by_bot(incident: Incident, line: str, now: float) -> Decision:
    """The bot says that it succeeded after all. Where the file can be looked at, it is looked at
    first; otherwise the bot's own line is the evidence, and the record says so."""
    evidence = Evidence("bot_line", line)
    marked = replace(incident, recovered_by_bot=True, evidence=(evidence,), updated_at=now, waiting_for=None)
    download = incident.download
    if download.destination or (download.modelo and download.video):
        return Decision(*_ordered(marked, OrderKind.CONFIRM, now, accion="confirm", estado=incident.estado))
    if incident.error_type is ErrorType.SERVIDOR_CAIDO:
        return server_answered(marked, now)
    return solve(marked, now)


def server_answered(incident: Incident, now: float) -> Decision:
    """A line of the bot says that the server answers again: no proof (the words may come from a
    file's name, and a server in a crash loop answers now and then), but a reason to ask it now."""
    waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO, updated_at=now)
    return Decision(*_ordered(waiting, OrderKind.WAIT_FOR_SERVER, now, accion="wait_server", estado=incident.estado))


def give_up(incident: Incident, reason: str, now: float) -> Decision:
    """`fallido`, with the reason that the operator is told."""
    closed = replace(
        incident,
        estado=Estado.FALLIDO,
        reason=reason,
        accion="given_up",
        updated_at=now,
        closed_at=now,
        waiting_for=None,
    )
    return Decision(closed)


def solve(incident: Incident, now: float) -> Decision:
    """`solucionado`; the caller holds the proof, which is already in `incident.evidence`. What
    lies in quarantine for this incident may go now, and only now."""
    closed = replace(
        incident,
        estado=Estado.SOLUCIONADO,
        accion="by_bot" if incident.recovered_by_bot else incident.accion,
        reason="",
        updated_at=now,
        closed_at=now,
        waiting_for=None,
    )
    if closed.quarantined is None:
        return Decision(closed)
    kind = OrderKind.DROP_QUARANTINE
    return Decision(*_ordered(closed, kind, now, accion=closed.accion, estado=closed.estado))


def _after_probe(
    incident: Incident, order: Order, verdict: Verdict, conditions: Conditions, limits: Limits, now: float
) -> Decision:
    if verdict.proven:
        evidence = verdict.evidence[0] if verdict.evidence else Evidence("server", "")
        return cause_gone(incident, 0, conditions, limits, evidence, now)
    incident = replace(incident, recovered_by_bot=False)
    if order.attempt >= limits.server_attempts:
        # The periodic check goes on looking; the incident ends when the server answers.
        waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO)
        return _pending(waiting, "wait_server", "server_down", now)
    return Decision(
        *_ordered(
            replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO),
            OrderKind.WAIT_FOR_SERVER,
            now + limits.server_interval,
            accion="wait_server",
            estado=Estado.REINTENTANDO,
            attempt=order.attempt + 1,
        )
    )


def _after_confirmation(
    incident: Incident, verdict: Verdict, conditions: Conditions, limits: Limits, now: float
) -> Decision:
    if verdict.proven:
        return solve(incident, now)
    if conditions.refusal:
        return (
            solve(incident, now) if incident.recovered_by_bot else _pending(incident, "none", conditions.refusal, now)
        )
    # The bot said that it is there, and it is not, or not whole: our own repair goes on.
    return begin(replace(incident, recovered_by_bot=False), conditions, limits, now)


def _after_failure(
    incident: Incident,
    order: Order,
    result: Result,
    verdict: Verdict,
    conditions: Conditions,
    limits: Limits,
    now: float,
) -> Decision:
    reason = result.reason if result.outcome is not Outcome.DONE else (verdict.reason or result.reason)
    marked = replace(incident, reason=reason)
    match result.outcome:
        case Outcome.BLOCKED_BY_SPACE:
            return _held(marked, ErrorType.DISCO_LLENO, now)
        case Outcome.BLOCKED_BY_SERVER:
            return _held(marked, ErrorType.SERVIDOR_CAIDO, now)
        case Outcome.REFUSED:
            return give_up(marked, reason, now)
        case Outcome.BLOCKED_BY_OWNER if _may_hand_over(incident, order, limits):
            return _give(marked, OrderKind.FIX_OWNER, conditions, limits, now)
    if max(incident.attempt, order.attempt) >= limits.max_attempts:
        return give_up(marked, reason, now)
    if order.kind is OrderKind.RETRY_DOWNLOAD:
        return _give(marked, order.kind, conditions, limits, now)
    return Decision(
        *_ordered(
            marked,
            order.kind,
            now + _pause(limits, order.attempt),
            accion=incident.accion,
            estado=Estado.PENDIENTE,
            attempt=order.attempt + 1,
        )
    )


def _may_hand_over(incident: Incident, order: Order, limits: Limits) -> bool:
    """True while an attempt is left that could use what the helper hands over."""
    return order.kind is not OrderKind.FIX_OWNER and incident.attempt < limits.max_attempts


def _give(incident: Incident, kind: OrderKind, conditions: Conditions, limits: Limits, now: float) -> Decision:
    cause = conditions.cause_for(kind)
    if cause is not None and incident.error_type not in _CAUSES:
        return _held(incident, cause, now)
    match kind:
        case OrderKind.RETRY_DOWNLOAD:
            return _retry(incident, limits, now)
        case OrderKind.WAIT_FOR_SPACE:
            return _held(incident, ErrorType.DISCO_LLENO, now)
        case OrderKind.WAIT_FOR_SERVER:
            waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO)
            return Decision(*_ordered(waiting, kind, now, accion="wait_server", estado=Estado.PENDIENTE))
    due = now + (BOT_REPAIR_SECONDS if incident.rule.endswith("_bot_fix") else 0.0)
    return Decision(*_ordered(incident, kind, due, accion=kind.value, estado=Estado.PENDIENTE))


def _retry(incident: Incident, limits: Limits, now: float) -> Decision:
    attempt = incident.attempt + 1
    if attempt > limits.max_attempts:
        return give_up(incident, incident.reason or "attempts_used", now)
    waits = incident.error_type is ErrorType.TIMEOUT or attempt > 1
    due = now + (_pause(limits, attempt) if waits else 0.0)
    marked = replace(incident, attempt=attempt)
    return Decision(
        *_ordered(marked, OrderKind.RETRY_DOWNLOAD, due, accion="retry", estado=Estado.REINTENTANDO, attempt=attempt)
    )


def _ordered(
    incident: Incident, kind: OrderKind, due_at: float, *, accion: str, estado: Estado, attempt: int = 1
) -> tuple[Incident, Order]:
    step = incident.step + 1
    ordered = replace(incident, step=step, accion=accion, estado=estado)
    order = Order(
        id=f"{incident.id}/{step}",
        incident_id=incident.id,
        kind=kind,
        error_type=incident.error_type,
        due_at=due_at,
        attempt=attempt,
        download=incident.download,
        quarantined=incident.quarantined,
    )
    return ordered, order


def _held(incident: Incident, cause: ErrorType, now: float) -> Decision:
    # An attempt that the cause cut short is given back: it proved nothing about the download.
    given_back = max(0, incident.attempt - 1) if incident.estado is Estado.REINTENTANDO else incident.attempt
    held = replace(incident, waiting_for=cause, attempt=given_back)
    accion = "wait_space" if cause is ErrorType.DISCO_LLENO else "wait_server"
    return _pending(held, accion, incident.reason, now)


def _pending(incident: Incident, accion: str, reason: str, now: float) -> Decision:
    return Decision(replace(incident, estado=Estado.PENDIENTE, accion=accion, reason=reason, updated_at=now))


def _pause(limits: Limits, attempt: int) -> float:
    return limits.backoff[min(attempt, len(limits.backoff)) - 1]


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
