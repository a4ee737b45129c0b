"""Shared by commands that read the records: the location of the database, and the display of an incident."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ..config.loader import load
from ..config.schema import Config
from ..errors import ConfigError, NotPermitted, StoreError
from ..health.disk import size_text
from ..host import accounts
from ..messages import text
from ..model.incident import Incident
from ..model.read_model import incident_details, incident_row
from ..pipeline.events import action_text, evidence_text, reason_text
from ..store.read_repository import Queries
from .output import clock, language, printable


def configured(config: Path | None) -> Config:
    """The configuration, or the defaults: an ordinary user may not read that of an installed monitor."""
    try:
        return load(config)
    except ConfigError:
        if config is not None:
            raise
        return Config()


def open_records(config: Path | None) -> Queries:
    """The records of the configured state directory, or of the usual one. Raises NotPermitted and StoreError in the
    caller's language, with the command that helps."""
    folder, spoken = configured(config).paths.state, language()
    try:
        return Queries(folder)
    except StoreError as error:
        match error.__cause__ or error.__context__:
            case PermissionError():
                fields = {"usuario": accounts.name_of(os.geteuid()), "orden": shlex.join(sys.argv[1:])}
                raise NotPermitted(text("records.needs_sudo", spoken, **fields)) from None
            case FileNotFoundError():
                raise StoreError(text("records.none", spoken, carpeta=folder)) from None
        raise


def as_fields(incident: Incident, spoken: str) -> dict[str, object]:
    """The values that the texts about an incident are filled with."""
    unknown = "-" if incident.of_machine else text("unknown", spoken)
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
    return {
        **incident_row(incident),
        **incident_details(incident),
        "asked": incident.asked,
        "asked_by": incident.asked_by or None,
        "cause": incident.cause.value or None,
        "exception": incident.exception or None,
        "quarantined": incident.quarantined,
    }


def rescued(status: Mapping[str, object] | None) -> dict[str, object] | None:
    """The files that wait in `_rescatados` according to the service's status; None where there are none."""
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
