"""Resource usage of the monitor and resources of the host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """`rss` in bytes (proc(5), VmRSS); `cpu_seconds` is user and system time since start; `cpu` the recent share of
    one CPU; `open_files` counts all descriptors, including sockets."""

    rss: int
    cpu_seconds: float
    cpu: float
    open_files: int
    threads: int


@dataclass(frozen=True, slots=True)
class HostUsage:
    """`load` over 1, 5 and 15 minutes; memory in bytes, `memory_available` as MemAvailable of proc(5)."""

    cpus: int
    load: tuple[float, float, float]
    memory_total: int
    memory_available: int


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """None for a value that cannot be read: no free descriptor, or a /proc that shows processes only."""

    process: ProcessUsage | None = None
    host: HostUsage | None = None
