"""A project that somebody else could exchange is refused, with what to do instead."""

from __future__ import annotations

import grp
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.component.privileged.conftest import BOT, STRANGER
from trafico_monitor.setup.path_safety import Refused, judge, python_of, shared

Make = Callable[[str], Path]


@pytest.fixture
def make(place: Path) -> Make:
    def made(name: str) -> Path:
        folder = place / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text("print()\n")
        for path in (folder, folder / "main.py"):
            os.chown(path, BOT.pw_uid, BOT.pw_gid)
        return folder

    return made


def test_the_folders_owner_is_the_bots_user(make: Make) -> None:
    project = make("bot-de-tráfico")
    assert judge(str(project), "", "es") == (str(project), judge(str(project), BOT.pw_name, "es")[1])
    assert judge(str(project), "", "es")[1].name == BOT.pw_name


@pytest.mark.parametrize("name", ["two words", "new\nline", "tab\t", "a'b", 'a"b', "a%b", "a$b", "a\\b", "a;b"])
def test_a_name_that_systemd_or_a_shell_would_misread(make: Make, name: str) -> None:
    with pytest.raises(Refused) as refused:
        judge(str(make(name)), "", "es")
    assert "caracteres" in str(refused.value)
    assert all(line.isprintable() for line in str(refused.value).splitlines())


def test_a_link_on_the_way_names_the_real_path(make: Make, place: Path) -> None:
    project = make("real")
    (place / "link").symlink_to(project)
    with pytest.raises(Refused, match=str(project)):
        judge(str(place / "link"), "", "es")


def test_somebody_elses_folder_or_program(make: Make) -> None:
    project = make("bot")
    os.chown(project / "main.py", STRANGER, STRANGER)
    with pytest.raises(Refused, match="news"):
        judge(str(project), "", "es")
    os.chown(project / "main.py", BOT.pw_uid, BOT.pw_gid)
    with pytest.raises(Refused, match="--user"):
        judge(str(project), "games", "es")


def test_a_folder_above_that_anybody_may_write(make: Make, place: Path) -> None:
    project = make("open/bot")
    (place / "open").chmod(0o777)
    with pytest.raises(Refused, match="chmod o-w"):
        judge(str(project), "", "es")
    (place / "open").chmod(0o1777)
    judge(str(project), "", "es")


@pytest.mark.parametrize("user", ["", "root"])
def test_never_as_root(make: Make, user: str) -> None:
    project = make("bot")
    for path in (project, project / "main.py"):
        os.chown(path, 0, 0)
    with pytest.raises(Refused, match="root"):
        judge(str(project), user, "es")


def test_what_is_not_there(make: Make, place: Path) -> None:
    project = make("bot")
    (project / "main.py").unlink()
    for given, user in ((place / "nothing", ""), (project, ""), (project, "nobody-of-that-name")):
        with pytest.raises(Refused):
            judge(str(given), user, "en")


def test_main_py_must_be_a_file(make: Make) -> None:
    project = make("bot")
    (project / "main.py").unlink()
    (project / "main.py").mkdir()
    os.chown(project / "main.py", BOT.pw_uid, BOT.pw_gid)
    with pytest.raises(Refused, match="no hay un main"):
        judge(str(project), "", "es")


def test_the_nearest_virtual_environment_comes_first(make: Make, place: Path) -> None:
    project = make("bot")
    for venv in (project / "venv", place / ".venv"):
        (venv / "bin").mkdir(parents=True)
        (venv / "bin/python").symlink_to("/usr/bin/python3")
        (venv / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert python_of(str(project)) == [
        str(project / "venv/bin/python"), str(place / ".venv/bin/python"), "/usr/bin/python3",
    ]  # fmt: skip


def test_a_group_of_others_that_may_write_above_the_project_is_said(make: Make, place: Path) -> None:
    """They could exchange the project under the unit that root installs."""
    project = make("shared/bot")
    _, account = judge(str(project), "", "es")
    assert shared(str(project), account, "es") == ()
    (place / "shared").chmod(0o775)
    assert shared(str(project), account, "es") == ()  # root's own group
    os.chown(place / "shared", 0, STRANGER)
    news = grp.getgrgid(STRANGER).gr_name
    assert shared(str(project), account, "es") == ((str(place / "shared"), news),)
    os.chown(place / "shared", 0, BOT.pw_gid)  # the user alone in a group of that name, as Debian makes them
    assert shared(str(project), account, "es") == ()
    project.chmod(0o775)
    os.chown(project, BOT.pw_uid, STRANGER)
    assert shared(str(project), account, "es") == ((str(project), news),)
    project.chmod(0o755)
    subprocess.run(["setfacl", "-m", f"u:{STRANGER}:rwx", project], check=True, timeout=10)
    assert [path for path, _ in shared(str(project), account, "es")] == [str(project)]
