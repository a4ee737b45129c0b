"""Handler: the bot reports a completed download. Pure."""

from __future__ import annotations

from ...model.finding import Finding
from .. import events
from ..changeset_builder import ChangeSetBuilder

SAID_TWICE_SECONDS = 10.0


class CompletedHandler:
    def __init__(self) -> None:
        self._last = (0, "", 0.0)  # process, video, time

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """Recorded once: the bot says «Archivo copiado …» and «Descarga completa …»."""
        said = (finding.pid, finding.download.video or "", finding.at)
        again = said[:2] == self._last[:2] and said[1] and said[2] - self._last[2] < SAID_TWICE_SECONDS
        self._last = said
        if not again:
            step.records.append(events.download_event(finding, step.language))
        if finding.exact and finding.download.destination:
            step.arrived.append(finding)
