"""Summary and series of the stored hours. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from ..model.task import percentile
from .ports import Hour

HOUR = 3600
LENGTHS = {"hour": HOUR, "day": 24 * HOUR}
ALL = 2**40  # seconds: one span
MOST_MODELOS = 8  # the rest are one line together: names come from outside, and there may be many


def summary(hours: Iterable[Hour], since: float) -> dict[str, object]:
    """Counts of the incidents opened since, their success rate, and their time to repair (seconds). Those of a hub
    are counted by machine instead of modelo."""
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    modelos: Counter[str] = Counter()
    machines: Counter[str] = Counter()
    seconds: Counter[int] = Counter()
    for _, name, value, number in hours:
        if name == "type":
            error_type, _, estado = value.partition("/")
            types[error_type][estado] += number
        elif name == "modelo":
            modelos[value] += number
        elif name == "machine":
            machines[value] += number
        else:
            seconds[int(value)] += number
    estados: Counter[str] = sum(types.values(), Counter())
    ended = estados["solucionado"] + estados["fallido"]
    ranked = ranking(modelos)
    return {
        "since": since,
        "total": estados.total(),
        "open": estados.total() - ended,
        "by_estado": dict(estados),
        "by_type": {name: dict(counted) for name, counted in sorted(types.items())},
        "by_modelo": [{"modelo": name or None, "total": number} for name, number in ranked[:20]],
        "modelos": len(ranked),
        **(
            {"by_machine": [{"machine": name or None, "total": n} for name, n in ranking(machines)]}
            if machines
            else {}
        ),
        "success_rate": estados["solucionado"] / ended if ended else None,
        "median_seconds": percentile(seconds, 0.5),
        "p95_seconds": percentile(seconds, 0.95),
    }


def ranking(counted: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, and of equal ones by name."""
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))


def series(hours: Sequence[Hour], starts: Sequence[int], step: str) -> dict[str, object]:
    """The counts of each of `starts`, as one list for each type, estado and modelo, or on a hub for each machine."""
    place_of = _places(starts)
    types, estados, modelos, machines = (_Lines(len(starts)) for _ in range(4))
    seconds: list[Counter[int]] = [Counter() for _ in starts]
    for hour, name, value, number in hours:
        place = place_of(hour)
        if place is None:
            continue
        if name == "type":
            error_type, _, estado = value.partition("/")
            types.add(error_type, place, number)
            estados.add(estado, place, number)
        elif name == "modelo":
            modelos.add(value, place, number)
        elif name == "machine":
            machines.add(value, place, number)
        else:
            seconds[place][int(value)] += number
    return {
        "step": step,
        "at": list(starts),
        "types": types.all(),
        "estados": estados.all(),
        "modelos": modelos.ranked("modelo"),
        **({"machines": machines.ranked("machine", others="")} if machines.any else {}),
        "median_seconds": [percentile(counted, 0.5) for counted in seconds],
    }


class _Lines:
    def __init__(self, places: int) -> None:
        self._places = places
        self._lines: dict[str, list[int]] = {}

    def add(self, name: str, place: int, number: int) -> None:
        self._lines.setdefault(name, [0] * self._places)[place] += number

    def all(self) -> dict[str, list[int]]:
        return dict(sorted(self._lines.items()))

    @property
    def any(self) -> bool:
        return bool(self._lines)

    def ranked(self, kind: str, others: str | None = None) -> list[dict[str, object]]:
        """The most frequent values of that kind, and all others together (`others`); null for the unnamed. `others` is
        the value of those that are together already."""
        rest = [self._lines[others]] if others in self._lines else []
        named = [one for one in self._lines.items() if one[0] != others]
        ordered = sorted(named, key=lambda each: (-sum(each[1]), each[0]))
        shown: list[dict[str, object]] = [
            {kind: name or None, "others": False, "values": values} for name, values in ordered[:MOST_MODELOS]
        ]
        rest += [values for _, values in ordered[MOST_MODELOS:]]
        if rest:
            together = [sum(column) for column in zip(*rest, strict=True)]
            shown.append({kind: None, "others": True, "values": together})
        return shown


def starts(since: float, until: float, step: str, zone: tzinfo) -> list[int]:
    """The first seconds of the hours, or of the zone's days, in [since, until), the one that `since`
    lies in included."""
    if step == "hour":
        return list(range(int(since // HOUR) * HOUR, math.ceil(until), HOUR))
    day = datetime.fromtimestamp(since, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    found = []
    while (at := int(day.timestamp())) < until:
        found.append(at)
        # By the wall clock, and anew in the zone: a day may have 23 or 25 hours.
        day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return found


def stretches(starts: Sequence[int], until: float, step: str, zone: tzinfo) -> list[tuple[int, float, int]]:
    """[first, last) and the zone's distance from UTC, in seconds, for as long as that stays the same:
    within such a stretch all days are of one length, and can be summed up where they are stored."""
    if step == "hour":
        return [(starts[0], until, 0)]
    found: list[tuple[int, float, int]] = []
    for at in starts:
        offset = int((datetime.fromtimestamp(at, zone).utcoffset() or timedelta()).total_seconds())
        if not found or found[-1][2] != offset:
            if found:
                found[-1] = (found[-1][0], at, found[-1][2])
            found.append((at, until, offset))
    return found


def _places(starts: Sequence[int]) -> Callable[[int], int | None]:
    def place_of(hour: int) -> int | None:
        place = bisect_right(starts, hour) - 1
        return place if place >= 0 else None

    return place_of
