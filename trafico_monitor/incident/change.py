"""Effect of a finding on the incidents."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..model.finding import Finding
from ..model.incident import Incident


class ChangeKind(Enum):
    OPENED = "opened"  # a new incident
    REPEATED = "repeated"  # the same failure once more: count has grown
    REFINED = "refined"  # the same failure, better known: download, message, type
    CONTEXT = "context"  # the same failure: text has added lines
    REPAIRED_BY_BOT = "repaired_by_bot"  # the bot says that it succeeded after all
    SERVER_ANSWERED = "server_answered"  # the server answers again; the download is still lost
    STARTED = "started"  # a download began; no incident
    FINISHED = "finished"  # a download ended well; no incident
    OTHER = "other"  # the unit, lost lines, checks: no incident


@dataclass(frozen=True, slots=True)
class Change:
    """`incident` is the state after the change; None if there is no incident."""

    kind: ChangeKind
    finding: Finding
    incident: Incident | None = None
