"""The downloads that one process has under way, as its lines have told them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum

from ..detection import stall_timeout
from ..model.download import Download, agree, merged, same, same_file
from .extract.download import Evidence

MOST_UNDER_WAY = 32
MOST_REPORTED = 512  # a thousand downloads, fifty at once, are told apart by their ids
# A download without any further word for this long is not used to explain anything any more
# (2 GB at 1 MB/s take 33 minutes).
FORGET_SECONDS = 3600.0
MOST_OF_LINE = 300
# What comes this soon after a failure, without a new beginning, may be the rest of it.
BELONGS_SECONDS = 10.0
# A bot's line and its report of one and the same moment.
TOGETHER_SECONDS = 1.0
# «Video recibido: NAME» so soon after a success may only be the name of what has just ended.
AFTERWORD_SECONDS = 60.0
# journald takes PID 1's word and the last lines of what has ended from two sockets, in either order; and a line
# reaches the reader up to 430 ms after it was written (facts, section 2), while the kernel tells of an end at once.
LAST_WORDS_SECONDS = 1.0


class AttemptState(Enum):
    """Where one download of one process stands, as far as is known."""

    RECEIVING = "receiving"
    COPYING = "copying"  # from the server's directory to its place
    AMBIGUOUS = "ambiguous"  # a line may have been its end: its silence proves nothing
    STALLED = "stalled"  # failed by nothing but silence: it may still end well
    FAILED = "failed"
    REPAIRING = "repairing"  # failed, and the bot has announced a repair of its own


_State, _E = AttemptState, Evidence
UNDER_WAY = frozenset({_State.RECEIVING, _State.COPYING, _State.AMBIGUOUS})
# Whatever else happens leaves the state as it is. Excerpts: `Evidence`.
_TRANSITIONS: Mapping[tuple[AttemptState, Evidence], AttemptState] = {
    (_State.RECEIVING, _E.COPYING): _State.COPYING,
    **{(state, _E.DOUBT): _State.AMBIGUOUS for state in UNDER_WAY},
    (_State.AMBIGUOUS, _E.CLEAR): _State.RECEIVING,
    **{(state, _E.SILENCE): _State.STALLED for state in UNDER_WAY},
    **{(state, _E.PROCESS_ENDED): _State.FAILED for state in UNDER_WAY},
    # E-001: the bot announces its repair, and tells its success two lines later. E-012: that fails, by its `chmod`.
    **{(state, _E.BOT_FIX): _State.REPAIRING for state in _State},
    **{(state, _E.FAILED): _State.FAILED for state in _State},
}


@dataclass(slots=True)
class DownloadAttempt:
    """One download of one process. `failure` is the origin of the finding that it failed with, "" while it is under
    way; `kind` the type of that failure, and `failed_at` when a report has told of it.

    `evidence` is all that was said of it. `heard` is when the lines last spoke of it, `line` what they said, `records`
    how many did: a stranger's line break forges one. `announced` is a rounded size; `doubts` count the lines that may
    have been its end. `report` is the id of a download that its own process reports
    (docs/reference/instrumentation.md), `arrived` how many of its bytes were seen."""

    download: Download
    started: str
    at: float
    state: AttemptState = AttemptState.RECEIVING
    evidence: set[Evidence] = field(default_factory=set)
    failure: str = ""
    kind: str = ""
    failed_at: float = 0.0
    heard: float = 0.0
    line: str = ""
    records: int = 0
    announced: int | None = None
    doubts: int = 0
    report: str = ""
    arrived: int | None = None

    def observe(self, evidence: Evidence, origin: str = "") -> None:
        """Takes in `evidence`; of a failure `origin` is that of its finding, unless one has been given."""
        self.evidence.add(evidence)
        self.doubts += evidence is Evidence.DOUBT
        self.state = _TRANSITIONS.get((self.state, evidence), self.state)
        self.failure = self.failure or origin
        if evidence is Evidence.CLEAR:
            self.doubts = 0
            if Evidence.COPYING in self.evidence:
                self.state = _TRANSITIONS.get((self.state, Evidence.COPYING), self.state)

    @property
    def under_way(self) -> bool:
        """Begun, neither failed nor ended."""
        return self.state in UNDER_WAY

    @property
    def certain(self) -> bool:
        """Under way, and its end has surely not been seen."""
        return self.under_way and self.state is not AttemptState.AMBIGUOUS

    @property
    def stalled(self) -> bool:
        """Failed by nothing but silence."""
        return self.state is AttemptState.STALLED

    @property
    def reported(self) -> bool:
        """Known by an entry with fields."""
        return Evidence.REPORTED in self.evidence

    @property
    def nameless(self) -> bool:
        """Begun by a line that says no more than that: the next beginning that says more takes its place."""
        return Evidence.NAMELESS in self.evidence

    @property
    def copying(self) -> bool:
        """Under way from the server's directory to its place."""
        return self.under_way and Evidence.COPYING in self.evidence

    @property
    def released(self) -> bool:
        """The bot has let it go."""
        return Evidence.RELEASED in self.evidence

    @property
    def deadline(self) -> float:
        """When its silence becomes a finding, in journal time."""
        size = self.download.size if self.download.size is not None else self.announced
        return max(self.heard, self.at) + self._patience(size)

    def _patience(self, size: int | None) -> float:
        if self.evidence & {Evidence.FLOWING, Evidence.RELEASED}:
            return stall_timeout.STALLED_SECONDS
        copied = self.report and Evidence.COPYING in self.evidence
        return stall_timeout.copy_limit(size) if copied else stall_timeout.limit(size)

    def named_by(self, download: Download) -> bool:
        """Whether `download` names the same video, or the same file of the server."""
        return same(self.download, download) or same_file(self.download, download)

    def hear(self, at: float, line: str, announced: int | None) -> None:
        """A line at `at` has spoken of it."""
        self.heard = max(self.heard, at)
        self.records += 1
        self.line = line[:MOST_OF_LINE] or self.line
        self.announced = announced if self.announced is None else self.announced

    def as_data(self) -> dict[str, object]:
        """JSON-able; `attempt_from` takes it back."""
        known = {name: value for name, value in asdict(self.download).items() if value is not None}
        evidence = sorted(one.value for one in self.evidence)
        return {**asdict(self), "download": known, "state": self.state.value, "evidence": evidence}


class DownloadAttempts:
    """All attempts of one process, oldest first."""

    def __init__(
        self, attempts: list[DownloadAttempt] | None = None, ended: Download | None = None, at: float = 0.0
    ) -> None:
        self.all = attempts or []
        self.ended = ended  # what ended well last, and when
        self.ended_at = at
        self.gone_at = 0.0  # when the process itself ended, in journal time; 0 while it lives

    @property
    def open(self) -> list[DownloadAttempt]:
        """Those under way, oldest first."""
        return [attempt for attempt in self.all if attempt.under_way]

    @property
    def deadline(self) -> float:
        """The next moment at which somebody's silence, or the end of the process, becomes a finding; inf for none."""
        if self.gone_at:
            return self.gone_at + LAST_WORDS_SECONDS
        return min((one.deadline for one in self.all if one.certain), default=math.inf)

    def began(
        self,
        download: Download,
        cursor: str,
        at: float,
        kind: Evidence = Evidence.BEGAN,
        line: str = "",
        announced: int | None = None,
    ) -> bool:
        """Takes in a beginning; False when it only told more of the last attempt. `kind` is BEGAN, COPYING, MORE for
        a line that need not be one, REPORTED for an entry with fields."""
        self._forget(at)
        last = self.all[-1] if self.all else None
        if last and last.under_way and not last.nameless and _goes_on(last, download, kind, at):
            last.download = merged(last.download, download)
            last.observe(kind)
            last.hear(at, line, announced)
            return False
        nameless = next((one for one in self.open if one.nameless), None)
        # E-080: what failed before is over now, and a later success belongs to the new one. Only what was silent may
        # still end, unless this is it once more.
        self.all = [one for one in self.all if one is not nameless and _lasts(one, download)]
        fresh = DownloadAttempt(download, cursor, at)
        fresh.observe(kind)
        fresh.hear(at, line, announced if nameless is None or announced is not None else nameless.announced)
        if kind is Evidence.MORE and self._afterword(download, at):
            fresh.observe(Evidence.DOUBT)
        self.all = [*self.all, fresh][-MOST_UNDER_WAY:]
        self.ended = None
        return True

    def reported(self, report: str, download: Download, cursor: str, at: float) -> DownloadAttempt:
        """The beginning of a download that its process reports under the id `report`."""
        self._forget(at)
        fresh = DownloadAttempt(download, cursor, at, evidence={Evidence.REPORTED}, report=report)
        self.all = [*self.all, fresh][-MOST_REPORTED:]
        return fresh

    def failed_lately(self, download: Download, at: float) -> DownloadAttempt | None:
        """The newest attempt whose failure was reported shortly before `at`, and that a text naming `download`
        may be about."""
        lately = [
            one for one in self.all if one.report and not one.under_way and 0 <= at - one.failed_at <= BELONGS_SECONDS
        ]
        fitting = [one for one in lately if agree(one.download, download)]
        named = [one for one in fitting if one.named_by(download)]
        return max(named or fitting, key=lambda one: one.failed_at, default=None)

    def nameless(self, cursor: str, at: float, line: str, size: int | None, announced: int | None) -> None:
        """Takes in a beginning that names nothing, where nothing else is known to be going on. It
        explains no failure: only its silence counts."""
        self._forget(at)
        if not self.all:
            fresh = DownloadAttempt(Download(size=size), cursor, at, evidence={Evidence.NAMELESS})
            fresh.hear(at, line, announced)
            self.all = [fresh]

    def more(self, download: Download, at: float, line: str = "", announced: int | None = None) -> bool:
        """Adds to the last attempt under way; False when there is none or it says otherwise."""
        for attempt in reversed(self.open):
            if attempt.nameless and download.video:
                continue
            if agree(attempt.download, download):
                attempt.download = merged(attempt.download, download)
                attempt.hear(at, line, announced)
                attempt.observe(Evidence.CLEAR)
                return True
        return False

    def failing(self, download: Download) -> DownloadAttempt | None:
        """The attempt that a failure naming `download` belongs to, when only one can be meant."""
        if not self.all:
            return None
        fitting = [one for one in self.open if agree(one.download, download)]
        exact = [one for one in fitting if one.named_by(download)]
        exact = exact or [one for one in self.all if not one.under_way and one.named_by(download)][-1:]
        if len(exact) == 1:
            return exact[0]
        if not fitting:
            fitting = [one for one in self.all if not one.under_way and agree(one.download, download)][-1:]
        return fitting[0] if len(fitting) == 1 else None

    def finishing(self, download: Download, repaired: bool) -> DownloadAttempt | None:
        """The attempt that a success naming `download` belongs to, when only one can be meant."""
        pool = [one for one in self.all if one.state is AttemptState.REPAIRING] if repaired else self.open
        pool = pool or self.open or [one for one in self.all if not one.under_way and not one.stalled][-1:]
        fitting = [one for one in pool if agree(one.download, download)]
        if not any(same(one.download, download) or _sized(one, download) for one in fitting):
            # What was silent may be what ends now: by its name or size, or when nothing has begun
            # or ended since. A line of another download must never pass for its success.
            silent = [one for one in self.all if one.stalled and agree(one.download, download)]
            known = [one for one in silent if same(one.download, download) or _sized(one, download)]
            alone = [one for one in silent if one is self.all[-1] and self.ended is None]
            fitting = known or fitting or alone
        if len(fitting) > 1:
            exact = [one for one in fitting if same(one.download, download)]
            sized = [one for one in fitting if _sized(one, download)]
            self._doubt(exact or sized or fitting)
            fitting = exact or sized
        return fitting[0] if len(fitting) == 1 else None

    def just_ended(self, download: Download, at: float) -> Download | None:
        """What has ended well so shortly before `at` that a failure naming the same file, or a video of the
        same modelo, may be of it."""
        ended = self.ended
        if ended is None or not self._afterword(download, at):
            return None
        theirs = bool(ended.modelo) and ended.modelo == download.modelo
        return ended if theirs or same(ended, download) or same_file(ended, download) else None

    def overdue(self, now: float) -> list[tuple[DownloadAttempt, float]]:
        """Those whose silence is a finding at `now`, journal time, and since when it has been
        one; each is given back once."""
        late = [(one, one.deadline) for one in self.all if one.certain and one.deadline < now]
        for one, _ in late:
            one.observe(Evidence.SILENCE, one.started or "?")
        return late

    def left(self) -> list[DownloadAttempt]:
        """Those that the end of the process has left undone; each is given back once."""
        left = [one for one in self.all if one.certain]
        for one in left:
            one.observe(Evidence.PROCESS_ENDED, one.started or "?")
        return left

    def doubt(self, download: Download | None = None) -> None:
        """The end of what is under way may not have been seen, or be seen elsewhere: all of it,
        or what `download` names."""
        for one in self.open:
            if download is None or one.named_by(download):
                one.observe(Evidence.DOUBT)

    def shift(self, seconds: float) -> None:
        """The clock has jumped: what is under way has not waited for it."""
        for one in self.open:
            one.heard = max(one.heard, one.at) + seconds
            one.at = min(one.at, one.heard)

    def contradicted(self, download: Download) -> bool:
        """True when a «success» counts other bytes than were announced for what is under way, or
        for what has just failed."""
        fitting = [one for one in self.open if agree(one.download, download)]
        fitting = fitting or [one for one in self.all if not one.under_way and agree(one.download, download)]
        sizes = {one.download.size for one in fitting if one.download.size is not None}
        late = any(one.stalled and _sized(one, download) for one in self.all)
        return download.size is not None and bool(sizes) and download.size not in sizes and not late

    def end(self, attempt: DownloadAttempt, at: float) -> None:
        self.all = [one for one in self.all if one is not attempt]
        self.ended, self.ended_at = attempt.download, at

    def _doubt(self, fitting: list[DownloadAttempt]) -> None:
        """One of these has ended well, and nothing tells which."""
        if len(fitting) == 1:
            return
        for one in fitting:
            one.observe(Evidence.DOUBT)
        if all(one.doubts >= len(fitting) for one in fitting):  # as many ends as beginnings
            self.all = [one for one in self.all if one not in fitting]

    def _afterword(self, download: Download, at: float) -> bool:
        ended = self.ended
        return ended is not None and 0 <= at - self.ended_at < AFTERWORD_SECONDS and agree(ended, download)

    def _forget(self, now: float) -> None:
        self.all = [one for one in self.all if now - one.at < FORGET_SECONDS or (one.under_way and now < one.deadline)]


def _lasts(one: DownloadAttempt, begun: Download) -> bool:
    return one.under_way or (one.stalled and not one.named_by(begun))


def _sized(one: DownloadAttempt, download: Download) -> bool:
    return download.size is not None and one.download.size == download.size


def _goes_on(last: DownloadAttempt, more: Download, kind: Evidence, at: float) -> bool:
    """True when a line that reads like a beginning only tells more of the attempt before it."""
    known = last.download
    if not agree(known, more):
        return False
    if kind is Evidence.REPORTED:
        return not last.reported and _announces(known, more)
    if last.reported and 0 <= at - last.at < TOGETHER_SECONDS and _announces(more, known):
        return True
    if kind is Evidence.COPYING and known.source:
        # `file_path=` named it in the container, «Copiando desde» names it on the host, perhaps
        # by words that tell us nothing.
        return Evidence.COPYING not in last.evidence and (more.source is None or same_file(known, more))
    if more.source:
        return not known.source
    if more.video or more.destination:
        return not (known.video or known.source)
    # `file_path=` of a file that comes over HTTP names nothing that lies on this machine.
    return more == Download() and not known.source


def _announces(said: Download, reported: Download) -> bool:
    """True when the line of `said` tells of the same beginning as the report of `reported`: the
    bot prints it and reports it, and journald puts the two in either order."""
    if said.video:
        return said.video == reported.video
    return bool(said.modelo) and said.modelo == reported.modelo and not said.source


def attempt_from(data: Mapping[str, object]) -> DownloadAttempt:
    """The inverse of `DownloadAttempt.as_data`, for data that come from our own snapshot, also of 1.0.0."""
    known, evidence = data.get("download"), data.get("evidence")
    state = data.get("state")
    return DownloadAttempt(
        download=Download(**known) if isinstance(known, dict) else Download(),
        started=str(data.get("started", "")),
        at=float(str(data.get("at", 0.0))),
        state=AttemptState(state) if state is not None else _state_by_flags(data),
        evidence={Evidence(one) for one in evidence} if isinstance(evidence, list) else _evidence_by_flags(data),
        failure=str(data.get("failure", "")),
        kind=str(data.get("kind", "")),
        failed_at=float(str(data.get("failed_at", 0.0))),
        heard=float(str(data.get("heard", 0.0))),
        line=str(data.get("line", "")),
        records=_whole(data.get("records")) or 0,
        announced=_whole(data.get("announced")),
        doubts=_whole(data.get("doubts")) or 0,
        report=str(data.get("report", "")),
        arrived=_whole(data.get("arrived")),
    )


# How 1.0.0 stored the same: a flag for each.
_FLAGS = {
    "copying": Evidence.COPYING,
    "structured": Evidence.REPORTED,
    "nameless": Evidence.NAMELESS,
    "flowing": Evidence.FLOWING,
    "released": Evidence.RELEASED,
    "said_done": Evidence.FINISHED,
}


def _evidence_by_flags(data: Mapping[str, object]) -> set[Evidence]:
    return {evidence for flag, evidence in _FLAGS.items() if data.get(flag)}


def _state_by_flags(data: Mapping[str, object]) -> AttemptState:
    if not data.get("failure"):
        if data.get("doubts"):
            return AttemptState.AMBIGUOUS
        return AttemptState.COPYING if data.get("copying") else AttemptState.RECEIVING
    if data.get("repairing"):
        return AttemptState.REPAIRING
    return AttemptState.STALLED if data.get("silent") else AttemptState.FAILED


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
