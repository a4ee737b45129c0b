"""The demo's machine: accounts, project, Bot API directory, configuration, sudoers.

All of it as on a user's machine and as installed by the package, but in memory and in the demo's own mount namespace.
Only /usr is the host's, and it is only read.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.standin.project import lay_out

from .enter import CODE, STAGE
from .mounts import bind, copy_over, empty

BOT_USER = "victor"
MONITOR_USER = "trafico-monitor"
PROJECT = Path("/home/victor/100-trafico/100trafico")
MODELS = PROJECT / "modelos"
BOT_API_DIR = Path("/home/victor/.telegram-bot-api")
CONTAINER_UID = 101  # the user of the image aiogram/telegram-bot-api
STATE = Path("/var/lib/trafico-monitor")
LOGS = Path("/var/log/trafico-monitor")
CREDENTIALS = Path("/run/credentials/trafico-monitor.service")
HELPER = Path("/usr/libexec/trafico-monitor/chown")
SHIPPED_RULES = Path("/usr/share/trafico-monitor/rules.d")
CONFIG = Path("/etc/trafico-monitor/config.toml")

BOT_TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT_TOKEN = "9876543210:AAExampleExampleExampleExampleAlerta"
ADMIN_ID = 123456789
MODELOS = ("victor", "yic")
DISK_MEGABYTES = 24  # of the models directory: small, so that it can be filled in a moment
_SECONDS = 20.0
SCRATCH = STAGE / f"of-{os.getpid()}"  # several machines may share the stage
_CLOSED = frozenset({"/run", "/tmp", "/home", "/var/lib", "/var/log"})
_MODES = {"/tmp": "1777"}

_CONFIG = """\
language = "{language}"
[project]
dir = "{project}"
[journal]
namespace = "{namespace}"
[quarantine]
min_age = 1
[checks]
interval = 3
disk_warning = "6MB"
disk_critical = "3MB"
server_attempts = 3
server_interval = 1
[bot_api]
url = "{url}"
host_dir = "{bot_api_dir}"
[telegram]
api_url = "{alert_url}"
"""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def setpriv(self) -> list[str]:
        """Returns the argv prefix that runs a program as this user, without privileges."""
        groups = ",".join(map(str, self.groups))
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", f"--groups={groups}", "--inh-caps=-all", "--"]


def account(name: str) -> Account:
    found = pwd.getpwnam(name)
    return Account(name, found.pw_uid, found.pw_gid, tuple(os.getgrouplist(name, found.pw_gid)))


def build(*, url: str, alert_url: str, namespace: str, language: str) -> None:
    """Creates everything except the running programs, after `cover`. `url` is the stand-in server's."""
    _project(url)
    _install()
    words = {"project": PROJECT, "namespace": namespace, "url": url, "alert_url": alert_url}
    CONFIG.write_text(_CONFIG.format(language=language, bot_api_dir=BOT_API_DIR, **words), encoding="utf-8")


def cover() -> None:
    """Mounts private copies of everything the demo writes to, and of the accounts, whose homes are there."""
    SCRATCH.mkdir()
    etc = SCRATCH / "etc"
    with contextlib.suppress(shutil.Error):  # a pipe or a socket there is nothing to copy
        shutil.copytree("/etc", etc, symlinks=True, copy_function=_copy_with_owner)
    with (etc / "hosts").open("a") as hosts:  # sudo asks for this machine's own name
        hosts.write(f"\n127.0.1.1 {socket.gethostname()}\n")
    bind(etc, Path("/etc"))
    for place in sorted(_CLOSED):
        empty(Path(place), _MODES.get(place, "0755"))
    # A tmpfs there would hide sudo's own plugin.
    copy_over(Path("/usr/libexec"), SCRATCH / "libexec")
    shutil.rmtree(CONFIG.parent, ignore_errors=True)  # of an installed monitor, if there is one
    Path("/etc/sudoers.d/trafico-monitor").unlink(missing_ok=True)
    machine = Path("/etc/machine-id")  # a fresh container may have none, and journald needs one
    if len(machine.read_text().strip() if machine.exists() else "") != 32:
        machine.unlink(missing_ok=True)
        machine.write_text(f"{uuid.uuid4().hex}\n")
    _accounts()


def _copy_with_owner(source: str, target: str) -> None:
    seen = os.lstat(source)
    shutil.copy2(source, target, follow_symlinks=False)
    os.chown(target, seen.st_uid, seen.st_gid, follow_symlinks=False)


def _accounts() -> None:
    Path("/home/victor").mkdir()
    if not _exists(BOT_USER):
        _run("useradd", "--no-log-init", "--no-create-home", "--home-dir", "/home/victor", "--user-group", BOT_USER)
    _run("systemd-sysusers", str(CODE / "packaging/systemd/trafico-monitor.sysusers"))
    # As on a real machine, where tmpfiles does it: journal files are the group's.
    journals = Path("/run/log/journal")
    journals.mkdir(parents=True)
    os.chown(journals, 0, grp.getgrnam("systemd-journal").gr_gid)
    journals.chmod(0o2755)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def open_journal(run_dir: Path) -> None:
    """Places the private journald where programs look for the system's."""
    place = run_dir.with_name("journal")
    if not place.exists():
        place.symlink_to(run_dir)


def _project(url: str) -> None:
    lay_out(PROJECT, token=BOT_TOKEN, admin_id=str(ADMIN_ID), url=url, models=())
    MODELS.mkdir()
    empty(MODELS, "0755", f"{DISK_MEGABYTES}m")
    lay_out(PROJECT, token=BOT_TOKEN, admin_id=str(ADMIN_ID), url=url, models=MODELOS)
    bot = pwd.getpwnam(BOT_USER)
    home = Path("/home/victor")
    for path in (home, *home.rglob("*")):
        os.chown(path, bot.pw_uid, bot.pw_gid)
    # Token and ADMIN_ID come from where the mission has them, so the monitor must be able to read it.
    os.chown(PROJECT / "src" / ".env", bot.pw_uid, pwd.getpwnam(MONITOR_USER).pw_gid)
    BOT_API_DIR.mkdir(exist_ok=True)
    os.chown(BOT_API_DIR, CONTAINER_UID, CONTAINER_UID)


def _install() -> None:
    """Installs the package's content from its own files."""
    monitor = pwd.getpwnam(MONITOR_USER)
    for folder in (STATE, LOGS, CREDENTIALS, Path("/run/trafico-monitor")):
        folder.mkdir(parents=True)
        folder.chmod(0o750)
        os.chown(folder, monitor.pw_uid, monitor.pw_gid)
    Path("/var/lib/trafico-monitor-access").mkdir(mode=0o700)
    alert_token = CREDENTIALS / "alert-token"
    alert_token.write_text(ALERT_TOKEN)
    alert_token.chmod(0o400)
    os.chown(alert_token, monitor.pw_uid, monitor.pw_gid)
    HELPER.parent.mkdir(exist_ok=True)
    HELPER.unlink(missing_ok=True)
    shutil.copyfile(CODE / "trafico_monitor/privileged/chown.py", HELPER)
    HELPER.chmod(0o755)
    sudoers = Path("/etc/sudoers.d/trafico-monitor")
    sudoers.parent.mkdir(exist_ok=True)
    shutil.copyfile(CODE / "packaging/systemd/trafico-monitor.sudoers", sudoers)
    sudoers.chmod(0o440)
    CONFIG.parent.mkdir()
    if SHIPPED_RULES.is_dir():  # of a package that is installed, perhaps of another version
        bind(CODE / "trafico_monitor/detection/rules", SHIPPED_RULES)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
