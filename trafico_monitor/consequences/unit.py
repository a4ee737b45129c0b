"""The bot's unit dies, comes back, or is stopped for maintenance. Pure."""

from __future__ import annotations

from .. import blindness
from ..blindness import Blindness
from ..model.finding import Finding
from ..model.notice import Severity
from ..notify.alerting import Alerting
from .step import Step

# Messages about the unit are edited for this long, then new.
THREAD_SECONDS = 600.0
_DIED = frozenset({"failed", "oom", "start_limit"})
_GONE = _DIED | {"stopping", "stopped", "succeeded"}


class UnitLife:
    """`down` is the code of its death, "" while it lives."""

    def __init__(self, seen: Blindness, alerting: Alerting) -> None:
        self.down = ""
        self._blindness = seen
        self._alerting = alerting

    def observe(self, finding: Finding, step: Step, now: float) -> None:
        """Systemd, or the periodic look, says what has become of the unit."""
        thread = 2 * int(finding.at // THREAD_SECONDS)
        if finding.code in _GONE:
            self._blindness.end(blindness.UNIT_SILENT)  # it says nothing because it is not there
        self._mind_maintenance(finding, step, now)
        if finding.code in _DIED:
            if finding.code == self.down or (self.down and finding.code == "failed"):
                return  # known: systemd says it in several ways, and the periodic check again
            self.down = finding.code
            step.event("unit_died", finding.at, 3, unidad=finding.rule or "", texto=finding.message)
            step.tell("unit", "unit_died", Severity.CRITICAL, finding, thread)
        elif finding.code == "started" and self.down:
            self.down = ""
            step.event("unit_back", finding.at, 5, unidad=finding.rule or "")
            step.tell("unit", "unit_back", Severity.RECOVERABLE, finding, thread + 1)
        elif finding.code in ("started", "stopped"):
            step.event(f"unit_{finding.code}", finding.at, 6, unidad=finding.rule or "")

    def _mind_maintenance(self, finding: Finding, step: Step, now: float) -> None:
        code, unit = ("died" if finding.code in _DIED else finding.code), finding.rule or ""
        if code == "stopping" and self.down:
            return  # it is being stopped because it has died
        step.take_in(self._alerting.unit(code, unit, finding.at, now), now)
