"""Dry run: detection and incidents for given entries, without effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..detection.detector import Detector
from ..detection.ruleset.engine import RuleSet
from ..incident.tracker import ChangeKind, Tracker
from ..model.finding import Finding
from ..model.incident import Estado, Incident
from ..model.journal_entry import JournalEntry

_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class SimulatedIncident:
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


# What a difference is about: the name of the rule alone changes nothing for anybody.
_COMPARED = ("error_type", "modelo", "video", "estado", "recovered_by_bot", "count", "orders")


@dataclass(frozen=True, slots=True)
class Difference:
    """An incident as it is under two sets of rules; None where one of them opens none. `fields`
    are the keys of `SimulatedIncident.as_data` that differ."""

    before: SimulatedIncident | None
    after: SimulatedIncident | None
    fields: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """appears, vanishes or changes."""
        if self.before is None:
            return "appears"
        return "vanishes" if self.after is None else "changes"

    def as_data(self) -> dict[str, object]:
        return {
            "change": self.kind,
            "fields": list(self.fields),
            "before": self.before.as_data() if self.before else None,
            "after": self.after.as_data() if self.after else None,
        }


def compare(
    entries: Iterable[JournalEntry], rules: RuleSet, proposed: RuleSet, models_dir: str = "modelos"
) -> tuple[int, tuple[Difference, ...]]:
    """Returns the number of incidents that `rules` open on `entries`, and the differences with `proposed`, in the
    order of the lines. Iterates over `entries` once. Two incidents are the same if their first line is."""
    two = (Rehearsal(rules, models_dir), Rehearsal(proposed, models_dir))
    for entry in entries:
        for one in two:
            one.feed(entry)
    before, after = ({found.incident.first: found for found in one.end()} for one in two)
    names = sorted({**before, **after}, key=lambda name: (before.get(name) or after[name]).incident.opened_at)
    found = (_difference(before.get(name), after.get(name)) for name in names)
    return len(before), tuple(one for one in found if one is not None)


def _difference(before: SimulatedIncident | None, after: SimulatedIncident | None) -> Difference | None:
    if before is None or after is None:
        return Difference(before, after)
    was, would = before.as_data(), after.as_data()
    fields = tuple(key for key in _COMPARED if was[key] != would[key])
    return Difference(before, after, fields) if fields else None


def simulate(
    entries: Iterable[JournalEntry], rules: RuleSet, models_dir: str = "modelos"
) -> tuple[SimulatedIncident, ...]:
    """The incidents that `entries` would open, oldest first, and the orders of the playbook."""
    return Rehearsal(rules, models_dir).run(entries)


class Rehearsal:
    """Detection and incidents under one set of rules. `passing` tells a reader which lines need not be fed."""

    def __init__(self, rules: RuleSet, models_dir: str) -> None:
        self._detector = Detector(rules, models_dir)
        self._tracker = Tracker()
        self._opened: dict[str, None] = {}
        self.passing = self._detector.passing()

    def run(self, entries: Iterable[JournalEntry]) -> tuple[SimulatedIncident, ...]:
        """The incidents that `entries` would open, oldest first."""
        for entry in entries:
            self.feed(entry)
        return self.end()

    def feed(self, entry: JournalEntry) -> None:
        if entry.at > self._detector.deadline:
            self._observe(self._detector.overdue(entry.at))
        self._observe(self._detector.feed(entry))

    def end(self) -> tuple[SimulatedIncident, ...]:
        """Closes everything open; returns the incidents in order of opening."""
        self._observe(self._detector.settle(_FOREVER))
        found = [incident for name in self._opened if (incident := self._tracker.get(name)) is not None]
        return tuple(_rehearsed(incident) for incident in found)

    def _observe(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            for change in self._tracker.observe(finding):
                if change.kind is ChangeKind.OPENED and change.incident is not None:
                    self._opened.setdefault(change.incident.id)


def _rehearsed(incident: Incident) -> SimulatedIncident:
    from ..incident.policy import plan

    if incident.recovered_by_bot:
        return SimulatedIncident(replace(incident, estado=Estado.SOLUCIONADO), ())
    return SimulatedIncident(incident, tuple(order.value for order in plan(incident)))
