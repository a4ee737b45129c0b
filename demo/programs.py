"""The demo's two programs: the stand-in bot, and the real monitor with its log."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from . import world
from .enter import CODE, LIBRARIES
from .mounts import empty, mount

CGROUPS = Path("/sys/fs/cgroup")
UNIT = "trafico-main.service"
_STOP_SECONDS = 10.0
_JOIN = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
# As systemd does for a unit's output: identifier, unit, priority, three switches, console.
_STREAM_HEADER = b"python\n\n6\n0\n0\n0\n0\n"


class Cgroup:
    """The cgroup that makes journald set `_SYSTEMD_UNIT=trafico-main.service`, as a trusted field.

    It is below the one in which the demo was started, which is the root of the demo's own cgroup namespace, so the
    host's systemd is not affected. journald ignores slices in the path.
    """

    def __init__(self) -> None:
        empty(CGROUPS)  # the kernel refuses to mount the same file system over itself
        # The demo's own mount: the host's may be read-only, as in many containers, or of version 1.
        mount("cgroup2", CGROUPS, "cgroup2")
        for stale in CGROUPS.glob("traficodemo*.slice"):
            _remove(stale)  # of a demo that was killed; one that lives cannot be removed
        self._slice = CGROUPS / f"traficodemo{time.time_ns()}.slice"
        self.path = self._slice / UNIT
        self.path.mkdir(parents=True)

    def close(self) -> None:
        _remove(self._slice)


def _remove(slice_path: Path) -> None:
    with contextlib.suppress(OSError):
        (slice_path / UNIT).rmdir()
    with contextlib.suppress(OSError):
        slice_path.rmdir()


class Bot:
    """main.py as user victor, in the unit's cgroup, with its output in the private journald."""

    def __init__(self, cgroup: Cgroup, journal: Path, **switches: str) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/home/victor",
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{CODE}/trafico_monitor/instrument:{LIBRARIES}",
            "TRAFICO_MODELS_DIR": str(world.MODELS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "TELEGRAM_BOT_API_HOST_DIR": str(world.BOT_API_DIR),
            "STANDIN_POSTER_INTERVAL": "10",
            **switches,
        }
        main = ["/usr/bin/python3", str(world.PROJECT / "main.py")]
        command = ["/bin/sh", "-c", _JOIN, str(cgroup.path), *world.account(world.BOT_USER).setpriv, *main]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.connect(str(journal / "stdout"))
            stream.sendall(_STREAM_HEADER)
            self._process = _start(command, environment, stream.fileno(), world.PROJECT)

    def stop(self) -> None:
        """Stops the whole cgroup as systemd does: main.py alone would leave its children."""
        _stop(self._process, os.killpg)


class Monitor:
    """`trafico-monitor run` as its own unprivileged user; `show` receives every line of its log."""

    def __init__(self, show: Callable[[str], None]) -> None:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(world.STATE),
            "PYTHONPATH": f"{LIBRARIES}:{CODE}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CREDENTIALS_DIRECTORY": str(world.CREDENTIALS),
        }
        self._output = world.STATE / "output"
        command = [*world.account(world.MONITOR_USER).setpriv, "/usr/bin/python3", "-m", "trafico_monitor", "run"]
        with self._output.open("wb") as output:
            self._process = _start(command, environment, output.fileno(), Path("/"))
        self._show = show
        self._ended = threading.Event()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def complaints(self) -> str:
        """Returns the end of its standard output and error."""
        return "\n".join(self._output.read_text(errors="replace").splitlines()[-12:])

    def stop(self) -> int:
        """Sends SIGTERM and returns its exit status, after every line of its log was shown."""
        code = _stop(self._process)
        self._ended.set()
        self._follower.join(5)
        return code

    def _follow(self) -> None:
        log, position, rest = world.LOGS / "monitor.log", 0, b""
        while True:
            last = self._ended.is_set()
            if log.exists():
                with log.open("rb") as file:
                    file.seek(position)
                    data = file.read()
                position += len(data)
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._show(line.decode(errors="replace"))
            if last:
                return
            self._ended.wait(0.05)


def _start(command: list[str], environment: Mapping[str, str], output: int, folder: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl+C is the demo's, which then stops everything in order.
    return subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _stop(process: subprocess.Popen[bytes], signalled: Callable[[int, int], None] = os.kill) -> int:
    if process.poll() is None:
        signalled(process.pid, signal.SIGTERM)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait(_STOP_SECONDS)
