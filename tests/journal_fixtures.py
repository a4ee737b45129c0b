"""Real journals for tests: a private journald of our own, and journal files made from nothing.

Needs root for `private_journald` (a namespace of journald, and a cgroup so that lines carry a
trusted `_SYSTEMD_UNIT` even where systemd is not PID 1). `write_journal` needs no privilege.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from systemd import journal

JOURNALD = "/lib/systemd/systemd-journald"
JOURNAL_REMOTE = "/lib/systemd/systemd-journal-remote"
UNIT = "trafico-main.service"
PROCESS = "bot_central.py"
CMDLINE = "/home/victor/100-trafico/.venv/bin/python /home/victor/100-trafico/100trafico/bot_central.py"
_DEADLINE = 15.0

# Runs as the bot: joins the unit's cgroup, opens a stdout stream of journald, and then writes
# what it is told on standard input, answering each frame so that the test knows it was sent.
_WRITER = r"""
import fcntl, os, socket, struct, sys, termios, time
cgroup, stdout_path, native_path, uid = sys.argv[1:5]
for attempt in range(1000):
    try:  # somebody else of the same unit may take the directory away as he ends
        os.makedirs(cgroup, exist_ok=True)
        with open(cgroup + "/cgroup.procs", "w") as procs:
            procs.write(str(os.getpid()))
        break
    except OSError:
        if attempt == 999:
            raise
os.setgid(int(uid))
os.setuid(int(uid))
stream = None
native = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(stdout_path)
    s.sendall(b"python\n\n6\n0\n0\n0\n0\n")
    # Until journald has read the header it does not ask for credentials: a line sent meanwhile
    # would have neither _PID nor unit. A real service's stream is opened long before its lines.
    while struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"    "))[0]:
        time.sleep(0.001)
    return s
os.write(1, b"!")
while True:
    head = sys.stdin.buffer.read(5)
    if len(head) < 5:
        break
    kind, size = head[:1], struct.unpack("<I", head[1:])[0]
    data = sys.stdin.buffer.read(size)
    if kind == b"S":
        stream = stream or connect()
        try:
            stream.sendall(data)
        except OSError:
            stream = connect()
            stream.sendall(data)
    else:
        native.sendto(data, native_path)
    os.write(1, b".")
"""


def wait_until(done: Callable[[], object], what: str, seconds: float = _DEADLINE) -> None:
    """Return once `done()` is true; fail the test after `seconds`."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.005)


def machine_id() -> str:
    return Path("/etc/machine-id").read_text().strip()


@dataclass
class PrivateJournald:
    """A running journald of the namespace `name`."""

    name: str
    process: subprocess.Popen[bytes]

    @property
    def run_dir(self) -> Path:
        return Path(f"/run/systemd/journal.{self.name}")

    @property
    def folders(self) -> list[Path]:
        """The directories that hold its journal files."""
        names = (f"{base}/{machine_id()}.{self.name}" for base in ("/var/log/journal", "/run/log/journal"))
        return [Path(name) for name in names if Path(name).is_dir()]

    def ctl(self, *arguments: str) -> None:
        subprocess.run(
            ["journalctl", f"--namespace={self.name}", *arguments], check=True, timeout=30, capture_output=True
        )

    def rotate(self) -> None:
        self.ctl("--rotate")

    def sync(self) -> None:
        self.ctl("--sync")

    def vacuum(self) -> None:
        """Rotate, then delete every archived file."""
        self.rotate()
        for folder in self.folders:
            for file in folder.glob("*@*.journal"):
                file.unlink(missing_ok=True)

    def restart(self) -> None:
        _stop(self.process)
        self.process = _start_journald(self.name)


@contextlib.contextmanager
def private_journald(name: str, *, rate_limit: int = 0) -> Iterator[PrivateJournald]:
    """A journald of the namespace `name`; `rate_limit` messages a second (0: as many as come)."""
    if os.geteuid() != 0:
        raise RuntimeError("a private journald needs root: run the tests with sudo")
    limit = f"RateLimitIntervalSec=1s\nRateLimitBurst={rate_limit}" if rate_limit else "RateLimitIntervalSec=0"
    config = Path(f"/etc/systemd/journald@{name}.conf")
    config.parent.mkdir(parents=True, exist_ok=True)
    # A namespace's journald ends after 30 s without a client, unless it has entries to let expire.
    kept = "MaxRetentionSec=1day\nRuntimeMaxUse=512M\nRuntimeMaxFileSize=128M\n"
    config.write_text(f"[Journal]\nStorage=volatile\n{limit}\n{kept}")
    journald = PrivateJournald(name, _start_journald(name))
    try:
        yield journald
    finally:
        _stop(journald.process)
        for folder in journald.folders:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(journald.run_dir, ignore_errors=True)
        config.unlink(missing_ok=True)


def _start_journald(name: str) -> subprocess.Popen[bytes]:
    for base in ("/var/log/journal", "/run/log/journal"):
        Path(base).mkdir(parents=True, exist_ok=True)
    run_dir = Path(f"/run/systemd/journal.{name}")
    for stale in ("socket", "stdout"):
        (run_dir / stale).unlink(missing_ok=True)
    process = subprocess.Popen(
        [JOURNALD, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = Path(f"/run/log/journal/{machine_id()}.{name}")
    wait_until(lambda: (run_dir / "stdout").exists() and _has_entry(folder), f"journald {name} listens")
    return process


def _has_entry(folder: Path) -> bool:
    if not (folder / "system.journal").exists():
        return False
    with journal.Reader(path=str(folder)) as reader:
        return bool(reader._next())


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def cgroup_of(unit: str) -> Path:
    """The cgroup v2 directory that makes journald call a process part of `unit`."""
    return _hierarchy() / "system.slice" / unit


@functools.cache
def _hierarchy() -> Path:
    """Where cgroups can be made: the machine's own mount, or one of ours where that is read-only."""
    unified = Path("/sys/fs/cgroup/unified")
    known = unified if unified.is_dir() else Path("/sys/fs/cgroup")
    if not os.statvfs(known).f_flag & os.ST_RDONLY:
        return known
    own = tempfile.mkdtemp(prefix="cgroup-")
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", own], check=True, timeout=10)
    atexit.register(subprocess.run, ["umount", own], check=False, timeout=10)
    return Path(own)


class BotProcess:
    """A process of `unit` and of the user `uid` whose command line holds `process`, writing to a private
    journald."""

    def __init__(self, journald: PrivateJournald, *, unit: str = UNIT, process: str = PROCESS, uid: int = 0) -> None:
        self._cgroup = cgroup_of(unit)
        self._cgroup.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="bot-"))
        script = self._folder / process
        script.write_text(_WRITER)
        run_dir = journald.run_dir
        arguments = [str(self._cgroup), str(run_dir / "stdout"), str(run_dir / "socket"), str(uid)]
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self._child.pid
        self._expect(b"!")

    def say(self, *lines: str | bytes) -> None:
        """Write lines to standard output; they have reached journald's socket on return."""
        data = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
        self._send(b"S", data)

    def send(self, fields: Iterable[tuple[str, str | bytes]]) -> None:
        """Send one entry with `fields` by journald's native protocol."""
        self._send(b"N", b"".join(_native(name, value) for name, value in fields))

    def relay(self, datagram: bytes) -> None:
        """Send one entry that is in journald's native protocol already."""
        self._send(b"N", datagram)

    def _send(self, kind: bytes, data: bytes) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(kind + struct.pack("<I", len(data)) + data)
        self._child.stdin.flush()
        self._expect(b".")

    def _expect(self, answer: bytes) -> None:
        assert self._child.stdout is not None
        if self._child.stdout.read(1) != answer:
            raise AssertionError("the bot process ended")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._child.kill()
        self._child.wait(10)

    def close(self) -> None:
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(10)
        if self._child.stdout is not None:
            self._child.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # somebody else of the same unit is still in it
            self._cgroup.rmdir()

    def __enter__(self) -> BotProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _native(name: str, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    if b"\n" not in data and b"\0" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


@dataclass(frozen=True)
class Line:
    """One entry of a made journal; `fields` come on top and win."""

    message: str | bytes
    at: float
    pid: int = 1301
    unit: str = UNIT
    cmdline: str = CMDLINE
    fields: Mapping[str, str | bytes] = field(default_factory=dict)


def manager_line(message: str, at: float, *, unit: str = UNIT, **fields: str) -> Line:
    """What PID 1 says about `unit`."""
    return Line(message, at, 1, "init.scope", "/sbin/init", {"UNIT": unit, "_COMM": "systemd", **fields})


def write_journal(path: Path, entries: Sequence[Line | Mapping[str, str | bytes]], *, boot: str = "b" * 32) -> Path:
    """Make the journal file `path` (…​.journal) of `entries`; returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(_exported(entry, boot, number) for number, entry in enumerate(entries))
    done = subprocess.run([JOURNAL_REMOTE, "-o", str(path), "-"], input=data, capture_output=True, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    return path


def _exported(entry: Line | Mapping[str, str | bytes], boot: str, number: int) -> bytes:
    return b"".join(_native(name, value) for name, value in _fields(entry, boot, number).items()) + b"\n"


def _fields(entry: Line | Mapping[str, str | bytes], boot: str, number: int) -> dict[str, str | bytes]:
    if not isinstance(entry, Line):
        return dict(entry)
    return {
        "__REALTIME_TIMESTAMP": str(round(entry.at * 1e6)),
        "__MONOTONIC_TIMESTAMP": str(1_000_000 + number),
        "_BOOT_ID": boot,
        "_MACHINE_ID": "c" * 32,
        "_TRANSPORT": "driver" if "N_DROPPED" in entry.fields else "journal" if entry.fields else "stdout",
        "_PID": str(entry.pid),
        "_SYSTEMD_UNIT": entry.unit,
        "_CMDLINE": entry.cmdline,
        "PRIORITY": "6",
        "MESSAGE": entry.message,
        **entry.fields,
    }
