"""Handler: an error that no rule matches is counted by kind, and a new kind is notified. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...detection.unknown import Novelty, UnknownErrors
from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import Finding, UnknownKind
from .. import events
from ..changeset_builder import ChangeSetBuilder


class UnknownErrorHandler:
    def __init__(self) -> None:
        self._errors = UnknownErrors()
        self._novelty = Novelty()

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """One more of its kind."""
        kind, new = self._errors.take(finding)
        step.unknown[kind.id] = kind
        if new and self._novelty.tell(now):
            shown = f"{kind.template} ({kind.frame})" if kind.frame else kind.template
            step.event("unknown_error", finding.at, 4, texto=events.short(shown))
            told = replace(finding, message=shown)
            thread = int(finding.at) * 1000 + kind.id % 1000  # the same when the line is read again
            step.tell("unknown", NotificationCode.UNKNOWN_ERROR, Severity.RECOVERABLE, told, thread)

    def tell_untold(self, step: ChangeSetBuilder, now: float) -> None:
        """The new kinds of an hour that had too many, as one number."""
        number = self._novelty.digest(now)
        if number:
            fields = {"clases": str(number)}
            step.event("unknown_error", now, 4, "unknown_more", **fields)
            code = NotificationCode.UNKNOWN_MORE
            step.notices.append(Notification("unknown", code, Severity.RECOVERABLE, now, int(now), fields=fields))

    def snapshot(self) -> dict[str, object]:
        """JSON-able; the kinds are stored by themselves."""
        return self._novelty.snapshot()

    def restore(self, kinds: Iterable[UnknownKind], memory: Mapping[str, object]) -> None:
        self._errors = UnknownErrors(kinds)
        self._novelty.restore(memory)
