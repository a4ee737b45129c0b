"""Text of one notification, in the mission's format. Pure.

A message consists of a title, the event, modelo and video, the state, repair and proof, the operator's options, and
the incident's id. Foreign text enters only through `markup`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo

from ...messages import catalogue, forecast, format, text
from ...model.alert import ALARM_KEYS, Notification, NotificationCode, Severity, alarm_name
from ...model.finding import ErrorType
from ...model.incident import LATE, Estado, Incident
from .. import rescued
from ..triggers import ACKNOWLEDGED_AT, ACKNOWLEDGED_BY
from .markup import Line, Message, assemble, bold, line, name, units, verbatim, words

# A message that arrives this much later than what it tells says when that was.
LATE_SECONDS = 120.0
_TITLES = {
    NotificationCode.SOLVED: "ok",
    NotificationCode.SOLVED_BY_BOT: "ok",
    NotificationCode.UNIT_BACK: "ok",
    NotificationCode.UNIT_SPEAKS: "ok",
    NotificationCode.SIGHTED: "ok",
    NotificationCode.SPACE_OK: "ok",
    NotificationCode.OWN_BACK: "ok",
    NotificationCode.TASK_BACK: "ok",
    NotificationCode.FLEET_REACHABLE: "ok",
    NotificationCode.SERVER_UP: "ok",
    NotificationCode.MACHINES_BACK: "ok",
    NotificationCode.COMMON_CAUSE_OVER: "ok",
    NotificationCode.FLEET_OVER: "ok",
    NotificationCode.FLEET_BACK: "ok",
    NotificationCode.FORESEEN_OVER: "info",
    NotificationCode.FORESIGHT_SILENCED: "info",
    NotificationCode.FORESIGHT_BACK: "info",
    NotificationCode.FAILED: "failed",
    NotificationCode.MOVED: "failed",
    NotificationCode.RESCUED_PLACED: "ok",
    NotificationCode.RESCUED_LEFT: "info",
    NotificationCode.START: "info",
    NotificationCode.STOP: "info",
    NotificationCode.SUMMARY: "info",
    NotificationCode.TEST: "info",
    NotificationCode.MUTED: "info",
}
_TOLD_IN_FULL = frozenset({NotificationCode.SOLVED, NotificationCode.SOLVED_BY_BOT, NotificationCode.FAILED})
_NEEDS_ADVICE = frozenset({NotificationCode.FAILED, NotificationCode.CRITICAL})
# A reason that asks for something else than the type of error does.
_ADVICE = {
    "no_download_data": "send_again",
    "single_record": "single_record",
    "nothing_to_download_from": "send_again",
    "source_missing": "send_again",
    "file_unavailable": "send_again",
    "file_id_refused": "send_again",
    "not_available": "send_again",
    "not_looked_at": "not_looked_at",
    "file_too_big": "local_mode",
    "token_refused": "token",
    "server_not_configured": "configure",
    "bot_api_unknown": "configure",
    "no_site": "configure",
    "missing.project": "configure",
    "no_space": "disco_lleno",
    "no_quota": "disco_lleno",
    "source_unreadable": "permisos",
    "unreadable_by_bot": "permisos",
    "not_permitted": "permisos",
    "server_unreachable": "servidor_caido",
    "server_down": "servidor_caido",
    "server_fault": "timeout",
}
# What is done while nothing is done: the reason says why.
_NO_STEP = frozenset({"none", "wait_turn", LATE})
_TIMES = frozenset({"desde", "hasta"})
_DURATIONS = frozenset({"segundos", "sin_respuesta"})
_SIZES = frozenset({"libre", "limite"})
_MOST_EVIDENCE = 12
_MOST_FIELDS = 30
# In a digest.
_ROOM_FOR_LINES = 3000
_MOST_IDS = 75


def render(
    notice: Notification,
    language: str,
    *,
    now: float | None = None,
    zone: tzinfo | None = None,
    instead_of: str = "",
) -> Message:
    """The message that tells `notice`: valid Telegram HTML and plain text, each ≤ 4096 units.

    Given `now`, a notice that is older than LATE_SECONDS says when it happened. `zone` is that of
    the times shown, None the local one. `instead_of` is the channel that cannot take it. Never
    raises, whatever the fields hold.
    """
    lines = [title(notice, language), Line()]
    incident = notice.incident
    closing = None
    if notice.code in rescued.CODES:
        lines += rescued.lines(notice, language)
    elif incident is None:
        lines += _service(notice, language, zone) if notice.prediction is None else _foreseen(notice, language, zone)
        called = _name_of(notice)
        closing = line("notice.id", language, id=words(called, 40)) if called else None
    else:
        lines += _incident(notice, incident, language)
        closing = line("notice.id", language, id=words(incident.id or "?", 40))
    if now is not None and now - notice.at > LATE_SECONDS:
        lines.append(line("notice.at", language, hora=words(format.moment(notice.at, zone, day=True))))
    if instead_of:
        lines.append(line("notice.instead_of", language, canal=name(instead_of, 40)))
    message = assemble(lines, closing, silent=notice.severity is Severity.INFO)
    return replace(message, notice=notice, actions=_actions(notice), choices=rescued.rows(notice, language))


def title(notice: Notification, language: str) -> Line:
    """`⚠️ Monitor de Descargas`, with the sign that suits."""
    kind = "critical" if notice.severity is Severity.CRITICAL else _TITLES.get(notice.code, "warning")
    return bold(line(f"notice.title.{kind}", language))


def headline(notice: Notification, language: str) -> Line:
    """What happened, in one line."""
    if notice.incident is not None:
        return line(f"notice.error.{notice.incident.error_type.value}", language)
    if notice.prediction is not None:
        kind = notice.prediction.prediction.kind.value
        return line(f"notice.{notice.code}", language, que=words(text(f"foreseen.kind.{kind}", language)))
    return line(f"notice.{notice.code}", language)


def entry(notice: Notification, language: str, zone: tzinfo | None = None) -> Line:
    """`notice` in one line, as it stands among others."""
    when = words(format.moment(notice.at, zone))
    incident = notice.incident
    if notice.code in rescued.CODES:
        return rescued.entry(notice, when, language)
    if incident is None:
        return line("notice.digest.service", language, hora=when, que=headline(notice, language))
    modelo, video = who(incident, language)
    return line(
        "notice.digest.cause" if incident.of_machine else "notice.digest.incident",
        language,
        hora=when,
        icono=words(text(f"notice.icon.{incident.estado.value}", language)),
        que=words(text(f"notice.kind.{incident.error_type.value}", language)),
        modelo=modelo,
        video=video,
        id=words(incident.id, 40),
    )


def who(incident: Incident, language: str) -> tuple[Line, Line]:
    """Modelo and video as they are shown: `desconocido` where the lines did not say."""
    unknown = words(text("notice.unknown", language))
    modelo, video = name(incident.download.modelo or "", 80), name(incident.download.video or "", 160)
    return modelo if modelo.plain else unknown, video if video.plain else unknown


def _service(notice: Notification, language: str, zone: tzinfo | None) -> Iterator[Line]:
    yield headline(notice, language)
    for key, value in list(notice.fields.items())[:_MOST_FIELDS]:
        code = f"notice.field.{key}"
        if value and code in catalogue(language):
            yield line(code, language, **{key: _field(key, str(value), language, zone)})
    yield from _acknowledged(notice, language, zone)
    for other in notice.about:
        yield entry(other, language, zone)
    if notice.about:
        yield _how_to_answer(notice.about, language)


def _foreseen(notice: Notification, language: str, zone: tzinfo | None) -> Iterator[Line]:
    """What, when, how likely, why, and what to do; or what became of it."""
    assert notice.prediction is not None
    said = notice.prediction.prediction
    yield headline(notice, language)
    if said.about:
        yield line("notice.foreseen.about", language, sobre=name(said.about, 200))
    shown = {
        "chance": forecast.chance(said, language),
        "when": forecast.interval(said, language),
        "why": forecast.reason(said, language),
        "now": notice.fields.get("ahora", ""),
        "result": forecast.outcome(notice.prediction, language),
    }
    for part, value in shown.items():
        if value:
            yield line(f"notice.foreseen.{part}", language, valor=words(value, 300))
    if notice.prediction.outcome is None:
        yield line(f"notice.foreseen.do.{said.kind.value}", language)
    yield from _acknowledged(notice, language, zone)


def _acknowledged(notice: Notification, language: str, zone: tzinfo | None) -> Iterator[Line]:
    if by := notice.fields.get(ACKNOWLEDGED_BY):
        hora = _field("desde", notice.fields.get(ACKNOWLEDGED_AT, ""), language, zone)
        yield line("notice.acknowledged", language, por=verbatim(str(by), 80), hora=hora)


def _how_to_answer(alarms: tuple[Notification, ...], language: str) -> Line:
    called = _name_of(alarms[0]) if len(alarms) == 1 else ""
    return line("notice.reminder.advice", language, id=words(called or "ID", 40))


def _name_of(notice: Notification) -> str:
    """What it is acknowledged by, "" for what is not."""
    if notice.incident is not None:
        return notice.incident.id
    return notice.key if notice.key in ALARM_KEYS and notice.code.fires else ""


def _actions(notice: Notification) -> tuple[str, ...]:
    """What may be answered to an incident that is not solved, `retry:ID`, `acknowledge:ID`, …, or to an
    alarm without one."""
    about = notice.about[0] if len(notice.about) == 1 else notice
    incident = about.incident
    if incident is None and _name_of(about) and not about.fields.get(ACKNOWLEDGED_BY):
        return (f"acknowledge:{alarm_name(about)}",)
    if incident is None or not incident.id or incident.estado is Estado.SOLUCIONADO or about.code.edits:
        return ()
    # While its cause lasts a critical one goes on by itself; there is nothing to be tried.
    kinds = ["retry"] if about.severity is not Severity.CRITICAL else []
    kinds += [] if incident.acknowledged_by else ["acknowledge"]
    return tuple(f"{kind}:{incident.id}" for kind in (*kinds, "silence"))


def _field(key: str, value: str, language: str, zone: tzinfo | None) -> Line:
    number = _number(value)
    if number is None:
        return verbatim(value, 300)
    if key in _TIMES:
        return words(format.moment(number, zone, day=True))
    if key in _SIZES:
        return words(format.size(number, language))
    return words(format.duration(number, language) if key in _DURATIONS else value)


def _incident(notice: Notification, incident: Incident, language: str) -> Iterator[Line]:
    modelo, video = who(incident, language)
    yield headline(notice, language)
    if not incident.of_machine:
        yield line("notice.modelo", language, modelo=modelo)
        yield line("notice.video", language, video=video)
    yield _standing(notice.code, incident, language)
    if notice.code in _TOLD_IN_FULL:
        yield from _outcome(incident, language)
    elif incident.estado is not Estado.FALLIDO and incident.accion in _NO_STEP and incident.reason:
        yield line("notice.reason", language, motivo=_reason(incident.reason, language))
    for key, value in list(notice.fields.items())[:_MOST_FIELDS]:
        code = f"notice.field.{key}"
        if value and code in catalogue(language):
            yield line(code, language, **{key: _field(key, str(value), language, None)})
    if incident.acknowledged_by:
        hora = words(format.moment(incident.acknowledged_at or 0.0, None))
        yield line("notice.acknowledged", language, por=verbatim(incident.acknowledged_by, 80), hora=hora)
    if notice.code in _NEEDS_ADVICE:
        yield from _advice(incident, language)


def _standing(code: NotificationCode, incident: Incident, language: str) -> Line:
    """How it stands: never a promise of a retry when nothing is being done."""
    idle = incident.accion == "none" and incident.estado is Estado.PENDIENTE
    if idle and code in (NotificationCode.DETECTED, NotificationCode.CRITICAL):
        return line("notice.nothing_possible", language)
    cause = incident.waiting_for or ErrorType.SERVIDOR_CAIDO
    took = (incident.closed_at or incident.updated_at) - incident.opened_at
    return line(
        f"notice.{code}",
        language,
        haciendo=line(f"notice.doing.{incident.error_type.value}", language),
        intento=words(incident.attempt),
        max_intentos=words(incident.max_attempts),
        siguiente=words(incident.attempt + 1),
        hora=words(format.clock(incident.next_attempt_at or incident.updated_at)),
        por=verbatim(incident.asked_by, 80),
        duracion=words(format.duration(took, language)),
        causa=line(f"notice.cause.{cause.value}", language),
    )


def _outcome(incident: Incident, language: str) -> Iterator[Line]:
    if incident.accion and incident.accion not in ("none", "by_bot", "given_up"):
        yield line("notice.done", language, accion=_action(incident, language))
    if incident.reason:
        yield line("notice.reason", language, motivo=_reason(incident.reason, language))
    if incident.count > 1:
        yield line("notice.repeated", language, veces=words(incident.count))
    if incident.evidence:
        yield line("notice.evidence", language)
    for seen in incident.evidence[:_MOST_EVIDENCE]:
        what = words(_known(f"evidence.{seen.what}", seen.what, language), 60)
        code = "notice.evidence.ok" if seen.ok else "notice.evidence.bad"
        yield line(code, language, que=what, valor=verbatim(seen.value, 200))


def _advice(incident: Incident, language: str) -> Iterator[Line]:
    if incident.exception:
        yield line("notice.exception", language, clase=verbatim(incident.exception, 120))
    if incident.error_message:
        yield line("notice.line", language, linea=verbatim(incident.error_message, 400))
    yield line(f"notice.advice.{_ADVICE.get(incident.reason, incident.error_type.value)}", language)
    if incident.id:
        yield line("notice.details", language, id=words(incident.id, 40))


def _action(incident: Incident, language: str) -> Line:
    fields: dict[str, object] = {"intento": incident.attempt, "max_intentos": incident.max_attempts}
    return words(_known(f"accion.{incident.accion}", incident.accion, language, **fields), 120)


def _reason(reason: str, language: str) -> Line:
    return words(_known(reason if "." in reason else f"reason.{reason}", reason, language), 300)


def _known(code: str, otherwise: str, language: str, **fields: object) -> str:
    return text(code, language, **fields) if code in catalogue(language) else otherwise


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def render_digest(notices: Sequence[Notification], language: str, zone: tzinfo | None = None) -> Message:
    """One message for `notices`: how many, from when to when, a line for each (failures first,
    then by time). Of those that do not fit, failures are still named by their ids."""
    ordered = sorted(notices, key=lambda n: (not _failed(n), n.at))
    lines = [bold(line("notice.title.warning", language)), Line(), _header(notices, language, zone), Line()]
    room, shown = _ROOM_FOR_LINES, 0
    for notice in ordered:
        one = entry(notice, language, zone)
        room -= units(one.html) + 1
        if room < 0:
            break
        lines.append(one)
        shown += 1
    lines += _left_out(ordered[shown:], language)
    return assemble(lines, silent=all(n.severity is Severity.INFO for n in notices))


def _header(notices: Sequence[Notification], language: str, zone: tzinfo | None) -> Line:
    times = [n.at for n in notices]
    first, last = (format.moment(at, zone, day=True) for at in (min(times), max(times)))
    return line("notice.digest", language, n=words(len(notices)), desde=words(first), hasta=words(last))


def _left_out(notices: Sequence[Notification], language: str) -> list[Line]:
    if not notices:
        return []
    failed = [f"#{n.incident.id}" for n in notices if n.incident is not None and _failed(n)][:_MOST_IDS]
    rest = len(notices) - len(failed)
    lines = [line("notice.digest.failed_too", language, ids=words(" ".join(failed), 800))] if failed else []
    return lines + ([line("notice.digest.more", language, n=words(rest))] if rest else [])


def _failed(notice: Notification) -> bool:
    return notice.incident is not None and notice.incident.estado is Estado.FALLIDO
