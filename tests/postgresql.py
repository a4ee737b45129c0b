"""A private PostgreSQL cluster of the test's own: Debian's server, on a unix socket or a TLS port of the loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import psutil

SECONDS = 60


def _programs() -> Path:
    """The directory of the newest server's programs."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


@dataclass(slots=True)
class Cluster:
    """A running cluster. `folder` holds data and socket; its owner is the account that runs the server."""

    folder: Path
    settings: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        """The address on the unix socket, for the superuser `postgres`."""
        return f"postgresql:///postgres?host={self.folder}"

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start the server; it accepts connections on return."""
        options = " ".join((f"-c unix_socket_directories={self.folder}", *(f"-c {one}" for one in self.settings)))
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: «fast», or «immediate», which is like a power cut."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def kill(self) -> None:
        """kill -9 of the postmaster; return when its processes have ended, before which it cannot be started."""
        postmaster = psutil.Process(self.pid)
        children = postmaster.children()
        os.kill(self.pid, signal.SIGKILL)
        psutil.wait_procs([postmaster, *children], SECONDS)

    def reload(self) -> None:
        """Read pg_hba.conf and the settings again."""
        self._run("pg_ctl", "-D", str(self.data), "reload")

    def _run(self, program: str, *arguments: str) -> None:
        argv = [str(_programs() / program), *arguments]
        if os.geteuid() == 0:
            argv = ["runuser", "-u", "postgres", "--", *argv]
        # Not captured: the server would hold the pipe open.
        subprocess.run(argv, check=True, timeout=SECONDS, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@contextmanager
def cluster(*settings: str, where: Path | None = None) -> Iterator[Cluster]:
    """A new cluster with `settings` (`name=value`), in a folder of `where`; stopped and deleted at the end. On a unix
    socket everybody is trusted: the folder is the server's and root's alone."""
    folder = Path(mkdtemp(prefix="pg-", dir=where))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    listen = () if any(one.startswith("listen_addresses") for one in settings) else ("listen_addresses=",)
    made = Cluster(folder, ("fsync=off", "shared_buffers=32MB", *listen, *settings))
    try:
        made._run("initdb", "-D", str(made.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        made.start()
        yield made
    finally:
        if (made.data / "postmaster.pid").exists():
            made.stop("immediate")
        shutil.rmtree(folder)
