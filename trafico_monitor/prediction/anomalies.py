"""Anomalies: a kind of log line that is new, or suddenly more frequent. Pure.

The lines come as kinds (a log template each, mined by drain3) and are counted by the hour. Of the last WINDOW hours
each kind's counts are kept, a byte each on a logarithmic scale (16 steps an octave, 4 % off at most), so the memory is
bounded whatever is printed: MOST kinds of 168 bytes. Two statements:

- A *new* kind: never seen while the monitor learnt for LEARNING seconds, and NEW lines of it within one hour.
- A *rise*: more lines in this hour than the median of the same part of the day (6 hours) plus SIGMAS robust standard
  deviations: 1.4826 times the median absolute deviation (Rousseeuw & Croux, Alternatives to the Median Absolute
  Deviation, 1993), at least the square root of the median, as of a Poisson count. Hours in which nobody looked are
  left out of both.

Their probability is their own record: the share of those judged that came true, with one of each beforehand (Laplace's
rule of succession), so the kind silences itself where it is wrong. A stranger can print arbitrary text: he gets
MOST_A_DAY statements a day, which open and repair nothing, and what was seen in one hour only is the first to go.
"""

from __future__ import annotations

import math
from base64 import b85decode, b85encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from ..messages.format import printable, shortened
from ..model.prediction import DAY, HOUR, Prediction, PredictionKind
from . import kept

LEARNING = 7 * DAY
HORIZON = HOUR  # of what follows: a failed download, or a death of the bot's unit
WINDOW = 168  # hours of counts
PART = 6  # hours of a part of the day
MOST = 200  # kinds of lines
NEW, NEW_HOURS = 3, 24  # lines within one hour, of a kind that was seen in no more hours
FEWEST = 10  # lines in an hour: below, a rise is chance
FEWEST_HOURS = 12  # of the same part of the day, looked at
SIGMAS = 8.0
MOST_A_DAY = 3
MOST_JUDGED = 50
ABOUT_CHARS = 120
NEW_CODE, RISE_CODE = "forecast.anomaly.new", "forecast.anomaly.rise"
_STEPS = 16.0  # an octave


@dataclass(slots=True)
class _Counts:
    """The lines of one kind. `hour` is the hour (since the epoch) that is being counted, `hours` how many had some."""

    hour: int
    count: int = 0
    hours: int = 1
    before: bytearray = field(default_factory=lambda: bytearray(WINDOW))
    known: bool = True  # seen while the monitor learnt, or said to be new
    said: float = 0.0
    limit: float | None = None  # of the hour that is being counted

    def roll(self, hour: int) -> None:
        """`hour` begins; earlier ones without a line are empty."""
        if hour <= self.hour:
            return
        self.before[self.hour % WINDOW] = _to_byte(self.count)
        for empty in range(self.hour + 1, min(hour, self.hour + WINDOW + 1)):
            self.before[empty % WINDOW] = 0
        self.hour, self.count, self.limit, self.hours = hour, 0, None, min(self.hours + 1, WINDOW)


@dataclass(slots=True)
class _Record:
    """How many statements of one sort came true, of those judged."""

    right: float = 0.0
    judged: float = 0.0

    @property
    def probability(self) -> float:
        return (self.right + 1) / (self.judged + 2)

    def learn(self, came_true: bool) -> None:
        self.right, self.judged = self.right + came_true, self.judged + 1
        if self.judged > MOST_JUDGED:  # what was long ago counts less and less
            self.right, self.judged = self.right / 2, self.judged / 2


class Anomalies:
    """Feed it each line's kind in order of time (seconds since the epoch)."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Counts] = {}
        self._looked = bytearray(WINDOW)  # hours in which any line was seen
        self._hour = 0
        self._since: float | None = None
        self._said: deque[float] = deque(maxlen=MOST_A_DAY)
        self._records = {NEW_CODE: _Record(), RISE_CODE: _Record()}

    def take(self, at: float, kind: str, template: str) -> Prediction | None:
        """One line of `kind` (a name that stays the same), whose words are `template`. The statement that follows from
        it; None for nearly all lines, for a time that is none, and for one that goes back."""
        if not math.isfinite(at) or not 0 <= at <= 1e11:
            return None
        hour = int(at // HOUR)
        if hour < self._hour - 1:  # the clock was set back, or a line of the past: it says nothing of a rise
            return None
        self._look(hour)
        self._since = at if self._since is None else min(self._since, at)
        counts = self._kinds.get(kind)
        if counts is None:
            counts = self._kinds[kind] = _Counts(hour, known=at - self._since < LEARNING)
            self._forget(kind)
        counts.roll(hour)
        counts.count += 1
        code = self._unusual(counts, at)
        return None if code is None else self._say(code, counts, template, at)

    def learn(self, code: str, came_true: bool) -> None:
        """A statement for the reason `code` was judged."""
        record = self._records.get(code)
        if record is not None:
            record.learn(came_true)

    def snapshot(self) -> dict[str, object]:
        """JSON-able, at most 80 KiB."""
        return {
            "hour": self._hour,
            "since": self._since,
            "said": list(self._said),
            "looked": _packed(self._looked),
            "records": {code: [one.right, one.judged] for code, one in self._records.items()},
            "kinds": {
                kind: [one.hour, one.count, one.hours, int(one.known), one.said, _packed(one.before)]
                for kind, one in self._kinds.items()
            },
        }

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave. Never raises: what is malformed or later than `now` is left out."""
        if not math.isfinite(now):
            return
        latest = int(now // HOUR)
        match given:
            case {"hour": int(hour), "since": float() | int() as since, "looked": str(looked)} if (
                hour <= latest and kept.finite(since) is not None
            ):
                self._hour, self._since, self._looked = hour, float(since), _unpacked(looked)
            case _:
                return
        self._said.extend(at for at in kept.numbers(given.get("said"), MOST_A_DAY) if at <= now)
        for kind, row in list(kept.mapping(given.get("kinds")).items())[-MOST:]:
            match row:
                case [int(at), int(count), int(hours), 0 | 1 as known, int() | float() as said, str(before)] if (
                    at <= latest and count >= 0 and kept.moment(said, now) is not None
                ):
                    self._kinds[kind] = _Counts(at, count, hours, _unpacked(before), bool(known), float(said))
        for code, row in kept.mapping(given.get("records")).items():
            match row:
                case [int() | float() as right, int() | float() as judged] if 0 <= right <= judged <= MOST_JUDGED:
                    self._records[code] = _Record(float(right), float(judged))

    def _look(self, hour: int) -> None:
        for unseen in range(max(self._hour + 1, hour - WINDOW), hour):
            self._looked[unseen % WINDOW] = 0
        self._looked[hour % WINDOW] = 1
        self._hour = max(self._hour, hour)

    def _unusual(self, counts: _Counts, at: float) -> str | None:
        """The code of what is unusual about the hour that is being counted; None while it is as ever."""
        if self._since is None or at - self._since < LEARNING or at - counts.said < DAY:
            return None
        if not counts.known and counts.hours <= NEW_HOURS:
            return NEW_CODE if counts.count >= NEW else None
        if counts.count < FEWEST:
            return None
        if counts.limit is None:
            counts.limit = self._limit(counts)
        return RISE_CODE if counts.count > counts.limit else None

    def _limit(self, counts: _Counts) -> float:
        """The most lines that the hour may have; infinite while too few like it were looked at."""
        part = counts.hour % 24 // PART
        like = [hour for hour in range(counts.hour - WINDOW + 1, counts.hour) if hour % 24 // PART == part]
        seen = [_from_byte(counts.before[hour % WINDOW]) for hour in like if self._looked[hour % WINDOW]]
        if len(seen) < FEWEST_HOURS:
            return math.inf
        middle = median(seen)
        spread = median(abs(each - middle) for each in seen)
        return middle + SIGMAS * max(1.4826 * spread, math.sqrt(middle), 1.0)

    def _say(self, code: str, counts: _Counts, template: str, at: float) -> Prediction | None:
        counts.known, counts.said = True, at
        if len(self._said) == MOST_A_DAY and 0 <= at - self._said[0] < DAY:
            return None
        self._said.append(at)
        chance = self._records[code].probability
        about = shortened(printable(template), ABOUT_CHARS)
        fields = (("count", float(counts.count)), ("hours", float(counts.hours)))
        return Prediction(PredictionKind.ANOMALY, at, at + HORIZON, chance, None, None, about, code, fields)

    def _forget(self, added: str) -> None:
        """Beyond MOST, the kind that was seen in the fewest hours goes, of those the one not seen for longest."""
        if len(self._kinds) > MOST:
            others = ((one.hours, one.hour, kind) for kind, one in self._kinds.items() if kind != added)
            del self._kinds[min(others)[2]]


def _to_byte(count: int) -> int:
    return min(255, round(_STEPS * math.log2(1 + count)))


def _from_byte(value: int) -> float:
    return math.exp2(value / _STEPS) - 1


def _packed(counts: bytearray) -> str:
    return b85encode(bytes(counts)).decode("ascii")


def _unpacked(given: str) -> bytearray:
    try:
        read = bytearray(b85decode(given))
    except ValueError:
        read = bytearray()
    return read if len(read) == WINDOW else bytearray(WINDOW)
