"""What this run of the monitor has seen: for the status line and the summary at its end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..model.incident import Estado, Event


class RunStats:
    """Counts incidents by error_type when they are detected, and how they end."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._types: Counter[str] = Counter()
        self._ends: Counter[Estado] = Counter()
        self._by_bot = 0

    def count(self, records: Iterable[Event]) -> None:
        """Take in the records of one step."""
        for record in records:
            incident = record.incident
            if incident is None:
                continue
            if incident.estado is Estado.DETECTADO:
                self._types[incident.error_type.value] += 1
            elif not incident.open:
                self._ends[incident.estado] += 1
                self._by_bot += incident.recovered_by_bot

    def ended(self, estado: Estado) -> int:
        return self._ends[estado]

    def fields(self, now: float) -> dict[str, str]:
        """The summary's fields, named as the texts name them; types that were not seen are left out."""
        counted = {
            "total": self._types.total(),
            **self._types,
            **{estado.value: self._ends[estado] for estado in (Estado.SOLUCIONADO, Estado.FALLIDO)},
        }
        if self._by_bot:
            counted["por_el_bot"] = self._by_bot
        return {"desde": f"{self._since:.0f}", "hasta": f"{now:.0f}", **{k: str(v) for k, v in counted.items()}}
