"""The running service on a private journald: latency, idle cost, memory, start-up time."""

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

from systemd import journal

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from trafico_monitor.cli.client import call

from .journals import ERRORS, made, printed
from .rows import Row, median, percentile
from .surroundings import everything_on, running

NAME = f"bench{os.getpid()}"
COPYING = "INFO:__main__:📥 Copiando desde: /var/lib/telegram-bot-api/videos/file_{n}.mp4"
LINES = 200
TICK = os.sysconf("SC_CLK_TCK")
MEBIBYTE = 1024 * 1024


def rows(work: Path, *, idle: float, entries: int) -> Iterator[Row]:
    with private_journald(NAME) as journald:
        yield from latency(journald)
        yield from storm(journald)
        yield from resting(journald, idle)
    yield from after_a_backlog(work, entries)
    yield from commands()


def latency(journald: PrivateJournald) -> Iterator[Row]:
    """Measures from a line about a missing model's folder to the folder's existence, which is later than the task's
    start. Another process of the bot has a download in progress all the time, which the line's failure does not
    end."""
    chance = random.Random(7)
    took: list[float] = []
    heard: list[float] = []
    with BotProcess(journald) as copying, BotProcess(journald) as bot, running(journald) as service:
        models = service.home / "project/modelos"
        copying.say(COPYING.format(n=LINES))
        with following(journald) as arrivals:
            for n in range(LINES):
                # Occasionally, silence longer than the fast polling period.
                time.sleep(2.5 if n % 10 == 9 else chance.uniform(0.3, 0.6))
                name = f"m{n:03}"
                missing = f"[Errno 2] No such file or directory: '{models}/{name}/20260101_{n:06}_abcdef.mp4'"
                began = time.monotonic()
                bot.say(f"ERROR:__main__:❌ Error al copiar: {missing}")
                while not (models / name).exists() and time.monotonic() < began + 10:
                    time.sleep(0.0002)
                took.append(time.monotonic() - began)
                wait_until(lambda name=name: name in arrivals, "journalctl -f shows it", 30)  # type: ignore[misc]
                heard.append(arrivals[name] - began)
        under_way = _under_way(service.home)
    p99, theirs = percentile(took, 0.99), median(heard)
    met = p99 <= 0.030 and p99 <= theirs / 10
    spread = f"median {1000 * median(took):.1f} ms, worst {1000 * max(took):.1f} ms"
    yield Row(
        "line written → order carried out, p99",
        p99 * 1000,
        "ms",
        "journalctl -f, median",
        theirs * 1000,
        theirs / p99,
        "≤ 30 ms and ≥ 10 ×",
        met,
        f"{spread}; {len(took)} lines, {under_way} download under way at the end",
    )


@contextlib.contextmanager
def following(journald: PrivateJournald) -> Iterator[dict[str, float]]:
    """Measures when `journalctl -f` shows the line of each folder."""
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


def _under_way(home: Path) -> int:
    """Returns the number of downloads in progress known to the service."""
    status, said = call(home / "config.toml", "GET", "/api/v1/downloads", spoken="es")
    if status != 200:
        raise RuntimeError(str(said))
    return len(said["downloads"])


def storm(journald: PrivateJournald) -> Iterator[Row]:
    """A thousand downloads that fail within ten seconds, some of them repairable."""
    with BotProcess(journald) as bot, running(journald) as service:
        own = {"/home/ana/trafico": f"{service.home}/project", "/home/ana/.telegram-bot-api": f"{service.home}/api"}
        began = time.monotonic()
        for n in range(1000):
            failure = ERRORS[n % len(ERRORS)].format(n=n)
            for theirs, ours in own.items():
                failure = failure.replace(theirs, ours)
            bot.say(COPYING.format(n=n), failure)
            time.sleep(max(0.0, began + n / 100 - time.monotonic()))
        database = service.home / "state/monitor.db"
        wait_until(lambda: _count(database) >= 1000, "every failure is an incident", 120)
        behind, found = _most_behind(database), _count(database)
        time.sleep(20)
        again, tries, most, hourly = _count(database), *_repairs(database)
    lost = abs(1000 - found) + abs(again - found)
    what = "storm, 1,000 failing downloads in 10 s"
    yield Row(f"{what}: lost or doubled", lost, "incidents", bar="0", met=lost == 0, note=f"{again} incidents")
    yield Row(f"{what}: most behind", behind, "s", bar="≤ 1 s", met=behind <= 1.0)
    bounded = most <= 3 and hourly <= 2000
    note = f"{tries} orders given, {hourly} downloads tried again; three at a time"
    yield Row(f"{what}: tries of one download", most, "at most", bar="≤ 3", met=bounded, note=note)


def _count(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(database)) as opened:
        row = opened.execute("SELECT count(*) FROM incidents WHERE error_type != 'servidor_caido'").fetchone()
    return int(row[0])


def _repairs(database: Path) -> tuple[int, int, int]:
    """Returns the number of tasks, the most attempts for one download, and all attempts."""
    sql = "SELECT count(*) FROM orders", "SELECT max(attempt), sum(attempt) FROM ({})"
    each = "SELECT json_extract(body, '$.attempt') AS attempt FROM incidents"
    with contextlib.closing(sqlite3.connect(database)) as opened:
        (orders,) = opened.execute(sql[0]).fetchone()
        most, attempts = opened.execute(sql[1].format(each)).fetchone()
    return int(orders), int(most or 0), int(attempts or 0)


def _most_behind(database: Path) -> float:
    """Returns the maximum delay between the journal's time of a line and its decision."""
    sql = (
        "SELECT max(records.at - incidents.opened_at) FROM records JOIN incidents ON incidents.id = incident_id"
        " WHERE json_extract(records.body, '$.event') = 'incident_detected'"
    )
    with contextlib.closing(sqlite3.connect(database)) as opened:
        return float(opened.execute(sql).fetchone()[0])


def resting(journald: PrivateJournald, seconds: float) -> Iterator[Row]:
    """Measures CPU time and wake-ups while nothing happens."""
    with BotProcess(journald), running(journald) as service:
        time.sleep(15)
        pid = service.process.pid
        used, switched, began = processor(pid), switches(pid), time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        share = 100 * (processor(pid) - used) / passed
        wakes = (switches(pid) - switched) / passed
        size = resident(pid)
    note = f"{wakes:.1f} wake-ups/s over {passed:.0f} s, everything on"
    yield Row("idle, bot silent", share, "% of a core", bar="≤ 0.3 %", met=share <= 0.3, note=note)
    note = f"after {passed + 15:.0f} s"
    yield Row("memory after start, with everything on", size, "MiB", bar="≤ 60 MiB", met=size <= 60, note=note)


def after_a_backlog(work: Path, entries: int) -> Iterator[Row]:
    """Starts the service behind a million lines: READY comes at once, and reading them takes no more memory than
    allowed after start."""
    backlog = made(work, entries, 0.01, printed)
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        folder = Path(home) / "journal"
        folder.mkdir()
        first = made(work, 1000, 0.0)
        (folder / "a.journal").write_bytes((first / "bench.journal").read_bytes())
        with ready_socket() as told, everything_on(Path(home), directory=folder) as service:
            fresh = told()
            wait_until(lambda: service.status()["running"], "it runs", 60)
        (folder / "a.journal").unlink()
        for file in backlog.iterdir():  # it was rotated as it was made
            (folder / file.name).symlink_to(file)
        _go_back(Path(home) / "state/monitor.db", folder)
        with ready_socket() as told, everything_on(Path(home), directory=folder) as service:
            behind = told()
            pid, since = service.process.pid, time.monotonic()
            begin = resident(pid)
            wait_until(lambda: service.status()["lag"] == 0.0 and _rests(pid), "it has caught up", 600)
            caught_up = time.monotonic() - since - 2.0
            end = resident(pid)
            with contextlib.closing(sqlite3.connect(service.home / "state/monitor.db")) as opened:
                (found,) = opened.execute("SELECT count(*) FROM incidents").fetchone()
    python = typical(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    for name, took in (("no backlog", fresh), (f"{entries:,} lines behind", behind)):
        what = f"start → READY, {name}"
        yield Row(what, took, "s", "python3 -c pass", python, python / took, "≤ 1 s", took <= 1.0)
    note = f"{begin:.1f} MiB at READY; {found} incidents stored, caught up {caught_up:.1f} s after READY"
    yield Row(f"memory after {entries:,} lines", end, "MiB", bar="≤ 60 MiB", met=end <= 60, note=note)


def _go_back(database: Path, folder: Path) -> None:
    """Sets the service's stored position to the first entry of that journal."""
    with journal.Reader(path=str(folder)) as reader:
        reader.seek_head()
        reader.get_next()
        cursor = reader._get_cursor()
    with contextlib.closing(sqlite3.connect(database)) as opened:
        opened.execute("UPDATE state SET value = ? WHERE name = 'cursor'", (cursor,))
        opened.commit()


def _rests(pid: int) -> bool:
    """True if it has used nearly no CPU time for two seconds."""
    used = processor(pid)
    time.sleep(2.0)
    return processor(pid) - used <= 0.05


@contextlib.contextmanager
def ready_socket() -> Iterator[Callable[[], float]]:
    """`told()` is the time from here, before anything is started, to READY=1, in seconds."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        path = f"{folder}/notify"
        listening.bind(path)
        listening.settimeout(60)
        os.environ["NOTIFY_SOCKET"] = path
        began = time.monotonic()

        def told() -> float:
            while b"READY=1" not in listening.recv(4096):
                pass
            return time.monotonic() - began

        try:
            yield told
        finally:
            del os.environ["NOTIFY_SOCKET"]


def commands() -> Iterator[Row]:
    """Measures the response time of interactive commands."""
    with private_journald(NAME) as journald, running(journald) as service:
        wait_until(lambda: service.status()["running"], "it runs", 60)
        python = typical(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
        for words, most in (
            (["--help"], 0.150),
            (["status", "--config", str(service.home / "config.toml")], 0.300),
        ):
            command = [sys.executable, "-m", "trafico_monitor", *words]
            took = typical(partial(subprocess.run, command, stdout=subprocess.DEVNULL, check=True))
            ratio = python / took
            what = f"trafico-monitor {words[0]}, median"
            bar = f"≤ {most * 1000:g} ms"
            yield Row(what, took * 1000, "ms", "python3 -c pass", python * 1000, ratio, bar, took <= most)


def typical(run: Callable[[], object], rounds: int = 15) -> float:
    """Returns the median time in seconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return median(took)


def processor(pid: int) -> float:
    """Returns the CPU seconds of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def switches(pid: int) -> int:
    """Returns the number of voluntary context switches of its threads."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        total += next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary"))
    return total


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / MEBIBYTE
