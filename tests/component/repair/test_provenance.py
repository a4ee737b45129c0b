"""What words may do with a file of the server is bounded by what the disk says of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.model.installation import RESCUED, Installation
from trafico_monitor.model.task import Outcome, RepairTask
from trafico_monitor.repair.actions.retry_download import retry_download
from trafico_monitor.repair.ports import Tools
from trafico_monitor.repair.provenance import OLDEST_SECONDS, provenance

from .conftest import BOT, film, order, snapshot

NOW = 1_766_672_000.0


@pytest.fixture(autouse=True)
def _fetched_just_now(source: Path) -> None:
    os.utime(source, (NOW - 5, NOW - 5))


def named(source: Path, modelo: str = "victor", *, since: float = NOW) -> RepairTask:
    found = order(modelo=modelo, video="a.mp4", source=str(source), size=source.stat().st_size)
    return replace(found, since=since)


def delivered(site: Installation, source: Path, name: str = "ana/x.mp4") -> Path:
    """That very video, as it was given to somebody before."""
    place = site.models / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, place))


async def test_what_was_delivered_to_one_modelo_reaches_no_other(
    site: Installation, tools: Tools, source: Path
) -> None:
    place = delivered(site, source)
    before = snapshot(site.models, source.parent)
    result = await retry_download(named(source), site, tools)
    assert (result.outcome, result.reason, result.rescued) == (Outcome.REFUSED, "delivered_elsewhere", False)
    assert result.detail == str(place)
    assert snapshot(site.models, source.parent) == before


@pytest.mark.parametrize("name", ["ana/x.mp4", "ana/2025/12/x.mp4", "ana/publicados/x.mov"])
async def test_wherever_in_that_modelos_folder_it_lies(
    name: str, site: Installation, tools: Tools, source: Path
) -> None:
    delivered(site, source, name)
    assert (await retry_download(named(source), site, tools)).reason == "delivered_elsewhere"


async def test_a_second_name_of_the_servers_own_file_is_a_delivery_too(
    site: Installation, tools: Tools, source: Path
) -> None:
    (site.models / "ana").mkdir()
    os.link(source, site.models / "ana" / "x.mp4")
    assert (await retry_download(named(source), site, tools)).reason == "delivered_elsewhere"


@pytest.mark.parametrize("name", ["victor/older.mp4", f"{RESCUED}/file_16.mp4", "_cuarentena/x.mp4", ".hidden/x.mp4"])
async def test_in_its_own_folder_and_in_the_monitors_it_is_in_nobody_elses(
    name: str, site: Installation, tools: Tools, source: Path
) -> None:
    delivered(site, source, name)
    assert (await retry_download(named(source), site, tools)).reason == "copied"


async def test_another_video_of_the_same_size_is_another(site: Installation, tools: Tools, source: Path) -> None:
    place = delivered(site, source)
    middle = source.stat().st_size // 2
    with place.open("r+b") as file:
        file.seek(middle)
        file.write(b"\xff" * 8)
    assert (await retry_download(named(source), site, tools)).reason == "copied"


async def test_what_the_records_say_counts_after_the_copy_has_gone(
    site: Installation, tools: Tools, source: Path
) -> None:
    """Published and taken away: then it lies nowhere else, and a copy waits for a person."""
    first = await retry_download(named(source, "ana"), site, tools)
    assert first.delivered is not None
    known = dict([first.delivered])
    assert list(known.values()) == ["ana"]
    (site.models / "ana" / "a.mp4").unlink()
    knowing = replace(tools, delivered=lambda identity: known.get(identity, ""))
    result = await retry_download(named(source), site, knowing)
    assert (result.outcome, result.reason, result.rescued) == (Outcome.REFUSED, "delivered_elsewhere", True)
    assert not (site.models / "victor" / "a.mp4").exists()
    assert (site.models / RESCUED / "a.mp4").read_bytes() == source.read_bytes()
    assert (await retry_download(named(source, "ana"), site, knowing)).reason == "copied"


async def test_another_file_that_has_the_name_later_was_not_delivered(
    site: Installation, tools: Tools, source: Path
) -> None:
    first = await retry_download(named(source, "ana"), site, tools)
    assert first.delivered is not None
    known = dict([first.delivered])
    film(source, 2)
    os.utime(source, (NOW - 1, NOW - 1))
    knowing = replace(tools, delivered=lambda identity: known.get(identity, ""))
    assert (await retry_download(named(source), site, knowing)).reason == "copied"


async def test_a_person_who_asks_gets_a_copy_to_say_whose_it_is(
    site: Installation, tools: Tools, source: Path
) -> None:
    delivered(site, source)
    result = await retry_download(named(source, since=0.0), site, tools)
    assert (result.outcome, result.reason, result.rescued) == (Outcome.REFUSED, "delivered_elsewhere", True)
    assert not (site.models / "victor" / "a.mp4").exists()


async def test_without_a_modelo_what_lies_at_somebodys_already_is_not_copied_again(
    site: Installation, tools: Tools, source: Path
) -> None:
    place = delivered(site, source)
    before = snapshot(site.models)
    result = await retry_download(replace(order(source=str(source)), since=NOW), site, tools)
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "already_there", str(place))
    assert snapshot(site.models) == before


@pytest.mark.parametrize(("age", "reason"), [(OLDEST_SECONDS - 60, "copied"), (OLDEST_SECONDS + 60, "source_too_old")])
async def test_a_file_that_was_there_long_before_is_not_taken_on_words(
    age: float, reason: str, site: Installation, tools: Tools, source: Path
) -> None:
    os.utime(source, (NOW - age, NOW - age))
    result = await retry_download(named(source), site, tools)
    assert result.reason == reason
    unnamed = replace(order(source=str(source)), since=NOW)
    assert (await retry_download(unnamed, site, tools)).reason == reason.replace("copied", "already_there")
    assert (site.models / RESCUED).exists() is False
    assert (await retry_download(named(source, since=0.0), site, tools)).outcome is Outcome.DONE


async def test_somebody_elses_file_in_the_servers_directory_is_not_taken(
    site: Installation, tools: Tools, source: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("root makes files of others")
    os.chown(source, 12345, 12345)
    before = snapshot(site.models)
    assert (await retry_download(named(source), site, tools)).reason == "source_foreign"
    assert snapshot(site.models) == before
    os.chown(source, BOT, -1)  # what the helper has given to the bot's user
    assert (await retry_download(named(source), site, tools)).reason == "copied"


async def test_a_modelos_own_video_is_no_source_for_another(site: Installation, tools: Tools, source: Path) -> None:
    private = delivered(site, source)
    source.unlink()
    before = snapshot(site.models)
    result = await retry_download(named(private), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "source_of_another")
    assert (await retry_download(order(source=str(private)), site, tools)).reason == "source_of_another"
    assert snapshot(site.models) == before
    assert (await retry_download(named(private, "ana"), site, tools)).reason == "copied"


async def test_a_file_that_is_gone_is_in_no_doubt(site: Installation, tools: Tools, source: Path) -> None:
    source.unlink()
    assert (await provenance(source, "victor", None, NOW, site, tools)).doubt == ""


async def test_half_of_a_video_that_is_somebody_elses_half_too_was_not_delivered(
    site: Installation, tools: Tools, source: Path
) -> None:
    announced = named(source)
    os.truncate(source, 5000)
    os.utime(source, (NOW - 5, NOW - 5))
    delivered(site, source)
    assert (await retry_download(announced, site, tools)).reason == "source_incomplete"


class TestWhatExistsAtTheDestination:
    async def test_a_whole_video_is_the_end_and_nothing_is_copied(
        self, site: Installation, tools: Tools, source: Path
    ) -> None:
        place = delivered(site, source, "victor/a.mp4")
        before = place.stat()
        result = await retry_download(named(source), site, tools)
        assert (result.outcome, result.reason) == (Outcome.DONE, "already_there")
        assert (place.stat().st_ino, place.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)

    async def test_another_whole_video_is_never_touched(
        self, site: Installation, tools: Tools, source: Path, another: Path
    ) -> None:
        place = delivered(site, another, "victor/a.mp4")
        before = place.stat()
        result = await retry_download(named(source), site, tools)
        assert (result.outcome, result.rescued) == (Outcome.DONE, True)
        assert (place.stat().st_ino, place.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)

    async def test_what_nobody_can_judge_is_never_touched(
        self, site: Installation, tools: Tools, source: Path
    ) -> None:
        async def cannot_tell(path: Path, size: int | None) -> bool | None:
            return True if path.name.endswith(".part") else None

        place = delivered(site, source, "victor/a.mp4")
        place.write_bytes(b"something else")
        before = place.stat()
        result = await retry_download(named(source), site, replace(tools, is_good=cannot_tell))
        assert result.path != str(place)
        assert (place.stat().st_ino, place.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
