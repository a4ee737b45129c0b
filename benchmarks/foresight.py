"""Foresight of a full disk on machines that nothing was tuned on, beside `predict_linear` and the straight line.

Each rule sees the same samples; an alarm is right where the disk is full within 36 h. The first week of a machine
counts for none of them.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks import histories
from benchmarks.histories import DAY, HOUR, KINDS, LIMIT, Machine
from benchmarks.rows import Row
from trafico_monitor.model.prediction import PredictionKind
from trafico_monitor.prediction.forecaster import Forecaster

FIRST_WEEK = 7 * DAY
RIGHT_WITHIN = 36 * HOUR
HORIZON = 24 * HOUR

Alarms = Callable[[Machine], list[float]]


@dataclass
class Tally:
    """Of one rule on all machines."""

    events: int = 0
    foreseen: int = 0
    sudden: int = 0
    sudden_foreseen: int = 0
    right: int = 0
    false: int = 0
    weeks: float = 0.0
    leads: list[float] = field(default_factory=list)

    def take(self, machine: Machine, alarms: list[float]) -> None:
        full, met = [at for at in machine.full if at >= FIRST_WEEK], set()
        for said in (at for at in alarms if at >= FIRST_WEEK):
            ahead = [at for at in full if said <= at <= said + RIGHT_WITHIN]
            self.right, self.false = self.right + bool(ahead), self.false + (not ahead)
            if ahead and ahead[0] not in met:
                met.add(ahead[0])
                self.leads.append((ahead[0] - said) / HOUR)
        if machine.kind == "runaway":
            self.sudden, self.sudden_foreseen = self.sudden + len(full), self.sudden_foreseen + len(met)
        else:
            self.events, self.foreseen = self.events + len(full), self.foreseen + len(met)
        self.weeks += (histories.DAYS - 7) / 7

    def figures(self) -> tuple[float, float, float, float, float]:
        """Recall of lasting causes, precision, false ones a week, median lead in hours, recall of runaways."""
        return (
            self.foreseen / max(1, self.events),
            self.right / max(1, self.right + self.false),
            self.false / self.weeks,
            statistics.median(self.leads) if self.leads else 0.0,
            self.sudden_foreseen / max(1, self.sudden),
        )


@dataclass
class Interval:
    """How often free space was within the 80 % band of the forecast of a day before, and what a look took."""

    held: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def alarms(self, machine: Machine) -> list[float]:
        forecaster, said = Forecaster(limit=LIMIT), []
        waiting: deque[tuple[float, float, float]] = deque()
        for at, free in machine.free:
            began = time.process_time()
            told = forecaster.space("/", machine.total, free, at)
            volume = forecaster.volumes["/"]
            if volume.looked == at:
                self.seconds.append(time.process_time() - began)
            said += [one.said_at for one in told if one.kind is PredictionKind.DISK]
            while waiting and waiting[0][0] <= at:
                due, low, high = waiting.popleft()
                if due >= FIRST_WEEK + DAY:
                    self.held.append(low <= free <= high)
            if volume.looked == at and volume.forecast is not None:
                waiting.append((at + DAY, volume.forecast.low[23], volume.forecast.high[23]))
        return said


def straight_line(seconds: float, least: int) -> Alarms:
    """The rule of `predict_linear(free[range], 24 h) <= limit`: a line of least squares through so many seconds, asked
    every 5 minutes; again once it has been false for an hour or after a day."""

    def alarms(machine: Machine) -> list[float]:
        said: list[float] = []
        window: deque[tuple[float, float]] = deque()
        quiet = math.inf
        for at, free in machine.free:
            window.append((at, free))
            while at - window[0][0] > seconds:
                window.popleft()
            if len(window) < least or free <= LIMIT:
                continue
            line = statistics.linear_regression([one for one, _ in window], [size for _, size in window])
            if line.slope * (at + HORIZON) + line.intercept > LIMIT:
                quiet += histories.STEP
                continue
            if quiet >= HOUR or at - said[-1] >= DAY:
                said.append(at)
            quiet = 0.0
        return said

    return alarms


def rows(seeds: tuple[int, ...] = (401, 402, 403, 404)) -> Iterator[Row]:
    interval = Interval()
    rules: dict[str, Alarms] = {
        "ours": interval.alarms,
        "straight line, 6 h": straight_line(6 * HOUR, 60),
        "predict_linear[1h]": straight_line(HOUR, 12),
    }
    tallies = {name: Tally() for name in rules}
    for seed in seeds:
        for kind in KINDS:
            machine = histories.machine(seed, kind)
            for name, alarms in rules.items():
                tallies[name].take(machine, alarms(machine))
    ours, line, linear = (tallies[name].figures() for name in rules)
    tally = tallies["ours"]
    weeks = f"{tally.weeks:.0f} machine-weeks, {tally.events + tally.sudden} times full"
    bars = (
        ("recall, lasting causes", "", ">= 0.93", lambda value: value >= 0.93),
        ("precision", "", ">= 0.72", lambda value: value >= 0.72),
        ("false alarms a week", "", "<= 0.18", lambda value: value <= 0.18),
        ("median lead", "h", ">= 10", lambda value: value >= 10),
        ("recall, runaways", "", ">= 0.3", lambda value: value >= 0.3),
    )
    for (what, unit, bar, met), value, six_hours, one_hour in zip(bars, ours, line, linear, strict=True):
        less = what.startswith("false")
        ratio = (six_hours / value if value else math.inf) if less else (value / six_hours if six_hours else math.inf)
        note = f"predict_linear[1h]: {one_hour:.2f}; {weeks}"
        yield Row(
            f"disk full: {what}", value, unit, "straight line, 6 h", six_hours, min(ratio, 1e6), bar, met(value), note
        )
    held = statistics.fmean(interval.held)
    yield Row("disk full: 80 % band, a day later", held, "", bar="0.72 to 0.88", met=0.72 <= held <= 0.88)
    look = statistics.median(interval.seconds) * 1000
    yield Row("disk full: one evaluation", look, "ms", bar="<= 10", met=look <= 10)
