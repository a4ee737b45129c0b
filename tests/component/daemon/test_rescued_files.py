"""Real repairs that end in `_rescatados`: why, how large, and which modelos there are to choose from."""

# ruff: noqa: F811

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.repair.conftest import another, ground, order, site, source, video  # noqa: F401
from trafico_monitor.daemon.executor import Executor, modelos, offer
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.installation import Installation, Offer
from trafico_monitor.model.task import Outcome, RepairTask, TaskResult
from trafico_monitor.notify.choosing import PAGE
from trafico_monitor.pipeline.handlers.rescued import notice_of
from trafico_monitor.repair.path_policy import is_plain


async def carried_out(order: RepairTask, site: Installation) -> TaskResult:
    async def server() -> Finding:
        return Finding(FindingKind.SERVER, 0.0, code="up")

    return (await Executor(lambda: site, server).carry_out(order, False))[0]


def why(given: RepairTask, result: TaskResult) -> str:
    notice = notice_of(None, given, result, 0.0)
    assert notice is not None
    return notice.fields["motivo"]


@pytest.mark.parametrize("kind", list(ErrorType), ids=lambda kind: kind.value)
async def test_without_a_place_it_is_told_with_what_there_is_to_choose(
    site: Installation,
    source: Path,
    kind: ErrorType,
) -> None:
    given = replace(order(source=str(source)), error_type=kind)
    result = await carried_out(given, site)
    assert result.rescued and result.offer == Offer(source.stat().st_size, ("victor",), 1)
    assert why(given, result) == "place_unknown"


async def test_where_another_video_has_its_name_that_is_why(site: Installation, source: Path, another: Path) -> None:
    (site.models / "victor/a.mp4").write_bytes(another.read_bytes())
    given = order(source=str(source), modelo="victor", video="a.mp4", size=source.stat().st_size)
    result = await carried_out(given, site)
    assert result.rescued and why(given, result) == "destination_taken"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"destination": "/etc/x.mp4"}, "place_refused"),
        ({"modelo": "../luna", "video": "a.mp4"}, "place_refused"),
        ({"modelo": "luna"}, "video_unnamed"),
    ],
)
async def test_a_place_that_is_none_is_said(
    site: Installation, source: Path, known: dict[str, str], reason: str
) -> None:
    given = order(source=str(source), **known)
    result = await carried_out(given, site)
    assert result.rescued and why(given, result) == reason


async def test_one_that_was_delivered_before_is_told_as_in_doubt(site: Installation, source: Path) -> None:
    (site.models / "ana").mkdir()
    (site.models / "ana/x.mp4").write_bytes(source.read_bytes())
    given = order(source=str(source), modelo="victor", video="a.mp4", size=source.stat().st_size)
    result = await carried_out(given, site)
    assert (result.outcome, result.rescued) == (Outcome.REFUSED, True)
    assert result.offer is not None and why(given, result) == "delivered_elsewhere"


async def test_the_last_used_come_first_and_nothing_that_assign_refuses_is_offered(site: Installation) -> None:
    for number, name in enumerate(("ana", "luna", "noa")):
        (site.models / name).mkdir()
        os.utime(site.models / name, (2e9 + number, 2e9 + number))
    for name in ("_rescatados", "_cuarentena", ".trash", " space", "lu\u200bna", "x" * 200, "a\nb"):
        (site.models / name).mkdir()
    (site.models / os.fsdecode(b"bad-\xff")).mkdir()
    (site.models / "file").write_text("no folder")
    (site.models / "link").symlink_to(site.models / "ana")
    found = await modelos(site)
    assert found[:3] == ["noa", "luna", "ana"] and found[3:] == ["victor"] and all(map(is_plain, found))


async def test_of_many_a_page_is_offered_and_all_are_counted(site: Installation) -> None:
    for number in range(200):
        (site.models / f"modelo-{number}").mkdir()
    found = await offer(site.models / "missing.mp4", site)
    assert found == Offer(None), "what cannot be looked at is told of all the same"
    (site.models / "there.mp4").write_bytes(b"1234567")
    found = await offer(site.models / "there.mp4", site)
    assert (found.size, len(found.modelos), found.total) == (7, PAGE, 201)
