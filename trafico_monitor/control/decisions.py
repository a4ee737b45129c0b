"""Decisions about requests of people: the changes to store and the answer. Pure.

Each function takes the present state; the same request made twice gets the second time an answer without changes. A
refusal is an answer too.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from ..host.redact import redact
from ..incident import policy
from ..incident.decision_context import Conditions
from ..incident.policy import Decision
from ..messages import text
from ..messages.format import date_time
from ..model.alert import Alert, Notification, NotificationCode, Scope, Silence
from ..model.changeset import ChangeSet
from ..model.control import ControlRequest, ControlResponse, RequestKind
from ..model.control_schema import LONGEST_NAME, LONGEST_REASON, violations
from ..model.download import Download
from ..model.finding import ErrorType
from ..model.incident import Estado, Event, Incident
from ..model.installation import RescuedFile
from ..model.task import Outcome, RepairTask, TaskKind, TaskResult, Verdict
from ..notify.messages.render import headline
from ..notify.triggers import notifications_of_acknowledgement
from ..pipeline import events
from ..pipeline.events import evidence_text, reason_text, short
from ..pipeline.handlers import rescued
from ..pipeline.pipeline import OperatorChange, Pipeline

# A silence asked for twice ends at nearly the same time: the second changes nothing.
SAID_TWICE_SECONDS = 30.0
_PRIORITY = {"assign_failed": 4, "request_refused": 6}
_WAITS = (TaskKind.WAIT_FOR_SPACE, TaskKind.WAIT_FOR_SERVER)


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """`changes` are to be stored before `reply` is given; None when there is nothing to store."""

    reply: ControlResponse
    changes: ChangeSet | None = None
    order: RepairTask | None = None


def invalid(request: ControlRequest) -> ControlResponse | None:
    """The refusal of a request that its schema does not allow; None for a valid one."""
    wrong = violations(request)
    if not wrong:
        return None
    name = next(field for field in _CHECKED if field in wrong)
    if name == "value":
        if request.kind is RequestKind.END_SILENCE:
            return ControlResponse(False, "unknown_silence", {"silencio": plain(request.value)})
        name = _ABOUT.get(request.scope, "scope")
    types = ", ".join(each.value for each in ErrorType)
    fields = {
        "reason": {"maximo": str(LONGEST_REASON)},
        "on_behalf_of": {"maximo": str(LONGEST_NAME)},
        "incident": {"id": plain(request.incident or request.value)},
        "type": {"valor": plain(request.value), "tipos": types},
        "modelo": {"modelo": plain(request.modelo or request.value), "archivo": plain(base_name(request.file))},
        "file": {"archivo": plain(base_name(request.file)), "modelo": plain(request.modelo)},
    }
    return ControlResponse(False, f"invalid_{name}", fields.get(name, {}))


_CHECKED = ("reason", "on_behalf_of", "seconds", "scope", "incident", "modelo", "file", "value")
_ABOUT = {Scope.TYPE: "type", Scope.MODELO: "modelo", Scope.INCIDENT: "incident"}


def retry(pipeline: Pipeline, incident: Incident, by: str, now: float, reason: str = "") -> CommandOutcome:
    """Retry a failed incident, or an open one without an order under way."""
    refused = _no_retry(pipeline, incident, now)
    if refused is not None:
        return CommandOutcome(refused)
    pipeline.incidents.budget.grant(policy.vouched(incident).actionable, incident.id)
    decision = policy.asked_again(incident, by, pipeline.incidents.situation(now))
    record = _of_incident("request_retry", incident, by, now, pipeline.language, reason)
    changes = pipeline.apply(OperatorChange([record], before=incident, decision=decision), now)
    after = pipeline.tracker.get(incident.id) or decision.incident
    if after.estado is Estado.FALLIDO:  # it was given up in the same step
        return CommandOutcome(_with_reason("retry_refused", after, after.reason, pipeline.language), changes)
    code = "retry_held" if after.waiting_for is not None and decision.order is None else "retry_begun"
    return CommandOutcome(_about(code, after, pipeline.language), changes)


def _no_retry(pipeline: Pipeline, incident: Incident, now: float) -> ControlResponse | None:
    """The reason against a retry now; None when there is none."""
    language, conditions = pipeline.language, pipeline.incidents.conditions
    if incident.estado is Estado.SOLUCIONADO:
        return _about("retry_solved", incident, language)
    if _cause_holds(incident, conditions):
        return _about("retry_waiting", incident, language)
    if _under_way(pipeline, incident):
        return _about("retry_under_way", incident, language, ok=True)
    kinds = policy.plan(policy.vouched(incident))
    if not kinds:
        return _with_reason("retry_refused", incident, policy.unplanned(incident), language)
    if conditions.refusal and kinds[0] not in _WAITS:
        return _with_reason("retry_refused", incident, conditions.refusal, language)
    return None


def _cause_holds(incident: Incident, conditions: Conditions) -> bool:
    match incident.waiting_for:
        case ErrorType.DISCO_LLENO:
            return conditions.disk_full
        case ErrorType.SERVIDOR_CAIDO:
            return conditions.server_down
    return False


def _under_way(pipeline: Pipeline, incident: Incident) -> bool:
    """A late attempt that is only awaited is not under way: a person may have it made at once."""
    orders = pipeline.orders
    return any(not order.late_wait or orders.has_begun(order.id) for order in orders.of(incident.id))


def acknowledge(pipeline: Pipeline, incident: Incident, by: str, now: float, reason: str = "") -> CommandOutcome:
    """Acknowledge an incident: stored with person and time, and shown in the notification about it."""
    language = pipeline.language
    if incident.estado is Estado.SOLUCIONADO:
        return CommandOutcome(_about("ack_solved", incident, language))
    if incident.acknowledged_by:
        return CommandOutcome(_about("acknowledged_already", incident, language, ok=True))
    after = replace(incident, acknowledged_by=by, acknowledged_at=now)
    change = OperatorChange(
        [_of_incident("request_ack", after, by, now, language, reason)],
        before=incident,
        decision=Decision(after),
        notifications=notifications_of_acknowledgement(after, now),
    )
    changes = pipeline.apply(change, now)
    return CommandOutcome(_about("acknowledged", after, language), changes)


def acknowledge_alarm(pipeline: Pipeline, alarm: Alert, by: str, now: float, reason: str = "") -> CommandOutcome:
    """Acknowledge an alarm without an incident: the bot's unit, the disk, the monitor's own files."""
    language = pipeline.language
    fields = {"alarma": alarm.key, "que": short(headline(alarm.notice, language).plain)}
    if alarm.acknowledged_by:
        known = {"por": alarm.acknowledged_by, "hora": date_time(alarm.acknowledged_at or 0.0)}
        return CommandOutcome(ControlResponse(True, "alarm_acknowledged_already", {**fields, **known}))
    record = _record("request_ack_alarm", now, language, None, reason, **fields, por=by)
    changes = pipeline.acknowledge(alarm.key, by, now, [record])
    return CommandOutcome(ControlResponse(True, "alarm_acknowledged", fields), changes)


def silence(pipeline: Pipeline, request: ControlRequest, known: Sequence[Silence], now: float) -> CommandOutcome:
    """A silence for a valid `request`, whose value has been looked up; `known` are those that hold."""
    language = pipeline.language
    until = now + request.seconds
    for one in known:
        covers = (one.scope, one.value) == (request.scope, request.value)
        if covers and one.until > now and one.until >= until - SAID_TWICE_SECONDS:
            return CommandOutcome(ControlResponse(True, "silenced_already", silence_fields(one, language)))
    begun = Silence(_silence_name(request, now), request.scope, request.value, now, until, request.reason, request.by)
    fields = silence_fields(begun, language)
    record = _record("request_silence", now, language, None, **fields)
    return CommandOutcome(
        ControlResponse(True, "silenced", fields), pipeline.apply(OperatorChange([record], silences=(begun,)), now)
    )


def _silence_name(request: ControlRequest, now: float) -> str:
    """An id short enough to be typed: S and 5 of A-Z, 2-7."""
    digest = blake2b(f"{request.scope.value}\0{request.value}\0{now:.6f}\0{request.by}".encode(), digest_size=5)
    return "S" + b32encode(digest.digest()).decode("ascii")[:5]


def end_silence(pipeline: Pipeline, request: ControlRequest, known: Sequence[Silence], now: float) -> CommandOutcome:
    """End one of `known`, which also has the silences that ended lately."""
    language, name = pipeline.language, request.value.strip()
    found = next((one for one in known if one.id.upper() == name.upper()), None)
    if found is None:
        return CommandOutcome(ControlResponse(False, "unknown_silence", {"silencio": plain(name)}))
    if found.until <= now:
        return CommandOutcome(ControlResponse(True, "silence_ended_already", silence_fields(found, language)))
    ended = replace(found, until=now)
    fields = {**silence_fields(ended, language), "por": request.by}
    record = _record("request_silence_ended", now, language, None, request.reason, **fields)
    return CommandOutcome(
        ControlResponse(True, "silence_ended", fields),
        pipeline.apply(OperatorChange([record], silences=(ended,)), now),
    )


def silence_fields(silence: Silence, language: str) -> dict[str, str]:
    """The values for the texts about a silence."""
    return {
        "silencio": silence.id,
        "ambito": text(f"scope.{silence.scope.value}", language, valor=plain(silence.value)),
        "hasta": date_time(silence.until),
        "motivo": silence.reason,
        "por": silence.by,
    }


def assigning(pipeline: Pipeline, path: str, request: ControlRequest) -> CommandOutcome | None:
    """The answer while the file at `path` is being assigned, whether or not it still lies there; None while it is
    not. It has the order when the file goes to the same modelo."""
    for order in pipeline.orders.values():
        if order.kind is TaskKind.ASSIGN and order.download.source == path:
            fields = {"archivo": plain(base_name(path)), "modelo": plain(request.modelo)}
            if order.download.modelo == request.modelo:
                return CommandOutcome(ControlResponse(True, "assign_under_way", fields), order=order)
            return CommandOutcome(ControlResponse(False, "assign_taken", fields))
    return None


def assign(
    pipeline: Pipeline, found: RescuedFile, incident: Incident | None, request: ControlRequest, now: float
) -> CommandOutcome:
    """Order the move of the rescued file to `request.modelo`. `incident` is the one that rescued it, if known."""
    under_way = assigning(pipeline, found.path, request)
    if under_way is not None:
        return under_way
    file, modelo = plain(base_name(found.path)), plain(request.modelo)
    fields = {"archivo": file, "modelo": modelo}
    if incident is not None and incident.open and _under_way(pipeline, incident):
        return CommandOutcome(ControlResponse(False, "assign_repairing", {**fields, "id": incident.id}))
    order = RepairTask(
        id=f"assign/{now:.6f}/{file}",
        incident_id=incident.id if incident else "",
        kind=TaskKind.ASSIGN,
        error_type=incident.error_type if incident else ErrorType.RUTA_INEXISTENTE,
        due_at=now,
        download=Download(request.modelo, found.video, size=found.announced, source=found.path),
        found_size=found.size,
    )
    spent = pipeline.incidents.budget.refusal(order, 0, now)
    if spent:
        return _not_assigned(pipeline, "assign_failed", spent, fields, incident, now)
    pipeline.incidents.budget.spend(order, 0, now)
    asked = {**fields, "para": modelo, "por": request.by}
    record = _record("request_assign", now, pipeline.language, incident, request.reason, **asked)
    return CommandOutcome(
        ControlResponse(True, "assign_under_way", fields),
        pipeline.apply(OperatorChange([record], task=order), now),
        order,
    )


def assigned(
    pipeline: Pipeline, order: RepairTask, incident: Incident | None, result: TaskResult, verdict: Verdict, now: float
) -> CommandOutcome:
    """The result of an order of `assign`. Only `verdict.proven` makes it a success; the incident then gets the
    evidence, and is solved by it where it was not."""
    language, download = pipeline.language, order.download
    fields = {"archivo": plain(base_name(download.source or "")), "modelo": plain(download.modelo or "")}
    done = result.outcome is Outcome.DONE
    if not (done and verdict.proven):
        reason = (verdict.reason if done else result.reason) or "internal"
        code = "assign_unproven" if done else "assign_failed"
        return _not_assigned(pipeline, code, reason, fields, incident, now, finished=order.id)
    proof = evidence_text(verdict.evidence, language)
    fields |= {"ruta": plain(result.path or ""), "pruebas": proof, "id": order.incident_id}
    decision = None if incident is None else _now_at_its_place(incident, order, verdict, now)
    shown = decision.incident if decision else None
    record = _record("assigned", now, language, shown, **fields)
    file = base_name(download.source or "")
    told = rescued.placed(file, incident, download.modelo or "", result.path or "", now) if incident else ()
    changes = pipeline.apply(
        OperatorChange([record], before=incident, decision=decision, finished=order.id, edits=tuple(told)), now
    )
    return CommandOutcome(ControlResponse(True, "assigned", fields), changes)


def not_there(
    pipeline: Pipeline,
    request: ControlRequest,
    reply: ControlResponse,
    incident: Incident | None,
    told: Notification | None,
    now: float,
) -> CommandOutcome:
    """The file that `incident` had rescued is not in `_rescatados` any more, as `reply` says. `told` is what its
    message says: where it was put, or from now on that somebody has taken it away."""
    if told is None or incident is None:
        return CommandOutcome(reply)
    if told.code is NotificationCode.RESCUED_PLACED:
        modelo, path = told.fields.get("modelo", ""), told.fields.get("ruta", "")
        fields = {**reply.fields, "modelo": plain(modelo), "ruta": plain(path)}
        return CommandOutcome(ControlResponse(modelo == request.modelo, "assigned_before", fields))
    edits = tuple(rescued.left(base_name(request.file), incident, now))
    return CommandOutcome(reply, pipeline.apply(OperatorChange(edits=edits), now))


def _not_assigned(
    pipeline: Pipeline,
    code: str,
    reason: str,
    fields: dict[str, str],
    incident: Incident | None,
    now: float,
    finished: str = "",
) -> CommandOutcome:
    failed = {**fields, "reason": reason, "motivo": reason_text(reason, pipeline.language)}
    record = _record("assign_failed", now, pipeline.language, incident, **failed, para=fields["modelo"])
    return CommandOutcome(
        ControlResponse(False, code, failed), pipeline.apply(OperatorChange([record], finished=finished), now)
    )


def _now_at_its_place(incident: Incident, order: RepairTask, verdict: Verdict, now: float) -> Decision:
    known = replace(
        incident.download, modelo=order.download.modelo, video=incident.download.video or order.download.video
    )
    placed = replace(incident, download=known, evidence=verdict.evidence)
    return Decision(placed) if incident.estado is Estado.SOLUCIONADO else policy.solve(placed, now)


def tested(
    pipeline: Pipeline, request: ControlRequest, heard: Sequence[tuple[str, float, str]], now: float
) -> CommandOutcome:
    """The result of a test message to every channel: of each its name, the seconds that it took, and the problem
    ("" for none)."""
    language = pipeline.language
    lines, fields = [], {}
    for name, seconds, trouble in heard:
        code = "request.test.trouble" if trouble else "request.test.taken"
        lines.append(text(code, language, canal=plain(name), segundos=f"{seconds:.1f}", problema=trouble))
        fields[f"canal.{name}"] = trouble or "ok"
        fields[f"segundos.{name}"] = f"{seconds:.3f}"
    failed = sum(1 for each in heard if each[2])
    code = "no_channel" if not heard else "tested_with_trouble" if failed else "tested"
    fields |= {"total": str(len(heard)), "fallos": str(failed), "lista": "\n".join(lines)}
    result = "; ".join(line.strip() for line in lines) or "-"
    record = _record("request_test", now, language, None, request.reason, por=request.by, resultado=result)
    return CommandOutcome(
        ControlResponse(code == "tested", code, fields), pipeline.apply(OperatorChange([record]), now)
    )


def refused(request: ControlRequest, reply: ControlResponse, now: float, language: str) -> Event:
    """The record of a request that was refused."""
    return _record(
        "request_refused",
        now,
        language,
        None,
        request.reason,
        por=request.by,
        peticion=text(f"request.kind.{request.kind.value}", language),
        motivo=text(f"request.{reply.code}", language, **reply.fields),
    )


def plain(value: str) -> str:
    """The value on one line, without secrets and not too long, to be stored and shown."""
    return short(redact(value))


def base_name(path: str) -> str:
    return path.rpartition("/")[2]


def _about(code: str, incident: Incident, language: str, *, ok: bool | None = None) -> ControlResponse:
    fields = {
        "id": incident.id,
        "tipo": text(f"type.{incident.error_type.value}", language),
        "video": short(incident.download.video or text("unknown", language)),
        "accion": events.action_text(incident, language),
        "causa": text(f"type.{incident.waiting_for.value}", language) if incident.waiting_for else "",
        "por": incident.acknowledged_by,
        "hora": date_time(incident.acknowledged_at) if incident.acknowledged_at is not None else "",
    }
    return ControlResponse(
        code in _DONE if ok is None else ok, code, {name: value for name, value in fields.items() if value}
    )


_DONE = frozenset({"retry_begun", "retry_held", "acknowledged"})


def _with_reason(code: str, incident: Incident, reason: str, language: str) -> ControlResponse:
    reply = _about(code, incident, language)
    return replace(reply, fields={**reply.fields, "reason": reason, "motivo": reason_text(reason, language)})


def _of_incident(event: str, incident: Incident, by: str, at: float, language: str, reason: str) -> Event:
    return _record(
        event,
        at,
        language,
        incident,
        reason,
        por=by,
        id=incident.id,
        tipo=text(f"type.{incident.error_type.value}", language),
        video=short(incident.download.video or text("unknown", language)),
    )


def _record(event: str, at: float, language: str, incident: Incident | None, reason: str = "", **fields: str) -> Event:
    """A record, with the `reason` of the person. With an incident it is part of its history; `accion` names the
    action of the person."""
    because = text("record.because", language, motivo=short(reason)) if reason else ""
    line = text(f"record.{event}", language, **fields) + because
    accion = text(f"accion.{event}", language, **fields) + because if incident is not None else ""
    given = {"motivo_dado": reason} if reason else {}
    return Event(at, event, line, _PRIORITY.get(event, 5), accion, incident, {**fields, **given})
