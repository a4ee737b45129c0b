"""The downloads that one process has under way, as its lines have told them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ...model.download import Download, agree, merged, same, same_file
from .. import stall_timeout

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


@dataclass(slots=True)
class DownloadAttempt:
    """One download of one process. `failure` is the origin of the finding that it failed with,
    `repairing` that the bot said it is trying to mend it, `copying` that «Copiando desde» came.
    `heard` is when the lines last spoke of it and `line` what they said; `announced` a rounded
    size; `silent` marks a failure that was only its silence; `doubts` count the lines that may
    have been its end: then its silence proves nothing. `nameless` is one that began with a line
    which says no more than that: the next beginning that says more takes its place.

    `report` is the id of a download that its own process reports (docs/reference/instrumentation.md);
    `flowing` that its bytes are told or seen as they come, `arrived` how many were seen, `released` that
    the bot has let it go, `said_done` that text has told of its success, and `failed_at`, `kind` when
    and of what it has failed."""

    download: Download
    started: str
    at: float
    failure: str = ""
    repairing: bool = False
    copying: bool = False
    structured: bool = False
    heard: float = 0.0
    line: str = ""
    announced: int | None = None
    silent: bool = False
    doubts: int = 0
    nameless: bool = False
    records: int = 0  # that have told of it: a stranger's line break forges one
    report: str = ""
    flowing: bool = False
    released: bool = False
    said_done: bool = False
    arrived: int | None = None
    failed_at: float = 0.0
    kind: str = ""

    @property
    def deadline(self) -> float:
        """When its silence becomes a finding, in journal time."""
        size = self.download.size if self.download.size is not None else self.announced
        return max(self.heard, self.at) + self._patience(size)

    def _patience(self, size: int | None) -> float:
        if self.flowing or self.released:
            return stall_timeout.STALLED_SECONDS
        return stall_timeout.copy_limit(size) if self.report and self.copying else stall_timeout.limit(size)

    def named_by(self, download: Download) -> bool:
        """Whether `download` names the same video, or the same file of the server."""
        return same(self.download, download) or same_file(self.download, download)

    def hear(self, at: float, line: str, announced: int | None) -> None:
        self.heard = max(self.heard, at)
        self.records += 1
        self.line = line[:MOST_OF_LINE] or self.line
        self.announced = announced if self.announced is None else self.announced

    def as_data(self) -> dict[str, object]:
        known = {name: value for name, value in asdict(self.download).items() if value is not None}
        return {
            "download": known,
            "started": self.started,
            "at": self.at,
            "failure": self.failure,
            "repairing": self.repairing,
            "copying": self.copying,
            "structured": self.structured,
            "heard": self.heard,
            "line": self.line,
            "announced": self.announced,
            "silent": self.silent,
            "doubts": self.doubts,
            "nameless": self.nameless,
            "records": self.records,
            "report": self.report,
            "flowing": self.flowing,
            "released": self.released,
            "said_done": self.said_done,
            "arrived": self.arrived,
            "failed_at": self.failed_at,
            "kind": self.kind,
        }


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
        """Under way: begun, neither failed nor ended."""
        return [attempt for attempt in self.all if not attempt.failure]

    @property
    def deadline(self) -> float:
        """The next moment at which somebody's silence, or the end of the process, becomes a finding; inf for none."""
        if self.gone_at:
            return self.gone_at + LAST_WORDS_SECONDS
        return min((one.deadline for one in self.open if not one.doubts), default=math.inf)

    def began(
        self,
        download: Download,
        cursor: str,
        at: float,
        kind: str = "began",
        line: str = "",
        announced: int | None = None,
    ) -> bool:
        """Takes in a beginning; False when it only told more of the last attempt. `kind` is
        `began`, `copying`, `more` for a line that need not be one, `exact` for a structured entry."""
        self._forget(at)
        last = self.all[-1] if self.all else None
        if last and not last.failure and not last.nameless and _goes_on(last, download, kind, at):
            last.download = merged(last.download, download)
            last.copying = last.copying or kind == "copying"
            last.structured = last.structured or kind == "exact"
            last.hear(at, line, announced)
            return False
        nameless = next((one for one in self.open if one.nameless), None)
        # What failed before is over now: a later success belongs to the new one. Only what was
        # silent may still end, unless this is it once more.
        self.all = [one for one in self.all if one is not nameless and _lasts(one, download)]
        fresh = DownloadAttempt(download, cursor, at, copying=kind == "copying", structured=kind == "exact")
        fresh.hear(at, line, announced if nameless is None or announced is not None else nameless.announced)
        fresh.doubts = int(kind == "more" and self._afterword(download, at))
        self.all = [*self.all, fresh][-MOST_UNDER_WAY:]
        self.ended = None
        return True

    def reported(self, report: str, download: Download, cursor: str, at: float) -> DownloadAttempt:
        """The beginning of a download that its process reports under the id `report`."""
        self._forget(at)
        fresh = DownloadAttempt(download, cursor, at, structured=True, report=report)
        self.all = [*self.all, fresh][-MOST_REPORTED:]
        return fresh

    def failed_lately(self, download: Download, at: float) -> DownloadAttempt | None:
        """The newest attempt whose failure was reported shortly before `at`, and that a text naming `download`
        may be about."""
        lately = [one for one in self.all if one.report and one.failure and 0 <= at - one.failed_at <= BELONGS_SECONDS]
        fitting = [one for one in lately if agree(one.download, download)]
        named = [one for one in fitting if one.named_by(download)]
        return max(named or fitting, key=lambda one: one.failed_at, default=None)

    def nameless(self, cursor: str, at: float, line: str, size: int | None, announced: int | None) -> None:
        """Takes in a beginning that names nothing, where nothing else is known to be going on. It
        explains no failure: only its silence counts."""
        self._forget(at)
        if not self.all:
            fresh = DownloadAttempt(Download(size=size), cursor, at, nameless=True)
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
                attempt.doubts = 0
                return True
        return False

    def failing(self, download: Download) -> DownloadAttempt | None:
        """The attempt that a failure naming `download` belongs to, when only one can be meant."""
        if not self.all:
            return None
        fitting = [one for one in self.open if agree(one.download, download)]
        exact = [one for one in fitting if one.named_by(download)]
        exact = exact or [one for one in self.all if one.failure and one.named_by(download)][-1:]
        if len(exact) == 1:
            return exact[0]
        if not fitting:
            fitting = [one for one in self.all if one.failure and agree(one.download, download)][-1:]
        return fitting[0] if len(fitting) == 1 else None

    def finishing(self, download: Download, repaired: bool) -> DownloadAttempt | None:
        """The attempt that a success naming `download` belongs to, when only one can be meant."""
        pool = [one for one in self.all if one.repairing] if repaired else self.open
        pool = pool or self.open or [one for one in self.all if one.failure and not one.silent][-1:]
        fitting = [one for one in pool if agree(one.download, download)]
        if not any(same(one.download, download) or _sized(one, download) for one in fitting):
            # What was silent may be what ends now: by its name or size, or when nothing has begun
            # or ended since. A line of another download must never pass for its success.
            silent = [one for one in self.all if one.silent and agree(one.download, download)]
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
        late = [(one, one.deadline) for one in self.open if not one.doubts and one.deadline < now]
        for one, _ in late:
            one.failure, one.silent = one.started or "?", True
        return late

    def left(self) -> list[DownloadAttempt]:
        """Those that the end of the process has left undone; each is given back once."""
        left = [one for one in self.open if not one.doubts]
        for one in left:
            one.failure = one.started or "?"
        return left

    def doubt(self, download: Download | None = None) -> None:
        """The end of what is under way may not have been seen, or be seen elsewhere: all of it,
        or what `download` names."""
        for one in self.open:
            if download is None or one.named_by(download):
                one.doubts += 1

    def shift(self, seconds: float) -> None:
        """The clock has jumped: what is under way has not waited for it."""
        for one in self.open:
            one.heard = max(one.heard, one.at) + seconds
            one.at = min(one.at, one.heard)

    def contradicted(self, download: Download) -> bool:
        """True when a «success» counts other bytes than were announced for what is under way, or
        for what has just failed."""
        fitting = [one for one in self.open if agree(one.download, download)]
        fitting = fitting or [one for one in self.all if one.failure and agree(one.download, download)]
        sizes = {one.download.size for one in fitting if one.download.size is not None}
        late = any(one.silent and _sized(one, download) for one in self.all)
        return download.size is not None and bool(sizes) and download.size not in sizes and not late

    def end(self, attempt: DownloadAttempt, at: float) -> None:
        self.all = [one for one in self.all if one is not attempt]
        self.ended, self.ended_at = attempt.download, at

    def _doubt(self, fitting: list[DownloadAttempt]) -> None:
        """One of these has ended well, and nothing tells which."""
        if len(fitting) == 1:
            return
        for one in fitting:
            one.doubts += 1
        if all(one.doubts >= len(fitting) for one in fitting):  # as many ends as beginnings
            self.all = [one for one in self.all if one not in fitting]

    def _afterword(self, download: Download, at: float) -> bool:
        ended = self.ended
        return ended is not None and 0 <= at - self.ended_at < AFTERWORD_SECONDS and agree(ended, download)

    def _forget(self, now: float) -> None:
        self.all = [
            one for one in self.all if now - one.at < FORGET_SECONDS or (not one.failure and now < one.deadline)
        ]


def _lasts(one: DownloadAttempt, begun: Download) -> bool:
    return not one.failure or (one.silent and not one.named_by(begun))


def _sized(one: DownloadAttempt, download: Download) -> bool:
    return download.size is not None and one.download.size == download.size


def _goes_on(last: DownloadAttempt, more: Download, kind: str, at: float) -> bool:
    """True when a line that reads like a beginning only tells more of the attempt before it."""
    known = last.download
    if not agree(known, more):
        return False
    if kind == "exact":
        return not last.structured and _announces(known, more)
    if last.structured and 0 <= at - last.at < TOGETHER_SECONDS and _announces(more, known):
        return True
    if kind == "copying" and known.source:
        # `file_path=` named it in the container, «Copiando desde» names it on the host, perhaps
        # by words that tell us nothing.
        return not last.copying and (more.source is None or same_file(known, more))
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
    """The inverse of `DownloadAttempt.as_data`, for data that come from our own snapshot."""
    known = data.get("download")
    return DownloadAttempt(
        download=Download(**known) if isinstance(known, dict) else Download(),
        started=str(data.get("started", "")),
        at=float(str(data.get("at", 0.0))),
        failure=str(data.get("failure", "")),
        repairing=bool(data.get("repairing", False)),
        copying=bool(data.get("copying", False)),
        structured=bool(data.get("structured", False)),
        heard=float(str(data.get("heard", 0.0))),
        line=str(data.get("line", "")),
        announced=_whole(data.get("announced")),
        silent=bool(data.get("silent", False)),
        doubts=_whole(data.get("doubts")) or 0,
        nameless=bool(data.get("nameless", False)),
        records=_whole(data.get("records")) or 0,
        report=str(data.get("report", "")),
        flowing=bool(data.get("flowing", False)),
        released=bool(data.get("released", False)),
        said_done=bool(data.get("said_done", False)),
        arrived=_whole(data.get("arrived")),
        failed_at=float(str(data.get("failed_at", 0.0))),
        kind=str(data.get("kind", "")),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
