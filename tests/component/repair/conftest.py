"""A watched installation on a real disk: models, Bot API directory, real videos, real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult
from trafico_monitor.repair.ports import Tools
from trafico_monitor.verification.media import check_media
from trafico_monitor.verification.verify import judge

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
INCIDENT = "i1"
BOT = 65534 if os.geteuid() == 0 else os.geteuid()  # the bot's user


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A directory that another user can enter too (pytest's own are 0700)."""
    directory = Path(tempfile.mkdtemp(prefix="trafico-action-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def film(path: Path, seconds: int, *more: str) -> Path:
    picture = f"testsrc=size=160x120:rate=10:duration={seconds}"
    argv = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", *more, str(path)]
    subprocess.run(argv, check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def video(ground: Path) -> Path:
    """A whole mp4 with its index in front: cut, it still looks whole to most tools."""
    return film(ground / "whole.mp4", 4, "-movflags", "+faststart")


@pytest.fixture(scope="session")
def another(ground: Path) -> Path:
    return film(ground / "another.mp4", 2)


@pytest.fixture
def site(ground: Path) -> Iterator[Installation]:
    home = Path(tempfile.mkdtemp(dir=ground))
    home.chmod(0o755)
    project = home / "100trafico"
    models, bot_api = project / "modelos", home / ".telegram-bot-api"
    for folder in (models / "victor", bot_api / TOKEN / "videos"):
        folder.mkdir(parents=True)
    for folder in (project, models, models / "victor"):
        os.chown(folder, BOT, -1)
    yield Installation(
        models=models, bot_api=bot_api, uid=BOT, gid=os.getegid(), token=TOKEN, project=project, min_age=0
    )
    shutil.rmtree(home)


@pytest.fixture
def source(site: Installation, video: Path) -> Path:
    """The video as the Bot API server has it."""
    assert site.bot_api is not None
    return Path(shutil.copy(video, site.bot_api / TOKEN / "videos" / "file_16.mp4"))


@pytest.fixture
def given() -> list[Path]:
    return []


@pytest.fixture
def tools(given: list[Path]) -> Tools:
    async def give(path: Path) -> TaskResult:
        given.append(path)
        return TaskResult("", Outcome.DONE)

    return Tools(is_good=judge, give=give, examine=check_media, now=lambda: 1_766_672_000.0, patience=20)


def order(kind: TaskKind = TaskKind.RETRY_DOWNLOAD, **known: object) -> RepairTask:
    download = replace(Download(), **known)  # type: ignore[arg-type]
    return RepairTask(f"{INCIDENT}/1", INCIDENT, kind, ErrorType.TIMEOUT, 0.0, download=download)


def snapshot(*roots: Path) -> dict[str, bytes | str]:
    """Every name below `roots` with its content (links by their target)."""
    found: dict[str, bytes | str] = {}
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_symlink():
                found[str(path)] = f"-> {path.readlink()}"
            else:
                found[str(path)] = path.read_bytes() if path.is_file() else "folder"
    return found


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Root is refused nothing: what is about permissions runs as somebody else."""

    @contextmanager
    def being() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return being
