"""Real processes that run, or seem to run, the bot's programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.journal_fixtures import cgroup_of
from tests.waiting_program import WAITS, running
from trafico_monitor.health.processes import container_of, find_bot_processes

PROGRAMS = ("main.py", "bot_central.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "100trafico"
    (project / "src").mkdir(parents=True)
    for name in ("main.py", "src/bot_central.py", "src/other.py"):
        (project / name).write_text(WAITS)
    return project


@pytest.mark.parametrize(
    ("argv", "below", "program"),
    [
        (("main.py",), "", "main.py"),
        (("./main.py", "--verbose"), "", "main.py"),
        (("-u", "-W", "ignore", "-X", "dev", "../main.py"), "src", "main.py"),
        (("-uWonce", "-Xtracemalloc", "main.py"), "", "main.py"),
        (("src/bot_central.py",), "", "src/bot_central.py"),
        (("{project}/src/bot_central.py",), "..", "src/bot_central.py"),
    ],
)
def test_a_program_is_known_however_it_was_started(
    project: Path, argv: tuple[str, ...], below: str, program: str
) -> None:
    command = [sys.executable, *(word.format(project=project) for word in argv)]
    with running(*command, cwd=project / below) as pid:
        (found,) = find_bot_processes(str(project), PROGRAMS, {0})
        assert (found.pid, found.uid, found.program) == (pid, 0, program)
        assert abs(found.began - psutil.Process(pid).create_time()) < 0.1 and found.control_groups
        assert find_bot_processes(str(project), PROGRAMS, {65534}) == [], "another user's"
        assert find_bot_processes(str(project.parent / "elsewhere"), PROGRAMS, {0}) == []
    assert find_bot_processes(str(project), PROGRAMS, {0}) == [], "it has ended"


def test_what_only_names_a_program_does_not_run_it(project: Path) -> None:
    quoting = f"print('here', flush=True); import time; time.sleep(60) # {project}/main.py"
    with (
        running("sh", "-c", "echo here; sleep 60 & wait", "main.py", cwd=project),
        running(sys.executable, "-c", quoting, "main.py", cwd=project),
        running(sys.executable, "src/other.py", "main.py", cwd=project),
    ):
        assert find_bot_processes(str(project), PROGRAMS, {0}) == []


def test_a_process_of_another_user_exists_also_where_proc_hides_it() -> None:
    """As in the service: another user, and a /proc that shows its own processes alone."""
    program = (
        "import os; from trafico_monitor.health.processes import exists\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(os.path.exists('/proc/1'), exists(1), exists(os.getpid()), exists(0), exists(-1), exists(2**22 + 1))"
    )
    hidden = f'mount -t proc -o hidepid=invisible proc /proc && {sys.executable} -c "$0"; exit $?'
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", hidden, program],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("False True True False False False\n", "")


def test_a_process_knows_its_unit(project: Path) -> None:
    with running(sys.executable, "main.py", cwd=project) as pid:
        unit = "trafico-found.service"
        group = cgroup_of(unit)
        group.mkdir(parents=True, exist_ok=True)
        (process,) = find_bot_processes(str(project), PROGRAMS, {0})
        assert not process.in_unit(unit)
        (group / "cgroup.procs").write_text(str(pid))
        (process,) = find_bot_processes(str(project), PROGRAMS, {0})
        assert process.in_unit(unit) and not process.in_unit("trafico-foun.service")
    group.rmdir()


CONTAINER = "ca4521981f7f"
GROUPS = (f"docker-{CONTAINER}{'0' * 52}.scope", f"libpod-{CONTAINER}{'0' * 52}.scope")


@pytest.mark.parametrize("group", GROUPS)
def test_a_container_that_runs_the_project_is_known_mounted_or_copied(
    project: Path, tmp_path: Path, group: str
) -> None:
    (project / "main.py").write_text(f"# of this project\n{WAITS}")
    copied, strange = tmp_path / "app", tmp_path / "other"
    for folder, text in ((copied, (project / "main.py").read_text()), (strange, WAITS)):
        folder.mkdir()
        (folder / "main.py").write_text(text)
    place = cgroup_of(group)
    for folder, known in ((project, CONTAINER), (copied, CONTAINER), (strange, "")):
        with running(sys.executable, "main.py", cwd=folder) as pid:
            assert container_of(str(project), {"main.py"}) == "", "no container yet"
            place.mkdir(parents=True, exist_ok=True)
            (place / "cgroup.procs").write_text(str(pid))
            assert container_of(str(project), {"main.py"}) == known
    place.rmdir()
