"""JSON objects of the API: those of the read model, with words in the caller's language. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..messages import forecast as words
from ..messages import text
from ..model import read_model
from ..model.download import Download, UnderWay, base_name
from ..model.incident import Incident
from ..model.prediction import ForecastView
from .ports import Numbered, Present, Volume


def incident_row(incident: Incident, present: Present, language: str) -> dict[str, object]:
    """An incident in a list, with its words."""
    return {
        **read_model.incident_row(incident),
        "file": _file(incident.download),
        "size": incident.download.size,
        "accion_text": present.action(incident, language),
        "reason_text": present.reason(incident, language),
    }


def incident_story(
    incident: Incident, records: Iterable[Numbered], present: Present, language: str
) -> dict[str, object]:
    """One incident with its proof, lines and history."""
    return {
        **incident_row(incident, present, language),
        **read_model.incident_details(incident),
        "cause": incident.cause.value,
        "exception": incident.exception,
        "evidence": [
            {"what": one.what, "text": text(f"evidence.{one.what}", language), "value": one.value, "ok": one.ok}
            for one in incident.evidence
        ],
        "history": [event(number, present, language) for number in records],
    }


def _file(download: Download) -> str | None:
    """The server's name of the file: tells videos apart that the bot did not name."""
    return base_name(download.source) if download.source else None


def event(numbered: Numbered, present: Present, language: str, *, whole: bool = False) -> dict[str, object]:
    """One record; when `whole`, also the incident that it is about."""
    seq, record = numbered
    said: dict[str, object] = {
        "seq": seq,
        "at": record.at,
        "event": record.event,
        "text": present.line(record, language),
        "priority": record.priority,
        "estado": record.incident.estado.value if record.incident else None,
        **({"machine": record.machine} if record.machine else {}),
    }
    if whole:
        said["incident"] = incident_row(record.incident, present, language) if record.incident else None
    return said


def under_way(one: UnderWay) -> dict[str, object]:
    return {
        "modelo": one.download.modelo,
        "video": one.download.video,
        "file": _file(one.download),
        "phase": one.phase.value,
        "since": one.since,
        "heard": one.heard,
        "size": one.size,
        "done": one.done,
        "incident": one.incident or None,
        "intento": one.attempt or None,
    }


def forecast(view: ForecastView, language: str) -> dict[str, object]:
    """What is foreseen, with the reasons in words."""
    reasons = [words.reason(one.prediction, language) for one in view.foreseen]
    foreseen = [{**one.as_json(), "reason_text": reason} for one, reason in zip(view.foreseen, reasons, strict=True)]
    return {**view.as_json(), "foreseen": foreseen}


def volume(one: Volume) -> dict[str, object]:
    return {
        "path": one.path,
        "free": one.free,
        "total": one.total,
        "level": one.level,
        "history": [[round(at), free] for at, free in one.history],
    }
