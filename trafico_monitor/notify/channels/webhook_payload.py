"""The webhook's JSON of one message, as docs/webhook.md describes it. Pure.

Keys are only ever added; what is there keeps its name and meaning while VERSION is the same.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from ...messages import text
from ...model.alert import Notification
from ...model.incident import Incident
from ..messages.markup import Message, clean

VERSION = 1
_LONGEST_VALUE = 500


def body_of(message: Message, language: str) -> dict[str, object]:
    """The body of `message`. A digest has no incident, and `code` digest."""
    notice = message.notice
    told: dict[str, object] = {"version": VERSION, "id": message_name(message)}
    if notice is None:
        return told | {"key": "", "code": "digest", "severity": "", "at": None, "text": message.plain,
                       "fields": {}, "incident": None}  # fmt: skip
    return told | {
        "key": notice.key,
        "code": notice.code.value,
        "severity": notice.severity.name.lower(),
        "at": moment(notice.at),
        "text": message.plain,
        "fields": {str(key): _said(value) for key, value in notice.fields.items()},
        "incident": _incident(notice.incident, language) if notice.incident is not None else None,
    }


def message_name(message: Message) -> str:
    """The name of the conversation of a message: a later message of the same name replaces it."""
    if message.notice is None:
        return f"digest.{sha256(message.plain.encode()).hexdigest()[:16]}"
    return f"{message.notice.key}.{message.notice.thread}"


def idempotency_key(message: Message) -> str:
    """A key that is the same for every attempt to send a message, and another for each later state of it."""
    return sha256(repr(_state(message.notice) if message.notice else message.plain).encode()).hexdigest()[:32]


def signature(key: bytes, name: str, at: int, content: bytes) -> dict[str, str]:
    """The headers that sign `content`, sent at `at` (seconds since the epoch) under `name`: HMAC-SHA256 over all three
    (Standard Webhooks 1.0.0). A receiver refuses an old time, so a request that was overheard is of no use later."""
    signed = b64encode(hmac.digest(key, b".".join((name.encode(), str(at).encode(), content)), "sha256")).decode()
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signed}"}


def moment(at: float | None) -> str | None:
    """ISO 8601 of `at` in UTC with milliseconds; None for an invalid time."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return None


def _state(notice: Notification) -> tuple[object, ...]:
    # Not the text: told late, it says so, and would be another one at every try.
    incident = notice.incident
    standing = (incident.estado.value, incident.attempt, incident.accion, incident.count) if incident else ()
    return notice.key, notice.thread, notice.code.value, notice.at, standing, sorted(notice.fields.items())


def _incident(incident: Incident, language: str) -> dict[str, object]:
    unknown = text("unknown", language)
    counted = {"intento": incident.attempt, "max_intentos": incident.max_attempts}
    return {
        "id": incident.id,
        "error_type": incident.error_type.value,
        "modelo": _said(incident.download.modelo or "") or unknown,
        "video": _said(incident.download.video or "") or unknown,
        "estado": incident.estado.value,
        "accion": _said(text(f"accion.{incident.accion}", language, **counted)),
        "motivo": _said(incident.reason),
        **counted,
        "evidence": [{"what": _said(e.what), "value": _said(e.value), "ok": e.ok} for e in incident.evidence],
        "opened_at": moment(incident.opened_at),
        "closed_at": moment(incident.closed_at),
    }


def _said(value: object) -> str:
    shown = clean(value)
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"
