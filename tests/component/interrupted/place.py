"""A small machine to be interrupted on: real files, an unprivileged monitor, the real root helper.

The monitor runs with the effective user MONITOR, as its service does; the stand-in for sudo is a program
of its own that takes root back (the real user stays root), and can be told to be slow or to fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.component.repair.conftest import film
from trafico_monitor.model.installation import QUARANTINE, RESCUED, Installation

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
API = 101
BOT, MONITOR = pwd.getpwnam("www-data"), pwd.getpwnam("games")
REPOSITORY = Path(__file__).resolve().parents[3]
MODELO, VIDEO = "nueva", "20251226_101500_a1b2c3.mp4"
_SUDO = """#!/usr/bin/python3 -I
import json, os, sys, time
os.seteuid(0), os.setegid(0)
told = "{home}/told.json"
with open(told) as file:
    tell = json.load(file)
time.sleep(tell.get("delay", 0))
word = tell["words"].pop(0) if tell.get("words") else ""
tell["calls"] = tell.get("calls", 0) + 1
with open(told, "w") as file:
    json.dump(tell, file)
if word:
    code, line = word
    print(line, file=sys.stderr)
    sys.exit(code)
sys.path.insert(0, "{repository}")
from trafico_monitor.privileged import chown
places = chown.Places(config="{home}/etc", granted="{home}/granted", docker="{home}/none", journal="{home}/none",
                      systemctl="/bin/false", monitor="{monitor}")
sys.exit(chown.run([os.fsencode(each) for each in sys.argv[1:]], places, through_sudo=False))
"""


@dataclass(frozen=True, slots=True)
class Place:
    home: Path
    video: bytes

    @property
    def models(self) -> Path:
        return self.home / "project" / "modelos"

    @property
    def source(self) -> Path:
        return self.home / "api" / TOKEN / "videos" / "file_16.mp4"

    @property
    def destination(self) -> Path:
        return self.models / MODELO / VIDEO

    @property
    def site(self) -> Installation:
        return Installation(
            models=self.models,
            bot_api=self.home / "api",
            uid=BOT.pw_uid,
            gid=BOT.pw_gid,
            token=TOKEN,
            chown_command=(str(self.home / "sudo"),),
            project=self.home / "project",
            min_age=0.0,  # what the stories put in place lies still at once
        )

    def tell_helper(self, *words: tuple[int, str], delay: float = 0) -> None:
        """Its next calls end with these exit statuses and lines; each waits `delay` seconds first."""
        (self.home / "told.json").write_text(json.dumps({"words": words, "delay": delay}))

    @property
    def calls(self) -> int:
        return int(json.loads((self.home / "told.json").read_text()).get("calls", 0))

    def put(self, path: Path, content: bytes, owner: int = BOT.pw_uid, mode: int = 0o644) -> None:
        """A file as the bot (or the server, or the monitor) leaves it."""
        path.parent.mkdir(exist_ok=True)
        if path.parent.stat().st_uid == 0:
            os.chown(path.parent, BOT.pw_uid, BOT.pw_gid)
        path.write_bytes(content)
        os.chown(path, owner, owner)
        path.chmod(mode)

    def fresh(self) -> None:
        """Everything as it is before the failure, but for what a story puts there itself."""
        for each in (self.models, self.home / "api", self.home / "state"):
            shutil.rmtree(each, ignore_errors=True)
        self.tell_helper()
        (self.home / "state").mkdir()
        os.chown(self.home / "state", MONITOR.pw_uid, MONITOR.pw_gid)
        (self.home / "state").chmod(0o750)
        self.models.mkdir()
        os.chown(self.models, BOT.pw_uid, BOT.pw_gid)
        self.source.parent.mkdir(parents=True)
        for folder in (self.home / "api", self.source.parents[1], self.source.parent):
            os.chown(folder, API, API)
        self.put(self.source, self.video, API)
        for root in (self.models, self.home / "api"):  # as at the start of the service
            subprocess.run([str(self.home / "sudo"), str(root)], check=True, timeout=30, capture_output=True)
        self.tell_helper()

    def whole(self, path: Path) -> bool:
        return path.is_file() and path.read_bytes() == self.video

    def faults(self, folder: Path) -> list[str]:
        """What is not as it must be between models and `folder`, and of the files in it."""
        found = []
        for each in (folder, *folder.parents):
            if each == self.models:
                break
            if each.stat().st_uid != BOT.pw_uid or each.stat().st_mode & 0o700 != 0o700:
                found.append(f"{each}: {each.stat().st_uid} {each.stat().st_mode:o}")
        return found + [
            f"{each}: {each.stat().st_uid}" for each in folder.iterdir() if each.stat().st_uid != BOT.pw_uid
        ]

    def left_over(self) -> list[str]:
        return [str(path) for path in self.models.rglob(".trafico-*")]

    def copies(self) -> list[Path]:
        """Where the video lies below models."""
        return [path for path in self.models.rglob("*.mp4*") if path.suffix != ".json" and self.whole(path)]

    @property
    def rescued(self) -> Path:
        return self.models / RESCUED / self.source.name

    @property
    def aside(self) -> list[Path]:
        folder = self.models / QUARANTINE
        return [path for path in folder.glob("*") if path.suffix != ".json"] if folder.is_dir() else []


@contextlib.contextmanager
def made() -> Iterator[Place]:
    """The machine, in a directory that every user can pass through."""
    with tempfile.TemporaryDirectory(prefix="trafico-interrupted-") as name:
        home = Path(name)
        home.chmod(0o755)
        (home / "project").mkdir()
        os.chown(home / "project", BOT.pw_uid, BOT.pw_gid)
        (home / "etc").mkdir()
        (home / "granted").mkdir(mode=0o700)
        (home / "etc" / "config.toml").write_text(
            f'[project]\ndir = "{home}/project"\nowner = "{BOT.pw_name}"\n[bot_api]\nhost_dir = "{home}/api"\n'
        )
        sudo = home / "sudo"
        sudo.write_text(_SUDO.format(home=home, repository=REPOSITORY, monitor=MONITOR.pw_name))
        sudo.chmod(0o755)
        content = film(home / "video.mp4", 1, "-movflags", "+faststart").read_bytes()
        yield Place(home, content)


@contextlib.contextmanager
def as_monitor() -> Iterator[None]:
    """Unprivileged, as the service is; only what it starts as a program can become root again."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(MONITOR.pw_gid)
    os.seteuid(MONITOR.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
