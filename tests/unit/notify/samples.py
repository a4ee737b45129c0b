"""Incidents and notices as the tests of notify need them."""

from __future__ import annotations

from typing import Any

from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import OutboxItem
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident

NOON = 1766664000.0  # 2025-12-25 12:00:00 UTC
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
VIDEO = "20251225_143020_a3f2b1.mp4"


def incident(error_type: ErrorType = ErrorType.TIMEOUT, **changes: Any) -> Incident:
    known: dict[str, Any] = {
        "id": "T7F3K2AB",
        "opened_at": NOON,
        "updated_at": NOON + 7,
        "download": Download(modelo="victor", video=VIDEO),
        "accion": "retry",
    }
    return Incident(error_type=error_type, **(known | changes))


def notice(code: str = "detected", severity: Severity = Severity.RECOVERABLE, **changes: Any) -> Notification:
    known: dict[str, Any] = {"key": "T7F3K2AB", "at": NOON}
    return Notification(code=NotificationCode(code), severity=severity, **(known | changes))


def failed(**changes: Any) -> Incident:
    return incident(estado=Estado.FALLIDO, accion="given_up", attempt=3, closed_at=NOON + 7, **changes)


def item(number: int, severity: Severity = Severity.RECOVERABLE, **changes: Any) -> OutboxItem:
    """Row `number` of an outbox, with an incident of its own."""
    at = changes.pop("at", NOON + number)
    code = changes.pop("code", "critical" if severity is Severity.CRITICAL else "detected")
    own = incident(id=f"I{number}", opened_at=at, updated_at=at)
    told = Notification(f"I{number}", NotificationCode(code), severity, at, incident=own)
    return OutboxItem(number, told, **changes)
