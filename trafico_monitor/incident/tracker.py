"""One incident per failure: opens incidents, merges related findings, marks repairs by the bot.

Pure: time comes with the findings. The tracker keeps open incidents and, for a short time, closed ones, so that a late
repetition does not open another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import Any

from ..model.download import Download, agree, meant, merged, same, same_content, same_file, same_place
from ..model.finding import Cause, ErrorType, Finding, FindingKind
from ..model.incident import Incident
from .index import Index

# Without a new beginning, the same error of the same process within this time is a repetition.
REPEAT_SECONDS = 60.0
# All signs of a dead server within this time of the last one are one outage (a crash loop of the
# bot with RestartSec and a start limit stays within it).
OUTAGE_SECONDS = 900.0
# A closed incident takes in late repeats for this long.
LATE_SECONDS = 10.0
KEEP_CLOSED_SECONDS = 3600.0
# A 429 is kept to for a second more than it said, and for a day at most whatever it said.
TURN_SECONDS, LONGEST_TURN_SECONDS = 1.0, 86400.0
_MOST_ORIGINS = 512
MOST_LINES = 40  # of an incident: the report, and the text of the same failure
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(one + two for one in _LETTERS for two in _LETTERS)
_CODE_POLLING = "polling"
_CODE_HANDLER = "handler"
_CODE_PROCESS_ENDED = "process_ended"


def incident_id(origin: str, error_type: ErrorType) -> str:
    """A short name, the same whenever the same entry is read: 8 characters, A-Z and 2-7."""
    digest = blake2b(f"{origin}\0{error_type.value}".encode(), digest_size=5).digest()
    number = int.from_bytes(digest, "big")
    # Base 32, ten bits at a time: `base64.b32encode` takes longer than the digest.
    return _PAIRS[number >> 30] + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]


class Tracker:
    """`changes` grows whenever the memory (not only an incident) has changed."""

    def __init__(self) -> None:
        self._incidents = Index()
        self._origins: dict[str, str] = {}  # origin of a finding → incident
        self._idle: set[str] = set()  # outages seen only by polling: no download was lost
        self._sealed: set[str] = set()  # ended by the traceback of their handler
        self._started: dict[int, float] = {}  # process → when its last download began
        self.changes = 0

    def observe(self, finding: Finding) -> tuple[Change, ...]:
        """Returns the changes caused by `finding`. Findings come in the journal's order."""
        match finding.kind:
            case FindingKind.FAILED:
                return (self._failed(finding),)
            case FindingKind.CONTEXT:
                return (self._context(finding),)
            case FindingKind.FINISHED:
                return self._finished(finding)
            case FindingKind.RECOVERED:
                return self._answered(finding)
            case FindingKind.STARTED:
                self._started[finding.pid] = finding.at
                self.changes += 1
                return (Change(ChangeKind.STARTED, finding),)
            case FindingKind.UNIT if finding.code != "running":
                if self._started:
                    self._started.clear()
                    self.changes += 1
        return (Change(ChangeKind.OTHER, finding),)

    def put(self, incident: Incident) -> None:
        """Stores `incident` as decided by the caller."""
        self._incidents.put(incident)
        self._forget(incident.updated_at)

    def get(self, incident_id: str) -> Incident | None:
        return self._incidents.get(incident_id)

    def open_incidents(self) -> tuple[Incident, ...]:
        """Oldest first."""
        return self._incidents.open

    def snapshot(self) -> dict[str, object]:
        """The memory beside the incidents, JSON-able."""
        return {
            "origins": dict(self._origins),
            "idle": sorted(self._idle),
            "sealed": sorted(self._sealed),
            "started": {str(pid): at for pid, at in self._started.items()},
        }

    def restore(self, incidents: Iterable[Incident], memory: Mapping[str, object]) -> None:
        """Go on with stored incidents (open and recently closed) and the memory of `snapshot`."""
        self._incidents = Index(sorted(map(_with_bot_fix, incidents), key=lambda one: one.opened_at))
        origins, idle, sealed, started = (memory.get(key) for key in ("origins", "idle", "sealed", "started"))
        self._origins = {str(k): str(v) for k, v in origins.items()} if isinstance(origins, Mapping) else {}
        self._idle = set(map(str, idle)) if isinstance(idle, list) else set()
        self._sealed = set(map(str, sealed)) if isinstance(sealed, list) else set()
        self._started = {int(k): float(v) for k, v in started.items()} if isinstance(started, Mapping) else {}
        self.changes += 1

    # -- a failure

    def _failed(self, finding: Finding) -> Change:
        assert finding.error_type is not None
        known = self._incidents.get(self._origins.get(finding.origin, ""))
        if known is not None:
            return self._refine(known, finding)
        incident = self._belongs_to(finding)
        if incident is None:
            return self._open(finding)
        self._remember(finding, incident.id)
        if incident.error_type is not finding.error_type:
            return self._refine(incident, finding)
        grown = replace(
            incident,
            count=incident.count + 1,
            download=merged(incident.download, finding.download),
            actionable=_more_actionable(incident, finding),
            **_exception(incident, finding),
            **_said(incident, finding),
        )
        # What can be downloaded again only now has not been planned yet.
        news = grown.open and grown.actionable.known and not incident.actionable.known
        return self._keep(ChangeKind.REFINED if news else ChangeKind.REPEATED, grown, finding)

    def _context(self, finding: Finding) -> Change:
        """Adds text to a reported failure: lines only, without effect on decisions."""
        known = self._incidents.get(self._origins.get(finding.origin, ""))
        if known is None or not known.open or len(known.lines) >= MOST_LINES:
            return Change(ChangeKind.OTHER, finding)
        lines = (*known.lines, *finding.lines)[:MOST_LINES]
        return self._keep(ChangeKind.CONTEXT, replace(known, lines=lines, last=finding.last), finding)

    def _open(self, finding: Finding) -> Change:
        assert finding.error_type is not None
        incident = Incident(
            id=self._free_id(finding),
            error_type=finding.error_type,
            opened_at=finding.at,
            updated_at=finding.at,
            seen_at=finding.at,
            download=finding.download,
            actionable=finding.actionable,
            error_message=finding.message,
            lines=finding.lines,
            rule=finding.rule or "",
            pid=finding.pid,
            first=finding.origin,
            last=finding.last,
            cause=finding.cause,
            exception=finding.exception,
            not_before=_not_before(finding),
            bot_fix=finding.bot_fix,
        )
        self._remember(finding, incident.id)
        if finding.code == _CODE_POLLING:
            self._idle.add(incident.id)
        return self._keep(ChangeKind.OPENED, incident, finding)

    def _free_id(self, finding: Finding) -> str:
        assert finding.error_type is not None
        name = incident_id(finding.origin, finding.error_type)
        # The same entry read again (a lost cursor) is the incident that it was; only a merged
        # one's name can already be in use for something else.
        return (
            name
            if name not in self._incidents
            else incident_id(f"{finding.origin}+{finding.last}", finding.error_type)
        )

    def _refine(self, incident: Incident, finding: Finding) -> Change:
        assert finding.error_type is not None
        better = incident
        if incident.open:
            better = replace(
                incident,
                error_type=finding.error_type,
                rule=finding.rule or incident.rule,
                bot_fix=finding.bot_fix if finding.rule else incident.bot_fix,
                error_message=finding.message if finding.message else incident.error_message,
                lines=finding.lines if len(finding.lines) > len(incident.lines) else incident.lines,
                download=merged(incident.download, finding.download),
                actionable=_more_actionable(incident, finding),
                **_exception(incident, finding),
            )
        return self._keep(ChangeKind.REFINED, replace(better, **_said(incident, finding)), finding)

    def _keep(self, kind: ChangeKind, incident: Incident, finding: Finding) -> Change:
        if finding.lost and incident.open:
            incident = replace(incident, lost=True)
        self.put(incident)
        if finding.code != _CODE_POLLING and incident.id in self._idle:
            self._idle.discard(incident.id)
            self.changes += 1
        if finding.code == _CODE_HANDLER and incident.id not in self._sealed:
            self._sealed.add(incident.id)
            self.changes += 1
        return Change(kind, finding, incident)

    def _belongs_to(self, finding: Finding) -> Incident | None:
        """Returns the incident that `finding` repeats, newest first; None for a new one."""
        assert finding.error_type is not None
        for incident in self._incidents.about(finding.error_type, finding.pid, finding.download):
            if finding.exact and not _one_place(incident.download, finding.download):
                continue
            if not incident.open and finding.at - (incident.closed_at or 0.0) > LATE_SECONDS:
                continue
            if finding.error_type is ErrorType.SERVIDOR_CAIDO and incident.error_type is ErrorType.SERVIDOR_CAIDO:
                if self._one_outage(incident, finding):
                    return incident
            elif self._one_failure(incident, finding):
                return incident
        return None

    def _one_outage(self, incident: Incident, finding: Finding) -> bool:
        if finding.at - incident.updated_at > OUTAGE_SECONDS:
            return False
        if incident.recovered_by_bot:
            return False
        # Two downloads are both kept, also those that only a person can have done again.
        both = meant(incident.download) and meant(finding.download)
        return not both or agree(incident.download, finding.download)

    def _one_failure(self, incident: Incident, finding: Finding) -> bool:
        if not agree(incident.download, finding.download):
            return False
        if (incident.recovered_by_bot or not incident.open) and not self._fresh(incident, finding):
            return False
        if incident.error_type is not finding.error_type:
            # The bot announced a repair of its own, and this is how that ended.
            return incident.bot_fix and incident.pid == finding.pid and self._fresh(incident, finding)
        if same(incident.download, finding.download):
            return True
        if finding.code == _CODE_PROCESS_ENDED:  # all that a process had under way were downloads of their own
            return False
        if incident.pid != finding.pid or finding.at - _seen_at(incident) > REPEAT_SECONDS:
            return False
        if not self._fresh(incident, finding):
            return same_file(incident.download, finding.download) and incident.id not in self._sealed
        return not (finding.code == _CODE_HANDLER and incident.id in self._sealed)

    def _fresh(self, incident: Incident, finding: Finding) -> bool:
        """True while no other download of the process has begun since the incident."""
        return self._started.get(finding.pid, 0.0) <= _seen_at(incident)

    # -- a success

    def _finished(self, finding: Finding) -> tuple[Change, ...]:
        meant = self._incidents.alike(finding.download)
        known = self._incidents.get(self._origins.get(finding.origin, "")) if finding.origin else None
        if known is not None and known not in meant:
            meant = (*meant, known)
        repaired = [one for one in meant if one.open and not one.recovered_by_bot and self._repairs(one, finding)]
        if not repaired:
            return (Change(ChangeKind.FINISHED, finding),)
        return tuple(self._repair(incident, finding) for incident in repaired)

    def _repairs(self, incident: Incident, finding: Finding) -> bool:
        """Also matches the same file sent again, under another name and path, if the bot's process itself
        identifies it."""
        if finding.origin and self._origins.get(finding.origin) == incident.id:
            return True
        known, more = incident.download, finding.download
        if not finding.exact:
            return same(known, more)
        if known.destination and not _one_place(known, more):
            # The user has sent it once more: the modelo has it, under another name.
            return known.modelo == more.modelo and finding.at > incident.opened_at and same_content(known, more)
        return same(known, more) or same_content(known, more)

    def _repair(self, incident: Incident, finding: Finding) -> Change:
        marked = replace(incident, recovered_by_bot=True, **_said(incident, finding))
        if agree(incident.download, finding.download) and same_place(incident.download, finding.download):
            download = merged(incident.download, finding.download)
            marked = replace(marked, download=download, actionable=_more_actionable(incident, finding))
        else:
            marked = replace(marked, success=finding.download)
        self.put(marked)
        return Change(ChangeKind.REPAIRED_BY_BOT, finding, marked)

    def _answered(self, finding: Finding) -> tuple[Change, ...]:
        down = [one for one in self._incidents.outages() if one.open]
        changes = []
        for incident in down:
            if incident.id in self._idle and not incident.recovered_by_bot:
                changes.append(self._repair(incident, replace(finding, download=Download(), actionable=Download())))
            else:
                changes.append(Change(ChangeKind.SERVER_ANSWERED, finding, incident))
        return tuple(changes) or (Change(ChangeKind.OTHER, finding),)

    # -- memory

    def _remember(self, finding: Finding, incident_id: str) -> None:
        self._origins[finding.origin] = incident_id
        while len(self._origins) > _MOST_ORIGINS:
            del self._origins[next(iter(self._origins))]
        self.changes += 1

    def _forget(self, now: float) -> None:
        for gone in self._incidents.closed_before(now - KEEP_CLOSED_SECONDS):
            self._incidents.remove(gone)
            self._idle.discard(gone)
            self._sealed.discard(gone)


def _one_place(one: Download, other: Download) -> bool:
    """True if both have the same exactly reported destination."""
    return bool(one.destination) and one.destination == other.destination


def _seen_at(incident: Incident) -> float:
    """When the last line about `incident` was written. An attempt of ours is no line: a late one must not take in
    another download's failure that names nothing."""
    return incident.seen_at or incident.updated_at


def _more_actionable(incident: Incident, finding: Finding) -> Download:
    """Returns the actionable part after `finding` added information about the same failure."""
    if not agree(incident.actionable, finding.actionable):
        return incident.actionable
    return merged(incident.actionable, finding.actionable)


def _said(incident: Incident, finding: Finding) -> dict[str, Any]:
    """Returns the marks of the last line, `finding`'s. A step of the monitor's moves only `updated_at`."""
    at = finding.at
    return {"last": finding.last, "updated_at": max(incident.updated_at, at), "seen_at": max(incident.seen_at, at)}


def _exception(incident: Incident, finding: Finding) -> dict[str, Any]:
    """Returns the exception's data from `finding`, keeping earlier ones if it has none."""
    cause = incident.cause if finding.cause is Cause.NONE else finding.cause
    turn = max(incident.not_before, _not_before(finding))
    return {"cause": cause, "exception": finding.exception or incident.exception, "not_before": turn}


def _with_bot_fix(incident: Incident) -> Incident:
    """`incident`; 1.0.0 stored the announced repair in the ending of the rule's name alone."""
    return replace(incident, bot_fix=True) if incident.rule.endswith("_bot_fix") else incident


def _not_before(finding: Finding) -> float:
    """When a server that asked to be left alone may be asked again; 0.0 where none did."""
    if finding.cause is not Cause.RATE_LIMITED:
        return 0.0
    wait = finding.wait if finding.wait > 0 else 0.0  # NaN is not
    return finding.at + min(wait, LONGEST_TURN_SECONDS) + TURN_SECONDS


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
