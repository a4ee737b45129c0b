"""Forecaster: everything that is foreseen of one machine, fed with what happens, in order of time. Pure.

The running service and the backtest feed the same object. Each call returns the predictions that it led to, mostly
none; `docs/explanation/forecast.md` describes the kinds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..config.schema import Predict
from ..model.prediction import (
    DAY,
    DiskFan,
    Occurrence,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    SaidPrediction,
)
from . import kept
from .anomalies import Anomalies
from .crash_loop import CrashLoop
from .downloads import COPIES, FailureShare, Outcome, TimeoutModel, does_not_fit, stalled
from .judgement import Evidence
from .server import ServerDegradation
from .volume import Volume

FULL = 2 * 10**9  # bytes: the default of `[checks] disk_critical`
BYTE_LIMIT = 120.0  # seconds without a byte after which a download ends by itself, where the bot does not say
TIMEOUT_HORIZON = 3600.0
MOST_VOLUMES = 16
MOST_RUNNING = 512
FORGOTTEN = DAY  # a download whose end nobody saw
SNAPSHOT_VERSION = 1

Said = tuple[Prediction, ...]


@dataclass
class Running:
    """A download that has begun. `size` in bytes, None where it was not announced; `received` and `byte_at` since the
    first progress that was seen, None before."""

    started: float
    size: float | None
    path: str
    received: float | None = None
    byte_at: float = 0.0
    stalled: bool = False


@dataclass
class Forecaster:
    """Feed it in order of time (seconds since the epoch); a time before the last one, NaN, and sizes that no disk has
    lead to nothing. `limit`: free bytes below which a volume counts as full; `byte_limit`: seconds without a byte
    after which the bot ends a download itself."""

    settings: Predict = field(default_factory=Predict)
    limit: float = FULL
    byte_limit: float = BYTE_LIMIT
    since: float | None = None
    volumes: dict[str, Volume] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    _running: dict[str, Running] = field(default_factory=dict)
    _timeouts: TimeoutModel = field(default_factory=TimeoutModel)
    _share: FailureShare = field(default_factory=FailureShare)
    _server: ServerDegradation = field(default_factory=ServerDegradation)
    _loop: CrashLoop = field(default_factory=CrashLoop)
    _anomalies: Anomalies = field(default_factory=Anomalies)

    def space(self, path: str, total: float | None, free: float, now: float) -> Said:
        """Free bytes of a volume: every few minutes is enough, more often does no harm."""
        if not self._seen(now):
            return ()
        volume = self.volumes.get(path)
        if volume is None:
            volume = self.volumes[path] = Volume(path, self.limit, self.settings)
            self._forget_volumes(path)
        changed, full = volume.changed_at, volume.full_at
        said = volume.take(total, free, now)
        if volume.changed_at != changed:
            self.evidence.changed(path, now)
        if volume.full_at != full and now - full > DAY / 4:
            self.evidence.happened(Occurrence(PredictionKind.DISK, now, path))
        return () if said is None else (said,)

    def probe(self, at: float, latency_ms: float | None, status: int | None) -> Said:
        """A probe of the Bot API server: `latency_ms` None when nothing answered, `status` of HTTP."""
        if not self._seen(at):
            return ()
        self.evidence.probed(at, latency_ms is not None and (status is None or status < 500))
        return _one(self._server.take(at, latency_ms, status, bool(self._running)))

    def download_started(self, key: str, size: float | None, at: float, path: str = "") -> Said:
        """A video begins: `key` names it until `download_ended`; `size` as announced; `path` where it arrives."""
        if not self._seen(at):
            return ()
        while len(self._running) >= MOST_RUNNING:
            del self._running[next(iter(self._running))]
        volume = self._volume(path)
        room = self._room(volume, at)
        self._running[key] = Running(at, size, volume.path if volume is not None else path)
        if size is None:
            return ()
        fit = does_not_fit(at, size, room, key)
        chance = self._timeouts.probability(size)
        if fit is not None or chance is None:
            return _one(fit)
        fields = (("size", size),)
        until = at + TIMEOUT_HORIZON
        return (Prediction(PredictionKind.TIMEOUT, at, until, chance, None, None, key, "forecast.timeout", fields),)

    def download_progress(self, key: str, received: float, at: float) -> Said:
        """Bytes that have arrived by `at`. Without any call a download is never called stalled."""
        running = self._running.get(key)
        if running is None or not self._seen(at) or not math.isfinite(received):
            return ()
        if running.received is None or received != running.received:
            running.received, running.byte_at, running.stalled = received, at, False
        said = None if running.stalled else stalled(at, running.byte_at, self.byte_limit, key)
        running.stalled = running.stalled or said is not None
        return _one(said)

    def download_ended(self, key: str, outcome: Outcome, at: float, seconds: float | None = None) -> Said:
        """The end of a download; one that was never seen to start counts for the share of failures alone. `seconds` it
        lasted, where that is known better than by the two moments."""
        running = self._running.pop(key, None)
        if not self._seen(at):
            return ()
        if running is not None and running.size is not None:
            lasted = at - running.started if seconds is None else seconds
            self._timeouts.learn(running.size, lasted, outcome)
            room = self._room(self._volume(running.path), at)
            if outcome is Outcome.FAILED and room is not None and room < COPIES * running.size:
                outcome = Outcome.NO_SPACE
        self.evidence.ended(key, outcome, at)
        return _one(self._share.take(at, outcome is not Outcome.OK))

    def death(self, at: float, planned: bool) -> Said:
        """The bot's process ended; `planned`: somebody asked for it."""
        if not self._seen(at):
            return ()
        self.evidence.died(at, planned)
        return _one(self._loop.take(at, planned))

    def line(self, kind: str, template: str, at: float) -> Said:
        """A line of the bot: the name of its kind, and the words that all lines of the kind share."""
        return _one(self._anomalies.take(at, kind, template))

    def tick(self, now: float) -> None:
        """Time passes: call it every minute or so. A time that nobody called is one at which nobody looked."""
        if self._seen(now):
            self.evidence.looked(now)
            for key in [key for key, one in self._running.items() if not 0 <= now - one.started <= FORGOTTEN]:
                del self._running[key]

    def fans(self, now: float) -> tuple[DiskFan, ...]:
        """The forecast of each volume that was looked at within two hours, by path."""
        recent = sorted((path, one) for path, one in self.volumes.items() if 0 <= now - one.looked <= DAY / 12)
        return tuple(fan for _, one in recent if (fan := one.fan()) is not None)

    def judge(self, said: Iterable[SaidPrediction], now: float) -> tuple[SaidPrediction, ...]:
        """Those of `said` without an outcome that can be judged now, with it."""
        judged = self.evidence.judge(said, now)
        for one in judged:
            if one.outcome is not PredictionOutcome.VOID:
                self._anomalies.learn(one.prediction.reason, one.outcome is PredictionOutcome.CAME_TRUE)
        return judged

    @property
    def occurrences(self) -> Sequence[Occurrence]:
        """The events of all kinds that were seen, oldest first: what `scores` counts missed ones from."""
        return tuple(self.evidence.occurrences)

    def snapshot(self) -> dict[str, object]:
        """JSON-able, without the downloads that run: at most 350 KiB for sixteen volumes."""
        return {
            "version": SNAPSHOT_VERSION,
            "since": self.since,
            "volumes": {path: volume.snapshot() for path, volume in self.volumes.items()},
            "timeouts": self._timeouts.snapshot(),
            "share": self._share.snapshot(),
            "server": self._server.snapshot(),
            "loop": self._loop.snapshot(),
            "anomalies": self._anomalies.snapshot(),
            "evidence": self.evidence.snapshot(),
        }

    def restore(self, given: Mapping[str, object], now: float) -> None:
        """Take over what `snapshot` gave. Never raises: what is malformed or later than `now` is left out."""
        self.since = kept.moment(given.get("since"), now)
        for path, one in list(kept.mapping(given.get("volumes")).items())[:MOST_VOLUMES]:
            volume = Volume(path, self.limit, self.settings)
            volume.restore(kept.mapping(one), now)
            if volume.hourly:
                self.volumes[path] = volume
        self._timeouts.restore(kept.mapping(given.get("timeouts")))
        self._share.restore(kept.mapping(given.get("share")))
        self._server.restore(kept.mapping(given.get("server")), now)
        self._loop.restore(kept.mapping(given.get("loop")), now)
        self._anomalies.restore(kept.mapping(given.get("anomalies")), now)
        self.evidence.restore(kept.mapping(given.get("evidence")), now)

    def _seen(self, at: float) -> bool:
        """Whether `at` is a time; the first one is when the data begin."""
        if not math.isfinite(at) or abs(at) > kept.FARTHEST:
            return False
        self.since = at if self.since is None else min(self.since, at)
        return True

    def _volume(self, path: str) -> Volume | None:
        """The volume that `path` is on: the longest that it begins with; the only one where `path` is empty."""
        if not path and len(self.volumes) == 1:
            return next(iter(self.volumes.values()))
        on = [one for one in self.volumes if path == one or path.startswith(one.rstrip("/") + "/")]
        return self.volumes[max(on, key=len)] if on else None

    def _room(self, volume: Volume | None, at: float) -> float | None:
        """Free bytes at the last sample, without what has begun to arrive since; None without one of this hour."""
        sampled = None if volume is None else volume.free(at)
        if volume is None or sampled is None:
            return None
        coming = [one.size for one in self._running.values() if one.path == volume.path and one.started >= sampled[0]]
        return sampled[1] - COPIES * sum(size for size in coming if size is not None)

    def _forget_volumes(self, added: str) -> None:
        while len(self.volumes) > MOST_VOLUMES:
            del self.volumes[min((one for one in self.volumes if one != added), key=self._last_seen)]

    def _last_seen(self, path: str) -> float:
        hourly = self.volumes[path].hourly
        return hourly[-1][0] if hourly else -math.inf


def _one(said: Prediction | None) -> Said:
    return () if said is None else (said,)
