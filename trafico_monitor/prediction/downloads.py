"""Downloads: the next video does not fit, this one will time out, failures rise. Pure.

Sources of the figures: docs/explanation/forecast.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from statistics import NormalDist

from ..model.prediction import DAY, Prediction, PredictionKind
from . import kept

COPIES = 2  # the server's own file and the one in the modelo's folder
FIT_SECONDS = 3600.0
SHARE_OF = 10
SHARE_FAILED = 4
SHARE_CALM = 1
SHARE_SECONDS = 6 * 3600.0
WEIGHT = 0.1  # of the newest download in the moving averages (EWMA)
LEAST_DOWNLOADS = 10
STALL_SECONDS = 60.0
_NORMAL = NormalDist()


class Outcome(str, Enum):
    OK = "ok"
    TIMEOUT = "timeout"
    FAILED = "failed"
    NO_SPACE = "no_space"  # failed because the disk had no room for it


def does_not_fit(
    at: float, size: float, free: float | None, about: str = "", copies: int = COPIES
) -> Prediction | None:
    """Bookkeeping: `size` bytes arrive `copies` times in `free` bytes. None when they fit or a figure is unknown."""
    if free is None or not (math.isfinite(size) and math.isfinite(free)) or size <= 0 or size * copies <= free:
        return None
    return Prediction(
        PredictionKind.FIT,
        at,
        at + FIT_SECONDS,
        0.98,
        at,
        at + FIT_SECONDS,
        about,
        "forecast.fit",
        (("size", size), ("copies", copies), ("free", free)),
    )


def stalled(at: float, last_byte: float, limit: float, about: str = "") -> Prediction | None:
    """No byte for 60 s: the bot's own limit of `limit` seconds without a byte ends the download."""
    if at - last_byte < min(STALL_SECONDS, limit / 2):
        return None
    return Prediction(
        PredictionKind.STALL,
        at,
        max(at, last_byte + limit) + 60.0,
        0.96,
        at,
        max(at, last_byte + limit) + 60.0,
        about,
        "forecast.stall",
        (("seconds", at - last_byte),),
    )


@dataclass
class TimeoutModel:
    """Seconds of a download as a log-normal: its size over a rate whose logarithm is an EWMA.

    A timeout is a censored observation (the rate was below size / limit): the average moves to the mean of the
    truncated normal (Tobit; Greene, Econometric Analysis, 19.2). Timeouts without regard to size are a share of their
    own. `limit`: seconds that the bot waits; learned from the durations when None.
    """

    limit: float | None = None
    mean: float = 0.0  # of the logarithm of bytes per second
    variance: float = 0.5
    seen: int = 0
    stray: float = 0.01  # share of timeouts that the size does not explain
    longest: float = 0.0  # duration of the slowest success, forgotten slowly

    def probability(self, size: float) -> float | None:
        """That a download of `size` bytes times out; None before ten downloads were seen."""
        limit = self._limit()
        if self.seen < LEAST_DOWNLOADS or limit is None or not math.isfinite(size) or size <= 0:
            return None
        slow = _NORMAL.cdf((math.log(size / limit) - self.mean) / math.sqrt(self.variance + 0.01))
        return min(0.99, self.stray + (1 - self.stray) * slow)

    def learn(self, size: float, seconds: float | None, outcome: Outcome) -> None:
        """Take the end of a download in: `seconds` it lasted, where that is known."""
        if not math.isfinite(size) or size <= 0:
            return
        if outcome is Outcome.OK and seconds is not None and math.isfinite(seconds) and seconds > 0:
            self.longest = max(seconds, self.longest * 0.999)
            self._observe(math.log(size / seconds))
            self.stray *= 1 - WEIGHT / 4
        elif outcome is Outcome.TIMEOUT:
            if seconds is not None and math.isfinite(seconds) and seconds > 0:
                self.limit = seconds if self.limit is None else min(self.limit, max(seconds, self.longest))
            self._censored(size)

    def snapshot(self) -> dict[str, object]:
        return {
            "limit": self.limit,
            "mean": round(self.mean, 6),
            "variance": round(self.variance, 6),
            "seen": self.seen,
            "stray": round(self.stray, 6),
            "longest": round(self.longest, 3),
        }

    def restore(self, given: Mapping[str, object]) -> None:
        """Take over what `snapshot` gave; what is no figure of this model is left out."""
        limit = kept.number(given.get("limit"), 0.0, 0.0, DAY)
        self.limit = limit or None
        self.mean = kept.number(given.get("mean"), 0.0, -50.0, 50.0)
        self.variance = kept.number(given.get("variance"), 0.5, 0.01, 100.0)
        self.seen = round(kept.number(given.get("seen"), 0.0, 0.0, 1e12))
        self.stray = kept.number(given.get("stray"), 0.01, 0.0, 1.0)
        self.longest = kept.number(given.get("longest"), 0.0, 0.0, DAY)

    def _limit(self) -> float | None:
        return self.limit if self.limit is not None else (self.longest * 1.1 or None)

    def _observe(self, rate: float) -> None:
        self.seen += 1
        weight = max(WEIGHT, 1 / self.seen)
        gap = rate - self.mean
        self.mean += weight * gap
        if self.seen > 1:
            self.variance = max(0.01, (1 - weight) * (self.variance + weight * gap * gap))

    def _censored(self, size: float) -> None:
        limit = self._limit()
        if limit is None or self.seen < 3:
            return
        bound, spread = math.log(size / limit), math.sqrt(self.variance)
        z = (bound - self.mean) / spread
        below = max(1e-9, _NORMAL.cdf(z))
        blame = below / (below + self.stray)  # that the rate, not a stray hang, ended it
        self.stray += WEIGHT / 4 * ((1 - blame) - self.stray)
        expected = self.mean - spread * _NORMAL.pdf(z) / below
        self.seen += 1
        self.mean += WEIGHT * blame * (max(expected, self.mean - 3 * spread) - self.mean)


@dataclass
class FailureShare:
    """Four of the last ten downloads failed; said again only after it fell to one."""

    last: deque[bool] = field(default_factory=lambda: deque(maxlen=SHARE_OF))
    armed: bool = True

    def take(self, at: float, failed: bool) -> Prediction | None:
        self.last.append(failed)
        count = sum(self.last)
        if count <= SHARE_CALM:
            self.armed = True
        if not self.armed or count < SHARE_FAILED or len(self.last) < SHARE_OF:
            return None
        self.armed = False
        return Prediction(
            PredictionKind.SHARE,
            at,
            at + SHARE_SECONDS,
            0.8,
            at,
            at + SHARE_SECONDS,
            "",
            "forecast.share",
            (("failed", count), ("of", len(self.last))),
        )

    def snapshot(self) -> dict[str, object]:
        return {"last": [int(one) for one in self.last], "armed": self.armed}

    def restore(self, given: Mapping[str, object]) -> None:
        self.last.extend(value == 1 for value in kept.numbers(given.get("last"), SHARE_OF))
        self.armed = given.get("armed") is not False
