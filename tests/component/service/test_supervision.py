"""Each side task of the real service raises: the main line goes on, and the task comes back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.component.daemon.test_supervisor import FAULTS, recursion
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from trafico_monitor.cli.client import call
from trafico_monitor.daemon import supervisor
from trafico_monitor.daemon.ingest_loop import IngestLoop
from trafico_monitor.daemon.service import Service
from trafico_monitor.daemon.supervisor import Work
from trafico_monitor.errors import MonitorError
from trafico_monitor.host.journal_writer import MESSAGE_IDS
from trafico_monitor.messages import LANGUAGES, catalogue
from trafico_monitor.store.read_repository import Queries

from .running import RunningService, write_config

pytestmark = pytest.mark.slow

ROOT = Path(supervisor.__file__).parents[1]
SECONDS = 60.0
FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"supervised{os.getpid()}") as running:
        yield running


class Systemd:
    """The end of the notification socket that systemd has, and reads: a full one would hold its writers up."""

    def __init__(self, path: Path) -> None:
        self.said: list[bytes] = []
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listening.bind(str(path))
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        while said := self._listening.recv(4096):
            self.said.append(said)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RD)
        self._reading.join()
        self._listening.close()


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    with tempfile.TemporaryDirectory() as folder:
        listening = Systemd(Path(folder, "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "600000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listening
        listening.close()


class Struck:
    """A work that meets a fault in the midst of it, wherever it waits: `strike` throws it in there."""

    def __init__(self, work: Work, fault: Callable[[], object]) -> None:
        self._work = work
        self._fault = fault
        self._struck = False
        self._waiting: asyncio.Future[object] | None = None

    def strike(self) -> None:
        assert self._waiting is not None
        self._struck = True
        self._waiting.cancel()

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self._work().__await__()
        step: Callable[[], Any] = lambda: next(inner)  # noqa: E731
        while True:
            try:
                self._waiting = step()
            except StopIteration:
                return
            try:
                yield self._waiting
                step = lambda: next(inner)  # noqa: E731
            except BaseException as error:
                thrown = self._thrown(error)
                step = lambda thrown=thrown: inner.throw(thrown)  # type: ignore[misc]  # noqa: E731

    def _thrown(self, error: BaseException) -> BaseException:
        if not self._struck:
            return error
        self._struck = False
        try:
            self._fault()
        except BaseException as fault:
            return fault
        raise AssertionError("the fault raises nothing")


class Faulty(Service):
    """The service; each of its works meets a fault when it begins, until it is `mended`, and when it is struck."""

    def __init__(self, config: Path, fault: Callable[[], object]) -> None:
        super().__init__(config)
        self._fault = fault
        self.failed: dict[str, int] = {}
        self.begun: dict[str, int] = {}
        self.at_work: dict[str, Struck] = {}
        self.mended = False

    def _works(self) -> tuple[tuple[str, Work], ...]:
        return self._faulty(super()._works())

    def _later_works(self) -> tuple[tuple[str, Work], ...]:
        return self._faulty(super()._later_works())

    def _faulty(self, works: tuple[tuple[str, Work], ...]) -> tuple[tuple[str, Work], ...]:
        self.failed |= {name: 0 for name, _ in works}
        return tuple((name, self._before(name, work)) for name, work in works)

    def _before(self, name: str, work: Work) -> Work:
        async def begin() -> None:
            if not self.mended:
                self.failed[name] += 1
                self._fault()
            self.begun[name] = self.begun.get(name, 0) + 1
            self.at_work[name] = Struck(work, self._fault)
            await self.at_work[name]

        return begin

    def all_begun(self, times: int) -> bool:
        return self.begun.keys() == self.failed.keys() and min(self.begun.values()) >= times


async def until(done: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while not done():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {SECONDS:g} s: {what}") from None


def incidents(home: Path) -> list[str]:
    with Queries(home / "state") as records:
        return [one.error_type.value for one in records.incidents()]


async def end(service: Service, running: asyncio.Task[int]) -> None:
    if not running.done():
        running.cancel()
        await asyncio.wait([running], timeout=10)
    service._notifier._notifier.socket.close()  # a process ends with it


def says(home: Path, words: str) -> bool:
    log = home / "logs" / "monitor.log"
    return log.exists() and words in log.read_text()


def answers(home: Path) -> bool:
    try:
        return call(home / "config.toml", "GET", "/api/v1/status", spoken="es")[0] == 200
    except MonitorError:
        return False


@pytest.mark.leaves("a fault that is thrown into a task group while it waits ends it without its tasks")
@pytest.mark.parametrize("fault", FAULTS)
async def test_all_side_tasks_at_once(
    tmp_path: Path, journald: PrivateJournald, systemd: Systemd, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.2)
    service = Faulty(write_config(tmp_path, journald.name), FAULTS[fault])
    running = asyncio.create_task(service.run())
    try:
        with BotProcess(journald) as bot:
            await _when_none_begins(service, running, bot, tmp_path)
            service.mended = True
            await until(lambda: service.all_begun(1), "all come back")
            await _when_all_work(bot, systemd, tmp_path, "b")
            for struck in list(service.at_work.values()):
                struck.strike()
            await until(lambda: service.all_begun(2), "all come back again")
            await _when_all_work(bot, systemd, tmp_path, "c")
        assert not running.done()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await running == 0
    finally:
        await end(service, running)


async def _when_none_begins(service: Faulty, running: asyncio.Task[int], bot: BotProcess, home: Path) -> None:
    """The journal is taken in and stored all the same."""
    failing = lambda: "rounds" in service.failed and min(service.failed.values()) > 3  # noqa: E731
    await until(lambda: running.done() or failing(), "each fails again and again")
    bot.say(FULL.format("a"))
    await until(lambda: running.done() or "disco_lleno" in incidents(home), "the main line goes on")
    assert not running.done(), running
    assert {one.task for one in service._supervisor.troubles} >= service.failed.keys()


async def _when_all_work(bot: BotProcess, systemd: Systemd, home: Path, name: str) -> None:
    systemd.said.clear()
    await until(lambda: b"WATCHDOG=1" in systemd.said, "systemd is told")
    bot.say(FULL.format(name))
    await until(lambda: says(home, f"{name}.mp4"), "the log is written")
    async with asyncio.timeout(SECONDS):
        while not await asyncio.to_thread(answers, home):
            await asyncio.sleep(0.05)
    reloads = (home / "logs" / "monitor.log").read_text().count("recargadas")
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: (home / "logs" / "monitor.log").read_text().count("recargadas") > reloads, "a reload")
    with Queries(home / "state") as records:
        at = (records.status() or {}).get("at", 0.0)
        await until(lambda: (records.status() or {}).get("at", 0.0) != at, "the status is shown")


async def test_what_takes_in_the_journal_ends_the_service(
    tmp_path: Path, journald: PrivateJournald, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is begun anew from what is stored; nothing of it stays behind."""

    async def fail(_: IngestLoop) -> None:
        raise RuntimeError("the main line")

    monkeypatch.setattr(IngestLoop, "consume", fail)
    before = asyncio.all_tasks()
    service = Service(write_config(tmp_path, journald.name))
    running = asyncio.create_task(service.run())
    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(30):
            await running
    await end(service, running)
    assert ended.value.subgroup(lambda error: str(error) == "the main line") is not None
    assert asyncio.all_tasks() == before


class FaultyAtTheEnd(Service):
    """Each step of its end does what it has to, and then raises."""

    def _last_works(self) -> tuple[tuple[str, Work], ...]:
        return tuple((name, self._then_raising(work)) for name, work in super()._last_works())

    def _then_raising(self, work: Work) -> Work:
        async def end() -> None:
            await work()
            recursion()

        return end


async def test_the_end_is_orderly_whatever_a_step_of_it_raises(
    tmp_path: Path, journald: PrivateJournald, systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    service = FaultyAtTheEnd(write_config(tmp_path, journald.name))
    running = asyncio.create_task(service.run())
    await until(lambda: says(tmp_path, "👀"), "it watches")
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await running == 0
    await end(service, running)
    steps = {name for name, _ in service._last_works()}
    assert says(tmp_path, "🛑") and sum("task " in one.getMessage() for one in caplog.records) == len(steps)
    assert steps <= named("es")


def named(language: str) -> set[str]:
    return {code.removeprefix("task.") for code in catalogue(language) if code.startswith("task.")}


def test_every_task_has_a_name_in_words() -> None:
    """By what the modules give the supervisor; a name may go on behind its first blank."""
    given = re.compile(r'(?:supervisor|_start|self)\.(?:start|_start|see_through|attempt)\(\s*f?"(\w+)')
    pairs = re.compile(r'\(\(?"(\w+)", (?:self\.|lambda)')
    found = set[str]()
    for module in (
        "daemon/lifecycle.py", "daemon/service.py", "daemon/hub.py", "daemon/optional_tasks.py",
        "notify/delivery/manager.py",
    ):  # fmt: skip
        source = (ROOT / module).read_text()
        found |= {*given.findall(source), *pairs.findall(source)}
    assert found >= {"watchdog", "rounds", "prepare", "note", "orders", "tally", "courier", "answers", "ping", "desk"}
    for language in LANGUAGES:
        assert named(language) >= {*found, supervisor.TELLING}


def test_status_and_journal_say_it(tmp_path: Path, journald: PrivateJournald) -> None:
    place = f"/run/systemd/journal.{journald.name}"
    mounts = f"mount --bind {place} /mnt && mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/journal"
    script = f'{mounts} && mount --move /mnt /run/systemd/journal && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-m", "tests.component.service.faulty")
    with RunningService(tmp_path, journald.name, prefix=prefix) as service:
        wait_until(lambda: "limpieza de la cuarentena" in service.log, "it is on record", 60)
        wait_until(lambda: service.status()["tasks"], "the status has it", 30)
        (one,) = service.status()["tasks"]
        assert (one["task"], one["failures"] >= 3) == ("tidying", True) and "RecursionError" in one["error"]
        assert "limpieza de la cuarentena" in service.command("status")
        assert "limpieza de la cuarentena" in service.status()["line"]
        done = subprocess.run(
            ["journalctl", f"--namespace={journald.name}", "-o", "json", f"MESSAGE_ID={MESSAGE_IDS['task_failing']}"],
            capture_output=True, check=True, timeout=30,
        )  # fmt: skip
        entry = json.loads(done.stdout.splitlines()[0])
        assert entry["TRAFICO_TAREA"] == "limpieza de la cuarentena" and entry["PRIORITY"] == "3"
    output = (tmp_path / "output").read_text()
    assert output.count("task tidying failed: RecursionError") == 1 and len(output.splitlines()) < 100
