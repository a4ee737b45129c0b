"""Figures of the monitor's own process and of its host, by psutil."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..model.resource_usage import HostUsage, ProcessUsage, ResourceUsage

SAMPLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Mount:
    """Where the file system that holds `path` is mounted, from what, and as what."""

    path: str
    mount: str
    device: str
    filesystem: str
    read_only: bool


class ResourceProbe:
    """`read` costs 0.2 ms, and nothing within SAMPLE_SECONDS of the last time: every reader of the status asks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._process = psutil.Process()
        self._read_at = clock()
        self._last = ResourceUsage(self._own(0.0), _host())

    def read(self) -> ResourceUsage:
        """The figures, at most SAMPLE_SECONDS old."""
        elapsed = self._clock() - self._read_at
        if elapsed >= SAMPLE_SECONDS:
            self._read_at = self._clock()
            self._last = ResourceUsage(self._own(elapsed), _host())
        return self._last

    def _own(self, elapsed: float) -> ProcessUsage | None:
        before = self._last.process if elapsed else None
        try:
            with self._process.oneshot():
                times, memory = self._process.cpu_times(), self._process.memory_info()
                files, threads = self._process.num_fds(), self._process.num_threads()
        except (OSError, psutil.Error):
            return None
        cpu_seconds = times.user + times.system
        cpu = (cpu_seconds - before.cpu_seconds) / elapsed if before is not None else 0.0
        return ProcessUsage(memory.rss, cpu_seconds, cpu, files, threads)


def _host() -> HostUsage | None:
    try:
        memory = psutil.virtual_memory()
        return HostUsage(os.cpu_count() or 1, psutil.getloadavg(), memory.total, memory.available)
    except (OSError, psutil.Error):
        return None


def mounts(paths: Iterable[Path]) -> tuple[Mount, ...]:
    """The mounts that hold `paths` (absolute; those that exist not yet too), as this process sees them.
    Asks no file system, so a dead one does not hold it up."""
    try:
        table = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ()
    return tuple(_mounts(paths, {Path(entry.mountpoint): entry for entry in table}))  # a later mount covers


def _mounts(paths: Iterable[Path], table: dict[Path, psutil._common.sdiskpart]) -> Iterator[Mount]:
    for path in paths:
        entry = next((table[place] for place in (path, *path.parents) if place in table), None)
        if entry is not None:
            read_only = "ro" in entry.opts.split(",")
            yield Mount(str(path), entry.mountpoint, entry.device, entry.fstype, read_only)
