"""Samples of free space of the last day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

STEP = 300.0  # seconds between two samples that are kept
KEPT = 288  # samples: a day
MOST_VOLUMES = 16

Samples = tuple[tuple[float, int], ...]  # seconds since the epoch, free bytes


class DiskTrend:
    """Samples by path, of which the newest is always that of the last check."""

    def __init__(self) -> None:
        self._samples: dict[str, Samples] = {}

    def take(self, at: float, free: Iterable[tuple[str, int]]) -> None:
        for path, size in free:
            samples = self._samples.get(path, ())
            if len(samples) > 1 and (at - samples[-2][0] < STEP or at < samples[-1][0]):
                samples = samples[:-1]
            self._samples[path] = (*(one for one in samples if one[0] < at), (at, size))[-KEPT:]
        while len(self._samples) > MOST_VOLUMES:
            del self._samples[min(self._samples, key=lambda path: self._samples[path][-1][0])]

    def of(self, path: str) -> Samples:
        return self._samples.get(path, ())

    def snapshot(self) -> dict[str, object]:
        """JSON-able."""
        return {path: [[round(at), free] for at, free in samples] for path, samples in self._samples.items()}

    def restore(self, kept: Mapping[str, object], now: float) -> None:
        """Takes over the samples of a `snapshot`; malformed and outdated ones are left out."""
        for path, samples in kept.items():
            if isinstance(samples, list):
                read = [_sample(one) for one in samples]
                whole = tuple(one for one in read if one is not None and now - KEPT * STEP <= one[0] <= now)
                if whole:
                    self._samples[path] = whole[-KEPT:]


def _sample(value: object) -> tuple[float, int] | None:
    match value:
        case [int() | float() as at, int() as free]:
            return float(at), free
    return None
