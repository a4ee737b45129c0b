"""The project's .env is its user's: what he writes is taken, and what he makes others read is not."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.config.loader import load
from trafico_monitor.config.schema import Config

BOT, STRANGER = 33, 9  # www-data, news
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
SECRETS = f"TELEGRAM_TOKEN={TOKEN}\nADMIN_ID=42\n"


@pytest.fixture
def project() -> Iterator[Path]:
    """The project's user's, in a home of his own."""
    if os.geteuid() != 0:
        pytest.skip("files of three users: only root can make them")
    with tempfile.TemporaryDirectory(prefix="trafico-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        for folder in ("home", "home/project", "home/project/src"):
            (Path(name) / folder).mkdir()
            os.chown(Path(name) / folder, BOT, BOT)
        (Path(name) / "vault").mkdir(mode=0o700)
        written(Path(name) / "vault/.env", SECRETS, STRANGER, 0o600)
        yield Path(name) / "home/project"


def written(path: Path, content: str, uid: int = BOT, mode: int = 0o640) -> Path:
    path.write_text(content)
    os.chown(path, uid, uid)
    path.chmod(mode)
    return path


def loaded(project: Path, environ: dict[str, str] | None = None) -> Config:
    main = project.parent.parent / "config.toml"
    main.write_text(f"[project]\ndir = '{project}'\n")
    return load(main, environ or {})


def test_the_users_own_is_read(project: Path) -> None:
    written(project / "src/.env", SECRETS, mode=0o600)
    config = loaded(project)
    assert (config.telegram.token, config.telegram.admin_id, config.missing) == (TOKEN, "42", ())


def test_a_variable_is_filled_from_the_file_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's `check` has passwords in its environment, and the user reads what is asked of his server."""
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    monkeypatch.setenv("PORT", "1")
    lines = 'HOST=127.0.0.1\nPORT=9\nTELEGRAM_BOT_API_LOCAL_URL="http://${HOST}:${PORT}/${DB_PASSWORD}${HOME:-x}"\n'
    written(project / "src/.env", lines)
    assert loaded(project, {"DB_PASSWORD": "hunter2"}).bot_api.url == "http://127.0.0.1:9/x"


def test_values_that_double_line_by_line_cost_nothing(project: Path) -> None:
    lines = "".join(f"A{n + 1}=${{A{n}}}${{A{n}}}\n" for n in range(60))
    written(project / "src/.env", f"A0=xxxxxxxx\n{lines}ADMIN_ID=42\nTELEGRAM_BOT_API_LOCAL_URL=${{A60}}\n")
    began = time.thread_time()
    assert loaded(project).telegram.admin_id == "42" and time.thread_time() - began < 5


@pytest.mark.parametrize("line", ["'" * 200, '"\\', "A=${", "=", "export ", "A='\\'\n", "\r", "\0", "A=${A${A${"])
def test_a_hostile_text_ends_soon(project: Path, line: str) -> None:
    written(project / "src/.env", f"ADMIN_ID=42\n{line * (400_000 // len(line))}")
    began = time.thread_time()
    loaded(project)
    assert time.thread_time() - began < 10


@pytest.mark.parametrize("trick", ["file", "folder", "project", "hard_link", "strangers", "his_folder", "roots"])
def test_another_persons_file_is_never_read(project: Path, trick: str) -> None:
    vault, env = project.parent.parent / "vault", project / "src/.env"
    match trick:
        case "file":
            env.symlink_to(vault / ".env")
        case "folder":
            (project / "src").rmdir()
            (project / "src").symlink_to(vault)
        case "project":
            (vault / "src").mkdir()
            written(vault / "src/.env", SECRETS, STRANGER, 0o600)
            os.chown(vault, STRANGER, STRANGER)
            (project / "src").rmdir()
            project.rmdir()
            project.symlink_to(vault)
        case "hard_link":  # as with fs.protected_hardlinks = 0
            env.hardlink_to(vault / ".env")
        case "strangers":
            written(env, SECRETS, STRANGER, 0o644)
        case "his_folder":  # renamed by the owner of the folder above
            os.chown(vault, STRANGER, STRANGER)
            (project / "src").rmdir()
            vault.rename(project / "src")
        case "roots":
            written(vault / ".env", SECRETS, 0, 0o644)  # open to all, in a folder that is open to none
            (project / "src").rmdir()
            vault.rename(project / "src")
    for path in (env, project / "src", project):
        if path.is_symlink():
            os.chown(path, BOT, BOT, follow_symlinks=False)
    config = loaded(project)
    assert (config.telegram.token, config.telegram.admin_id) == ("", "")
    assert config.missing == ("env_foreign",)


def test_roots_own_is_read_where_the_user_can_read_it_too(project: Path) -> None:
    env = written(project / "src/.env", SECRETS, 0, 0o600)
    assert loaded(project).missing == ("env_foreign",)
    env.chmod(0o644)
    assert loaded(project).telegram.token == TOKEN
    for folder in (project / "src", project):
        os.chown(folder, 0, 0)
    assert loaded(project).telegram.token == TOKEN
    for folder in (project.parent, project / "src"):  # nobody but root has ever been here
        os.chown(folder, 0, 0)
    env.chmod(0o600)
    assert loaded(project).telegram.token == TOKEN


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "huge"])
def test_what_is_no_file_of_a_few_lines_neither_hangs_nor_fills_the_memory(project: Path, kind: str) -> None:
    env = project / "src/.env"
    match kind:
        case "fifo":
            os.mkfifo(env)
        case "device":
            os.mknod(env, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        case "folder":
            env.mkdir()
        case "huge":
            written(env, SECRETS)
            os.truncate(env, 2**40)
    os.chown(env, BOT, BOT)
    config = loaded(project)
    assert config.missing == (() if kind == "huge" else ("env_unreadable",))
