"""Incidents and silences as JSON objects: the fields that the API and the command line's `--json` share. Pure."""

from __future__ import annotations

from .alert import Silence
from .incident import Incident


def incident_row(incident: Incident) -> dict[str, object]:
    """An incident in a list; null where the lines did not say. Times are seconds since the epoch. A hub's has
    `machine` too."""
    download = incident.download
    return {
        **({"machine": incident.machine} if incident.machine else {}),
        "id": incident.id,
        "error_type": incident.error_type.value,
        "estado": incident.estado.value,
        "modelo": download.modelo,
        "video": download.video,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "closed_at": incident.closed_at,
        "intento": incident.attempt,
        "max_intentos": incident.max_attempts,
        "next_attempt": incident.next_attempt_at,
        "accion": incident.accion,
        "reason": incident.reason,
        "waiting_for": incident.waiting_for.value if incident.waiting_for else None,
        "recovered_by_bot": incident.recovered_by_bot,
        "acknowledged_by": incident.acknowledged_by or None,
        "acknowledged_at": incident.acknowledged_at,
        "count": incident.count,
    }


def incident_details(incident: Incident) -> dict[str, object]:
    """The fields of one incident alone, beside those of `incident_row`. Evidence is listed without words."""
    return {
        "rule": incident.rule,
        "error_message": incident.error_message,
        "not_before": incident.not_before or None,
        "lines": list(incident.lines),
        "evidence": [{"what": one.what, "value": one.value, "ok": one.ok} for one in incident.evidence],
    }


def silence_row(silence: Silence) -> dict[str, object]:
    """A silence. Times are seconds since the epoch."""
    return {
        "id": silence.id,
        "scope": silence.scope.value,
        "value": silence.value,
        "since": silence.since,
        "until": silence.until,
        "reason": silence.reason,
        "by": silence.by,
    }
