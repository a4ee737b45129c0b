"""Histories of one machine: 56 days of free space every 5 minutes, and every download with its size.

Kinds: `bounded` (nightly cleaning keeps it in equilibrium), `filling` (cleaning does not keep up), `manual` (a person
cleans about weekly), and bounded ones with a `step` (imports that are taken away again), a `leak` (a log that grows)
or a `runaway` (a process that fills the disk within hours).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

GB = 1e9
STEP = 300
HOUR = 3600.0
DAY = 86400
DAYS = 56
A_DAY = DAY // STEP
LIMIT = 2 * GB
KINDS = ("bounded", "filling", "manual", "step", "leak", "runaway")


@dataclass
class Machine:
    kind: str
    total: float
    free: list[tuple[float, float]] = field(default_factory=list)
    full: list[float] = field(default_factory=list)  # moments at which free space fell below the limit
    downloads: list[tuple[float, float]] = field(default_factory=list)


def busy(at: float) -> float:
    """Downloads by the hour: peaks at midday and in the evening, more at the weekend."""
    hour, day = at % DAY / HOUR, int(at // DAY) % 7
    evening = 1.5 * math.exp(-(((hour - 21) % 24) ** 2) / 18) + 1.5 * math.exp(-(((21 - hour) % 24) ** 2) / 30)
    return (0.25 + evening + 0.6 * math.exp(-((hour - 13) ** 2) / 8)) * (1.4 if day >= 5 else 0.87)


def machine(seed: int, kind: str) -> Machine:
    draw = Random(f"{seed} {kind}")
    downloads = _downloads(draw, kind)
    daily = sum(size for _, size in downloads) / DAYS
    cleaned = kind not in ("filling", "manual")
    keep, copies_keep = (draw.randint(3, 7) if cleaned else DAYS), draw.randint(1, 2)
    total = 20 * GB + daily * ((keep + copies_keep) * draw.uniform(1.5, 2.6) if cleaned else draw.uniform(10, 35))
    made = Machine(kind, total, downloads=downloads)
    extra, other = _extra(draw, kind, total), 12 * GB
    kept: list[tuple[float, float]] = []
    copies: list[tuple[float, float]] = []
    arrived, more, room_at = 0, 0.0, math.inf
    visit = draw.uniform(4, 9) * DAY
    for step in range(DAYS * A_DAY):
        at = float(step * STEP)
        while arrived < len(downloads) and downloads[arrived][0] < at:
            kept.append(downloads[arrived])
            copies.append(downloads[arrived])
            arrived += 1
        if step % A_DAY == 48:
            copies = [one for one in copies if at - one[0] < copies_keep * DAY]
            kept = [one for one in kept if at - one[0] < keep * DAY]
        more += extra[step]
        if kind == "manual" and at >= visit and 9 * HOUR < at % DAY < 22 * HOUR:
            kept, copies, visit = kept[int(len(kept) * draw.uniform(0.4, 0.9)) :], [], at + draw.uniform(5, 10) * DAY
        if at >= room_at:
            kept, copies, more, room_at = kept[int(len(kept) * draw.uniform(0.4, 0.8)) :], [], 0.0, math.inf
            extra[step : step + A_DAY] = [min(0.0, one) for one in extra[step : step + A_DAY]]
            left = total - other - sum(size for _, size in kept)
            other -= 10 * GB + 4 * GB - left if left < 4 * GB else 0.0
        used = sum(size for _, size in kept) + sum(size for _, size in copies)
        free = total - other - used - more - abs(draw.gauss(0, 0.02 * GB))
        if free < LIMIT and room_at == math.inf:
            made.full.append(at)
            room_at = at + draw.uniform(1, 8) * HOUR
        made.free.append((at, max(0.0, free)))
    return made


def _downloads(draw: Random, kind: str) -> list[tuple[float, float]]:
    a_day, middle = math.exp(draw.uniform(math.log(10), math.log(80))), draw.uniform(math.log(120e6), math.log(400e6))
    growth = draw.uniform(0.0, 0.02) if kind in ("bounded", "filling") else 0.0
    mean = sum(busy(slot * 1800.0) for slot in range(336)) / 336
    made = []
    for slot in range(DAYS * 48):
        at = slot * 1800.0
        expected = a_day / 48 * busy(at) / mean * (1 + growth * at / DAY)
        due = draw.expovariate(1.0)
        while due < expected:
            made.append((at + draw.uniform(0, 1800), min(2e9, draw.lognormvariate(middle, 1.0))))
            due += draw.expovariate(1.0)
    return sorted(made)


def _extra(draw: Random, kind: str, total: float) -> list[float]:
    steps = DAYS * A_DAY
    extra = [0.0] * steps
    if kind == "leak":
        begins, each = draw.randrange(7 * A_DAY, 21 * A_DAY), total / draw.uniform(8, 30) / A_DAY
        extra[begins:] = [each] * (steps - begins)
    for _ in range(draw.randint(2, 4) if kind in ("step", "runaway") else 0):
        begins = draw.randrange(7 * A_DAY, steps - A_DAY)
        hours = draw.uniform(2, 12)
        lasts = draw.randint(3, 11) if kind == "step" else int(hours * 12 * 1.3)
        each = draw.uniform(0.1, 0.35) * total / lasts if kind == "step" else total * 0.6 / (hours * 12)
        for step in range(begins, min(steps, begins + lasts)):
            extra[step] += each
        taken = begins + draw.randint(1, 5) * A_DAY
        if kind == "step" and taken < steps:
            extra[taken] -= each * lasts
    return extra
