"""Predictions and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DAY = 86400.0


class PredictionKind(str, Enum):
    """The kinds of foresight, by the names of the command line, of the records and of the metrics."""

    DISK = "disk"  # free space meets the limit
    FIT = "fit"  # the video that begins now does not fit
    TIMEOUT = "timeout"  # the download that begins now will time out
    STALL = "stall"  # a running download receives nothing
    SHARE = "share"  # the share of failing downloads has risen
    SERVER = "server"  # the Bot API server degrades
    LOOP = "loop"  # the bot is in a crash loop


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

    def as_json(self) -> dict[str, object]:
        """The object of `forecast --json` and of `forecast --backtest`."""
        return {
            "kind": self.kind.value,
            "said_at": round(self.said_at, 3),
            "until": round(self.until, 3),
            "p": round(self.p, 4),
            "lo": None if self.lo is None else round(self.lo, 3),
            "hi": None if self.hi is None else round(self.hi, 3),
            "about": self.about,
        }
