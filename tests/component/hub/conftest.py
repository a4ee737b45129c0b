"""A Debian with a PostgreSQL cluster of its own: a mount namespace with copies of /etc and /var/lib."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from trafico_monitor.fleet.invitation import Invitation, parse

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 120
MOUNTS = """set -e
mount --make-rprivate /
mount --bind "$0/etc" /etc
mount --bind "$0/lib" /var/lib
mount --bind "$0/run" /run/postgresql
mount --bind "$0/log" /var/log/postgresql
echo ready
exec sleep 3600
"""


@dataclass(slots=True)
class Debian:
    """`folder` holds its /etc (`etc`) and /var/lib (`lib`)."""

    folder: Path
    pid: int
    port: int

    def run(self, *argv: str, environment: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        """Run a program there."""
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), "--mount", "--", *argv],
            capture_output=True, text=True, timeout=SECONDS, cwd=ROOT, stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **environment}, check=False,
        )  # fmt: skip

    def command(self, *words: str, environment: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        """`trafico-monitor …`"""
        english = {"LC_ALL": "en_GB.UTF-8", **environment}
        return self.run(sys.executable, "-m", "trafico_monitor", *words, environment=english)

    def sql(self, statement: str, database: str = "trafico") -> str:
        """The server's answer to its administrator."""
        psql = ("psql", "-p", str(self.port), "-d", database, "-XAtq", "-c", statement)
        done = self.run("runuser", "-u", "postgres", "--", *psql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def set_up(self) -> None:
        """`hub setup` for machines on this host."""
        done = self.command("hub", "setup", "--address", "127.0.0.1", "--yes", "--restart")
        assert done.returncode == 0, done.stdout + done.stderr

    def invite(self, name: str, *options: str) -> Invitation:
        """`hub invite`."""
        done = self.command("hub", "invite", name, *options)
        assert done.returncode == 0, done.stderr
        return parse(done.stdout.encode())

    @property
    def cluster(self) -> Path:
        """The folder of the cluster's configuration."""
        return next((self.folder / "etc/postgresql").glob("*/fleet"))


@pytest.fixture(scope="module")
def debian() -> Iterator[Debian]:
    folder = Path(mkdtemp(prefix="debian-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "-a", "/etc", str(folder / "etc")], check=True, timeout=SECONDS)
    for name in ("lib/postgresql", "run", "log"):
        (folder / name).mkdir(parents=True)
        shutil.chown(folder / name, "postgres", "postgres")
    shutil.rmtree(folder / "etc/postgresql", ignore_errors=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    version = max(int(path.parent.name) for path in Path("/usr/lib/postgresql").glob("*/bin"))
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", MOUNTS, str(folder)], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == "ready\n"
            made = Debian(folder, holder.pid, port)
            done = made.run("pg_createcluster", str(version), "fleet", "--port", str(port), "--start")
            assert done.returncode == 0, done.stderr
            yield made
            made.run("pg_ctlcluster", str(version), "fleet", "stop", "--mode", "immediate")
        finally:
            holder.kill()
    shutil.rmtree(folder)
