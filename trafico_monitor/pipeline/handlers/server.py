"""Handler: the Bot API server stops answering, or answers again. Pure."""

from __future__ import annotations

from dataclasses import replace

from ...model.finding import ErrorType, Finding, FindingKind
from ...model.task import Evidence
from ..changeset_builder import ChangeSetBuilder
from .incidents import IncidentHandler
from .inhibition import Inhibitor


class ServerHandler:
    """`state` is the result of the last check: up or down."""

    def __init__(self, incidents: IncidentHandler, causes: Inhibitor) -> None:
        self.state = "up"
        self._incidents = incidents
        self._causes = causes

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """The periodic look at the server. That it is down is an incident like others."""
        changed, down = finding.code != self.state, finding.code == "down"
        self._is(finding.code)
        if changed:
            step.event(f"server_{finding.code}", finding.at, 3 if down else 5, texto=finding.message)
        if not down:
            seen = (Evidence("server", finding.message), finding.at)
            self._causes.release(ErrorType.SERVIDOR_CAIDO, seen, step, now)
        elif changed:
            failed = replace(
                finding,
                kind=FindingKind.FAILED,
                error_type=ErrorType.SERVIDOR_CAIDO,
                rule="health_server",
                origin=finding.origin or f"health:{finding.at:.3f}",
            )
            self._incidents.observe(failed, step, now)

    def restore(self, state: str) -> None:
        self._is(state)

    def _is(self, state: str) -> None:
        self.state = state
        self._incidents.conditions = replace(self._incidents.conditions, server_down=state == "down")
