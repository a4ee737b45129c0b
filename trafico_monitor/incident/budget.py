"""How often anything may be tried at all: the guard against loops that nobody foresaw. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.download import Download

HOUR = 3600.0


def budget_key(download: Download, incident_id: str) -> str:
    """What the attempts at one download are counted under, whatever incidents it opens."""
    return download.file_id or download.destination or download.source or incident_id


class Budget:
    """Counts orders per download and in all within the last hour.

    `per_download` bounds one file whatever incidents it opens (design document, section 4: «a
    budget per download and per hour; no loops»); `per_hour` bounds the whole machine.
    """

    def __init__(self, per_download: int = 12, per_hour: int = 2000) -> None:
        self._per_download = per_download
        self._per_hour = per_hour
        self._spent: dict[str, list[float]] = {}
        self._granted: dict[str, float] = {}

    def spend(self, key: str, now: float) -> bool:
        """Take one order for `key` (seconds since the epoch); False when there is none left."""
        self._forget(now)
        total = sum(len(times) for times in self._spent.values())
        times = self._spent.setdefault(key, [])
        if len(times) >= self._per_download or total >= self._per_hour:
            return False
        times.append(now)
        return True

    def grant(self, key: str, now: float) -> bool:
        """A person asks for more: a download that has spent its orders gets them anew, once an
        hour. True when there is at least one order for it now."""
        self._forget(now)
        if sum(len(times) for times in self._spent.values()) >= self._per_hour:
            return False
        if len(self._spent.get(key, ())) < self._per_download:
            return True
        if key in self._granted:
            return False
        self._granted[key] = now
        del self._spent[key]
        return True

    def snapshot(self) -> dict[str, object]:
        """JSON-able: the times by download, and under `""` when a person was granted more."""
        spent: dict[str, object] = {key: list(times) for key, times in self._spent.items() if times}
        return spent | ({"": dict(self._granted)} if self._granted else {})

    def restore(self, data: Mapping[str, object]) -> None:
        for key, times in data.items():
            if isinstance(times, list):
                self._spent[key] = [float(at) for at in times if isinstance(at, int | float)]
            elif isinstance(times, Mapping):
                self._granted = {str(name): float(at) for name, at in times.items()}

    def _forget(self, now: float) -> None:
        self._granted = {key: at for key, at in self._granted.items() if 0 <= now - at < HOUR}
        for key in list(self._spent):
            kept = [at for at in self._spent[key] if 0 <= now - at < HOUR]
            if kept:
                self._spent[key] = kept
            else:
                del self._spent[key]
