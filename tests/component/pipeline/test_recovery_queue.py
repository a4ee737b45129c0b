"""Fifty downloads on a real disk that fills up again after two: nobody burns what he does not have."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.daemon.executor import Executor
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.recovery_queue import AT_ONCE
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Evidence, RepairTask, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.repair.dispatcher import Dispatcher

MANY = 50
SPACE = Evidence("space", "enough")


@pytest.fixture
def site() -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(prefix="trafico-resumption-"))
    home.chmod(0o755)
    models, videos = home / "modelos", home / "api" / "videos"
    models.mkdir()
    videos.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs", models], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    picture = "testsrc2=size=320x240:rate=10:duration=8"
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(videos / "0.mp4")]
    subprocess.run(argv, check=True, timeout=60)
    for number in range(1, MANY):
        os.link(videos / "0.mp4", videos / f"{number}.mp4")
    yield Installation(models, home / "api", os.geteuid(), os.getegid())
    subprocess.run(["umount", models], check=True, timeout=20)
    shutil.rmtree(home)


class Monitor:
    """The pipeline with its real hands: repairs on real files, a few side by side."""

    def __init__(self, site: Installation) -> None:
        async def never() -> Finding:
            raise AssertionError("nobody asks for the server here")

        self.pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es")
        self.tried: list[str] = []
        self._repairs = Executor(lambda: site, never)
        self._dispatcher = Dispatcher(self._carry_out, self._done, self.pipeline.begin_task, time.time)

    async def _carry_out(self, order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        self.tried.append(order.incident_id)
        return await self._repairs.carry_out(order, inherited)

    async def _done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        self.keep(self.pipeline.finish_task(order, result, verdict, time.time()))

    def keep(self, changes: ChangeSet) -> None:
        self._dispatcher.cancel(changes.finished)
        self._dispatcher.give(changes.orders)

    async def settle(self) -> None:
        async with asyncio.timeout(300):
            while self.pipeline.orders or self._dispatcher.under_way:
                await asyncio.sleep(0.05)


async def test_the_rest_waits_untouched_and_all_arrive_in_the_end(site: Installation) -> None:
    assert site.bot_api is not None
    monitor = Monitor(site)
    size = (site.bot_api / "videos" / "0.mp4").stat().st_size
    downloads = [
        Download("victor", f"{number}.mp4", source=str(site.bot_api / "videos" / f"{number}.mp4"), size=size)
        for number in range(MANY)
    ]
    failures = [
        Finding(
            FindingKind.FAILED, time.time(), 100 + number, download, ErrorType.DISCO_LLENO, "r", origin=f"s{number}",
            actionable=download,
        )
        for number, download in enumerate(downloads)
    ]  # fmt: skip
    monitor.keep(monitor.pipeline.observe(failures, time.time()))
    filling = site.models / "filling"
    free = os.statvfs(site.models)
    room = 2 * size + size // 2
    subprocess.run(
        ["fallocate", "-l", str(free.f_bavail * free.f_frsize - room), str(filling)], check=True, timeout=20
    )
    monitor.keep(monitor.pipeline.set_disk_full(False, SPACE, time.time()))
    await monitor.settle()
    arrived = {path.name for path in (site.models / "victor").iterdir()}
    assert 1 <= len(arrived) <= 3
    assert len(monitor.tried) <= len(arrived) + AT_ONCE
    waiting = monitor.pipeline.tracker.open_incidents()
    assert len(waiting) == MANY - len(arrived)
    assert {(one.attempt, one.waiting_for) for one in waiting} == {(0, ErrorType.DISCO_LLENO)}

    filling.unlink()
    monitor.keep(monitor.pipeline.set_disk_full(False, SPACE, time.time()))
    await monitor.settle()
    assert {path.name for path in (site.models / "victor").iterdir()} == {f"{n}.mp4" for n in range(MANY)}
    assert not monitor.pipeline.tracker.open_incidents()
