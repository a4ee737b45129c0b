"""What setup sees of the processes and the .env: the project's user's, and nobody else's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.waiting_program import WAITS, running
from trafico_monitor.config import dotenv_file
from trafico_monitor.config.schema import Config, Project
from trafico_monitor.setup import acl, discover

from ..privileged.conftest import BOT, MONITOR, STRANGER, World, as_user


def by_hand(uid: int, project: Path) -> AbstractContextManager[int]:
    """main.py run by that user by hand."""
    argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--"]
    program = project / "main.py"
    program.write_text(WAITS)
    program.chmod(0o644)
    return running(*argv, "/usr/bin/python3", program.name, cwd=project)


def test_only_the_projects_user_can_keep_setup_from_starting_the_unit(world: World) -> None:
    with by_hand(BOT.pw_uid, world.project) as his, by_hand(STRANGER, world.project), by_hand(0, world.project):
        assert discover.loose(discover.processes(str(world.project), BOT.pw_uid), []) == (his,)
    assert discover.processes(str(world.project), BOT.pw_uid) == []


@pytest.mark.parametrize("whose", [0, STRANGER, MONITOR.pw_uid], ids=["root", "stranger", "monitor"])
def test_another_persons_env_that_was_moved_into_the_project_is_not_opened(world: World, whose: int) -> None:
    """Who owns the project's directory renames what lies in it, whoever owns that."""
    world.folder(world.project / "private", whose, 0o755)
    world.file(world.project / "private/.env", uid=whose, mode=0o600)
    (world.project / "private").rename(world.project / "src")
    env = world.project / "src/.env"
    with pytest.raises(acl.Stop) as stop:
        acl.grant("env", str(env), world.places)
    assert stop.value.code == "wrong_owner"
    assert acl.is_open("env", str(env), world.places)  # nothing is left that setup would do
    assert whose == MONITOR.pw_uid or not as_user(MONITOR.pw_uid, "cat", env)


def test_setup_and_check_do_not_read_it_either(world: World) -> None:
    config = Config(project=Project(dir=str(world.project), owner=BOT.pw_name))
    world.folder(world.project / "src")
    env = world.project / "src/.env"
    env.write_text("ADMIN_ID=42\n")
    for uid, mode, readable in (
        (BOT.pw_uid, 0o600, True),
        (0, 0o600, False),
        (0, 0o644, True),
        (STRANGER, 0o644, False),
    ):
        world.file(env, uid, mode)
        env.write_text("ADMIN_ID=42\n")
        names = discover._names(config)
        assert names == (frozenset({"ADMIN_ID"}) if readable else frozenset()), (uid, mode)
    other = replace(config, project=replace(config.project, owner=""))
    world.file(env, BOT.pw_uid, 0o600).write_text("ADMIN_ID=43\n")
    assert dotenv_file.read(other).values == {"telegram.admin_id": "43"}  # by the owner of the directory
