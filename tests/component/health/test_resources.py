"""The process's own figures and the host's, beside what the kernel says."""

from __future__ import annotations

import os
import resource
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from trafico_monitor.health import resources
from trafico_monitor.health.resources import SAMPLE_SECONDS, ResourceProbe, mounts


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_process_is_this_one() -> None:
    clock = Clock()
    probe = ResourceProbe(clock)
    block, ends = bytearray(64 * 2**20), [os.pipe() for _ in range(10)]
    block[::4096] = b"x" * len(block[::4096])
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    before = probe.read().process
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    try:
        assert probe.read().process is before, "read anew within the interval"
        clock.now += SAMPLE_SECONDS
        after = probe.read().process
        assert before is not None and after is not None
        assert after.rss - before.rss > 60 * 2**20
        assert after.open_files == before.open_files + 20 and after.threads == before.threads + 1
        assert after.cpu_seconds >= before.cpu_seconds + 0.15 and 0.0 < after.cpu <= 2.0
        usage = resource.getrusage(resource.RUSAGE_SELF)
        assert after.cpu_seconds == pytest.approx(usage.ru_utime + usage.ru_stime, abs=0.2)
    finally:
        gate.set()
        thread.join(10)
        for end in (end for pair in ends for end in pair):
            os.close(end)
        del block


def test_the_host_is_this_one() -> None:
    host = ResourceProbe(Clock()).read().host
    assert host is not None
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert host.memory_total == total and 0 < host.memory_available < total
    assert host.cpus == os.cpu_count() and host.load == pytest.approx(os.getloadavg(), abs=1.0)


def test_without_a_descriptor_left_there_are_no_figures_and_no_error() -> None:
    clock = Clock()
    probe = ResourceProbe(clock)
    clock.now += SAMPLE_SECONDS
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limit[1]))
    try:
        seen = probe.read()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert asdict(seen) == {"process": None, "host": None}


def test_a_path_is_on_the_mount_that_the_kernel_names(tmp_path: Path) -> None:
    shared = Path("/dev/shm/not/there/yet")
    below, held = mounts([tmp_path, shared])
    assert (held.path, held.mount, held.filesystem, held.read_only) == (str(shared), "/dev/shm", "tmpfs", False)
    assert os.path.ismount(below.mount) and Path(below.mount).stat().st_dev == tmp_path.stat().st_dev
    assert mounts([]) == () and resources.mounts([Path("/")])[0].mount == "/"
