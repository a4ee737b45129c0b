"""Which changes of an incident the administrator is told: the playbook's last column. Pure.

| error_type       | told while it goes on (one message, edited)   | told when it rings (a new message)   |
|------------------|-----------------------------------------------|--------------------------------------|
| timeout          | no                                            | fallido, i.e. all attempts failed    |
| ruta_inexistente | no                                            | fallido                              |
| corrupto         | from the start                                | fallido                              |
| permisos         | when it persists: from the second attempt on  | fallido                              |
| disco_lleno      | no                                            | at once, CRITICAL; its end; fallido  |
| servidor_caido   | no                                            | at once, CRITICAL; its end; fallido  |
| otro             | a wait that is longer than anybody may ask    | fallido                              |

Whatever the type, a video that lands in `_rescatados` is told besides (`consequences.rescued`).

The threads of an incident: LIVE is the message that is edited; ALARM and FAILED are new messages,
so that the phone rings; RELIEF is the good end of what had rung, new as well: whoever got up for
it is told that they may sit down. A FAILED is never edited away by what follows it: an incident
that a person has had tried again (`asked`) goes on in threads of its own.
"""

from __future__ import annotations

from ..model.alert import Notification, Severity
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident

LIVE, ALARM, FAILED, RELIEF = 0, 1, 2, 3
_THREADS = 4
# The code of a LIVE message whose incident has failed: worth an edit, never worth a new message.
MOVED = "moved"
# The end of what another notice of the same key has told.
ENDS = frozenset(
    {
        "solved",
        "solved_by_bot",
        "unit_back",
        "unit_speaks",
        "sighted",
        "space_ok",
        "space_warning",
        "server_up",
        "own_back",
    }
)

# A rescued video waits for a person; it was put to its modelo; somebody has taken it away.
RESCUED, PLACED, LEFT = "rescued", "rescued_placed", "rescued_left"

# Fields of a notice without an incident, once somebody has acknowledged it.
ANSWERED_BY, ANSWERED_AT = "enterado_por", "enterado_hora"

# A server that wants to be left alone for longer than an hour is told of, and asked again by then.
_LONGEST_WAIT = 3600.0
_CRITICAL = frozenset({ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO})


def rings(notice: Notification) -> bool:
    """True for what somebody is to answer: it is critical, or a download has failed."""
    return notice.code == "failed" or (notice.severity is Severity.CRITICAL and notice.code != "reminder")


def notices_for(before: Incident | None, after: Incident, now: float) -> tuple[Notification, ...]:
    """What to send about one step of an incident; () for most steps. `before` is None when it is
    new. The same step always gives the same notices, so that a repetition after a crash meets
    the rows it has already written."""
    live = _live(before) if before is not None else False
    if after.estado is Estado.FALLIDO:
        return _failed(before, after, live, now)
    if after.estado is Estado.SOLUCIONADO:
        return _solved(before, after, live, now)
    if _critical(after) and not (before is not None and _critical(before)):
        return (Notification(after.id, "critical", Severity.CRITICAL, now, _thread(after, ALARM), after),)
    if _live(after) and (before is None or not live or _standing(before) != _standing(after)):
        return (Notification(after.id, _live_code(after), Severity.RECOVERABLE, now, _thread(after, LIVE), after),)
    return ()


def _failed(before: Incident | None, after: Incident, live: bool, now: float) -> tuple[Notification, ...]:
    if before is not None and before.estado is Estado.FALLIDO:
        return ()
    told = Notification(after.id, "failed", Severity.RECOVERABLE, now, _thread(after, FAILED), after)
    if not live:
        return (told,)
    return (Notification(after.id, MOVED, Severity.RECOVERABLE, now, _thread(after, LIVE), after), told)


def _solved(before: Incident | None, after: Incident, live: bool, now: float) -> tuple[Notification, ...]:
    if before is not None and before.estado is Estado.SOLUCIONADO:
        return ()
    code = "solved_by_bot" if after.recovered_by_bot else "solved"
    rang = _critical(after) or after.asked > 0 or (before is not None and before.estado is Estado.FALLIDO)
    if rang:
        return (Notification(after.id, code, Severity.RECOVERABLE, now, _thread(after, RELIEF), after),)
    if live or _live(after):
        return (Notification(after.id, code, Severity.RECOVERABLE, now, _thread(after, LIVE), after),)
    return ()


def _critical(incident: Incident) -> bool:
    return incident.error_type in _CRITICAL


def _live(incident: Incident) -> bool:
    """True once an incident has a LIVE message. It depends on what never goes back, so that a
    restart between two steps needs no memory of what was sent."""
    if incident.error_type is ErrorType.CORRUPTO or incident.not_before - incident.opened_at >= _LONGEST_WAIT:
        return True
    return incident.error_type is ErrorType.PERMISOS and incident.attempt >= 2


def _live_code(incident: Incident) -> str:
    if incident.waiting_for is not None:
        return "waiting"
    return "retrying" if incident.estado is Estado.REINTENTANDO else "detected"


def _standing(incident: Incident) -> tuple[object, ...]:
    return _live_code(incident), incident.attempt, incident.waiting_for, incident.accion == "none"


def notices_of_acknowledgement(incident: Incident, now: float) -> tuple[Notification, ...]:
    """The message that `incident` stands in, written anew because somebody has acknowledged it."""
    if incident.estado is Estado.FALLIDO:
        return (Notification(incident.id, "failed", Severity.RECOVERABLE, now, _thread(incident, FAILED), incident),)
    if _critical(incident):
        return (Notification(incident.id, "critical", Severity.CRITICAL, now, _thread(incident, ALARM), incident),)
    if _live(incident):
        return (
            Notification(
                incident.id, _live_code(incident), Severity.RECOVERABLE, now, _thread(incident, LIVE), incident
            ),
        )
    return ()


def _thread(incident: Incident, kind: int) -> int:
    return incident.asked * _THREADS + kind
