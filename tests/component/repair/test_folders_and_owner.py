"""The folder of a modelo that was really named, and whose files are given back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult
from trafico_monitor.repair.actions.access import create_folder, restore_owner
from trafico_monitor.repair.ports import Tools

from .conftest import order, snapshot


def missing(**known: object) -> RepairTask:
    return order(TaskKind.CREATE_FOLDER, **known)


async def test_the_folder_has_its_parents_owner_and_mode(site: Installation, tools: Tools) -> None:
    site.models.chmod(0o2775)
    result = await create_folder(missing(modelo="nueva"), site, tools)
    folder = site.models / "nueva"
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "folder_created", str(folder))
    parent, made = site.models.stat(), folder.stat()
    assert (made.st_uid, made.st_gid, made.st_mode) == (parent.st_uid, parent.st_gid, parent.st_mode)


async def test_an_acl_that_lets_somebody_into_models_holds_in_the_new_folder(site: Installation, tools: Tools) -> None:
    subprocess.run(["setfacl", "-m", "u:12345:rwx,d:u:12345:rwx", str(site.models)], check=True, timeout=20)
    await create_folder(missing(modelo="nueva"), site, tools)
    argv = ["getfacl", "-cpn", str(site.models / "nueva")]
    listing = subprocess.run(argv, check=True, timeout=20, capture_output=True, text=True).stdout
    assert "user:12345:rwx\n" in listing and "#effective" not in listing


async def test_a_folder_that_is_there_is_left_as_it_is(site: Installation, tools: Tools) -> None:
    before = (site.models / "victor").stat()
    assert (await create_folder(missing(modelo="victor"), site, tools)).reason == "folder_exists"
    assert (site.models / "victor").stat().st_ctime_ns == before.st_ctime_ns


async def test_the_parent_of_an_explicit_destination(site: Installation, tools: Tools) -> None:
    result = await create_folder(missing(destination=f"{site.models}/yic/2025/a.mp4"), site, tools)
    assert result.path == str(site.models / "yic" / "2025")
    assert (site.models / "yic" / "2025").is_dir()


async def test_no_order_sows_a_tree(site: Installation, tools: Tools) -> None:
    before = snapshot(site.models)
    result = await create_folder(missing(destination=f"{site.models}/yic/{'x/' * 8}a.mp4"), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "path_strange")
    assert snapshot(site.models) == before
    assert (await create_folder(missing(destination=f"{site.models}/yic/{'x/' * 7}a.mp4"), site, tools)).path


@pytest.mark.parametrize("modelo", ["../../etc", "..", ".", "", "_rescatados", ".ssh", "a/b", "a\nb", "x" * 300, None])
async def test_no_folder_for_what_is_no_plain_name(modelo: str | None, site: Installation, tools: Tools) -> None:
    before = snapshot(site.models.parents[1])
    result = await create_folder(missing(modelo=modelo), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "no_safe_folder")
    assert snapshot(site.models.parents[1]) == before


async def test_a_link_where_the_folder_should_be_is_not_followed(
    site: Installation, tools: Tools, ground: Path
) -> None:
    (site.models / "evil").symlink_to(ground / "made-by-nobody")
    result = await create_folder(missing(modelo="evil"), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "path_link")
    assert not (ground / "made-by-nobody").exists()


async def test_models_itself_is_made_only_inside_an_existing_project(site: Installation, tools: Tools) -> None:
    shutil.rmtree(site.models)
    elsewhere = replace(site, project=site.models.parents[1])
    for wrong in (elsewhere, replace(site, project=None)):
        result = await create_folder(missing(modelo="victor"), wrong, tools)
        assert (result.outcome, result.reason) == (Outcome.REFUSED, "models_missing")
    assert (await create_folder(missing(modelo="victor"), site, tools)).reason == "folder_created"
    shutil.rmtree(site.models.parent)
    assert (await create_folder(missing(modelo="victor"), site, tools)).reason == "models_missing"
    assert not site.models.parent.exists()


async def test_models_that_may_not_be_written_are_a_matter_of_the_owner(
    site: Installation, tools: Tools, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    site.models.chmod(0o555)
    with as_nobody():
        result = await create_folder(missing(modelo="nueva"), site, tools)
    site.models.chmod(0o755)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_OWNER, "not_permitted")


class TestHandOver:
    async def test_the_source_and_the_folder_it_goes_to(
        self, site: Installation, tools: Tools, source: Path, given: list[Path]
    ) -> None:
        said = f"{site.bot_api}/<TOKEN>/videos/file_16.mp4"
        result = await restore_owner(order(source=said, modelo="victor", video="a.mp4"), site, tools)
        assert result.outcome is Outcome.DONE
        assert given == [source, site.models / "victor"]

    async def test_models_itself_is_the_helpers_to_make_where_it_is_gone(
        self, site: Installation, tools: Tools, source: Path, given: list[Path]
    ) -> None:
        shutil.rmtree(site.models)
        said = f"{site.bot_api}/<TOKEN>/videos/file_16.mp4"
        result = await restore_owner(order(source=said, modelo="victor", video="a.mp4"), site, tools)
        assert result.outcome is Outcome.DONE
        assert given == [site.models, source]

    async def test_what_the_helper_refuses_is_the_result(self, site: Installation, tools: Tools, source: Path) -> None:
        async def never(path: Path) -> TaskResult:
            return TaskResult("", Outcome.REFUSED, "owner_hard_link", "two names")

        result = await restore_owner(order(source=str(source)), site, replace(tools, give=never))
        assert (result.outcome, result.reason, result.order_id) == (Outcome.REFUSED, "owner_hard_link", "i1/1")

    async def test_nothing_outside_is_given_to_anybody(
        self, site: Installation, tools: Tools, given: list[Path]
    ) -> None:
        result = await restore_owner(order(source="/etc/shadow", modelo="../../etc"), site, tools)
        assert (result.outcome, result.reason) == (Outcome.REFUSED, "nothing_to_hand_over")
        assert given == []
