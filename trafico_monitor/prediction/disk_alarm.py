"""When a disk forecast becomes a prediction, and how wide its band has to be. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..model.prediction import Prediction, PredictionKind
from .disk import DAY, HOUR, DiskForecast, Space, drain_rate, forecast

SURE = 0.7
CALM = 0.3
REST = 8 * HOUR  # after the disk was full: the health check's own alert stands
ENOUGH_DAYS = 7
COVERED = 0.2  # share of outcomes outside the 80 % band
STEP = 0.05  # of the factor, a forecast (Gibbs & Candes 2021, the logarithm of the width in place of the level)
NARROWEST, WIDEST = 0.3, 5.0


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
class DiskAlarm:
    """A prediction when two forecasts an hour apart are sure, or one of a drain; again when its horizon has passed."""

    limit: float
    horizon: float = DAY
    probability: float = SURE
    calibration: Calibration = field(default_factory=Calibration)
    looked: float = float("-inf")
    last: float = 0.0
    armed: bool = True
    until: float = 0.0
    full_at: float = float("-inf")

    def take(self, space: Space, now: float, about: str = "") -> Prediction | None:
        """A sample was taken: a look once an hour, and at once while a drain runs."""
        hourly = now - self.looked >= HOUR - 60
        if not hourly and (not self.armed or drain_rate(space, now, self.limit) is None):
            return None
        self.looked = now if hourly else self.looked
        free = space.recent[-1][1] if space.recent else space.hourly[-1][1] if space.hourly else 0.0
        self.calibration.judge(now, free)
        told = forecast(space, now, self.limit, self.horizon, self.calibration.factor)
        if told is None:
            return None
        if hourly:
            self.calibration.said(told)
        if free <= self.limit:
            self.full_at = now
        before, self.last = self.last, told.probability if hourly else self.last
        if told.probability < CALM or now >= self.until:
            self.armed = True
        sure = told.probability >= self.probability and (before >= self.probability or told.draining)
        young = not space.hourly or now - space.hourly[0][0] < ENOUGH_DAYS * DAY
        if not (sure and self.armed) or young or now - self.full_at < REST:
            return None
        self.armed, self.until = False, now + self.horizon
        reason = "forecast.disk.draining" if told.draining else "forecast.disk"
        fields = (("free", free), ("drain", told.drain))
        return Prediction(
            PredictionKind.DISK,
            now,
            self.until,
            told.probability,
            told.full_low,
            told.full_high,
            about,
            reason,
            fields,
        )
