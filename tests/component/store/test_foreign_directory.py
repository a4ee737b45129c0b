"""The logs in a directory of somebody else's: he can spoil what he sees there, and nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.component.store.conftest import step
from tests.component.store.test_json_log import numbered
from trafico_monitor.host.journal_writer import JournalWriter
from trafico_monitor.store.exporters import Exports, MonitorLog
from trafico_monitor.store.json_array_log import JsonLog
from trafico_monitor.store.own_files import Place
from trafico_monitor.store.repository import Store

BOT, STRANGER = 33, 9  # www-data, news: users that every Debian has
SECRET = b'{"token": "9999999999:SECRET-alert-token", "registro": 7}\n]\n'
SECONDS = 20.0
JSON, LOG = "descarga_errors.json", "monitor.log"


@pytest.fixture
def base() -> Iterator[Path]:
    """Everybody can pass through it; `logs` is the project's user's, `secret` root's alone."""
    with tempfile.TemporaryDirectory(prefix="trafico-", dir="/var/tmp") as name:
        base = Path(name)
        base.chmod(0o755)
        (base / "logs").mkdir()
        os.chown(base / "logs", BOT, BOT)
        (base / "vault").mkdir(mode=0o700)
        for name in ("secret", JSON, LOG, "monitor.db"):
            (base / "vault" / name).write_bytes(SECRET)
            (base / "vault" / name).chmod(0o600)
        yield base


def vault(base: Path) -> dict[str, object]:
    """Everything about what is nobody else's business."""
    found: dict[str, object] = {}
    for path in sorted((base / "vault").iterdir()):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.name] = (digest, status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ino)
    return found


def logs_of(base: Path) -> tuple[JsonLog, MonitorLog]:
    place = Place.of_user(base / "logs", BOT)
    return JsonLog(place, rotate_bytes=20_000, keep=3), MonitorLog(place, rotate_bytes=5_000, keep=3)


def write(json_log: JsonLog, log: MonitorLog, *numbers: int) -> list[str]:
    """Append to both, within a time; the errors that were raised."""
    errors: list[str] = []
    for append in (json_log.append, log.append):
        worker = ThreadPoolExecutor(1)
        try:
            worker.submit(append, numbered(*numbers)).result(SECONDS)
        except OSError as error:
            errors.append(str(error))
        finally:
            worker.shutdown(wait=False)
    return errors


def all_bytes(folder: Path) -> bytes:
    """Whatever the user can read in his directory."""
    found = b""
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size < 10**7 and status.st_nlink == 1:
            found += path.read_bytes()
    return found


KINDS = [
    "link", "link_to_nothing", "link_to_folder", "hard_link", "fifo", "socket", "device", "folder", "full_folder",
    "strangers", "huge", "nested", "many_nested", "binary", "own_words",
]  # fmt: skip
NAMES = [JSON, "descarga_errors.1.json", f".{JSON}.twin", f".{JSON}.spare", LOG, "monitor.log.1"]


def plant(kind: str, path: Path, base: Path) -> None:
    secret = base / "vault/secret"
    match kind:
        case "link":
            path.symlink_to(secret)
        case "link_to_nothing":
            path.symlink_to(base / "vault/made-by-following")
        case "link_to_folder":
            path.symlink_to(base / "vault")
        case "hard_link":  # as with fs.protected_hardlinks = 0
            path.hardlink_to(secret)
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        case "device":
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero: it never ends
        case "folder":
            path.mkdir()
        case "full_folder":
            path.mkdir()
            (path / "x").write_text("x")
        case "strangers":
            path.write_bytes(SECRET)
            os.chown(path, STRANGER, STRANGER)
        case "huge":
            path.touch()
            os.truncate(path, 2**40)
        case "nested":
            path.write_bytes(b"[\n" + b"[" * 200_000)
        case "many_nested":
            path.write_bytes(b"[" + b",\n".join([b'{"a":' * 950 + b"1" + b"}" * 950] * 500) + b"\n]\n")
        case "binary":
            path.write_bytes(bytes(range(256)) * 4096)
        case "own_words":
            path.write_bytes(b'[\n{"registro": 9223372036854775807, "timestamp": [[1]]}\n]\n')
    if kind not in ("hard_link", "strangers"):
        os.chown(path, BOT, BOT, follow_symlinks=False)


@pytest.mark.parametrize("when", ["before", "between"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_planted_under_whichever_name(base: Path, kind: str, name: str, when: str) -> None:
    json_log, log = logs_of(base)
    target = base / "logs" / name
    if when == "between":
        assert write(json_log, log, 1) == write(json_log, log, 2) == []
        if target.exists():
            target.unlink()
    plant(kind, target, base)
    was = vault(base)
    began = time.monotonic()
    errors = [write(json_log, log, number) for number in (3, 4, 5)]
    assert vault(base) == was
    assert b"SECRET" not in all_bytes(base / "logs").replace(SECRET if kind == "strangers" else b"\0\0", b"")
    assert errors == [[], [], []]
    written = json.loads((base / "logs" / JSON).read_bytes())
    assert [one["registro"] for one in written][-3:] == [3, 4, 5]
    assert (base / "logs" / LOG).read_text().count("\n") >= 3
    assert (base / "logs" / JSON).lstat().st_uid == (base / "logs" / LOG).lstat().st_uid == os.geteuid()
    assert time.monotonic() - began < SECONDS / 2


@pytest.mark.parametrize("kind", KINDS)
def test_rotation_meets_what_is_planted_under_every_number(base: Path, kind: str) -> None:
    json_log, log = logs_of(base)
    for number in (1, 2, 3):
        plant(kind, base / "logs" / f"descarga_errors.{number}.json", base)
        plant(kind, base / "logs" / f"monitor.log.{number}", base)
    was = vault(base)
    for number in range(1, 200):
        write(json_log, log, number)  # a folder in the last place is an error: told, and nothing else
    assert vault(base) == was
    assert isinstance(json.loads((base / "logs" / JSON).read_bytes()), list)


# As the project's user: exchange the files for links as fast as it goes, and look for the secret
# in every file that comes to be. The default ACL gives him what is made in his directory.
_ATTACKER = r"""
import contextlib, os, sys, time
logs, vault = sys.argv[1:3]
os.chdir(logs)
end, turn = time.monotonic() + float(sys.argv[3]), 0
names = ["descarga_errors.json", "monitor.log", "descarga_errors.1.json", "monitor.log.1"]
print("began", flush=True)
while time.monotonic() < end:
    turn += 1
    listed = os.listdir(".")
    for name in [*names, *(one for one in listed if one.startswith(".descarga"))]:
        with contextlib.suppress(OSError):
            os.rename(name, f"aside{turn % 7}")
        with contextlib.suppress(OSError):
            os.symlink(f"{vault}/{'secret' if turn % 3 else 'monitor.db'}", name)
        for seen in (name, f"aside{turn % 7}"):
            with contextlib.suppress(OSError):
                with open(os.open(seen, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                    if b"SECRET" in file.read():
                        print("LEAK", flush=True)
        if turn % 2:
            with contextlib.suppress(OSError):
                os.unlink(name)
    if turn % 5 == 0:
        with contextlib.suppress(OSError):
            os.rename(logs, logs + ".away")
        with contextlib.suppress(OSError):
            os.symlink(vault, logs)
        with contextlib.suppress(OSError):
            os.unlink(logs)
        with contextlib.suppress(OSError):
            os.rename(logs + ".away", logs)
"""


@pytest.mark.slow
@pytest.mark.parametrize("parents", [False, True], ids=["names", "names and the directory itself"])
def test_exchanging_names_while_records_come(base: Path, parents: bool) -> None:
    logs = base / "logs"
    if parents:
        os.chown(base, BOT, BOT)
    subprocess.run(["setfacl", "-m", f"d:u:{BOT}:rwx,d:m::rwx", logs], check=True, timeout=10)
    json_log, log = logs_of(base)
    was = vault(base)
    as_bot = ["setpriv", f"--reuid={BOT}", f"--regid={BOT}", "--clear-groups", "--inh-caps=-all", "--"]
    attacker = subprocess.Popen(
        [*as_bot, sys.executable, "-c", _ATTACKER, str(logs), str(base / "vault"), "6"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert attacker.stdout is not None
    try:
        assert attacker.stdout.readline() == "began\n"
        number = taken = 0
        while attacker.poll() is None:
            number += 1
            taken += write(json_log, log, number) == []
        said = attacker.stdout.read()
    finally:
        attacker.kill()
        attacker.wait(10)
        attacker.stdout.close()
    assert said == "" and vault(base) == was
    assert taken > 20, f"{taken} of {number} batches"
    for path in logs.iterdir():  # he has stopped: what he has left does not keep the next from being written
        if path.is_symlink():
            path.unlink()
    assert write(json_log, log, number + 1) == []
    assert json.loads((logs / JSON).read_bytes())[-1]["registro"] == number + 1


def test_the_directory_exchanged_for_a_link_or_for_a_strangers(base: Path) -> None:
    json_log, log = logs_of(base)
    assert write(json_log, log, 1) == []
    os.chown(base, BOT, BOT)
    logs, was = base / "logs", vault(base)
    logs.rename(base / "away")
    logs.symlink_to(base / "vault")
    assert len(write(json_log, log, 2)) == 2
    logs.unlink()
    logs.mkdir()
    os.chown(logs, STRANGER, STRANGER)
    assert len(write(json_log, log, 2)) == 2 and list(logs.iterdir()) == []
    logs.rmdir()
    (base / "away").rename(logs)
    assert write(json_log, log, 2) == []
    assert [one["registro"] for one in json.loads((logs / JSON).read_bytes())] == [1, 2] and vault(base) == was


def test_the_users_own_file_of_before_is_taken_over(base: Path) -> None:
    """The first monitor ran as the bot's user, and its file has been there for a year."""
    old = [{"timestamp": "2025-12-25T14:30:20+00:00", "modelo": "luna", "estado": "solucionado"}] * 3
    (base / "logs" / JSON).write_text(json.dumps(old, indent=1))
    (base / "logs" / LOG).write_text("[14:30:15] 👀 before\n")
    for name in (JSON, LOG):
        os.chown(base / "logs" / name, BOT, BOT)
    json_log, log = logs_of(base)
    assert write(json_log, log, 1) == []
    assert json.loads((base / "logs" / JSON).read_bytes())[:3] == old
    assert "before" in (base / "logs/monitor.log.1").read_text()


_KILLED = """
import sys
from pathlib import Path
from tests.component.store.test_foreign_directory import logs_of
from tests.component.store.test_json_log import numbered

log, _ = logs_of(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    log.append(numbered(number))
    print(".", end="", flush=True)
"""


def test_nothing_hidden_is_left_behind_by_kills(base: Path) -> None:
    for turn in range(6):
        child = subprocess.Popen([sys.executable, "-c", _KILLED, str(base)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.read(3 + turn)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdout.close()
    json_log, log = logs_of(base)
    assert write(json_log, log, 10_000) == []
    hidden = [path.name for path in (base / "logs").iterdir() if path.name.startswith(".")]
    assert len(hidden) <= 1  # the twin


def exports(base: Path, store: Store) -> Exports:
    journal = JournalWriter("/nonexistent/socket", io.StringIO())
    return Exports(store, base / "logs", journal, packaged=base / "own", project_user=lambda: BOT)


def recorded(folder: Path) -> list[str]:
    return [one["incidente"] for one in json.loads((folder / JSON).read_bytes())]


async def test_a_disk_of_his_that_does_not_answer_holds_nothing_up(base: Path, store: Store) -> None:
    """His home may be mounted from elsewhere; a frozen file system is one whose server is gone."""
    logs, disk = base / "logs", base / "disk"
    with disk.open("wb") as file:
        file.truncate(8 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True, timeout=30)
    subprocess.run(["mount", "-o", "loop", disk, logs], check=True, timeout=30)
    try:
        os.chown(logs, BOT, BOT)
        out = exports(base, store)
        await store.commit(step("a"))
        assert await out.drain() and recorded(logs) == recorded(base / "own") == ["a"]
        subprocess.run(["fsfreeze", "-f", logs], check=True, timeout=10)
        try:
            for name in ("b", "c"):
                await store.commit(step(name))
                began = time.monotonic()
                assert not await out.drain()
                assert time.monotonic() - began < SECONDS
            assert recorded(base / "own") == ["a", "b", "c"]
            assert set(out.failing) == {"json.copy", "log.copy"}
        finally:
            subprocess.run(["fsfreeze", "-u", logs], check=True, timeout=10)
        end = time.monotonic() + SECONDS
        while not await out.drain():
            assert time.monotonic() < end, out.failing
        assert recorded(logs)[-1] == "c" and (logs / LOG).read_text().count(" c\n") >= 1
    finally:
        subprocess.run(["umount", "--lazy", logs], check=True, timeout=10)


async def test_what_a_copy_says_decides_nothing(base: Path, store: Store) -> None:
    """Neither the records' numbers nor what may be deleted or carried follows from it."""
    out = exports(base, store)
    await store.commit(step("a"))
    assert await out.drain()
    logs = base / "logs"
    (logs / JSON).unlink()
    (logs / JSON).write_bytes(b'[\n{"registro": 9007199254740990}\n]\n')
    os.chown(logs / JSON, BOT, BOT)
    for name in ("b", "c"):
        await store.commit(step(name))
        assert await out.drain()
    assert await store.last_number() == 3 and recorded(base / "own") == ["a", "b", "c"]
    assert [one.get("incidente") for one in json.loads((logs / JSON).read_bytes())] == [None, "b", "c"]
    os.chown(logs, STRANGER, STRANGER)  # from now on there is none, and nobody waits for it
    await store.commit(step("d"))
    assert await out.drain() and out.refused is not None and out.refused.code == "owner"
    assert await store.kept("exported.json") == await store.kept("exported.log") == "4"
    assert await store.kept("copied.json") == "3"
    os.chown(logs, BOT, BOT)
    assert await out.drain() and out.refused is None
    assert recorded_after(logs) == ["b", "c", "d"]


def recorded_after(folder: Path) -> list[object]:
    return [one["incidente"] for one in json.loads((folder / JSON).read_bytes()) if "incidente" in one]


async def test_a_copy_begins_where_the_log_is(base: Path, store: Store) -> None:
    """1.0 wrote there alone: its records are not repeated, and the package's own directory goes on."""
    for name in ("a", "b"):
        await store.commit(step(name))
    before = Exports(store, base / "before", JournalWriter("/nonexistent/socket", io.StringIO()))
    assert await before.drain()
    for name in (JSON, LOG):
        (base / "before" / name).rename(base / "logs" / name)
    await store.commit(step("c"))
    assert await exports(base, store).drain()
    assert recorded(base / "logs") == ["a", "b", "c"] and recorded(base / "own") == ["c"]
    assert [line[-1] for line in (base / "logs" / LOG).read_text().splitlines()] == ["a", "b", "c"]
