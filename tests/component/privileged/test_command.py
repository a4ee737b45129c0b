"""The installed command through the real sudo, with no more capabilities than the service has.

/etc, /usr/libexec and /var/lib are overlays in a mount namespace of the test's own: accounts, the
sudoers rule, the configuration and the helper are at their real places, and the machine that
runs the tests keeps its own.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trafico_monitor.repair.ownership import without_token

from .conftest import API, TOKEN, acl
from .deep import levels
from .snapshot import snapshot

pytestmark = pytest.mark.slow

HELPER = "/usr/libexec/trafico-monitor/chown"
SOURCE = Path(__file__).parents[3] / "trafico_monitor"
VICTOR, MONITOR = 61001, 61002
VICTORS = ("setpriv", f"--reuid={VICTOR}", f"--regid={VICTOR}", "--clear-groups", "--inh-caps=-all", "--")
# What the service's unit leaves (CapabilityBoundingSet=); CAP_DAC_OVERRIDE is not among them. And sudo's own
# for the audit log, which the unit closes by RestrictAddressFamilies=: here sudo would complain.
CAPABILITIES = "-all,+chown,+fowner,+setuid,+setgid,+dac_read_search,+audit_write"
ACCOUNTS = (("victor", VICTOR, "home/victor"), ("trafico-monitor", MONITOR, "nonexistent"))
RULE = SOURCE.parent / "packaging/systemd/trafico-monitor.sudoers"
OVERLAYS = {"/etc": "etc", "/usr/libexec": "libexec", "/var/lib": "lib"}


@dataclass(slots=True)
class Machine:
    base: Path

    @property
    def models(self) -> Path:
        return self.base / "home/victor/100trafico/modelos"

    @property
    def bot_api(self) -> Path:
        return self.base / "home/victor/.telegram-bot-api"

    @property
    def video(self) -> Path:
        return self.bot_api / TOKEN / "videos/file_9.mp4"

    def run(self, *argv: str | Path, first: str = "") -> subprocess.CompletedProcess[str]:
        """As root in the namespace, with the full set of capabilities."""
        mounts = "".join(
            f"mount -t overlay overlay -o lowerdir={place},upperdir={self.base}/{name},workdir={self.base}/{name}.w"
            f" {place}; "
            for place, name in OVERLAYS.items()
        )
        script = f'set -e; {mounts}{first}exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", *map(str, argv)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def service(self, *argv: str | Path, options: str = "", first: str = "") -> subprocess.CompletedProcess[str]:
        """As the service's user, with the service's bounding set."""
        user = [f"--reuid={MONITOR}", f"--regid={MONITOR}", "--clear-groups", "--inh-caps=-all", *options.split()]
        bounded = ["setpriv", f"--bounding-set={CAPABILITIES}", "--inh-caps=-all", "--", "setpriv", *user, "--"]
        return self.run(*bounded, *argv, first=first)

    def sudo(self, *arguments: str | Path, first: str = "") -> subprocess.CompletedProcess[str]:
        return self.service("sudo", "-n", HELPER, *arguments, first=first)

    def python(self, code: str, options: str = "") -> str:
        """A few lines of the monitor itself, as the service's user."""
        ended = self.service("env", f"PYTHONPATH={self.base}", "/usr/bin/python3", "-c", code, options=options)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


@pytest.fixture
def machine(place: Path) -> Iterator[Machine]:
    for name in OVERLAYS.values():
        (place / name).mkdir()
        (place / f"{name}.w").mkdir()
    machine = Machine(place)
    _accounts(place / "etc", place)
    _installed(place)
    for folder, uid, mode in (
        (place / "home/victor", VICTOR, 0o700),
        (machine.models.parent, VICTOR, 0o755),
        (machine.models, VICTOR, 0o755),
        (machine.models / "ana", VICTOR, 0o755),
        (machine.bot_api, API, 0o750),
        (machine.video.parent.parent, API, 0o750),
        (machine.video.parent, API, 0o750),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, uid, uid)
        folder.chmod(mode)
    machine.video.write_bytes(b"video")
    os.chown(machine.video, API, API)
    machine.video.chmod(0o640)
    yield machine


def _accounts(etc: Path, home: Path) -> None:
    for name, line in (
        ("passwd", "{0}:x:{1}:{1}::{2}:/bin/sh"),
        ("group", "{0}:x:{1}:"),
        ("shadow", "{0}:!*:19700::::::"),
    ):
        made = "".join(line.format(user, uid, home / folder) + "\n" for user, uid, folder in ACCOUNTS)
        (etc / name).write_text(Path("/etc", name).read_text() + made)
    (etc / "shadow").chmod(0o640)


def _installed(place: Path) -> None:
    helper = place / "libexec/trafico-monitor/chown"
    helper.parent.mkdir()
    shutil.copy(SOURCE / "privileged/chown.py", helper)
    helper.chmod(0o755)
    shutil.copytree(SOURCE, place / "trafico_monitor", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "etc/sudoers.d").mkdir(mode=0o750)
    shutil.copy(RULE, place / "etc/sudoers.d/trafico-monitor")
    (place / "etc/sudoers.d/trafico-monitor").chmod(0o440)
    (place / "etc/trafico-monitor").mkdir()
    (place / "etc/trafico-monitor/config.toml").write_text(
        f'[project]\ndir = "{place}/home/victor/100trafico"\nowner = "victor"\n'
    )


def test_the_users_most_frequent_failure_is_mended(machine: Machine) -> None:
    assert machine.service("cat", machine.video).returncode != 0
    opened = machine.sudo(machine.bot_api)
    assert opened.returncode == 0, opened.stderr
    mended = machine.sudo(without_token(machine.video))
    assert (mended.returncode, mended.stderr.split()[:2]) == (0, ["done:", "changed"])
    assert TOKEN not in mended.stderr
    assert machine.video.stat().st_uid == VICTOR
    assert machine.service("cat", machine.video).stdout == "video"
    assert machine.run(*VICTORS, "cat", machine.video).stdout == "video"


def test_a_closed_home_is_passed_through_and_the_models_written(machine: Machine) -> None:
    assert machine.sudo(machine.models).returncode == 0
    assert machine.service("touch", machine.models / "ana/copia.mp4").returncode == 0
    assert machine.service("ls", machine.base / "home/victor").returncode != 0


def test_the_setgid_bit_survives_without_cap_fsetid(machine: Machine) -> None:
    os.chown(machine.models, VICTOR, 8)
    machine.models.chmod(0o2770)
    assert machine.sudo(machine.models).returncode == 0
    assert machine.models.stat().st_mode & 0o7000 == 0o2000
    assert f"user:{MONITOR}:rwx" in acl(machine.models)


def test_a_shared_folder_that_its_owner_cannot_enter_is_opened_and_stays_shared(machine: Machine) -> None:
    ana = machine.models / "ana"
    os.chown(ana, VICTOR, 8)
    ana.chmod(0o2070)
    assert machine.sudo(ana).returncode == 0
    assert ana.stat().st_mode & 0o7700 == 0o2700
    assert machine.sudo(ana).returncode == 0


def test_sudo_lets_nothing_else_through(machine: Machine) -> None:
    machine.sudo(machine.models)
    others = (
        ["/bin/sh"],
        ["/usr/bin/chown", "x", "/etc/shadow"],
        [f"{HELPER}/../chown", "/x"],
        ["-u", "victor", HELPER],
    )
    for argv in others:
        ended = machine.service("sudo", "-n", *argv)
        assert ended.returncode == 1 and "sudo:" in ended.stderr, ended.stderr
    for arguments in ((), ("--undo",), ("-h",), ("-R", "/etc")):
        assert machine.sudo(*arguments).returncode != 0
    assert f"user:{MONITOR}:rwx" in acl(machine.models), "nothing was taken back"
    assert machine.sudo("/etc/shadow").returncode == 3
    assert machine.sudo(machine.models, "/etc/shadow").returncode == 2
    assert machine.sudo(f"{machine.models}/../../../../../etc/shadow").returncode == 3


def test_the_environment_says_nothing(machine: Machine) -> None:
    evil = machine.base / "evil"
    evil.mkdir()
    (evil / "os.py").write_text("raise SystemExit(99)\n")
    (evil / "sitecustomize.py").write_text("raise SystemExit(98)\n")
    (evil / "usercustomize.py").write_text("raise SystemExit(97)\n")
    settings = [f"PYTHONPATH={evil}", f"PYTHONHOME={evil}", "PYTHONINSPECT=1", f"HOME={evil}", "PYTHONWARNINGS=error"]
    ended = machine.service("env", "-C", evil, *settings, "sudo", "-n", HELPER, machine.models)
    assert ended.returncode == 0, ended.stderr
    directly = machine.run("env", "-C", evil, *settings, "LC_ALL=xx_YY", HELPER, machine.models)
    assert directly.returncode == 0, directly.stderr


def test_a_caller_cannot_leave_it_in_a_bad_state(machine: Machine) -> None:
    """Closed descriptors, blocked signals, no room for files, an open umask."""
    code = (
        "import os, resource, signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); os.umask(0); os.closerange(0, 3)\n"
        f"os.execv('{HELPER}', ['{HELPER}', sys.argv[1]])"
    )
    ended = machine.run("/usr/bin/python3", "-c", code, without_token(machine.video))
    assert ended.returncode == 0
    assert machine.video.stat().st_uid == VICTOR
    granted = machine.base / "lib/trafico-monitor-access/granted"
    assert granted.stat().st_mode & 0o777 == 0o600 and granted.read_bytes() == b""


def test_a_lease_on_the_file_does_not_hold_it(machine: Machine) -> None:
    # A write lease makes every opener wait for up to 45 s (lease-break-time).
    with machine.video.open("r+b") as held:
        before = signal.signal(signal.SIGIO, signal.SIG_IGN)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        began = time.monotonic()
        ended = machine.sudo(without_token(machine.video))
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        signal.signal(signal.SIGIO, before)
    assert (ended.returncode, ended.stderr.split()[:2]) == (4, ["failed:", "busy"])
    assert time.monotonic() - began < 20


def test_whatever_holds_it_it_ends_in_time(machine: Machine) -> None:
    """The caller is not root and could not end it; the caller's signal mask must not matter."""
    assert machine.sudo(machine.models).returncode == 0
    code = (
        "import signal, sys, trafico_monitor.privileged.chown as chown\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "chown.SECONDS = 1; sys.exit(chown.main())"
    )
    python: list[str | Path] = ["env", f"PYTHONPATH={machine.base}", "/usr/bin/python3", "-c", code, machine.models]
    held = ["flock", "/var/lib/trafico-monitor-access/granted", "sh", "-c", '"$@"; echo "$?"', "sh"]
    assert machine.run(*held, *python).stdout.strip() == str(128 + signal.SIGALRM)
    assert machine.run(*python).returncode == 0


# --- an order that was cut short is completed by the next


def _folder_of_the_monitors(machine: Machine) -> Path:
    """What `mkdir` of the monitor leaves behind when it is killed before it hands the folder over."""
    folder = machine.models / "nueva"
    folder.mkdir(exist_ok=True)
    os.chown(folder, MONITOR, MONITOR)
    folder.chmod(0o700)
    return folder


def _copy_of_the_monitors(machine: Machine) -> Path:
    copy = machine.models / "ana/v.mp4"
    copy.write_bytes(b"video")
    os.chown(copy, MONITOR, MONITOR)
    copy.chmod(0o600)
    return copy


def _locked_file_of_the_servers(machine: Machine) -> Path:
    os.chown(machine.video, API, API)
    machine.video.chmod(0)
    return machine.video


def _models(machine: Machine) -> Path:
    return machine.models


ORDERS = [_folder_of_the_monitors, _copy_of_the_monitors, _locked_file_of_the_servers, _models]
CALLS = ("mkdir", "flock", "write", "fchown", "fchmod", "fsetxattr", "sendto")


def _killed(machine: Machine, call: str, number: int, target: Path) -> bool:
    """One run that the kernel ends at the `number`-th such call; False when there are fewer."""
    kill = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    ended = machine.run("strace", "-o", "/dev/null", *kill, HELPER, without_token(target))
    assert ended.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), ended.stderr
    return ended.returncode != 0


@pytest.mark.parametrize("order", ORDERS, ids=[order.__name__[1:] for order in ORDERS])
def test_killed_at_any_call_it_is_completed_by_the_next_and_a_third_changes_nothing(
    machine: Machine, order: Callable[[Machine], Path]
) -> None:
    home = machine.base / "home"
    killed = set()
    for call in CALLS:
        for number in itertools.count(1):
            subprocess.run(["setfacl", "-R", "-b", "-k", home], check=True, timeout=10)
            shutil.rmtree(machine.base / "lib/trafico-monitor-access", ignore_errors=True)
            target = order(machine)
            if not _killed(machine, call, number, target):
                break
            killed.add(call)
            again = machine.sudo(without_token(target))
            assert again.returncode == 0, (call, number, again.stderr)
            right = snapshot(home)
            third = machine.sudo(without_token(target))
            assert (third.returncode, third.stderr.split()[:2]) == (0, ["done:", "already_right"]), (call, number)
            assert snapshot(home) == right
            assert target.stat().st_uid == VICTOR
            assert f"user:{MONITOR}:r" in str(acl(target))
            assert machine.run(*VICTORS, "test", "-r", target).returncode == 0
    assert {"flock", "write", "fsetxattr", "sendto"} <= killed


def test_parents_that_are_read_only_in_the_sandbox_are_a_note(machine: Machine) -> None:
    home, models = machine.base / "home", machine.models
    read_only = f"mount --bind {home} {home}; mount -o remount,bind,ro {home}; "
    read_only += f"mount --bind {models} {models}; mount -o remount,bind,rw {models}; "
    ended = machine.sudo(machine.models, first=read_only)
    assert ended.returncode == 0 and "acl_read_only" in ended.stderr, ended.stderr
    assert f"user:{MONITOR}:rwx" in acl(machine.models)
    shut = machine.sudo(without_token(machine.video), first=read_only)
    assert (shut.returncode, shut.stderr.split()[:2]) == (4, ["failed:", "read_only"])


def test_a_file_system_without_acls_is_a_note(machine: Machine) -> None:
    plain = f"mount -t ramfs ramfs {machine.models}; "
    plain += f"chown victor {machine.models}; mkdir {machine.models}/ana; touch {machine.models}/ana/v; "
    plain += f"chown {MONITOR} {machine.models}/ana/v; "
    show = f"{plain} {HELPER} {machine.models}/ana/v; stat -c %u {machine.models}/ana/v; "
    ended = machine.run("true", first=show)
    assert "acl_unsupported" in ended.stderr and ended.stdout.split() == [str(VICTOR)], ended


def test_the_package_takes_everything_back(machine: Machine) -> None:
    home = machine.base / "home/victor"
    machine.sudo(machine.models)
    machine.sudo(machine.bot_api)
    assert f"user:{MONITOR}:--x" in acl(home)
    through = machine.run("env", "SUDO_UID=1000", HELPER, "--undo")
    assert (through.returncode, through.stderr.split()[:2]) == (3, ["refused:", "undo_through_sudo"])
    ended = machine.run("env", "-u", "SUDO_UID", HELPER, "--undo")
    assert ended.returncode == 0, ended.stderr
    assert home.stat().st_mode & 0o777 == 0o700
    for path in (home, machine.models, machine.models / "ana", machine.bot_api, machine.video.parent):
        assert str(MONITOR) not in str(acl(path))


def _package(script: str) -> Path:
    return SOURCE.parent / "debian" / f"trafico-monitor.{script}"


def test_the_packages_removal_does_all_it_can_and_says_what_it_left(machine: Machine) -> None:
    assert machine.sudo(machine.models).returncode == 0
    assert machine.sudo(machine.bot_api).returncode == 0
    with levels(machine.models / "ana", 1200, VICTOR):
        removed = machine.run("sh", _package("prerm"), "remove")
    assert removed.returncode == 0, removed.stderr
    assert "some_left" in removed.stderr and f"too_deep={machine.models}/ana/d/d/" in removed.stderr
    for path in (machine.base / "home/victor", machine.models, machine.models / "ana", machine.video.parent):
        assert str(MONITOR) not in str(acl(path))
    silent = machine.run("sh", _package("prerm"), "remove")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")


@pytest.mark.parametrize(("before", "closes"), [("1.0.0", True), ("", False), ("2.0.0", False)])
def test_an_upgrade_closes_what_1_0_0_has_opened_to_the_bot(machine: Machine, before: str, closes: bool) -> None:
    docker = machine.base / "docker"
    docker.mkdir()
    docker.chmod(0o710)
    subprocess.run(["setfacl", "-m", f"u:{VICTOR}:x,u:{MONITOR}:x", docker], check=True, timeout=10)
    granted = machine.base / "lib/trafico-monitor-access/granted"
    granted.parent.mkdir(mode=0o700)
    granted.write_text(f'{{"one": "{docker}", "uid": {MONITOR}}}\n')
    granted.chmod(0o600)
    done = machine.run("sh", _package("postinst"), "configure", before)
    assert done.returncode == 0, done.stderr
    assert (f"user:{VICTOR}:--x" not in acl(docker)) == closes
    assert f"user:{MONITOR}:--x" in acl(docker)
    assert ("the bot's way through other people's folders is closed" in done.stderr) == closes
    again = machine.run("sh", _package("postinst"), "configure", before)
    assert "other people's folders" not in again.stderr


def test_it_is_quick(machine: Machine) -> None:
    """Beside what the interpreter alone takes, in the same run: a busy machine is slow for both."""
    took = machine.run("/usr/bin/python3", "-c", (
        "import subprocess, sys, time\n"
        "def took(argv):\n"
        "    began = time.monotonic(); subprocess.run(argv, check=True, stderr=-3)\n"
        "    return time.monotonic() - began\n"
        "bare = [sys.executable, '-I', '-c', 'import argparse, subprocess, tomllib']\n"
        "pairs = [(took(sys.argv[1:]), took(bare)) for _ in range(9)]\n"
        "print(min(one for one, _ in pairs) / min(one for _, one in pairs))"
    ), HELPER, machine.models / "ana")  # fmt: skip
    assert took.returncode == 0, took.stderr
    assert float(took.stdout) < 6


# --- the monitor's side


def _site(machine: Machine) -> str:
    return (
        "import asyncio\nfrom pathlib import Path\n"
        "from trafico_monitor.repair.ownership import ensure_access\n"
        "from trafico_monitor.repair.ownership import fix_owner\n"
        "from trafico_monitor.model.installation import Installation\n"
        f"site = Installation(Path({str(machine.models)!r}), Path({str(machine.bot_api)!r}), {VICTOR}, {VICTOR})\n"
    )


def _fix(machine: Machine, path: Path, options: str = "") -> tuple[str, str, str]:
    code = _site(machine) + (
        f"done = asyncio.run(fix_owner('i/1', Path({str(path)!r}), site))\n"
        "print(done.outcome.value, done.reason or '-', done.detail)"
    )
    outcome, reason, detail = machine.python(code, options).split(" ", 2)
    return outcome, reason, detail


def test_an_order_ends_with_its_result(machine: Machine) -> None:
    outcome, reason, detail = _fix(machine, machine.video)
    assert (outcome, reason) == ("done", "-"), detail
    assert machine.video.stat().st_uid == VICTOR
    assert TOKEN not in detail
    assert _fix(machine, Path("/etc/shadow"))[:2] == ("refused", "owner_outside")
    assert _fix(machine, machine.models / "nada")[:2] == ("failed", "owner_not_found")


def test_sudos_own_refusals_are_told_apart(machine: Machine) -> None:
    assert _fix(machine, machine.video, "--no-new-privs")[:2] == ("refused", "sudo_refused")
    rule = machine.base / "etc/sudoers.d/trafico-monitor"
    rule.unlink()
    assert _fix(machine, machine.video)[:2] == ("refused", "sudo_refused")
    assert machine.video.stat().st_uid == API


def test_a_missing_helper_is_told_apart(machine: Machine) -> None:
    (machine.base / "libexec/trafico-monitor/chown").unlink()
    assert _fix(machine, machine.video)[:2] == ("refused", "helper_missing")


def test_at_the_start_both_directories_are_opened(machine: Machine) -> None:
    code = _site(machine) + "print(asyncio.run(ensure_access(site)))"
    assert machine.python(code, "--no-new-privs") == "('access.models', 'access.bot_api')"
    assert machine.python(code) == "()"
    assert machine.python(code, "--no-new-privs") == "()", "once is enough"


def test_a_folder_that_was_shut_later_is_found(machine: Machine) -> None:
    code = _site(machine) + "print(asyncio.run(ensure_access(site)))"
    machine.python(code)
    subprocess.run(["setfacl", "-b", machine.models / "ana", machine.video.parent], check=True, timeout=10)
    assert machine.python(code, "--no-new-privs") == "('access.models', 'access.bot_api')"
    assert machine.python(code) == "()"


def test_roots_own_folder_does_not_count_as_shut(machine: Machine) -> None:
    (machine.models / "lost+found").mkdir(mode=0o700)
    assert machine.python(_site(machine) + "print(asyncio.run(ensure_access(site)))") == "()"
