"""One volume: its past, how wide its band has to be, and when its forecast becomes a prediction. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ..config.schema import Predict
from ..model.prediction import DAY, HOUR, DiskFan, Prediction, PredictionKind
from . import kept
from .disk import (
    CLEANED_SHARE,
    DRAIN_EARLY,
    DRAIN_LATE,
    DRAIN_PROBABILITY,
    DRAIN_SECONDS,
    KEPT_DAYS,
    DiskForecast,
    Space,
    drain,
    drained,
    forecast,
)

CALM = 0.3
DRAINING = "forecast.disk.draining"
REST = 8 * HOUR  # after the disk was full: the health check's own alert stands
ENOUGH_DAYS = 10  # what is kept for a week is deleted for the first time, and seen to be, by then
COVERED = 0.2  # share of outcomes outside the 80 % band
STEP = 0.05  # of the factor, a forecast (Gibbs & Candes 2021, the logarithm of the width in place of the level)
NARROWEST, WIDEST = 0.3, 5.0
RECENT = 3 * HOUR
STAYED = 6  # samples in a row
SAMPLE = 55.0  # seconds between two samples that are kept
HOURS = KEPT_DAYS * 24 + 2
OTHER_DISK = 0.001  # change of the total from which it is another disk, or a grown one
BACK = 2 * HOUR  # a clock that goes back by less repeats samples; by more, what it leaves behind was wrong


@dataclass
class Calibration:
    """Adaptive conformal inference: a forecast of a day ago widens the spread of the paths when free space fell
    outside its band, and narrows it a fourth as much when it did not."""

    factor: float = 1.0
    waiting: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=48))

    def said(self, told: DiskForecast) -> None:
        self.waiting.append((told.said_at + DAY, told.low[23], told.high[23]))

    def judge(self, now: float, free: float) -> None:
        while self.waiting and self.waiting[0][0] <= now:
            due, low, high = self.waiting.popleft()
            if now - due > HOUR / 2:
                continue  # nobody looked at that hour
            within = low <= free <= high
            change = STEP * ((0.0 if within else 1.0) - COVERED)
            self.factor = min(WIDEST, max(NARROWEST, self.factor * (1 + change)))


@dataclass
class Volume:
    """The samples of one path in order of time. `limit`: bytes below which it counts as full.

    `full_at`: the last moment at which it was. `changed_at`: the last moment at which what was said before can no
    longer be judged: the disk was exchanged or grown, or a person made room.
    """

    path: str
    limit: float
    settings: Predict
    total: float = 0.0  # as it was reported, or the most that was free
    reported: float = 0.0
    hourly: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=HOURS))
    recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=200))
    calibration: Calibration = field(default_factory=Calibration)
    forecast: DiskForecast | None = None
    looked: float = -math.inf
    behind: int = 0  # samples in a row that were earlier than those that are kept
    armed: bool = True
    drained: bool = False  # a drain was said last
    falling: tuple[float, float] | None = None  # that drain while it goes on: bytes an hour, hours to the limit
    until: float = 0.0
    full_at: float = -math.inf
    changed_at: float = -math.inf

    def take(self, total: float | None, free: float, now: float) -> Prediction | None:
        """One sample, in bytes; `total` None where it is not known. A figure that no disk has is left out."""
        known = total is None or (math.isfinite(total) and total > 0)
        if not (known and math.isfinite(free) and free >= 0 and math.isfinite(now)) or not self._in_order(now):
            return None
        self._sized(total, free, now)
        lowest = min((size for at, size in self.recent if now - at <= HOUR), default=free)
        if free - lowest > CLEANED_SHARE * self.total and not self._habit(now):
            self.changed_at = now
        if len(self.recent) < 2 or now - self.recent[-2][0] >= SAMPLE:
            self.recent.append((now, free))
        else:
            self.recent[-1] = (now, free)
        while self.recent and now - self.recent[0][0] > RECENT:
            self.recent.popleft()
        if not self.hourly or now // HOUR > self.hourly[-1][0] // HOUR:
            self.hourly.append((now, free))
        return self._look(free, now)

    def free(self, now: float) -> tuple[float, float] | None:
        """The last sample (seconds, bytes), if it is of this hour."""
        return self.recent[-1] if self.recent and 0 <= now - self.recent[-1][0] <= HOUR else None

    def fan(self) -> DiskFan | None:
        """What the last look foresaw; None with fewer than three days of samples."""
        told = self.forecast
        if told is None:
            return None
        if self.falling is not None:
            told = drained(told, *self.recent[-1], self.falling)
        hours = range(1, len(told.median) + 1)
        return DiskFan(
            self.path,
            self.total,
            self.limit,
            told.probability,
            tuple(told.said_at + hour * HOUR for hour in hours),
            told.low,
            told.median,
            told.high,
            told.full_median,
            told.full_low,
            told.full_high,
            self.settings.disk_horizon,
        )

    def snapshot(self) -> dict[str, object]:
        return {
            "total": self.reported,
            "hourly": [[round(at), round(free)] for at, free in self.hourly],
            "factor": round(self.calibration.factor, 4),
            "waiting": [[round(value) for value in row] for row in self.calibration.waiting],
            "until": round(self.until),
            "armed": self.armed,
            "drained": self.drained,
            "falling": None if self.falling is None else [round(self.falling[0]), round(self.falling[1], 2)],
            "full_at": round(self.full_at) if math.isfinite(self.full_at) else None,
        }

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave; what is malformed or later than `now` is left out."""
        self.total = self.reported = kept.number(given.get("total"), 0.0, 0.0)
        for row in kept.rows(given.get("hourly"), 2, HOURS):
            at, free = kept.moment(row[0], now), kept.finite(row[1])
            if at is not None and free is not None and free >= 0 and (not self.hourly or at > self.hourly[-1][0]):
                self.hourly.append((at, free))
                self.total = max(self.total, free)
        self.calibration.factor = kept.number(given.get("factor"), 1.0, NARROWEST, WIDEST)
        for row in kept.rows(given.get("waiting"), 3, 48):
            due, low, high = (kept.finite(value) for value in row)
            if due is not None and low is not None and high is not None and now - DAY <= due <= now + DAY:
                self.calibration.waiting.append((due, low, high))
        self.until = kept.number(given.get("until"), 0.0, 0.0, now + 30 * DAY)
        self.armed, self.drained = given.get("armed") is not False, given.get("drained") is True
        for rate, left in kept.rows([given.get("falling")], 2, 1):
            if self.drained and kept.number(rate, 0.0, 0.0) > 0:
                self.falling = kept.number(rate, 0.0, 0.0), kept.number(left, 0.0, 0.0)
        self.full_at = kept.number(given.get("full_at"), -math.inf, high=now)

    def _in_order(self, now: float) -> bool:
        """Whether the sample follows those that are kept. Where the clock has stayed behind them, it had been ahead:
        the samples of the wrong time are dropped."""
        last = max(self.hourly[-1][0] if self.hourly else now, self.recent[-1][0] if self.recent else now)
        self.behind = 0 if now >= last else self.behind + 1
        if now >= last:
            return True
        if last - now < BACK or self.behind < STAYED:
            return False
        while self.hourly and self.hourly[-1][0] > now:
            self.hourly.pop()
        self.recent.clear()
        self.calibration.waiting.clear()
        self.looked, self.forecast, self.behind = -math.inf, None, 0
        self.until, self.full_at = min(self.until, now), min(self.full_at, now)
        return True

    def _sized(self, total: float | None, free: float, now: float) -> None:
        """The total; where it is another disk, or a grown one, the past goes on from what is free now."""
        if total is not None and self.reported and abs(total - self.reported) > OTHER_DISK * self.reported:
            last = self.recent[-1][1] if self.recent else self.hourly[-1][1] if self.hourly else free
            moved = [(at, before + free - last) for at, before in self.hourly]
            self.hourly.clear()
            self.hourly.extend(moved)
            self.recent.clear()
            self.calibration.waiting.clear()
            self.changed_at, self.armed, self.total = now, True, 0.0
        self.reported = self.reported if total is None else total
        self.total = max(self.total, self.reported, free)

    def _habit(self, now: float) -> bool:
        """Whether free space often rises at this hour of the day: a job cleans, not a person."""
        hour = now % DAY // HOUR
        rises = [
            free - was > CLEANED_SHARE / 4 * self.total
            for (before, was), (at, free) in pairwise(self.hourly)
            if hour in (before % DAY // HOUR, at % DAY // HOUR) and at - before <= 1.5 * HOUR
        ]
        return sum(rises) > 0.15 * len(rises)  # each day counts twice: the hour that begins and the one that ends

    def _look(self, free: float, now: float) -> Prediction | None:
        """A look at the past once an hour; a drain is said at once."""
        if free <= self.limit:
            self.full_at = now
        space, horizon = Space(self.total, free, tuple(self.hourly)), self.settings.disk_horizon
        silent = now - self.hourly[0][0] < ENOUGH_DAYS * DAY or now - self.full_at < REST
        if now - self.looked >= HOUR - 60:
            self.looked = now
            self.calibration.judge(now, free)
            told = self.forecast = forecast(space, now, self.limit, horizon, self.calibration.factor)
            if told is None:
                return None
            self.calibration.said(told)
            calm = told.probability < CALM and not self.drained  # the past does not know of a drain
            self.armed = self.armed or calm or now >= self.until
            if told.probability >= self.settings.disk_probability and self.armed and not silent:
                self.falling = None
                interval = told.full_low, told.full_high
                return self._say(now, told.probability, *interval, "forecast.disk", free, told.drain)
        self.falling = self._falling(space, free, now) if (self.armed or self.drained) and not silent else None
        if self.falling is None or not self.armed:
            return None
        early, late = (now + self.falling[1] * times * HOUR for times in (DRAIN_EARLY, DRAIN_LATE))
        return self._say(now, DRAIN_PROBABILITY, early, late, DRAINING, free, self.falling[0])

    def _falling(self, space: Space, free: float, now: float) -> tuple[float, float] | None:
        """The drain of now. After a start the one that was said goes on until the samples can tell."""
        if self.falling is not None and now - self.recent[0][0] < DRAIN_SECONDS:
            rate = self.falling[0]
            return rate, max(0.0, free - self.limit) / rate
        return drain(space, self.recent, now, self.limit)

    def _say(
        self, now: float, p: float, low: float | None, high: float | None, reason: str, free: float, rate: float
    ) -> Prediction:
        self.armed, self.until = False, now + self.settings.disk_horizon
        self.drained = reason == DRAINING
        fields = (("free", free), ("drain", rate))
        return Prediction(PredictionKind.DISK, now, self.until, p, low, high, self.path, reason, fields)
