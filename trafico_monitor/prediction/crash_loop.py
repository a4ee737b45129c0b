"""The bot is in a crash loop: four unplanned deaths evenly apart. Pure. Figures: docs/explanation/forecast.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ..model.prediction import DAY, Prediction, PredictionKind
from . import kept

DEATHS = 4
WITHIN = 36 * 3600.0
EVEN = 1.8  # the longest gap over the shortest
SHORT = 30.0  # gaps below it count as even whatever their proportion


@dataclass
class CrashLoop:
    """Deaths of the bot in order of time; a loop is said once, until a gap breaks it."""

    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    said_until: float = 0.0

    def take(self, at: float, planned: bool) -> Prediction | None:
        """One death; a planned one (a stop or restart that somebody asked for) breaks the row."""
        if planned:
            self.deaths.clear()
            return None
        self.deaths.append(at)
        if len(self.deaths) < DEATHS or at - self.deaths[0] > WITHIN:
            return None
        times = list(self.deaths)
        gaps = [after - before for before, after in pairwise(times)]
        if max(gaps) > max(EVEN * min(gaps), SHORT):
            return None
        again, said = at <= self.said_until, self.said_until
        gap = sum(gaps) / len(gaps)
        self.said_until = at + 2 * gap + SHORT
        if again and said:
            return None
        return Prediction(
            PredictionKind.LOOP,
            at,
            at + 2 * gap + SHORT,
            0.95,
            at + min(gaps),
            at + max(gaps) * 1.5 + SHORT,
            "",
            "forecast.loop",
            (("deaths", DEATHS), ("seconds", gap)),
        )

    def snapshot(self) -> dict[str, object]:
        return {"deaths": list(self.deaths), "said_until": self.said_until}

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave; deaths later than `now` are left out."""
        self.deaths.extend(sorted(at for at in kept.numbers(given.get("deaths"), DEATHS) if at <= now))
        self.said_until = kept.number(given.get("said_until"), 0.0, 0.0, now + 30 * DAY)
