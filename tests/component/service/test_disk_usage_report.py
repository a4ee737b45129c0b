"""When space is short the service says what takes it; `space` and `check` give the commands."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import private_journald, wait_until
from trafico_monitor.cli.main import main

from .running import RunningService

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
NOBODY = pwd.getpwnam("nobody")
NOTE = {"incidente": "ABCDEF23", "timestamp": "2025-12-25T14:13:20+00:00", "original": "victor/b.mp4"}


@pytest.fixture
def home() -> Iterator[Path]:
    """An installation that others may enter, with something of everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="trafico-room-"))
    folder.chmod(0o755)
    models, videos = folder / "project" / "modelos", folder / "api" / TOKEN / "videos"
    for each in (models / "victor", models / "_cuarentena", videos, folder / "project" / "src", folder / "state"):
        each.mkdir(parents=True)
    (models / "victor" / "a.mp4").write_bytes(b"v" * 3_000_000)
    shutil.copy(models / "victor" / "a.mp4", videos / "file_1.mp4")
    (videos / "file_2.mp4").write_bytes(b"w" * 1_000_000)
    (models / "_cuarentena" / "victor__b.mp4.ABCDEF23").write_bytes(b"bad")
    (models / "_cuarentena" / "victor__b.mp4.ABCDEF23.json").write_text(json.dumps(NOTE))
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 2 * 86400,) * 2)
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def config(home: Path) -> Path:
    file = home / "config.toml"
    file.write_text(
        f'[project]\ndir = "{home}/project"\nowner = "nobody"\n[bot_api]\nhost_dir = "{home}/api"\n'
        f'url = "http://127.0.0.1:9"\n[paths]\nstate = "{home}/state"\nlogs = "{home}/state"\n'
        '[checks]\ndisk_warning = "900TB"\ndisk_critical = "1B"\n'
    )
    return file


def test_the_command_says_what_could_go_and_deletes_nothing(
    home: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(home.rglob("*"))
    assert main(["space", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert "3.0 MB: 1 archivos del servidor Bot API ya entregados" in shown
    assert "1 archivos corruptos en cuarentena dentro de plazo" in shown
    assert TOKEN not in shown
    assert main(["space", "--json", "--config", str(config)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {kind: one["files"] for kind, one in said["loose"].items()} == {"delivered": 1, "quarantine": 1}
    assert sorted(home.rglob("*")) == before


def test_the_offered_command_deletes_what_was_delivered_and_nothing_else(
    home: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["space", "--json", "--config", str(config)])
    fix = json.loads(capsys.readouterr().out)["loose"]["delivered"]["fix"]
    assert fix == "sudo trafico-monitor space --list delivered | sudo -u nobody xargs -0r rm --"
    listing = subprocess.run(
        [sys.executable, "-m", "trafico_monitor", "space", "--list", "delivered", "--config", str(config)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    videos = home / "api" / TOKEN / "videos"
    assert listing.stdout == os.fsencode(videos / "file_1.mp4") + b"\0"
    as_owner = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "xargs", "-0r", "rm", "--"]
    subprocess.run(as_owner, input=listing.stdout, check=True, timeout=60)
    assert [path.name for path in videos.iterdir()] == ["file_2.mp4"]
    assert (home / "project" / "modelos" / "victor" / "a.mp4").exists()


def test_check_says_it_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--json", "--config", str(config)])
    said = {one["code"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "modelos" in said["disk_used"]["text"]
    assert "--list" in said["disk_loose"]["fix"]


def test_the_running_service_tells_it_once_the_space_is_short(home: Path) -> None:
    with private_journald(f"room{os.getpid()}") as journald:
        checks = 'interval = 1\ndisk_warning = "900TB"\ndisk_critical = "1B"'
        with RunningService(home, journald.name, checks=checks) as service:
            wait_until(lambda: "💽" in service.log, "what takes the space", 60)
            line = next(one for one in service.log.splitlines() if "💽" in one)
            assert "modelos" in line and "ya entregados" in line
            assert TOKEN not in service.log
