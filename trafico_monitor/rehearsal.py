"""What given entries would have led to: detection and incidents together, without any effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .detection.detector import Detector
from .detection.rules import RuleSet
from .incident.change import ChangeKind
from .incident.tracker import Tracker
from .model.entry import Entry
from .model.finding import Finding
from .model.incident import Estado, Incident

_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One incident as `replay` shows it; `first_line` and `last_line` are cursors."""

    incident: Incident
    orders: tuple[str, ...]

    def as_data(self) -> dict[str, object]:
        """The object of the design document, section 5."""
        incident = self.incident
        return {
            "id": incident.id,
            "error_type": incident.error_type.value,
            "modelo": incident.download.modelo,
            "video": incident.download.video,
            "estado": incident.estado.value,
            "recovered_by_bot": incident.recovered_by_bot,
            "count": incident.count,
            "rule": incident.rule,
            "message": incident.error_message,
            "first_line": incident.first,
            "last_line": incident.last,
            "orders": list(self.orders),
        }


def rehearse(entries: Iterable[Entry], rules: RuleSet, models_dir: str = "modelos") -> tuple[Rehearsed, ...]:
    """The incidents that `entries` would open, oldest first, and the orders of the playbook."""
    detector, tracker = Detector(rules, models_dir), Tracker()
    opened: dict[str, None] = {}
    for entry in entries:
        _observe(detector.feed(entry), tracker, opened)
    _observe(detector.settle(_FOREVER), tracker, opened)
    incidents = [incident for name in opened if (incident := tracker.get(name)) is not None]
    return tuple(_rehearsed(incident) for incident in incidents)


def _observe(findings: Iterable[Finding], tracker: Tracker, opened: dict[str, None]) -> None:
    for finding in findings:
        for change in tracker.observe(finding):
            if change.kind is ChangeKind.OPENED and change.incident is not None:
                opened.setdefault(change.incident.id)


def _rehearsed(incident: Incident) -> Rehearsed:
    from .incident.policy import plan

    if incident.recovered_by_bot:
        return Rehearsed(replace(incident, estado=Estado.SOLUCIONADO), ())
    return Rehearsed(incident, tuple(order.value for order in plan(incident)))
