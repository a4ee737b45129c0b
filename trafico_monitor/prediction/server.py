"""The Bot API server degrades: CUSUM on the logarithm of the probe's latency. Pure.

Page, Continuous Inspection Schemes (1954): the sum of (deviation - drift), never below 0, alarms above the threshold.
The deviation is robust: against median and MAD of the same quarter of the day. Sudden deaths are not foreseeable
and are the health check's. Figures: docs/explanation/forecast.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from ..model.prediction import DAY, Prediction, PredictionKind
from . import kept

DRIFT = 2.0
THRESHOLD = 40.0
MOST = 8.0  # one probe adds no more: a single slow answer says nothing
QUARTERS = 4
KEPT = 240  # latencies a quarter
EVERY = 10  # only each tenth probe becomes part of the baseline: a week fits
LEAST = 24
FLOOR = 0.08  # of the deviation, in logarithms: 8 %
BAD_GATEWAYS = 2
BAD_GATEWAY_SECONDS = 600.0
HORIZON = 2 * 3600.0


@dataclass
class ServerDegradation:
    """Probes in order of time. `take` returns a prediction when the alarm rises; it is said again once the sum has
    been back at 0."""

    baseline: list[deque[float]] = field(default_factory=lambda: [deque(maxlen=KEPT) for _ in range(QUARTERS)])
    total: float = 0.0
    probes: int = 0
    armed: bool = True
    bad: deque[float] = field(default_factory=lambda: deque(maxlen=BAD_GATEWAYS))
    _scale: dict[int, tuple[int, float, float]] = field(default_factory=dict)

    def take(self, at: float, milliseconds: float | None, status: int | None, busy: bool) -> Prediction | None:
        """One probe: `milliseconds` None when nothing answered, `busy` while a download runs (the sum holds still)."""
        self.bad.extend([at] if status == 502 else [])
        if len(self.bad) == BAD_GATEWAYS and self.bad[-1] == at and at - self.bad[0] <= BAD_GATEWAY_SECONDS:
            return self._alarm(at, "forecast.server.gateway")
        if milliseconds is None or not math.isfinite(milliseconds) or milliseconds <= 0:
            return None
        value, quarter = math.log(milliseconds), min(QUARTERS - 1, int(at % DAY // (DAY / QUARTERS)))
        self.probes += 1
        usual = self._usual(quarter)
        if usual is not None and not busy:
            deviation = min(MOST, (value - usual[0]) / usual[1])
            self.total = max(0.0, self.total + deviation - DRIFT)
            if self.total > THRESHOLD:
                return self._alarm(at, "forecast.server.slow")
            if self.total == 0.0 and not (self.bad and at - self.bad[-1] <= HORIZON):
                self.armed = True
        if not busy and self.total < THRESHOLD / 4 and (usual is None or self.probes % EVERY == 0):
            self.baseline[quarter].append(value)
        return None

    def _usual(self, quarter: int) -> tuple[float, float] | None:
        """Median and deviation of the quarter, or of the whole day while the quarter is young."""
        values = self.baseline[quarter]
        if len(values) < LEAST:
            values = deque(value for one in self.baseline for value in one)
            if len(values) < LEAST:
                return None
        kept = self._scale.get(quarter)
        if kept is not None and self.probes - kept[0] < 30:
            return kept[1], kept[2]
        centre = median(values)
        spread = max(FLOOR, 1.4826 * median(abs(value - centre) for value in values))
        self._scale[quarter] = (self.probes, centre, spread)
        return centre, spread

    def _alarm(self, at: float, reason: str) -> Prediction | None:
        self.total = min(self.total, 2 * THRESHOLD)
        if not self.armed:
            return None
        self.armed = False
        return Prediction(PredictionKind.SERVER, at, at + HORIZON, 0.9, at, at + HORIZON, "", reason)

    def snapshot(self) -> dict[str, object]:
        return {
            "baseline": [[round(value, 4) for value in one] for one in self.baseline],
            "total": round(self.total, 3),
            "armed": self.armed,
            "bad": list(self.bad),
        }

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave; what is no logarithm of a latency is left out."""
        kept_baseline = given.get("baseline")
        if isinstance(kept_baseline, list):
            for quarter, values in zip(self.baseline, kept_baseline, strict=False):
                quarter.extend(value for value in kept.numbers(values, KEPT) if abs(value) < 50)
        self.total = kept.number(given.get("total"), 0.0, 0.0, 2 * THRESHOLD)
        self.armed = given.get("armed") is not False
        self.bad.extend(at for at in kept.numbers(given.get("bad"), BAD_GATEWAYS) if at <= now)
