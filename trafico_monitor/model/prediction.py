"""Predictions, their outcomes, and what is shown of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import chain

HOUR, DAY, WEEK = 3600.0, 86400.0, 7 * 86400.0  # seconds
LIKELY = 0.5  # a prediction below it is judged (Brier), neither shown as foreseen nor counted as said


class PredictionKind(str, Enum):
    """The kinds of foresight, by the names of the command line, of the records and of the metrics."""

    DISK = "disk"  # free space meets the limit
    FIT = "fit"  # the video that begins now does not fit
    TIMEOUT = "timeout"  # the download that begins now will time out
    STALL = "stall"  # a running download receives nothing
    SHARE = "share"  # the share of failing downloads has risen
    SERVER = "server"  # the Bot API server degrades
    LOOP = "loop"  # the bot is in a crash loop
    ANOMALY = "anomaly"  # a kind of log line is new or suddenly more frequent


@dataclass(frozen=True)
class Prediction:
    """One statement about the future, as it was said.

    `until`: the end of its horizon. `lo`, `hi`: the ends of the 80 % interval of the moment at which it comes true,
    None where the kind has no interval. `about`: the path, download or unit. `reason`: a code of `messages/` with
    its fields. All times are seconds since the epoch.
    """

    kind: PredictionKind
    said_at: float
    until: float
    p: float
    lo: float | None = None
    hi: float | None = None
    about: str = ""
    reason: str = ""
    fields: tuple[tuple[str, float | str], ...] = ()

    @property
    def likelihood(self) -> str:
        """The word for `p`, by the scale of the IPCC (Mastrandrea et al., Guidance Note on Uncertainties, 2010): from
        90 %, from 66 %, from 33 %, and below."""
        return next((word for least, word in _LIKELIHOODS if self.p >= least), "unlikely")

    @property
    def likely(self) -> bool:
        """Whether it says that the event will come: each download has a `timeout` prediction, mostly unlikely."""
        return self.p >= LIKELY

    def as_json(self) -> dict[str, object]:
        """The object of `forecast --backtest --json`, and part of that of `forecast --json`."""
        return {
            "kind": self.kind.value,
            "said_at": round(self.said_at, 3),
            "until": round(self.until, 3),
            "p": round(self.p, 4),
            "lo": None if self.lo is None else round(self.lo, 3),
            "hi": None if self.hi is None else round(self.hi, 3),
            "about": self.about,
        }


_LIKELIHOODS = ((0.9, "very_likely"), (0.66, "likely"), (0.33, "even"))


class PredictionOutcome(str, Enum):
    """The judgement of a prediction after its horizon."""

    CAME_TRUE = "came_true"
    FALSE = "false"
    VOID = "void"  # cannot be known: nobody looked, or the disk is another one


@dataclass(frozen=True)
class SaidPrediction:
    """A prediction as it is stored. `told`: sent to the alert channels, not only shown (shadow mode, budget).
    `outcome` and `judged_at` are None until it is judged; `came_at` is the moment at which it came true."""

    id: str
    prediction: Prediction
    told: bool
    outcome: PredictionOutcome | None = None
    judged_at: float | None = None
    came_at: float | None = None

    @property
    def foreseen(self) -> bool:
        """Whether it is shown: not judged yet, and likely."""
        return self.outcome is None and self.prediction.likely

    def as_json(self) -> dict[str, object]:
        """The prediction with its reason (a code and its fields) and its outcome."""
        said = self.prediction
        return {
            "id": self.id,
            **said.as_json(),
            "likelihood": said.likelihood,
            "reason": said.reason,
            "fields": dict(said.fields),
            "told": self.told,
            "outcome": None if self.outcome is None else self.outcome.value,
            "judged_at": self.judged_at,
            "came_at": self.came_at,
        }


@dataclass(frozen=True, slots=True)
class SpaceSample:
    """Free and whole size in bytes of the file system of `path`."""

    path: str
    at: float
    free: float
    total: float


@dataclass(frozen=True, slots=True)
class ProbeSample:
    """One probe of the Bot API server: None for no answer."""

    at: float
    milliseconds: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class DownloadSample:
    """A download that has ended: `outcome` is ok, timeout or failed; `size` in bytes."""

    started: float
    size: float | None
    seconds: float
    outcome: str


@dataclass(frozen=True, slots=True)
class DeathSample:
    """An end of the bot's unit; `planned`: somebody asked for it."""

    at: float
    planned: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """What predictions are made from, as it was measured."""

    spaces: tuple[SpaceSample, ...] = ()
    probes: tuple[ProbeSample, ...] = ()
    downloads: tuple[DownloadSample, ...] = ()
    deaths: tuple[DeathSample, ...] = ()


@dataclass(frozen=True)
class Occurrence:
    """An event of the kind that a prediction is about, whether or not one had said it."""

    kind: PredictionKind
    at: float
    about: str = ""


def joined(several: Sequence[Samples]) -> Samples:
    """All of `several`, in their order."""
    if not several:
        return _NOTHING
    spaces, probes, downloads, deaths = zip(
        *((one.spaces, one.probes, one.downloads, one.deaths) for one in several), strict=True
    )
    return Samples(tuple(chain(*spaces)), tuple(chain(*probes)), tuple(chain(*downloads)), tuple(chain(*deaths)))


_NOTHING = Samples()


class KindState(str, Enum):
    """Whether predictions of a kind are told."""

    LEARNING = "learning"  # too few data: nothing is said
    SHADOW = "shadow"  # said and judged, shown, not told
    TOLD = "told"
    SILENCED = "silenced"  # under half of its last ten came true: judged further, not told
    OFF = "off"  # `[predict] enabled = false`


@dataclass(frozen=True)
class KindScore:
    """How good the predictions of a kind were. None where nothing was judged yet. `missed`: the event came and nothing
    had been said. `coverage`: share of outcomes within the interval `lo`..`hi`; `brier`: mean of (p - outcome)²."""

    kind: PredictionKind
    state: KindState
    said: int = 0
    came_true: int = 0
    false: int = 0
    missed: int = 0
    false_per_week: float | None = None
    brier: float | None = None
    coverage: float | None = None

    def as_json(self) -> dict[str, object]:
        """The fields by their names."""
        return {**asdict(self), "kind": self.kind.value, "state": self.state.value}


@dataclass(frozen=True)
class DiskFan:
    """The forecast of one file system: free bytes at the times `at` (hourly), median and the ends of the 80 % band.

    `full_at`: median moment at which free space meets `limit` (bytes), `full_lo` and `full_hi` the ends of its 80 %
    interval, None where the paths do not meet it within 7 days. `probability`: of meeting it within `horizon`.
    """

    path: str
    total: float
    limit: float
    probability: float
    at: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    median: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    full_at: float | None = None
    full_lo: float | None = None
    full_hi: float | None = None
    horizon: float = DAY  # seconds

    def as_json(self) -> dict[str, object]:
        """The fields by their names; times and bytes as whole numbers."""
        paths = {name: [round(value) for value in getattr(self, name)] for name in ("at", "low", "median", "high")}
        return {**asdict(self), **paths, "total": round(self.total), "limit": round(self.limit)}


@dataclass(frozen=True)
class ForecastView:
    """Everything that is foreseen at the moment `at`: what the command line, the API and the dashboard show."""

    at: float
    foreseen: tuple[SaidPrediction, ...] = ()  # likely and not judged yet, the newest first
    scores: tuple[KindScore, ...] = ()  # one of each kind, in the order of PredictionKind
    disks: tuple[DiskFan, ...] = ()
    since: float | None = None  # the oldest sample that it learns from, None without any

    def as_json(self) -> dict[str, object]:
        """The object of `forecast --json`."""
        return {**self.without_disks(), "disks": [one.as_json() for one in self.disks]}

    def without_disks(self) -> dict[str, object]:
        """The same without the paths of the disks, which are long."""
        return {
            "at": self.at,
            "since": self.since,
            "foreseen": [one.as_json() for one in self.foreseen],
            "scores": [one.as_json() for one in self.scores],
        }
