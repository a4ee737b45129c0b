"""What the monitor takes of the host, and what the host has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """`rss` in bytes (proc(5), VmRSS); `cpu_seconds` user and system since its start; `cpu` the share of one CPU
    that it took lately; `open_files` all descriptors, sockets too."""

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
    """None for what cannot be read: no descriptor is left, or /proc shows processes only."""

    process: ProcessUsage | None = None
    host: HostUsage | None = None
