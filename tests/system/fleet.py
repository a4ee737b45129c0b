"""A fleet of booted Debians: a network of their own, a loud bot on each, one of them with the database."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..standin.project import lay_out
from .machine import REPOSITORY, Machine, booted
from .world import ADMIN, BOT_API, PROJECT, STATE, TOKEN, add_user, hand_over, install

MODELS = ("luna", "yic", "nadia", "sol")  # those of the loud bot
CREDENTIAL = "/etc/trafico-monitor/credentials/fleet-key"
_LOUD = ("bot_central.py", "days.py", "poster_prd.py")


@dataclass
class Member:
    """A machine of a fleet. `spoken` failures have been printed by its bot."""

    machine: Machine
    name: str
    address: str
    spoken: int = 0

    def trafico(self, *words: str, seconds: float = 90, code: int = 0, stdin: str | None = None) -> str:
        """`trafico-monitor …` of a careful root, which must end with `code`; what it printed."""
        command = ("sh", "-c", 'umask 077; exec trafico-monitor "$@"', "sh", *words)
        done = self.machine.run(*command, seconds=seconds, check=False, stdin=stdin)
        assert done.code == code, f"{words}: {done.code}\n{done.output}\n{done.errors}\n{self.machine.story()}"
        return done.output

    def speak(self, failures: int, seconds: float = 1.0) -> None:
        """Let the bot fail so often, about evenly over that time."""
        lines = 8 * failures
        self.machine.path("/etc/loud-bot.env").write_text(
            f"LOUD={lines} {failures} {max(100.0, lines / seconds):.0f} {self.spoken} mixed\n"
        )
        self.spoken += failures
        self.machine.sh("systemctl restart trafico-main", seconds=60)

    def records(self) -> list[int]:
        """The number of each record that the monitor has stored."""
        script = (
            f"import sqlite3; db = sqlite3.connect('file:{STATE}/monitor.db?mode=ro', uri=True, timeout=20);"
            "print(*(seq for seq, in db.execute('SELECT seq FROM records ORDER BY seq')))"
        )
        return [int(seq) for seq in self.machine.run("python3", "-c", script, seconds=60).output.split()]

    def status(self) -> dict[str, Any]:
        """What `fleet status` says."""
        said = self.machine.run("trafico-monitor", "fleet", "status", "--json", seconds=60, check=False)
        found: dict[str, Any] = json.loads(said.output)
        return found

    def leave(self) -> None:
        self.trafico("fleet", "leave")


@dataclass
class Fleet:
    """`hub` is the machine with the database; its monitor is a member too."""

    hub: Member
    members: Sequence[Member]

    @property
    def cluster(self) -> str:
        """Of Debian's PostgreSQL, as 15-main."""
        return self.hub.machine.sh("pg_lsclusters --no-header | awk '{ print $1 \"-\" $2 }'")

    def sql(self, query: str) -> list[list[str]]:
        """The rows of a query, as the database's administrator."""
        said = self.hub.machine.run(
            "runuser", "-u", "postgres", "--", "psql", "-XAt", "-F", "\t", "-d", "trafico", "-c", query, seconds=60
        )
        return [line.split("\t") for line in said.output.splitlines()]

    def join(self, member: Member) -> None:
        """Invite it on the hub, and let it join with what that prints."""
        invitation = self.hub.trafico("hub", "invite", member.name)
        member.trafico("fleet", "join", "-", stdin=invitation)

    def sent(self, member: Member) -> list[int]:
        """The number of each of its rows: one that is there twice comes twice."""
        rows = self.sql(f"SELECT seq FROM trafico.records WHERE machine = '{member.name}' ORDER BY seq")
        return [int(seq) for (seq,) in rows]

    def machines(self) -> list[str]:
        """Name and state of each machine, as the hub's service says."""
        said = (json.loads(line) for line in self.hub.trafico("hub", "machines", "--json").splitlines())
        return sorted(f"{row['name']} {row['state']}" for row in said)

    def kill_database(self) -> None:
        """kill -9 of all of the server's processes; systemd does not start it again."""
        self.hub.machine.sh(f"systemctl kill --kill-whom=all -s KILL postgresql@{self.cluster}; sleep 0.2", seconds=60)

    def start_database(self) -> None:
        unit = f"postgresql@{self.cluster}"
        self.hub.machine.sh(f"systemctl reset-failed {unit} || true; systemctl start {unit}", seconds=120)


@contextlib.contextmanager
def network() -> Iterator[str]:
    """A bridge between machines and to nothing else; systemd-nspawn's option for a machine on it."""
    name = f"fleet-{secrets.token_hex(3)}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True, timeout=10)
    try:
        subprocess.run(["ip", "link", "set", name, "up"], check=True, timeout=10)
        yield f"--network-bridge={name}"
    finally:
        subprocess.run(["ip", "link", "delete", name], check=False, timeout=10)


@contextlib.contextmanager
def member(release: str, option: str, number: int, package: Path) -> Iterator[Member]:
    """A machine with the package and a loud bot; it is in no fleet."""
    with booted(release, option) as machine:
        made = Member(machine, f"bot{number}", f"10.213.7.{number}")
        _address(machine, made.address)
        _bot(machine)
        install(machine, package)
        yield made


@contextlib.contextmanager
def cut(machine: Machine) -> Iterator[None]:
    """Drop every packet between this machine and others, without a word to either side."""
    rules = [f"{chain} {way} host0 -j DROP" for chain, way in (("INPUT", "-i"), ("OUTPUT", "-o"))]
    machine.sh("; ".join(f"iptables -I {rule}" for rule in rules))
    try:
        yield
    finally:
        machine.sh("; ".join(f"iptables -D {rule}" for rule in rules))


def _address(machine: Machine, address: str) -> None:
    machine.path("/etc/systemd/system/fleet-address.service").write_text(
        "[Unit]\nDescription=the machine's address\nBefore=network.target\nWants=network.target\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart=/sbin/ip address add {address}/24 dev host0\nExecStart=/sbin/ip link set host0 up\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    machine.sh("systemctl daemon-reload; systemctl enable -q --now fleet-address")


def _bot(machine: Machine) -> None:
    add_user(machine)
    # Nobody is at the Bot API server's port: here it is only of interest that there are records.
    lay_out(machine.path(PROJECT), token=TOKEN, admin_id=str(ADMIN), url="http://127.0.0.1:9", models=MODELS)
    hand_over(machine)
    machine.path("/opt/loud").mkdir()
    for name in _LOUD:
        shutil.copy(REPOSITORY / "tests" / "chaos" / name, machine.path(f"/opt/loud/{name}"))
    machine.path("/etc/systemd/system/trafico-main.service").write_text(
        f"[Unit]\nStartLimitIntervalSec=0\n[Service]\nUser=victor\nWorkingDirectory={PROJECT}\nEnvironmentFile=/etc/loud-bot.env\n"
        "LogRateLimitIntervalSec=0\nExecStart=/usr/bin/python3 -u /opt/loud/bot_central.py $LOUD\n"
    )
    folder = machine.path("/etc/trafico-monitor/conf.d")
    folder.mkdir(parents=True)
    (folder / "50-test.toml").write_text(
        f'[project]\ndir = "{PROJECT}"\n[bot_api]\nurl = "http://127.0.0.1:9"\ncontainer = ""\n'
        f'host_dir = "{BOT_API}"\n'
        '[checks]\ndisk_warning = "4MB"\ndisk_critical = "3MB"\n[fleet]\nevery = 1\n'
    )
    machine.sh("systemctl daemon-reload")
