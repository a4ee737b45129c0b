"""The monitor's own directories full, read-only, over quota or gone: it goes on detecting and telling,
corrects when it can store again, and nothing is lost, doubled or torn."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from tests.standin.bot_api import BotApiServer
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store

from .running import RunningService

pytestmark = pytest.mark.slow

NAME = f"tmown{os.getpid()}"
ADMIN = 123456789
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
# A failure of its own for each number: critical, so that it is told, and counted, at once.
FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"
BACK = "El monitor vuelve a escribir"
LINE = re.compile(r"\[\d\d:\d\d:\d\d\] \S.*")


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BotApiServer]:
    with BotApiServer(tmp_path / "files", control_port=0) as running:
        running.api.add_chat({"id": ADMIN})
        yield running


@pytest.fixture
def home(tmp_path: Path, server: BotApiServer) -> Iterator[Path]:
    """A home whose state and logs are small file systems of their own, and whose alerts arrive."""
    place = tmp_path / "home"
    (place / "conf.d").mkdir(parents=True)
    (place / "conf.d/alerts.toml").write_text(
        f'[telegram]\nadmin_id = "{ADMIN}"\nalert_token = "{TOKEN}"\napi_url = "{server.url}"\n'
    )
    with contextlib.ExitStack() as mounts:
        for name in ("state", "logs"):
            (place / name).mkdir()
            mounts.enter_context(mounted(place / name))
        yield place


@contextlib.contextmanager
def mounted(place: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=10)


def fill(place: Path) -> None:
    with (place / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def exchange(one: Path, other: Path) -> None:
    """Each in the place of the other, at one moment: the service would make anew what is missing."""
    at_cwd, renameat2_exchange = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(at_cwd, bytes(one), at_cwd, bytes(other), renameat2_exchange):
        raise OSError(ctypes.get_errno(), f"{one} ↔ {other}")


def told(server: BotApiServer, words: str) -> list[str]:
    """The messages, edits left out, that hold `words`."""
    sent = [one for one in server.api.messages if one["method"] == "sendMessage"]
    return [one["rendered"] for one in sent if words in one["rendered"]]


def rung(server: BotApiServer) -> int:
    """How often the full disk has rung, told by a failure or by the periodic check."""
    sent = (one["rendered"] for one in server.api.messages if one["method"] == "sendMessage")
    return sum(_of_disk(text) for text in sent)


def alerts(server: BotApiServer) -> int:
    """How many failures were told of: one cause is one message, which counts them."""
    texts = [one["rendered"] for one in server.api.messages if _of_disk(one["rendered"])]
    counts = [int(found[1]) for text in texts if (found := re.search(r"Descargas en espera: (\d+)", text))]
    return max(counts, default=int(any("Disco lleno detectado" in text for text in texts)))


def _of_disk(text: str) -> bool:
    return "CRÍTICO" in text and ("Disco lleno detectado" in text or "Espacio en disco crítico" in text)


def recorded(home: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((home / "logs/descarga_errors.json").read_text(encoding="utf-8"))
    return found


def detected(home: Path) -> list[object]:
    found = [one for one in recorded(home) if one["estado"] == "detectado" and one["error_type"] == "disco_lleno"]
    return [one["video"] for one in found]


def check_all_is_whole(home: Path, names: list[str]) -> None:
    """One incident for each name, in the database as in the logs; every line and object whole."""
    with contextlib.closing(sqlite3.connect(home / "state/monitor.db")) as database:
        ours = "WHERE error_type = 'disco_lleno'"  # the server that does not answer here is one more
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert database.execute(f"SELECT count(*) FROM incidents {ours}").fetchone()[0] == len(names)
        numbers = [row[0] for row in database.execute("SELECT seq FROM records ORDER BY seq")]
        counted = database.execute("SELECT sum(number) FROM tallies WHERE value LIKE 'disco_lleno/%'").fetchone()[0]
    assert numbers == list(range(1, numbers[-1] + 1)) and counted == len(names)
    assert detected(home) == [f"{name}.mp4" for name in names]
    lines = (home / "logs/monitor.log").read_text(encoding="utf-8").splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert len(lines) == len(numbers)


def test_full_disks_hold_up_neither_detection_nor_alerts(
    home: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    names = [f"20260101_1010{n:02}_abcdef" for n in range(12)]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format(names[0]))
        wait_until(lambda: alerts(server) == 1, "an alert", 60)
        for place in ("state", "logs"):
            fill(home / place)
        bot.say(*(FULL.format(name) for name in names[1:6]))
        wait_until(lambda: told(server, "El monitor no puede guardar nada"), "its own trouble is told", 60)
        assert f"Carpeta: {home / 'state'}" in told(server, "El monitor no puede guardar nada")[0]
        assert "libera espacio" in told(server, "El monitor no puede guardar nada")[0]
        wait_until(lambda: told(server, "no puede escribir sus registros"), "so are the logs", 90)
        wait_until(lambda: alerts(server) == 6, "the alerts go on", 60)
        bot.say(*(FULL.format(name) for name in names[6:]))
        for place in ("state", "logs"):
            (home / place / "ballast").unlink()
        wait_until(lambda: "".join(told(server, BACK)).count(BACK) == 2, "the end is told", 90)  # perhaps in one
        wait_until(lambda: alerts(server) == 12, "all alerts", 60)
        assert "sigue detectando y avisando en memoria" in service.log
        wait_until(lambda: len(detected(home)) == 12, "the log is complete", 60)
    check_all_is_whole(home, names)
    assert (alerts(server), rung(server)) == (12, 1)


def test_a_kill_while_the_disk_is_full_loses_and_doubles_nothing(
    home: Path, journald: PrivateJournald, server: BotApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under systemd what stands in for the database lies beside the socket, and outlives a kill."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    names = [f"20260101_1010{n:02}_abcdef" for n in range(6)]
    with BotProcess(journald) as bot:
        with RunningService(home, NAME) as service:
            bot.say(FULL.format(names[0]))
            wait_until(lambda: alerts(server) == 1, "an alert", 60)
            fill(home / "state")
            bot.say(*(FULL.format(name) for name in names[1:3]))
            wait_until(lambda: alerts(server) == 3, "the alerts go on", 60)
            wait_until(lambda: len(detected(home)) == 3, "and the log", 60)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(10)
        bot.say(FULL.format(names[3]))
        before = (home / "logs/monitor.log").read_text(encoding="utf-8").count("👀")
        with RunningService(home, NAME) as service:
            wait_until(lambda: service.log.count("👀") > before, "it starts on the full disk", 60)
            wait_until(lambda: alerts(server) == 4, "what came meanwhile is told", 60)
            bot.say(*(FULL.format(name) for name in names[4:]))
            wait_until(lambda: alerts(server) == 6, "and what comes", 60)
            (home / "state/ballast").unlink()
            wait_until(lambda: "vuelve a escribirse" in service.log, "it can store again", 60)
    check_all_is_whole(home, names)
    # A kill between sending and noting it: the courier's one way to tell twice.
    assert alerts(server) == 6 and 1 <= rung(server) <= 2
    assert not (tmp_path / "run/stopgap.db").exists()


def test_it_starts_on_a_read_only_disk_behind_the_last_line(
    home: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    names = [f"20260101_1010{n:02}_abcdef" for n in range(3)]
    with BotProcess(journald) as bot:
        with RunningService(home, NAME) as service:
            bot.say(FULL.format(names[0]))
            wait_until(lambda: alerts(server) == 1, "an alert", 60)
            service.process.send_signal(signal.SIGKILL)  # the newest steps are in its log alone
            service.process.wait(10)
        bot.say(FULL.format(names[1]))
        subprocess.run(["mount", "-o", "remount,ro", str(home / "state")], check=True, timeout=10)
        with RunningService(home, NAME) as service:
            wait_until(lambda: alerts(server) == 2, "it goes on where it was", 60)
            wait_until(lambda: told(server, "de solo lectura"), "the reason is told", 60)
            bot.say(FULL.format(names[2]))
            wait_until(lambda: alerts(server) == 3, "and with what comes", 60)
            subprocess.run(["mount", "-o", "remount,rw", str(home / "state")], check=True, timeout=10)
            wait_until(lambda: "vuelve a escribirse" in service.log, "it can store again", 60)
    check_all_is_whole(home, names)
    assert alerts(server) == 3 and 1 <= rung(server) <= 2  # as above


async def test_a_store_that_was_closed_is_read_on_a_read_only_disk(tmp_path: Path) -> None:
    """After an orderly stop there is no log beside the database, and none can be made."""
    with mounted(tmp_path):
        store = await Store.open(tmp_path)
        await store.commit(ChangeSet(cursor="here"))
        await store.close()
        assert not (tmp_path / "monitor.db-wal").exists()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True, timeout=10)
        store = await Store.open(tmp_path)
        assert store.database.standing_in
        assert (await store.load()).cursor == "here"
        subprocess.run(["mount", "-o", "remount,rw", str(tmp_path)], check=True, timeout=10)
        await store.commit(ChangeSet(cursor="there"))
        await store.database.come_back()
        await store.close()
        store = await Store.open(tmp_path)
        assert (await store.load()).cursor == "there"
        await store.close()


def test_over_quota(home: Path, journald: PrivateJournald, server: BotApiServer) -> None:
    """The kernel here knows no quotas: the system calls on the database answer EDQUOT instead."""
    names = [f"20260101_1010{n:02}_abcdef" for n in range(2)]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format(names[0]))
        wait_until(lambda: alerts(server) == 1, "an alert", 60)
        with over_quota(service.process.pid, home / "state"):
            bot.say(FULL.format(names[1]))
            wait_until(lambda: told(server, "El monitor no puede guardar nada"), "its own trouble is told", 60)
            assert "cuota de disco agotada" in told(server, "El monitor no puede guardar nada")[0]
            wait_until(lambda: alerts(server) == 2, "the alerts go on", 60)
        wait_until(lambda: "vuelve a escribirse" in service.log, "it can store again", 60)
    check_all_is_whole(home, names)


@contextlib.contextmanager
def over_quota(pid: int, state: Path) -> Iterator[None]:
    places = [f"--trace-path={state / name}" for name in ("monitor.db", "monitor.db-wal", ".probe")]
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=pwrite64,write:error=EDQUOT", *places, f"-p{pid}"]
    )
    status = Path(f"/proc/{pid}/status")
    try:
        wait_until(lambda: f"TracerPid:\t{tracer.pid}" in status.read_text(), "it is traced")
        yield
    finally:
        tracer.terminate()
        tracer.wait(10)


def test_a_deleted_state_directory_is_made_again_with_what_was_in_it(
    tmp_path: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    home = tmp_path / "home"
    names = [f"20260101_1010{n:02}_abcdef" for n in range(2)]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format(names[0]))
        wait_until(lambda: names[0] in service.log, "an incident")
        shutil.rmtree(home / "state")
        shutil.rmtree(home / "logs")
        bot.say(FULL.format(names[1]))
        wait_until(lambda: names[1] in service.log, "the next one")
        wait_until((home / "state/monitor.db").exists, "a new database")
    with contextlib.closing(sqlite3.connect(home / "state/monitor.db")) as database:
        assert database.execute("SELECT count(*) FROM incidents WHERE error_type = 'disco_lleno'").fetchone()[0] == 2
    assert detected(home) == [f"{names[1]}.mp4"]


def test_a_state_directory_that_cannot_be_made_again(
    tmp_path: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    """As under systemd, where the directory above is read-only: only its place can come back."""
    home = tmp_path / "home"
    names = [f"20260101_1010{n:02}_abcdef" for n in range(3)]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format(names[0]))
        wait_until(lambda: names[0] in service.log, "an incident")
        (tmp_path / "other").write_text("in its place")
        exchange(tmp_path / "other", home / "state")
        shutil.rmtree(tmp_path / "other")
        bot.say(FULL.format(names[1]))
        wait_until(lambda: names[1] in service.log, "the next one is recorded all the same", 60)
        wait_until(lambda: "la carpeta ya no existe" in service.log, "and the reason", 60)
        (home / "state").unlink()
        wait_until(lambda: "vuelve a escribirse" in service.log, "it is made again", 60)
        bot.say(FULL.format(names[2]))
        wait_until(lambda: names[2] in service.log, "it goes on")
    check_all_is_whole(home, names)


@pytest.fixture(autouse=True)
def _as_root() -> None:
    if os.geteuid() != 0:
        raise RuntimeError("a private journald and small file systems need root: run the tests with sudo")


@pytest.mark.parametrize("left", [(), ("-wal",), ("-wal", "-shm")], ids=["closed", "killed", "killed, index left"])
async def test_what_is_stored_can_be_looked_at_on_a_read_only_disk(tmp_path: Path, left: tuple[str, ...]) -> None:
    """`status`, `incidents` and the rest, when the service stands still or cannot write either."""
    store = await Store.open(tmp_path / "here")
    await store.save_status({"open": 3})
    if not left:
        await store.close()
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk"):
        for end in ("", *left):
            shutil.copy(tmp_path / f"here/monitor.db{end}", tmp_path / "disk")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True, timeout=10)
        with Queries(tmp_path / "disk") as queries:
            assert queries.status() == {"open": 3}
            assert queries.incidents() == ()
    if left:
        await store.close()
