"""A Debian machine with a real systemd, booted by systemd-nspawn from an image that is built once.

The image holds what the package depends on, so that `apt install ./trafico-monitor.deb` needs no
network; loopback is the host's, so that a test talks to servers inside. Facts, section 3, say why each flag.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / ".cache" / "machines"
# What is supported; `make test-testing` asks for the next Debian instead.
RELEASES = tuple(os.environ.get("TRAFICO_RELEASES", "bookworm trixie").split())
# The libraries of debian/control stand in the image already, so that each machine does not fetch them anew.
LIBRARIES = re.findall(r"^ +(python3-[\w-]+)", (REPOSITORY / "debian" / "control").read_text(), re.MULTILINE)
PACKAGES = (
    "systemd,systemd-sysv,dbus,libpam-systemd,sudo,acl,jq,procps,kmod,iproute2,passwd,python3,mediainfo,"
    f"{','.join(LIBRARIES)},docker.io,ca-certificates,postgresql,python3-psycopg"
)
EXTRA = {"bookworm": "", "trixie": ",docker-cli", "forky": ",docker-cli"}
BUILD_SECONDS = 900
BOOT_SECONDS = 60


class MachineError(Exception):
    """The machine could not be built, booted or asked."""


@dataclass
class Answer:
    code: int
    output: str
    errors: str


def image(release: str) -> Path:
    """The folder of the image of `release`, built with mmdebstrap if it is not there yet."""
    packages = PACKAGES + EXTRA[release]
    mark = hashlib.sha256((packages + inspect.getsource(_prepare)).encode()).hexdigest()[:10]
    folder = IMAGES / f"{release}-{mark}"
    if folder.is_dir():
        return folder
    IMAGES.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={packages}",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        # A mirror of the testing release may be some days old; its signatures are checked all the same.
        "--aptopt=Acquire::Check-Valid-Until false",
        release,
        str(unfinished),
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if built.returncode:
        raise MachineError(f"mmdebstrap {release}: {built.stderr[-2000:]}")
    _prepare(unfinished)
    unfinished.rename(folder)
    return folder


def _prepare(root: Path) -> None:
    # What cannot work in a container, or would only wait: facts, section 3.
    masked = ("systemd-modules-load.service", "systemd-networkd-wait-online.service", "systemd-resolved.service",
              "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer")  # fmt: skip
    for unit in masked:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for wants in root.glob("etc/systemd/system/*.wants/docker.*"):
        wants.unlink()  # started by the tests that need it
    # So is PostgreSQL: its port would be the host's.
    for wants in root.glob("etc/systemd/system/*.wants/postgresql.*"):
        wants.unlink()
    docker = root / "etc/docker"
    docker.mkdir(exist_ok=True)
    (docker / "daemon.json").write_text(
        '{"storage-driver":"vfs","iptables":false,"ip-forward":false,"bridge":"none"}\n'
    )
    (root / "etc/machine-id").write_text("")  # filled at boot, without a first-boot wizard
    (root / "var/log/journal").mkdir(exist_ok=True)


@dataclass
class Machine:
    """A booted copy of an image; what it writes goes to a layer that is thrown away."""

    release: str
    name: str
    root: Path
    work: Path
    console: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    options: Sequence[str] = ()
    leader: int = 0

    def run(self, *argv: str, seconds: float = 30, check: bool = True, stdin: str | None = None) -> Answer:
        """Run a program inside as root; with `check`, a failure is an error that shows its output."""
        command = ["nsenter", "-t", str(self.leader), "-a", "env", "-i", _PATH, "LC_ALL=C.UTF-8", "HOME=/root", *argv]
        done = subprocess.run(command, capture_output=True, timeout=seconds, input=stdin and stdin.encode())
        answer = Answer(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )
        if check and answer.code:
            raise MachineError(f"{' '.join(argv)} → {answer.code}\n{answer.output}\n{answer.errors}")
        return answer

    def sh(self, script: str, seconds: float = 30, check: bool = True) -> str:
        """Run a shell script inside and return what it printed."""
        return self.run("sh", "-ec", script, seconds=seconds, check=check).output.strip()

    def path(self, inside: str) -> Path:
        """The same file as the test sees it. Mounts made inside are not visible here."""
        return self.root / inside.lstrip("/")

    def wait_for(self, what: str, look: Callable[[], object], seconds: float = 30.0) -> object:
        """Ask `look` until it says something true; the deadline's error shows the machine's journal."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                seen = look()
            except MachineError as error:
                seen = None
                last = str(error)
            else:
                last = repr(seen)
            if seen:
                return seen
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {what}; last: {last}\n{self.story()}")
            time.sleep(0.2)  # the pace of asking, not a guess at how long it takes

    def story(self) -> str:
        """The end of the monitor's and the bot's journal, for a failed assertion."""
        return self.sh(
            "journalctl -q --no-pager -n 80 -o short-precise -u trafico-monitor -u trafico-main -u trafico-monitor-hub"
            " 2>&1 || true",
            check=False,
        )

    def reboot(self) -> None:
        """Boot the same disk anew; what ran is gone, what was written stays."""
        self.run("systemctl", "reboot", check=False)
        self.process.wait(BOOT_SECONDS)  # nspawn itself ends (133) and is started by whoever started it
        self._start()

    def crash(self) -> None:
        """Kill all that runs at once, as a power cut would; boot the same disk anew."""
        os.kill(self.leader, signal.SIGKILL)
        self.process.wait(BOOT_SECONDS)
        self._start()

    def _start(self) -> None:
        with self.console.open("ab") as log:
            command = _boot_command(self.root, self.name, self.options)
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_boot_environment()
            )
        _wait_until_up(self)

    def power_off(self) -> None:
        """Kill the machine as a power cut would, and take its layer away."""
        if self.leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(15)
        subprocess.run(["umount", "-l", str(self.root)], check=False, timeout=30)
        _remove_cgroup(self.name)
        shutil.rmtree(self.work, ignore_errors=True)


# A terminal around a program, with what every Debian has: script(1) is not in each of them.
TERMINAL = ("/usr/bin/python3", "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextlib.contextmanager
def booted(release: str, *options: str) -> Iterator[Machine]:
    """A machine that has reached its default target, powered off at the end; `options` are systemd-nspawn's."""
    lower = image(release)
    work = Path(tempfile.gettempdir()) / f"trafico-{release}-{secrets.token_hex(4)}"  # also the machine's name
    root, console = work / "root", work / "console"
    for part in ("upper", "workdir", "root"):
        (work / part).mkdir(parents=True)
    layers = f"lowerdir={lower},upperdir={work / 'upper'},workdir={work / 'workdir'}"
    _must(["mount", "-t", "overlay", "overlay", "-o", layers, str(root)])
    name = work.name
    with console.open("wb") as log:
        process = subprocess.Popen(_boot_command(root, name, options), stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log, env=_boot_environment())  # fmt: skip
    machine = Machine(release, name, root, work, console, process, options)
    try:
        _wait_until_up(machine)
        # What a container cannot mount, on the newest systemd, has failed before anything of ours began.
        machine.run("systemctl", "reset-failed")
        yield machine
    finally:
        machine.power_off()


def _boot_command(root: Path, name: str, options: Sequence[str]) -> Sequence[str]:
    # In a cgroup of its own: nspawn would put the units of all machines that run at the same time
    # into the same cgroups, and a `systemctl kill` in one would kill in the others.
    folder = _cgroup(name)
    folder.mkdir(exist_ok=True)
    into = ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"', str(folder)]
    return [*into, "systemd-nspawn", "--quiet", "-D", str(root), "-M", name, "--boot", "--register=no", "--keep-unit",
            "--console=pipe", "--capability=all", *options]  # fmt: skip


def _cgroup(name: str) -> Path:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next(Path(place) for _, place, kind, *_ in mounts if kind == "cgroup2") / name


def _remove_cgroup(name: str) -> None:
    folder = _cgroup(name)
    for inner in sorted((Path(path) for path, _, _ in os.walk(folder)), reverse=True):
        with contextlib.suppress(OSError):  # a process that is about to end: the next boot has another name
            inner.rmdir()


def _boot_environment() -> dict[str, str]:
    # systemd 257 refuses cgroup v1, and Docker's runc cannot make a cgroup in nspawn's v1 mounts.
    return {"PATH": os.environ["PATH"], "SYSTEMD_SECCOMP": "0", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}


def _wait_until_up(machine: Machine) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        if machine.process.poll() is not None:
            break
        children = Path(f"/proc/{machine.process.pid}/task/{machine.process.pid}/children").read_text().split()
        if children:
            machine.leader = int(children[0])
            state = machine.run("systemctl", "is-system-running", check=False).output.strip()
            if state in ("running", "degraded"):
                return
        time.sleep(0.2)
    raise MachineError(f"{machine.release} did not boot:\n{machine.console.read_text(errors='replace')[-3000:]}")


def _must(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise MachineError(f"{' '.join(argv)}: {done.stderr.strip()}")
