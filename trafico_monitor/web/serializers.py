"""How things look in JSON: the API's own words, the same as the command line's `--json`. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..messages import text
from ..model.alert import Silence
from ..model.download import UnderWay
from ..model.incident import Incident
from .ports import Numbered, Present, Volume


def incident_row(incident: Incident, present: Present, language: str) -> dict[str, object]:
    """An incident as lists have it; null where the lines did not say."""
    download = incident.download
    return {
        "id": incident.id,
        "error_type": incident.error_type.value,
        "estado": incident.estado.value,
        "modelo": download.modelo,
        "video": download.video,
        "size": download.size,
        "opened_at": incident.opened_at,
        "updated_at": incident.updated_at,
        "closed_at": incident.closed_at,
        "intento": incident.attempt,
        "max_intentos": incident.max_attempts,
        "accion": incident.accion,
        "accion_text": present.action(incident, language),
        "reason": incident.reason,
        "reason_text": present.reason(incident, language),
        "waiting_for": incident.waiting_for.value if incident.waiting_for else None,
        "recovered_by_bot": incident.recovered_by_bot,
        "count": incident.count,
        "acknowledged_by": getattr(incident, "acknowledged_by", "") or None,
        "acknowledged_at": getattr(incident, "acknowledged_at", None),
    }


def incident_story(
    incident: Incident, records: Iterable[Numbered], present: Present, language: str
) -> dict[str, object]:
    """All there is about one incident."""
    return {
        **incident_row(incident, present, language),
        "rule": incident.rule,
        "error_message": incident.error_message,
        "cause": incident.cause.value,
        "exception": incident.exception,
        "not_before": incident.not_before or None,
        "lines": list(incident.lines),
        "evidence": [
            {"what": e.what, "text": text(f"evidence.{e.what}", language), "value": e.value, "ok": e.ok}
            for e in incident.evidence
        ],
        "history": [event(number, None, language) for number in records],
    }


def event(numbered: Numbered, present: Present | None, language: str) -> dict[str, object]:
    """One record; with `present` also the incident that it is about."""
    seq, record = numbered
    said: dict[str, object] = {
        "seq": seq,
        "at": record.at,
        "event": record.event,
        "text": record.text,
        "priority": record.priority,
        "estado": record.incident.estado.value if record.incident else None,
    }
    if present is not None:
        said["incident"] = incident_row(record.incident, present, language) if record.incident else None
    return said


def under_way(one: UnderWay) -> dict[str, object]:
    return {
        "modelo": one.download.modelo,
        "video": one.download.video,
        "phase": one.phase.value,
        "since": one.since,
        "heard": one.heard,
        "size": one.size,
        "done": one.done,
        "incident": one.incident or None,
        "intento": one.attempt or None,
    }


def volume(one: Volume) -> dict[str, object]:
    return {
        "path": one.path,
        "free": one.free,
        "total": one.total,
        "level": one.level,
        "full_at": one.full_at,
        "history": [[round(at), free] for at, free in one.history],
    }


def silence(one: Silence) -> dict[str, object]:
    return {
        "id": one.id,
        "scope": one.scope.value,
        "value": one.value,
        "since": one.since,
        "until": one.until,
        "reason": one.reason,
        "by": one.by,
    }
