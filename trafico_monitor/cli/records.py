"""What the commands that read the records share: where they are, and how an incident is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..config.loader import load
from ..config.schema import Paths
from ..errors import ConfigError
from ..health.disk import size_text
from ..messages import text
from ..model.alert import Silence
from ..model.incident import Incident
from ..pipeline.events import action_text, evidence_text, reason_text
from ..store.read_repository import Queries
from .output import clock, printable


def open_records(config: Path | None) -> Queries:
    """The records of the configured state directory. An ordinary user may not read the
    configuration of an installed monitor: then the usual place is tried."""
    try:
        paths = load(config).paths
    except ConfigError:
        if config is not None:
            raise
        paths = Paths()
    return Queries(paths.state)


def as_fields(incident: Incident, spoken: str) -> dict[str, object]:
    """The values that the texts about an incident are filled with."""
    unknown = text("unknown", spoken)
    reason = reason_text(incident.reason, spoken)
    return {
        "id": incident.id,
        "hora": clock(incident.opened_at, spoken),
        "tipo": incident.error_type.value,
        "estado": incident.estado.value,
        "accion": action_text(incident, spoken),
        "motivo": f" ({reason})" if reason else "",
        "modelo": printable(incident.download.modelo or unknown),
        "video": printable(incident.download.video or unknown),
        "abierto": clock(incident.opened_at, spoken),
        "cerrado": clock(incident.closed_at, spoken),
        "veces": incident.count,
        "intento": incident.attempt,
        "max_intentos": incident.max_attempts,
        "regla": printable(incident.rule or "-"),
        "pruebas": evidence_text(incident.evidence, spoken),
    }


def incident_json(incident: Incident) -> dict[str, object]:
    """One incident as an object; null where the lines did not say."""
    download = incident.download
    return {
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
        "accion": incident.accion,
        "reason": incident.reason,
        "waiting_for": incident.waiting_for.value if incident.waiting_for else None,
        "recovered_by_bot": incident.recovered_by_bot,
        "acknowledged_by": incident.acknowledged_by or None,
        "acknowledged_at": incident.acknowledged_at,
        "asked": incident.asked,
        "asked_by": incident.asked_by or None,
        "count": incident.count,
        "rule": incident.rule,
        "error_message": incident.error_message,
        "cause": incident.cause.value or None,
        "exception": incident.exception or None,
        "not_before": incident.not_before or None,
        "lines": list(incident.lines),
        "quarantined": incident.quarantined,
        "evidence": [{"what": e.what, "value": e.value, "ok": e.ok} for e in incident.evidence],
    }


def silence_json(silence: Silence) -> dict[str, object]:
    """One silence as an object; times in seconds since the epoch."""
    return {
        "id": silence.id,
        "scope": silence.scope.value,
        "value": silence.value,
        "since": silence.since,
        "until": silence.until,
        "reason": silence.reason,
        "by": silence.by,
    }


def rescued(status: Mapping[str, object] | None) -> dict[str, object] | None:
    """What waits in `_rescatados` according to the service's status; None where nothing waits."""
    found = (status or {}).get("rescued")
    return found if isinstance(found, dict) and found.get("files") else None


def rescued_text(found: Mapping[str, object], spoken: str) -> str:
    """How many videos wait, how large, since when, and the command for one of them."""
    size, oldest = found.get("bytes"), found.get("oldest")
    return text(
        "status.rescued.waiting",
        spoken,
        n=found.get("files", 0) if found.get("complete", True) else f"≥ {found.get('files', 0)}",
        size=size_text(size if isinstance(size, int) else 0),
        desde=clock(oldest, spoken) if isinstance(oldest, int | float) else "-",
        orden=printable(str(found.get("fix", ""))) or "trafico-monitor assign",
    )
