"""The user's world on a booted machine: project, bot as a unit, Bot API server in a container, Telegram."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..standin import media
from ..standin.control import Control
from ..standin.project import lay_out, user_id_of
from .machine import REPOSITORY, Machine

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT_TOKEN = "9876543210:AAExampleAlertExampleAlertExampleAl"
ADMIN = 4242
PROJECT = "/home/victor/100-trafico/100trafico"
BOT_API = "/home/victor/.telegram-bot-api"
# Those of test_matrix: one for each cell of permisos.
CELLS = tuple(f"{telling}{n}" for telling in ("texto", "campos") for n in range(1, 7))
MODELS = ("victor", "yic", "luna", "nadia", "sol", "mar", "full", "sombra", "bruma", *CELLS)
STATE = "/var/lib/trafico-monitor"
LOGS = "/var/log/trafico-monitor"

LIBRARIES = "/usr/lib/trafico-monitor/vendor"  # holds what the stand-in bot imports
INSTRUMENTED = {
    "PYTHONPATH": f"/usr/lib/trafico-monitor/instrument:{LIBRARIES}",
    "TRAFICO_MODELS_DIR": f"{PROJECT}/modelos",
}

Json = dict[str, Any]


@dataclass
class World:
    """`local` is the hand on the server in the container, `telegram` on the one for alerts."""

    machine: Machine
    local_port: int
    local: Control
    telegram: Control
    media: Path
    sent: int = 0

    def video(self, modelo: str, *, seconds: int = 1, **more: Any) -> Path:
        """A user of `modelo` sends a video that has not been sent before; the original's path."""
        self.sent += 1
        original = media.video(self.media, seed=self.sent, seconds=seconds)
        self.local.file(self.file_id, original, upload=True, **{"number": 100 + self.sent, **more})
        self.local.video(self.file_id, user_id_of(self.machine.path(PROJECT), modelo), token=TOKEN)
        return original

    @property
    def file_id(self) -> str:
        """Of the video that was sent last."""
        return f"BAACAgFILE{self.sent:04}"

    @property
    def source(self) -> str:
        """Where the server puts the video that was sent last, as the machine sees it."""
        return f"{BOT_API}/{TOKEN}/videos/file_{100 + self.sent}.mp4"

    def bot(self, *, exact: bool = False, **switches: str) -> None:
        """Start the bot anew with these switches and wait until it polls; `exact`: instrumented."""
        environment = {**switches, **(INSTRUMENTED if exact else {})}
        lines = "".join(f"{name}={value}\n" for name, value in environment.items())
        self.machine.path("/etc/trafico-bot.env").write_text(lines)
        self.machine.sh("systemctl stop trafico-main.service")
        before = len(self.local.calls("getUpdates"))
        self.machine.sh("systemctl start trafico-main.service")
        self.machine.wait_for("the bot polls", lambda: len(self.local.calls("getUpdates")) > before, 20)

    def wait_asked(self) -> None:
        """Wait until the bot has asked for the video that was sent last: its modelo's folder is made before."""
        self.machine.wait_for(
            "getFile", lambda: any(c["params"].get("file_id") == self.file_id for c in self.local.calls("getFile"))
        )

    def incidents(self) -> list[Json]:
        """What `trafico-monitor incidents --json` says, newest first."""
        said = self.machine.run("trafico-monitor", "incidents", "--json", check=False)
        # Not splitlines: a hostile name may hold what Unicode calls a line separator.
        return [json.loads(line) for line in said.output.split("\n") if line] if said.code == 0 else []

    def incident(self, modelo: str, error_type: str, estado: str, seconds: float = 40) -> Json:
        """Wait for the incident of that modelo to reach `estado`, and return it."""

        def look() -> Json | None:
            of_it = [i for i in self.incidents() if (i["error_type"], i["modelo"]) == (error_type, modelo)]
            if of_it and of_it[0]["estado"] == "fallido" != estado:
                raise AssertionError(f"{of_it[0]['id']} failed: {of_it[0]['reason']}\n{self.machine.story()}")
            return next((i for i in of_it if i["estado"] == estado), None)

        found = self.machine.wait_for(f"{error_type} of {modelo} is {estado}", look, seconds)
        assert isinstance(found, dict)
        return found

    def all_records(self) -> list[Json]:
        """descarga_errors.json, which must be valid at every moment."""
        file = self.machine.path(f"{LOGS}/descarga_errors.json")
        found: list[Json] = json.loads(file.read_text()) if file.exists() else []
        return found

    def records(self, incident: str) -> list[Json]:
        """The incident's objects in it."""
        return [each for each in self.all_records() if each["incidente"] == incident]

    def journal(self, incident: str) -> list[Json]:
        """The monitor's own structured journal entries about an incident."""
        said = self.machine.run(
            "journalctl", "-q", "-o", "json", "-u", "trafico-monitor", f"TRAFICO_INCIDENTE={incident}"
        )
        return [json.loads(line) for line in said.output.split("\n") if line]

    def messages(self, incident: str) -> list[Json]:
        """What Telegram received about an incident, oldest first."""
        return [m for m in self.telegram.messages(ADMIN) if incident in str(m["text"])]


def build(machine: Machine, package: Path, workshop: Path) -> World:
    """Install the package as a user would, and put the user's world around it."""
    ports = free_ports(4)
    _users_and_project(machine, ports[0])
    world = surround(machine, package, workshop, ports)
    _bot_unit(machine)
    return world


def surround(machine: Machine, package: Path, workshop: Path, ports: Sequence[int]) -> World:
    """Everything but the bot, around a project that is laid out. `ports`: of the server, of its
    control, of what plays api.telegram.org, one more."""
    _stand_ins(machine)
    _container(machine, ports[0], ports[1])
    _telegram(machine, ports[2])
    _configuration(machine, ports[0], ports[2])
    install(machine, package)
    # What `check` says about a project whose .env is the bot's alone.
    machine.sh(f"setfacl -m u:trafico-monitor:r {PROJECT}/src/.env")
    world = World(machine, ports[0], Control(f"http://127.0.0.1:{ports[1]}"),
                  Control(f"http://127.0.0.1:{ports[2]}"), workshop)  # fmt: skip
    world.local.wait_ready(30)
    world.telegram.wait_ready(30)
    world.telegram.chat(ADMIN)
    return world


def install(machine: Machine, package: Path) -> str:
    """`apt install ./trafico-monitor.deb`, as the README says."""
    shutil.copy(package, machine.path("/root/trafico-monitor.deb"))
    command = (
        "cd /root && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ./trafico-monitor.deb"
    )
    return machine.sh(command, seconds=120)


def upgrade(machine: Machine, package: Path) -> str:
    """The same over an older version, keeping what the administrator changed in the shipped files."""
    shutil.copy(package, machine.path("/root/trafico-monitor.deb"))
    command = (
        "cd /root && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
        " -o Dpkg::Options::=--force-confold ./trafico-monitor.deb"
    )
    return machine.sh(command, seconds=120)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on; the machine shares the host's loopback."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _users_and_project(machine: Machine, port: int) -> None:
    add_user(machine)
    project = machine.path(PROJECT)
    lay_out(project, token=TOKEN, admin_id=str(ADMIN), url=f"http://127.0.0.1:{port}", models=MODELS)
    hand_over(machine)


def add_user(machine: Machine) -> None:
    machine.sh("useradd --create-home --uid 1000 --shell /bin/bash victor && chmod 700 /home/victor")


def hand_over(machine: Machine) -> None:
    """What was laid out in the home to its user, the Bot API directory to the container's."""
    machine.sh(f"chown -R victor:victor /home/victor && install -d -o 101 -g 101 -m 755 {BOT_API}")


def _stand_ins(machine: Machine) -> None:
    target = machine.path("/opt/standin/tests/standin")
    ignored = shutil.ignore_patterns("__pycache__", "project")
    shutil.copytree(REPOSITORY / "tests" / "standin", target, ignore=ignored)


def _container(machine: Machine, port: int, control: int) -> None:
    # A real container from an image that holds nothing but links: /usr comes from the machine.
    machine.sh("systemctl start docker", seconds=90)
    machine.sh(
        "mkdir -p /tmp/image && cd /tmp/image && mkdir -p usr opt var/lib tmp etc proc sys dev run"
        " && for d in bin lib lib64 sbin; do ln -sfn usr/$d $d; done"
        " && tar -c . | docker import - telegram-bot-api",
        seconds=120,
    )
    run_container(machine, port, control)


def run_container(machine: Machine, port: int, control: int) -> None:
    """Make and start the container of the Bot API server; there is none of its name."""
    server = f"/opt/standin/tests/standin/bot_api.py --port {port} --control {control} --directory {_INSIDE}"
    machine.sh(
        "docker run -d --name telegram-bot-api --network host --user 101:101 -v /usr:/usr:ro -v /etc:/etc:ro"
        f" -v /opt/standin:/opt/standin:ro -v {BOT_API}:{_INSIDE} telegram-bot-api /usr/bin/python3 {server}",
        seconds=120,
    )


_INSIDE = "/var/lib/telegram-bot-api"


def _telegram(machine: Machine, port: int) -> None:
    machine.sh(
        "systemd-run --quiet --unit=stand-in-telegram /usr/bin/python3 /opt/standin/tests/standin/bot_api.py"
        f" --port {port} --control same --directory /var/lib/stand-in-telegram"
    )


def _configuration(machine: Machine, port: int, telegram: int) -> None:
    folder = machine.path("/etc/trafico-monitor/conf.d")
    folder.mkdir(parents=True, exist_ok=True)
    # On one of the releases nobody names the project: it is the WorkingDirectory of the bot's unit.
    named = f'[project]\ndir = "{PROJECT}"\n' if machine.release == "trixie" else ""
    (folder / "50-test.toml").write_text(
        f"{named}[quarantine]\nmin_age = 0\n[checks]\ninterval = 3\nserver_interval = 2\n"
        'disk_warning = "4MB"\ndisk_critical = "3MB"\n'
        f'[bot_api]\nurl = "http://127.0.0.1:{port}"\n'
        f'[telegram]\nalert_token = "{ALERT_TOKEN}"\napi_url = "http://127.0.0.1:{telegram}"\n'
    )


def _bot_unit(machine: Machine) -> None:
    machine.path("/etc/systemd/system/trafico-main.service").write_text(
        "[Unit]\nDescription=100-trafico main.py\nStartLimitIntervalSec=0\n[Service]\nUser=victor\n"
        f"WorkingDirectory={PROJECT}\nExecStart=/usr/bin/python3 main.py\n"
        f"Environment=PYTHONUNBUFFERED=1 PYTHONPATH={LIBRARIES}\n"
        "EnvironmentFile=-/etc/trafico-bot.env\nRestart=always\nRestartSec=1\n"
    )
    machine.sh("systemctl daemon-reload")
