"""The running service against a private journald: how soon, how idle, how large, how fast to start."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.component.service.running import RunningService
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until

from .journals import ERRORS, made
from .rows import Row, median, percentile

NAME = f"bench{os.getpid()}"
COPYING = "INFO:__main__:📥 Copiando desde: /var/lib/telegram-bot-api/videos/file_3.mp4"
TICK = os.sysconf("SC_CLK_TCK")
MEBIBYTE = 1024 * 1024


def rows(work: Path, *, idle: float, entries: int) -> Iterator[Row]:
    with private_journald(NAME) as journald:
        yield from latency(journald)
        yield from storm(journald)
        yield from resting(journald, idle)
    yield from after_a_backlog(work, entries)
    yield from commands()


@contextlib.contextmanager
def running(journald: PrivateJournald, checks: str = "interval = 30") -> Iterator[RunningService]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as home,
        RunningService(Path(home), NAME, checks=checks) as service,
    ):
        yield service


def latency(journald: PrivateJournald) -> Iterator[Row]:
    """A line about a model's folder that is missing; the order is to make it. Its being there is
    taken for the order's start: it began earlier."""
    chance = random.Random(7)
    took: list[float] = []
    heard: list[float] = []
    with BotProcess(journald) as bot, running(journald) as service, following(journald) as arrivals:
        models = service.home / "project/modelos"
        bot.say(COPYING)
        time.sleep(1.0)
        for n in range(200):
            name = f"m{n:03}"
            missing = f"[Errno 2] No such file or directory: '{models}/{name}/20260101_{n:06}_abcdef.mp4'"
            began = time.monotonic()
            bot.say(f"ERROR:__main__:❌ Error al copiar: {missing}")
            while not (models / name).exists() and time.monotonic() < began + 10:
                time.sleep(0.0002)
            took.append(time.monotonic() - began)
            time.sleep(chance.uniform(0.3, 0.6))
            if name in arrivals:
                heard.append(arrivals[name] - began)
    p99, theirs = percentile(took, 0.99), median(heard)
    met = p99 <= 0.030 and p99 <= theirs / 10
    note = f"median {1000 * median(took):.1f} ms, worst {1000 * max(took):.1f} ms; {len(took)} lines"
    yield Row(
        "line written → order carried out, p99",
        p99 * 1000,
        "ms",
        "journalctl -f, median",
        theirs * 1000,
        theirs / p99,
        "≤ 30 ms and ≥ 10 ×",
        met,
        note,
    )


@contextlib.contextmanager
def following(journald: PrivateJournald) -> Iterator[dict[str, float]]:
    """When `journalctl -f` shows the line of each folder."""
    arrivals: dict[str, float] = {}
    with subprocess.Popen(
        ["journalctl", f"--namespace={journald.name}", "-f", "-n0", "-o", "cat"], stdout=subprocess.PIPE, text=True
    ) as process:

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if "/modelos/m" in line:
                    arrivals[line.rpartition("/modelos/")[2][:4]] = time.monotonic()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield arrivals
        finally:
            process.terminate()
            thread.join(10)


def storm(journald: PrivateJournald) -> Iterator[Row]:
    """A thousand failures within ten seconds."""
    with BotProcess(journald) as bot, running(journald) as service:
        began = time.monotonic()
        for n in range(1000):
            bot.say(ERRORS[n % len(ERRORS)].format(n=n))
            time.sleep(max(0.0, began + n / 100 - time.monotonic()))
        database = service.home / "state/monitor.db"
        wait_until(lambda: _count(database) >= 1000, "every failure is an incident", 120)
        behind = _most_behind(database)
        found = _count(database)
    note = f"{found} of 1,000 incidents"
    yield Row("storm, 1,000 failures in 10 s: most behind", behind, "s", "", 0, 0, "≤ 1 s", behind <= 1.0, note)


def _count(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(database)) as opened:
        row = opened.execute("SELECT count(*) FROM incidents WHERE error_type != 'servidor_caido'").fetchone()
    return int(row[0])


def _most_behind(database: Path) -> float:
    """Between the journal's time of a line and that of the decision about it, at most."""
    sql = (
        "SELECT max(records.at - incidents.opened_at) FROM records JOIN incidents ON incidents.id = incident_id"
        " WHERE json_extract(records.body, '$.event') = 'incident_detected'"
    )
    with contextlib.closing(sqlite3.connect(database)) as opened:
        return float(opened.execute(sql).fetchone()[0])


def resting(journald: PrivateJournald, seconds: float) -> Iterator[Row]:
    """Nothing happens: what it costs, and how often it wakes up."""
    with BotProcess(journald), running(journald) as service:
        time.sleep(15)
        pid = service.process.pid
        used, switched, began = processor(pid), switches(pid), time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        share = 100 * (processor(pid) - used) / passed
        wakes = (switches(pid) - switched) / passed
        size = resident(pid)
    note = f"{wakes:.1f} wake-ups/s over {passed:.0f} s"
    yield Row("idle, bot silent", share, "% of a core", "", 0, 0, "≤ 0.3 %", share <= 0.3, note)
    yield Row("memory after start, with everything on", size, "MiB", "", 0, 0, "≤ 60 MiB", size <= 60)


def after_a_backlog(work: Path, entries: int) -> Iterator[Row]:
    """The service is started behind a million lines: READY comes at once, and reading them takes
    no more memory than it had."""
    backlog = made(work, entries, 0.0001)
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        folder = Path(home) / "journal"
        folder.mkdir()
        first = made(work, 1000, 0.0)
        (folder / "a.journal").write_bytes((first / "bench.journal").read_bytes())
        with ready_socket() as told, RunningService(Path(home), directory=folder) as service:
            fresh = told(service)
            wait_until(lambda: service.status()["running"], "it runs", 60)
        (folder / "b.journal").symlink_to(backlog / "bench.journal")
        with ready_socket() as told, RunningService(Path(home), directory=folder) as service:
            behind = told(service)
            pid = service.process.pid
            begin = resident(pid)
            wait_until(lambda: service.status()["lag"] == 0.0 and service.status()["running"], "it has caught up", 600)
            time.sleep(2)
            end = resident(pid)
    python = best_of(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    for name, took in (("no backlog", fresh), (f"{entries:,} lines behind", behind)):
        what = f"start → READY, {name}"
        yield Row(what, took, "s", "python3 -c pass", python, python / took, "≤ 1 s", took <= 1.0)
    note = f"{begin:.1f} MiB right after the start"
    yield Row(f"memory after {entries:,} lines", end, "MiB", "", 0, 0, "≤ 60 MiB", end <= 60, note)


@contextlib.contextmanager
def ready_socket() -> Iterator[Callable[[RunningService], float]]:
    """`told(service)` is the time from the start of the process to its READY=1, in seconds."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        path = f"{folder}/notify"
        listening.bind(path)
        listening.settimeout(60)
        os.environ["NOTIFY_SOCKET"] = path
        began = time.monotonic()

        def told(service: RunningService) -> float:
            while b"READY=1" not in listening.recv(4096):
                pass
            return time.monotonic() - began

        try:
            yield told
        finally:
            del os.environ["NOTIFY_SOCKET"]


def commands() -> Iterator[Row]:
    """What a person waits for."""
    with private_journald(NAME) as journald, running(journald) as service:
        wait_until(lambda: service.status()["running"], "it runs", 60)
        python = best_of(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
        for words, most in (
            (["--help"], 0.150),
            (["status", "--config", str(service.home / "config.toml")], 0.300),
        ):
            command = [sys.executable, "-m", "trafico_monitor", *words]
            took = best_of(partial(subprocess.run, command, stdout=subprocess.DEVNULL, check=True))
            ratio = python / took
            what = f"trafico-monitor {words[0]}"
            bar = f"≤ {most * 1000:g} ms"
            yield Row(what, took * 1000, "ms", "python3 -c pass", python * 1000, ratio, bar, took <= most)


def best_of(run: Callable[[], object], rounds: int = 9) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


def processor(pid: int) -> float:
    """Seconds of processor time of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def switches(pid: int) -> int:
    """How often its threads have waited for something and were woken."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        total += next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary"))
    return total


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / MEBIBYTE
