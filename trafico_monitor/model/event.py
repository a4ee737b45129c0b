"""One line of the monitor's own story: a state change of an incident, or a service event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .incident import Incident


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the line as `monitor.log`, the terminal and the journal show it (no timestamp).

    With an `incident` (a snapshot) the record also goes into `descarga_errors.json`, `accion`
    being the mission's key of that name. `event` is a code that has a MESSAGE_ID of its own;
    `priority` is syslog's (2 critical … 6 info).
    """

    at: float
    event: str
    text: str
    priority: int = 6
    accion: str = ""
    incident: Incident | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
