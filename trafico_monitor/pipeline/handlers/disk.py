"""Handler: disk space is low, or sufficient again. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import ErrorType, Finding
from ...model.incident import Incident
from ...notify.triggers import ALARM
from ..changeset_builder import ChangeSetBuilder

_WORSE = {"ok": 0, "warning": 1, "critical": 2}
_EVENTS = {"warning": "space_low", "critical": "space_critical", "ok": "space_ok"}


class DiskHandler:
    """`level` is the result of the last check: ok, warning or critical."""

    def __init__(self) -> None:
        self.level = "ok"
        self._told: Notification | None = None  # while it is short: the message that says so

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """The periodic look at the disks."""
        code = finding.code
        if code == self.level:
            return
        self.level = code
        step.event(_EVENTS[code], finding.at, 6 - 2 * _WORSE[code], code=f"space_{code}", texto=finding.message)
        severity = Severity.CRITICAL if code == "critical" else Severity.RECOVERABLE
        step.tell("space", NotificationCode(f"space_{code}"), severity, finding, int(finding.at))
        self._told = step.notices[-1] if code != "ok" else None

    def explain(
        self, fields: Mapping[str, str], incidents: Iterable[Incident], step: ChangeSetBuilder, now: float
    ) -> tuple[Notification, ...]:
        """Adds the disk usage breakdown to the open low-space notifications. Returns the critical ones, which must
        be edited without alerting again or restarting their reminders."""
        told: list[Notification] = [] if self._told is None else [self._told]
        full = (one for one in incidents if one.error_type is ErrorType.DISCO_LLENO)
        for incident in itertools.islice(full, 1):  # the oldest: once is enough
            told.append(Notification(incident.id, NotificationCode.CRITICAL, Severity.CRITICAL, now, ALARM, incident))
        edits = [replace(one, fields={**one.fields, **fields}, only_edit=True) for one in told]
        step.notices += [one for one in edits if one.severity is not Severity.CRITICAL]
        if told:
            code = "space_used" if fields.get("liberable") else "space_used_for_good"
            step.event("space_used", now, 6, code, **fields)
        return tuple(one for one in edits if one.severity is Severity.CRITICAL)
