"""Handler: a repair put a video into `_rescatados`, so an operator is asked for its modelo. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from ...model.alert import Notification, NotificationCode, Severity
from ...model.incident import Incident
from ...model.installation import Offer, conversation, mark_of
from ...model.task import Outcome, RepairTask, TaskResult

# Of the messages about one file, which a person has had rescued again and again, so many are still changed.
_MOST_TOLD = 20


def notice_of(incident: Incident | None, order: RepairTask, result: TaskResult, now: float) -> Notification | None:
    """Returns the notification about a finished task; None if it rescued nothing. `incident` is that of the task,
    None for a forgotten one. Automatic retries share one message."""
    if not (result.rescued and result.path):
        return None
    file, offer = PurePath(result.path).name, result.offer or Offer(None)
    named = incident.download.modelo if incident else order.download.modelo
    fields = {
        "archivo": file,
        "bytes": "" if offer.size is None else str(offer.size),
        "incidente": order.incident_id,
        "tipo": (incident.error_type if incident else order.error_type).value,
        "motivo": _why(named, order, result),
        "dicho": named or "",
        "modelos": "/".join(offer.modelos),  # no name of a folder has one
        "total": str(offer.total),
    }
    key, thread = conversation(mark_of(file, order.incident_id)), incident.asked if incident else 0
    return Notification(key, NotificationCode.RESCUED, Severity.RECOVERABLE, now, thread, fields=fields)


def placed(file: str, incident: Incident, modelo: str, path: str, now: float) -> Iterator[Notification]:
    """Updates the messages about `file`, rescued by `incident`: it is now at `path`."""
    yield from _instead(NotificationCode.RESCUED_PLACED, file, incident, {"modelo": modelo, "ruta": path}, now)


def left(file: str, incident: Incident, now: float) -> Iterator[Notification]:
    """The same for a file that was removed manually."""
    yield from _instead(NotificationCode.RESCUED_LEFT, file, incident, {}, now)


def _instead(
    code: NotificationCode, file: str, incident: Incident, more: dict[str, str], now: float
) -> Iterator[Notification]:
    fields = {"archivo": file, "incidente": incident.id, "tipo": incident.error_type.value, **more}
    for thread in range(max(0, incident.asked + 1 - _MOST_TOLD), incident.asked + 1):
        key = conversation(mark_of(file, incident.id))
        yield Notification(key, code, Severity.INFO, now, thread, fields=fields, only_edit=True)


def _why(named: str | None, order: RepairTask, result: TaskResult) -> str:
    """Why its place is not known, or not free: a code of `reason.…`."""
    download = order.download
    if result.outcome is Outcome.REFUSED:
        return result.reason
    if result.why:
        return result.why
    if download.destination or (download.modelo and download.video):
        return "place_refused"
    if download.modelo:
        return "video_unnamed"
    return "single_record" if named else "place_unknown"
