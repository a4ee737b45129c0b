"""Converts a change of an incident, or a service event, into a record. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..messages import text, translation
from ..messages.format import clock, printable, shortened
from ..model.finding import ErrorType, Finding
from ..model.incident import Estado, Event, Incident
from ..model.task import Evidence

if TYPE_CHECKING:
    from ..notify.engine import AlertEvent

_EVENTS = {
    Estado.DETECTADO: ("incident_detected", "record.detected", 4),
    Estado.PENDIENTE: ("incident_pending", "record.pending", 5),
    Estado.REINTENTANDO: ("incident_retrying", "record.retrying", 5),
    Estado.SOLUCIONADO: ("incident_solved", "record.solved", 5),
    Estado.FALLIDO: ("incident_failed", "record.failed", 3),
}
_TYPES = {each: f"type.{each.value}" for each in ErrorType}
_CRITICAL = frozenset({ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO})
_LONGEST_NAME = 120
MEGABYTE = 1000**2


def incident_event(incident: Incident, at: float, language: str) -> Event:
    """The record of an incident's present state, in the mission's words."""
    event, code, priority = _EVENTS[incident.estado]
    if incident.estado is Estado.DETECTADO and incident.error_type in _CRITICAL:
        priority = 2
    accion = action_text(incident, language)
    line = text(code, language, accion=accion, **_fields(incident, language))
    return Event(at, event, line, priority, accion, incident)


def event_text(event: Event, language: str) -> str:
    """The line of a stored record in `language`, whatever language it was written in."""
    kinds = {name for name, _, _ in _EVENTS.values()}
    if event.incident is not None and event.event in kinds:
        return incident_event(event.incident, event.at, language).text
    if event.incident is not None and event.event == "repeated":
        return repeat_event(event.incident, event.at, language).text
    return translation.record_text(event.text, event.fields, language)


def repeat_event(incident: Incident, at: float, language: str) -> Event:
    """The same failure once more: told in the log, not a state change of the incident."""
    return Event(at, "repeated", text("record.repeated", language, **_fields(incident, language)), 6)


def service_event(event: str, at: float, language: str, priority: int = 6, code: str = "", **fields: str) -> Event:
    """A service event: `event` names the MESSAGE_ID, `code` (or the event itself) the text."""
    line = text(f"record.{code or event}", language, **fields)
    return Event(at, event, line, priority, fields=fields)


def expired_event(path: str, incident: str, size: int, why: str, days: int, at: float, language: str) -> Event:
    """A file that left the quarantine for good."""
    fields: dict[str, str] = {
        "ruta": short(path),
        "tamano": f"{size / MEGABYTE:.1f} MB",
        "dias": str(days),
        "motivo": text(f"expired.{why}", language),
        "id": short(incident),
    }
    return service_event("quarantine_expired", at, language, 6, **fields)


def download_event(finding: Finding, language: str) -> Event:
    """The bot says that a download has ended well."""
    unknown = text("unknown", language)
    size = finding.download.size
    shown = text("size.unknown", language) if size is None else f"{size / MEGABYTE:.1f} MB"
    video = short(finding.download.video or unknown)
    return Event(finding.at, "download_done", text("record.download_done", language, tamano=shown, video=video))


def alert_event(event: AlertEvent, at: float, language: str) -> Event:
    """What became of something that was to be told."""
    from ..notify.messages.render import headline  # not for the command line, which reads texts here

    fields = {"canal": event.channel}
    if event.silence is not None:
        silence = event.silence
        fields |= {"silencio": silence.id, "motivo": silence.reason, "unidad": silence.value}
        fields |= {"silenciados": str(silence.silenced), "segundos": f"{silence.until - silence.since:.0f}"}
    if event.notification is not None:
        incident = event.notification.incident
        fields["que"] = short(headline(event.notification, language).plain)
        fields["id"] = f" · #{incident.id}" if incident else ""
    return service_event(event.code, at, language, 4 if event.code == "escalated" else 6, **fields)


def silence_text(finding: Finding, language: str) -> str:
    """Replacement for a missing error line: the duration of the silence, and the last line."""
    minutes = f"{finding.waited / 60:.0f}"
    return text("silence.download", language, minutos=minutes, linea=finding.message)


def process_ended_text(finding: Finding, language: str) -> str:
    """Replacement for a missing error line if the bot's process ended before it could write one."""
    return text("process_ended.download", language, pid=finding.pid, linea=finding.message)


def task_name(task: str, language: str) -> str:
    """Returns the display name of a background task; text after the first blank of its name is shown unchanged."""
    kind, _, which = task.partition(" ")
    return f"{text(f'task.{kind}', language)} {which}".rstrip()


def action_text(incident: Incident, language: str) -> str:
    """`accion` of the mission's record: `reintento 2/3`, `sudo chown`, …"""
    code = f"accion.{incident.accion}"
    if incident.estado is Estado.PENDIENTE and incident.waiting_for and incident.waiting_for != incident.error_type:
        code = f"accion.waiting_{incident.waiting_for.value}"
    return text(code, language, **attempt_fields(incident))


def attempt_fields(incident: Incident) -> dict[str, object]:
    """The values of the texts about attempts; `hora` is that of the next late one."""
    at = incident.next_attempt_at
    return {
        "intento": incident.attempt,
        "max_intentos": incident.max_attempts,
        "siguiente": incident.attempt + 1,
        "hora": "" if at is None else clock(at),
    }


def evidence_text(evidence: tuple[Evidence, ...], language: str) -> str:
    """The proof in one line, for the log."""
    if not evidence:
        return ""
    return "; ".join(_one(each, language) for each in evidence if each.ok)


def _one(evidence: Evidence, language: str) -> str:
    return f"{text(f'evidence.{evidence.what}', language)}: {short(evidence.value)}"


@lru_cache(256)
def _fixed(code: str, language: str) -> str:
    """A text without fields: an incident's record needs six of them, and of all there are few."""
    return text(code, language)


def reason_text(reason: str, language: str) -> str:
    """The words for a reason: a code of the actions, or a whole code such as `missing.project`."""
    if not reason:
        return ""
    return _fixed(reason if "." in reason else f"reason.{reason}", language)


def _fields(incident: Incident, language: str) -> dict[str, object]:
    unknown = _fixed("unknown", language)
    reasons = [reason_text(incident.reason, language)]
    if incident.accion in ("given_up_early", "given_up_late"):
        reasons.append(action_text(incident, language))
    if incident.evidence:
        reasons += [_one(each, language) for each in incident.evidence if each.what.startswith("kept_")]
    download = incident.download
    names = {
        "modelo": short(download.modelo) if download.modelo else unknown,
        "video": short(download.video) if download.video else unknown,
    }
    named = not incident.of_machine
    return {
        "id": incident.id,
        "tipo": _fixed(_TYPES[incident.error_type], language),
        "quien": text("record.who", language, **names) if named else "",
        "cual": text("record.which", language, **names) if named else "",
        "motivo": "".join(f" · {reason}" for reason in reasons if reason),
        "segundos": f"{max(0.0, incident.updated_at - incident.opened_at):.0f}",
        "pruebas": evidence_text(incident.evidence, language),
        "veces": incident.count,
    }


def short(value: str) -> str:
    """`value` from a line, fit for one line of the log."""
    # A name comes from a line: control characters and kilobytes of it must not spoil the log.
    return shortened(printable(value), _LONGEST_NAME)
