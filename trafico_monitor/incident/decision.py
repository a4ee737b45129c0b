"""Decision about an incident: its new state, and at most one task. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..messages.format import date_time
from ..model.download import Download
from ..model.finding import ErrorType
from ..model.incident import LATE, Estado, Incident
from ..model.task import Evidence, RepairTask, TaskKind
from .decision_context import DecisionContext, Limits
from .late_attempts import LASTING, LATE_TYPES
from .playbook import most_attempts, placed

# The bot's own repair (sudo chmod) is cut off after 5 s by the bot itself (corpus E-012): an
# announced repair gets that long before ours begins, so that the two do not run side by side.
BOT_REPAIR_SECONDS = 6.0
# A server that asks to be left alone (HTTP 429) is asked again when it said, and later each time
# that it says so again; nobody is believed who asks for more than an hour.
BUSY_GROWTH, MOST_BUSY_SECONDS, LONGEST_RETRY_AFTER = 3.0, 900.0, 3600.0
# Orders that change nothing on the disk: they may look at a place that a single record names.
_LOOKING = frozenset({TaskKind.CONFIRM, TaskKind.WAIT_FOR_SPACE, TaskKind.WAIT_FOR_SERVER})
_TURN = "wait_turn"
_WAITS = {ErrorType.DISCO_LLENO: "wait_space", ErrorType.SERVIDOR_CAIDO: "wait_server"}


@dataclass(frozen=True, slots=True)
class Decision:
    incident: Incident
    order: RepairTask | None = None


def give(incident: Incident, kind: TaskKind, at: DecisionContext) -> Decision:
    """The order of `kind`, unless a cause holds it back."""
    cause = at.conditions.cause_for(kind)
    if cause is not None and cause is not incident.error_type:
        return held(incident, cause, at.now)
    match kind:
        case TaskKind.RETRY_DOWNLOAD:
            return _retry(incident, at)
        case TaskKind.WAIT_FOR_SPACE:
            return held(incident, ErrorType.DISCO_LLENO, at.now)
        case TaskKind.WAIT_FOR_SERVER:
            waiting = replace(incident, waiting_for=ErrorType.SERVIDOR_CAIDO, updated_at=at.now)
            return ordered(waiting, kind, at.now, accion="wait_server", estado=Estado.PENDIENTE)
    due = at.now + (BOT_REPAIR_SECONDS if incident.bot_fix else 0.0)
    return ordered(incident, kind, due, accion=kind.value, estado=Estado.PENDIENTE, updated_at=at.now)


def ordered(
    incident: Incident,
    kind: TaskKind,
    due_at: float,
    *,
    accion: str,
    estado: Estado,
    attempt: int = 1,
    busy: int = 0,
    late_wait: float = 0.0,
    **also: Any,
) -> Decision:
    """`incident` with the order given, and whatever `also` changes of it: one copy, not two."""
    step = incident.step + 1
    after = replace(incident, step=step, accion=accion, estado=estado, **also)
    order = RepairTask(
        id=f"{incident.id}/{step}",
        incident_id=incident.id,
        kind=kind,
        error_type=incident.error_type,
        due_at=due_at,
        attempt=attempt,
        download=_download_for(kind, incident),
        quarantined=incident.quarantined,
        busy=busy,
        late_wait=late_wait,
        made_at=incident.updated_at,
        since=0.0 if incident.asked else incident.opened_at,
    )
    return Decision(after, order)


def refreshed(order: RepairTask, incident: Incident) -> RepairTask:
    """Returns the unstarted `order` with the present knowledge about its download."""
    return replace(order, download=_download_for(order.kind, incident), error_type=incident.error_type)


def held(incident: Incident, cause: ErrorType, now: float) -> Decision:
    """`pendiente` until `cause` is gone. An attempt that it cut short is given back: it proved nothing about
    the download."""
    burnt = incident.estado is Estado.REINTENTANDO or incident.accion == _TURN
    attempt = max(0, incident.attempt - 1) if burnt else incident.attempt
    return pending(incident, _WAITS[cause], incident.reason, now, waiting_for=cause, attempt=attempt)


def left_alone(incident: Incident, order: RepairTask, retry_after: float, now: float) -> Decision:
    """The same attempt again, when the server wants to be asked: none is burnt by its asking."""
    longer = min(MOST_BUSY_SECONDS, BUSY_GROWTH**order.busy if order.busy else 0.0)
    due, busy = now + max(min(retry_after, LONGEST_RETRY_AFTER), longer), min(order.busy + 1, 20)
    return ordered(
        incident,
        order.kind,
        due,
        accion=_TURN,
        estado=Estado.PENDIENTE,
        attempt=order.attempt,
        busy=busy,
        late_wait=order.late_wait,
    )


def pending(incident: Incident, accion: str, reason: str, now: float, **also: Any) -> Decision:
    """`pendiente`, with the reason."""
    return Decision(replace(incident, estado=Estado.PENDIENTE, accion=accion, reason=reason, updated_at=now, **also))


def give_up(incident: Incident, reason: str, at: DecisionContext, accion: str = "given_up") -> Decision:
    """`fallido`, with the reason for the operator, and the quarantined original's path if there is one."""
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
    """`solucionado`; the caller holds the proof, which is already in `incident.evidence`. Files quarantined for
    this incident are kept for their retention time."""
    by_bot = "sent_again" if incident.success is not None else "by_bot"
    closed = replace(
        incident,
        estado=Estado.SOLUCIONADO,
        accion=by_bot if incident.recovered_by_bot else incident.accion,
        reason="",
        updated_at=now,
        closed_at=now,
        waiting_for=None,
    )
    return Decision(closed)


def later(incident: Incident, reason: str, at: DecisionContext, accion: str = "given_up") -> Decision:
    """The next late attempt after the quick ones failed, the last one for `reason`: `pendiente` until it is due.
    `fallido` with `accion` where none is left. While a cause holds, its end is awaited first."""
    marked = replace(incident, reason=reason, updated_at=at.now)
    if incident.error_type not in LATE_TYPES or reason in LASTING:
        return give_up(marked, reason, at, accion)
    waits = at.limits.late
    planned = [
        number
        for number in range(incident.late, len(waits))
        if incident.asked or not at.late.hopeless(incident.error_type, reason, waits[number], at.now)
    ]
    if not planned:
        if incident.late < len(waits):
            accion = "given_up_late"
        made = incident.attempt if incident.late else incident.max_attempts
        return give_up(replace(marked, max_attempts=made), reason, at, accion)
    cause = at.conditions.cause_for(TaskKind.RETRY_DOWNLOAD)
    if cause is not None:
        return pending(marked, _WAITS[cause], reason, at.now, waiting_for=cause)
    wait, most = waits[planned[0]], incident.attempt + len(planned)
    due = max(at.now + wait, min(incident.not_before, at.now + LONGEST_RETRY_AFTER))
    return ordered(
        marked,
        TaskKind.RETRY_DOWNLOAD,
        due,
        accion=LATE,
        estado=Estado.PENDIENTE,
        attempt=incident.attempt + 1,
        late_wait=wait,
        late=planned[0] + 1,
        late_at=due,
        max_attempts=most,
    )


def pause(limits: Limits, attempt: int) -> float:
    """Seconds before that attempt."""
    return limits.backoff[min(attempt, len(limits.backoff)) - 1]


def _retry(incident: Incident, at: DecisionContext) -> Decision:
    attempt = incident.attempt + 1
    if attempt > most_attempts(incident, at.limits):
        return later(incident, incident.reason or "attempts_used", at)
    waits = incident.error_type in (ErrorType.TIMEOUT, ErrorType.OTRO) or attempt > 1
    due = at.now + (pause(at.limits, attempt) if waits else 0.0)
    kind, marked = TaskKind.RETRY_DOWNLOAD, replace(incident, attempt=attempt, updated_at=at.now)
    if incident.not_before > due:
        return _wait_turn(marked, at.now)
    return ordered(marked, kind, due, accion="retry", estado=Estado.REINTENTANDO, attempt=attempt)


def _wait_turn(incident: Incident, now: float) -> Decision:
    """The attempt when the server said that it may be asked, within an hour whatever it said."""
    turn = min(incident.not_before, now + LONGEST_RETRY_AFTER)
    told = replace(incident, not_before=turn, reason="server_busy" if turn == incident.not_before else "wait_too_long")
    kind, estado = TaskKind.RETRY_DOWNLOAD, Estado.PENDIENTE
    return ordered(told, kind, turn, accion=_TURN, estado=estado, attempt=incident.attempt)


def _kept(incident: Incident, at: DecisionContext) -> tuple[Evidence, ...]:
    """The evidence of one that failed: also where the original is, and for how long."""
    told = tuple(each for each in incident.evidence if not each.what.startswith("kept_"))
    if incident.quarantined is None:
        return told
    if at.limits.keep_unsolved is None:
        return (*told, Evidence("kept_unsolved", incident.quarantined))
    until = date_time(at.now + at.limits.keep_unsolved)
    return (*told, Evidence("kept_until", f"{incident.quarantined} · {until}"))


def _download_for(kind: TaskKind, incident: Incident) -> Download:
    if kind is not TaskKind.CONFIRM:
        return incident.download if kind in _LOOKING else incident.actionable
    told = incident.success or incident.download
    # Without a place the video is looked for by what may be acted on: words alone would find another.
    return told if placed(told) else incident.actionable
