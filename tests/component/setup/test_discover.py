"""What setup finds above the places that it would open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.component.privileged.conftest import BOT, MONITOR, STRANGER, World
from trafico_monitor.setup import discover
from trafico_monitor.setup.model import BotUser, Facts


@pytest.fixture
def facts(world: World, monkeypatch: pytest.MonkeyPatch) -> Facts:
    monkeypatch.setattr(discover, "SERVICE_USER", MONITOR.pw_name)
    world.folder(world.project / "src")
    user = BotUser(BOT.pw_name, BOT.pw_uid, BOT.pw_gid, BOT.pw_dir)
    return Facts(
        str(world.project), user, "/usr/bin/python3", True, models=str(world.models), bot_api=str(world.bot_api),
        env=str(world.project / "src/.env"),
    )  # fmt: skip


def test_nothing_stands_in_an_open_way(facts: Facts) -> None:
    assert discover._ways(facts) == ((), {})


def test_the_bots_own_closed_folders_are_named_once_each(world: World, facts: Facts) -> None:
    world.project.chmod(0o700)
    (world.project / "src").chmod(0o700)
    assert discover._ways(facts) == ((str(world.project), str(world.project / "src")), {})


@pytest.mark.parametrize(("uid", "owner"), [(0, "root"), (STRANGER, "news"), (61003, "?")])
def test_somebody_elses_closed_folder_is_told_with_its_owner(world: World, facts: Facts, uid: int, owner: str) -> None:
    closed = world.folder(world.base / "volumes", uid, 0o700)
    world.bot_api.rename(closed / "_data")
    there = replace(facts, bot_api=str(closed / "_data"))
    assert discover._ways(there) == ((), {"bot_api": (str(closed), owner)})


def test_a_models_folder_that_is_still_to_be_made(world: World, facts: Facts) -> None:
    assert discover._ways(replace(facts, models=str(world.project / "nada/modelos"))) == ((), {})
