"""A late attempt carried out for real: minutes have passed, so it looks before it downloads."""

# ruff: noqa: F811

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.repair.conftest import ground, order, site, source, video  # noqa: F401
from trafico_monitor.daemon.executor import Executor
from trafico_monitor.model.finding import Finding, FindingKind
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask, TaskResult, Verdict


async def carried_out(
    order: RepairTask, site: Installation, *, bot_downloads: bool = False
) -> tuple[TaskResult, Verdict]:
    async def server() -> Finding:
        return Finding(FindingKind.SERVER, 0.0, code="up")

    return await Executor(lambda: site, server, downloads_again=lambda _: bot_downloads).carry_out(order, False)


@pytest.fixture
def late(site: Installation, source: Path) -> RepairTask:
    known = order(source=str(source), modelo="victor", video="a.mp4", size=source.stat().st_size)
    return replace(known, late_wait=60.0, attempt=4)


async def test_it_downloads_and_proves_as_any_attempt(site: Installation, late: RepairTask) -> None:
    result, verdict = await carried_out(late, site)
    assert (result.outcome, result.reason, verdict.proven) == (Outcome.DONE, "copied", True)


async def test_a_video_that_has_arrived_meanwhile_is_proven_without_a_download(
    site: Installation, source: Path, late: RepairTask
) -> None:
    shutil.copy(source, site.models / "victor/a.mp4")
    source.unlink()
    result, verdict = await carried_out(late, site)
    assert (result.outcome, result.path, verdict.proven) == (Outcome.DONE, None, True)
    quick, _ = await carried_out(replace(late, late_wait=0.0), site)
    assert quick.path is not None or quick.outcome is not Outcome.DONE  # it asks for the file at once


async def test_a_video_that_somebody_writes_just_now_is_left_to_be_finished(
    site: Installation, source: Path, late: RepairTask
) -> None:
    place = site.models / "victor/a.mp4"
    shutil.copy(source, place)
    with place.open("ab"):
        result, verdict = await carried_out(late, site)
    assert (result.reason, verdict.proven) == ("file_is_open", False) and result.retry_after


async def test_it_lets_the_bot_s_own_download_go_first_but_not_for_ever(site: Installation, late: RepairTask) -> None:
    result, verdict = await carried_out(late, site, bot_downloads=True)
    assert (result.reason, result.retry_after, verdict.proven) == ("bot_downloads", 30.0, False)
    result, verdict = await carried_out(replace(late, busy=6), site, bot_downloads=True)
    assert (result.reason, verdict.proven) == ("copied", True)
