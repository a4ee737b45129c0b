"""The changes of an incident that send a notification: the playbook's last column. Pure.

| error_type       | while it is open (one message, edited)        | alert (a new message)                |
|------------------|-----------------------------------------------|--------------------------------------|
| timeout          | when the quick attempts have failed           | fallido, i.e. all attempts failed    |
| ruta_inexistente | no                                            | fallido                              |
| corrupto         | from the start                                | fallido                              |
| permisos         | when it persists: from the second attempt on  | fallido                              |
| disco_lleno      | no                                            | at once, CRITICAL; its end; fallido  |
| servidor_caido   | when the quick attempts have failed           | at once, CRITICAL; its end; fallido  |
| otro             | a wait that is longer than anybody may ask    | fallido                              |

Whatever the type, a video that lands in `_rescatados` has a notification of its own (`pipeline/handlers/rescued.py`).

The threads of an incident: LIVE is the message that is edited; ALARM and FAILED are new messages, so that
the phone rings; RELIEF is the resolution of an alert, new as well: whoever got up for it may sit down. A
FAILED is never edited into a later state: an incident that a person has had tried again (`asked`) continues
in threads of its own.
"""

from __future__ import annotations

from ..model.alert import Notification, NotificationCode, Severity
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident

LIVE, ALARM, FAILED, RELIEF = 0, 1, 2, 3
_THREADS = 4

# Fields of a notification without an incident, once somebody has acknowledged it.
ACKNOWLEDGED_BY, ACKNOWLEDGED_AT = "enterado_por", "enterado_hora"

# A server that asks for a longer pause is asked again after an hour, and the administrator is notified.
_LONGEST_WAIT = 3600.0
_CRITICAL = frozenset({ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO})


def notifications_for(before: Incident | None, after: Incident, now: float) -> tuple[Notification, ...]:
    """The notifications of one step of an incident; () for most steps. `before` is None when it is
    new. The same step always gives the same notifications, so that a repetition after a crash meets
    the rows it has already written."""
    was_live = _live(before) if before is not None else False
    if after.estado is Estado.FALLIDO:
        return _failed(before, after, was_live, now)
    if after.estado is Estado.SOLUCIONADO:
        return _solved(before, after, was_live, now)
    if before is not None and was_live and before.open and after.asked > before.asked:
        return (_notification(NotificationCode.RETRY_ASKED, LIVE, after, now, before.asked),)
    if _critical(after) and not (before is not None and _critical(before)):
        return (_notification(NotificationCode.CRITICAL, ALARM, after, now),)
    if _live(after) and (before is None or not was_live or _progress(before) != _progress(after)):
        return (_notification(_live_code(after), LIVE, after, now),)
    return ()


def notifications_of_acknowledgement(incident: Incident, now: float) -> tuple[Notification, ...]:
    """The present message of `incident` once more, because somebody has acknowledged it."""
    if incident.estado is Estado.FALLIDO:
        return (_notification(NotificationCode.FAILED, FAILED, incident, now),)
    if _critical(incident):
        return (_notification(NotificationCode.CRITICAL, ALARM, incident, now),)
    if _live(incident):
        return (_notification(_live_code(incident), LIVE, incident, now),)
    return ()


def _failed(before: Incident | None, after: Incident, was_live: bool, now: float) -> tuple[Notification, ...]:
    if before is not None and before.estado is Estado.FALLIDO:
        return ()
    failed = _notification(NotificationCode.FAILED, FAILED, after, now)
    return (_notification(NotificationCode.MOVED, LIVE, after, now), failed) if was_live else (failed,)


def _solved(before: Incident | None, after: Incident, was_live: bool, now: float) -> tuple[Notification, ...]:
    if before is not None and before.estado is Estado.SOLUCIONADO:
        return ()
    code = NotificationCode.SOLVED_BY_BOT if after.recovered_by_bot else NotificationCode.SOLVED
    if _critical(after) or after.asked > 0 or (before is not None and before.estado is Estado.FALLIDO):
        relief = _notification(code, RELIEF, after, now)
        return (_notification(code, LIVE, after, now), relief) if after.late else (relief,)
    return (_notification(code, LIVE, after, now),) if was_live or _live(after) else ()


def _critical(incident: Incident) -> bool:
    return incident.error_type in _CRITICAL


def _live(incident: Incident) -> bool:
    """True once an incident has a LIVE message. It depends on what never goes back, so that a
    restart between two steps needs no memory of what was sent."""
    if (
        incident.late
        or incident.error_type is ErrorType.CORRUPTO
        or incident.not_before - incident.opened_at >= _LONGEST_WAIT
    ):
        return True
    return incident.error_type is ErrorType.PERMISOS and incident.attempt >= 2


def _live_code(incident: Incident) -> NotificationCode:
    if incident.next_attempt_at is not None:
        return NotificationCode.RETRY_LATER
    if incident.waiting_for is not None:
        return NotificationCode.WAITING
    return NotificationCode.RETRYING if incident.estado is Estado.REINTENTANDO else NotificationCode.DETECTED


def _progress(incident: Incident) -> tuple[object, ...]:
    return _live_code(incident), incident.attempt, incident.waiting_for, incident.accion == "none"


def _notification(
    code: NotificationCode, kind: int, incident: Incident, now: float, asked: int | None = None
) -> Notification:
    asked = incident.asked if asked is None else asked
    severity = Severity.CRITICAL if code is NotificationCode.CRITICAL else Severity.RECOVERABLE
    return Notification(incident.id, code, severity, now, asked * _THREADS + kind, incident)
