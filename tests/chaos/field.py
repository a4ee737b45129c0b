"""Where chaos is let loose: a booted Debian, the installed monitor, a loud bot, two stand-in servers.

No container here: the Bot API server is a unit, so that hundreds of kills take minutes. What Docker
does is tried in tests/system and in test_servers.py.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..standin import media
from ..standin.control import Control
from ..standin.project import lay_out
from ..system.machine import REPOSITORY, Machine
from ..system.world import ADMIN, ALERT_TOKEN, BOT_API, LOGS, PROJECT, STATE, TOKEN, free_ports, install
from .bot_central import MIXED, MODELOS, READY, modelo_of, video_name

Json = dict[str, Any]
SOURCES = f"{BOT_API}/{TOKEN}/videos"
JSON = f"{LOGS}/descarga_errors.json"


@dataclass
class Field:
    """`originals` are the checksums of the videos by their number."""

    machine: Machine
    local: Control
    telegram: Control
    seed: bytes
    servers: tuple[str, ...]
    originals: dict[int, str] = field(default_factory=dict)

    def videos(self, first: int, count: int) -> None:
        """Lay `count` different whole videos where the bot's lines say that they lie."""
        folder = self.machine.path(SOURCES)
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            # A box of type `free` is what every player skips: another content, as whole as before.
            mark = f"{number:08}".encode()
            content = self.seed + (8 + len(mark)).to_bytes(4, "big") + b"free" + mark
            (folder / f"file_{number}.mp4").write_bytes(content)
            self.originals[number] = hashlib.sha256(content).hexdigest()
        self.machine.sh(f"chown -R 101:101 {BOT_API} && chmod -R u=rwX,go=rX {BOT_API}")

    def speak(self, lines: int, failures: int, pace: float, first: int, kind: str = MIXED) -> None:
        """Let the bot say `lines` lines, `pace` a second, with `failures` from video `first` on."""
        self.machine.path("/etc/loud-bot.env").write_text(f"LOUD={lines} {failures} {pace} {first} {kind}\n")
        self.machine.sh("systemctl restart trafico-main")

    def has_spoken(self) -> bool:
        """The bot's present process has said all that it had to say."""
        said = "journalctl -q -o cat _PID=$(systemctl show -p MainPID --value trafico-main) -n 1"
        return self.machine.sh(said, check=False) == READY

    def incidents(self) -> list[Json]:
        """Every incident, as the command line tells it."""
        said = self.machine.run("trafico-monitor", "incidents", "--json", "--limit", "100000", seconds=60, check=False)
        return [json.loads(line) for line in said.output.splitlines()] if said.code == 0 else []

    def settled(self, first: int, count: int) -> bool:
        """All of these videos have an incident, and none is open."""
        names = {video_name(n) for n in range(first, first + count)}
        of_them = [i for i in self.incidents() if i["video"] in names]
        return len(of_them) >= count and all(i["estado"] in ("solucionado", "fallido") for i in of_them)

    def records(self) -> list[Json]:
        """descarga_errors.json, which must be a valid array at every moment."""
        content: list[Json] = json.loads(self.seen(JSON).read_text(encoding="utf-8"))
        return content

    def seen(self, inside: str) -> Path:
        """A file as the machine sees it, with what is mounted there."""
        return Path(f"/proc/{self.machine.leader}/root{inside}")

    def main_pid(self) -> str:
        """The monitor's process by the machine's own numbers; "0" when there is none."""
        return self.machine.sh("systemctl show -p MainPID --value trafico-monitor")

    def story(self, first: int, count: int) -> dict[str, int]:
        """What became of these videos, as counts that are all zero when nothing went wrong."""
        numbers = range(first, first + count)
        names = [video_name(n) for n in numbers]
        opened = Counter(i["video"] for i in self.incidents())
        ended = Counter(r["video"] for r in self.records() if r["estado"] == "solucionado")
        begun = Counter(r["incidente"] for r in self.records() if r["estado"] == "detectado")
        return {
            "lost": sum(opened[name] == 0 for name in names),
            "doubled": sum(opened[name] > 1 for name in names),
            "not_repaired": self.digests_missing(first, count),
            "solved_without_the_file": sum(ended[video_name(n)] > 0 and not self._place(n).exists() for n in numbers),
            "told_twice": sum(number > 1 for name, number in ended.items() if name in names)
            + sum(number > 1 for number in begun.values()),
        }

    def digests_missing(self, first: int, count: int) -> int:
        """How many of these videos are not at their place, byte for byte."""
        return sum(self._digest(n) != self.originals[n] for n in range(first, first + count))

    def arrived(self, first: int, count: int) -> bool:
        """All of these videos are at their place, whatever they are."""
        return all(self._place(n).exists() for n in range(first, first + count))

    def reboot(self) -> None:
        """The same disk, another boot: the servers are started again by hand."""
        self.machine.reboot()
        for start in self.servers:
            self.machine.sh(start)
        self.local.wait_ready(30)
        self.telegram.wait_ready(30)
        self.telegram.chat(ADMIN)

    def integrity(self) -> str:
        """SQLite's own judgement of the database."""
        script = f"import sqlite3; print(*sqlite3.connect('{STATE}/monitor.db').execute('PRAGMA integrity_check'))"
        return self.machine.run("python3", "-c", script, seconds=60).output.strip()

    def _place(self, number: int) -> Path:
        return self.machine.path(f"{PROJECT}/modelos/{modelo_of(number)}/{video_name(number)}")

    def _digest(self, number: int) -> str:
        place = self._place(number)
        return hashlib.sha256(place.read_bytes()).hexdigest() if place.exists() else ""


def build(machine: Machine, package: Path) -> Field:
    """Install the package and put the loud bot and the servers around it."""
    local, control, telegram, web = free_ports(4)
    machine.sh("useradd --create-home --uid 1000 --shell /bin/bash victor && chmod 700 /home/victor")
    lay_out(
        machine.path(PROJECT), token=TOKEN, admin_id=str(ADMIN), url=f"http://127.0.0.1:{local}", models=MODELOS
    )  # fmt: skip
    machine.path("/opt/loud").mkdir()
    for name in ("bot_central.py", "days.py", "poster_prd.py"):
        shutil.copy(Path(__file__).with_name(name), machine.path(f"/opt/loud/{name}"))
    machine.sh(f"chown -R victor:victor /home/victor && install -d -o 101 -g 101 -m 755 {BOT_API}")
    ignored = shutil.ignore_patterns("__pycache__", "project")
    shutil.copytree(REPOSITORY / "tests" / "standin", machine.path("/opt/standin/tests/standin"), ignore=ignored)
    servers = (
        _server("local", local, f"--control {control}", BOT_API),
        _server("telegram", telegram, "--control same", "/var/lib/stand-in-telegram"),
    )
    for start in servers:
        machine.sh(start)
    _units(machine)
    _configuration(machine, local, telegram, web)
    install(machine, package)
    machine.sh(f"setfacl -m u:trafico-monitor:r {PROJECT}/src/.env; systemctl restart trafico-monitor", seconds=40)
    seed = media.video(REPOSITORY / ".cache" / "media", seed=7, seconds=1).read_bytes()
    hands = Control(f"http://127.0.0.1:{control}"), Control(f"http://127.0.0.1:{telegram}", timeout=30)
    made = Field(machine, *hands, seed, servers)
    made.local.wait_ready(30)
    made.telegram.wait_ready(30)
    made.telegram.chat(ADMIN)
    return made


def _server(name: str, port: int, control: str, folder: str) -> str:
    return (
        f"systemd-run --quiet --unit=stand-in-{name} /usr/bin/python3 /opt/standin/tests/standin/bot_api.py"
        f" --port {port} {control} --directory {folder}"
    )


def _units(machine: Machine) -> None:
    machine.path("/etc/systemd/system/trafico-main.service").write_text(
        "[Unit]\nDescription=a loud bot\nStartLimitIntervalSec=0\n[Service]\nUser=victor\n"
        f"WorkingDirectory={PROJECT}\nEnvironmentFile=/etc/loud-bot.env\nLogRateLimitIntervalSec=1\nLogRateLimitBurst=10000000\n"
        "ExecStart=/usr/bin/python3 -u /opt/loud/bot_central.py $LOUD\n"
    )
    drop_in = machine.path("/etc/systemd/system/trafico-monitor.service.d")
    drop_in.mkdir(parents=True, exist_ok=True)
    (drop_in / "quick.conf").write_text("[Service]\nRestartSec=100ms\n")
    machine.sh("systemctl daemon-reload")


def _configuration(machine: Machine, local: int, telegram: int, web: int) -> None:
    folder = machine.path("/etc/trafico-monitor/conf.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "50-chaos.toml").write_text(
        f'[project]\ndir = "{PROJECT}"\n[quarantine]\nmin_age = 0\n[checks]\ninterval = 3\nserver_interval = 2\n'
        'disk_warning = "4MB"\ndisk_critical = "3MB"\n[retry]\nbackoff = [0.1, 0.5, 1]\nlate = []\n'
        f'[bot_api]\nurl = "http://127.0.0.1:{local}"\ncontainer = ""\nhost_dir = "{BOT_API}"\n'
        f'[telegram]\nalert_token = "{ALERT_TOKEN}"\napi_url = "http://127.0.0.1:{telegram}"\n'
        f'[web]\nlisten = "127.0.0.1:{web}"\n'  # loopback is the host's: another machine may run
    )


@contextmanager
def counted_arrivals(machine: Machine) -> Iterator[Counter[str]]:
    """How often a file of each name arrived at its place in modelos/, as the kernel saw it: a video
    that is put there twice was repaired twice. Filled in when the block ends."""
    seen: Counter[str] = Counter()
    folder = machine.path(f"{PROJECT}/modelos")
    command = ["inotifywait", "--quiet", "--monitor", "--recursive", "--event", "moved_to", "--format", "%f"]
    log = machine.work / "arrivals"
    with log.open("w") as out:
        watcher = subprocess.Popen([*command, str(folder)], stdout=out, stderr=subprocess.DEVNULL)
        try:
            yield seen
        finally:
            watcher.terminate()
            watcher.wait(10)
    seen.update(name for name in log.read_text().splitlines() if name.endswith(".mp4"))
