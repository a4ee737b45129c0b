"""What the commands that read the records share: where they are, and how an incident is printed."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path

from ..config.loader import load
from ..config.schema import Paths
from ..errors import ConfigError
from ..messages import text
from ..model.alert import Silence
from ..model.incident import Incident
from ..pipeline.events import action_text, evidence_text, reason_text
from ..store.read_repository import Queries
from .main import language


def add_config(parser: argparse.ArgumentParser) -> None:
    """The options that every reading command has."""
    spoken = language()
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("option.config", spoken))
    parser.add_argument("--json", action="store_true", help=text("option.json", spoken))


def records_of(config: Path | None) -> Queries:
    """The records of the configured state directory. An ordinary user may not read the
    configuration of an installed monitor: then the usual place is tried."""
    try:
        paths = load(config).paths
    except ConfigError:
        if config is not None:
            raise
        paths = Paths()
    return Queries(paths.state)


def clock(at: float | None, spoken: str) -> str:
    """Local time as people read it."""
    if at is None:
        return text("incident.open", spoken)
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


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
        "regla": incident.rule or "-",
        "pruebas": evidence_text(incident.evidence, spoken),
    }


def as_json(incident: Incident) -> dict[str, object]:
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


def silence_as_json(silence: Silence) -> dict[str, object]:
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


def print_json(value: object) -> None:
    """One object on one line, readable by jq."""
    print(json.dumps(value, ensure_ascii=False))


def printable(value: str) -> str:
    """`value` without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else "�" for c in value)
