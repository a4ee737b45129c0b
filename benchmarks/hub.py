"""A hub with simulated machines: record to page, CPU and memory, how silence is told, and pages and commands of a
fleet of any size.

A private PostgreSQL, `trafico-monitor hub run` as a process of its own, and a loopback Bot API server. Pages and
commands are measured by the processor time of all that take part (hub, PostgreSQL, command), less what hub and
PostgreSQL use in that time anyway. It is valid even if other programs load the machine; nothing here waits for a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import resource
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.component.fleet.hub.running import ADMIN, RunningHub, write_config
from tests.postgresql import Cluster, cluster
from tests.standin.bot_api import BotApiServer
from trafico_monitor.fleet.database import Endpoint

from . import fleet_living, fleet_rows
from .rows import Row, median, percentile

TURNS, COMMAND_TURNS = 60, 20
SILENT_AFTER, LATEST = 180.0, 210.0
SETTLING = 20.0  # seconds
WEEK = 7 * 86400
PAGES = {
    "/": "/",
    "/machines": "/api/v1/machines?limit=50",
    "/machines, by name": "/api/v1/machines?search=0042",
    "/machines/NAME": "/api/v1/machines/{name}",
    "/status": "/api/v1/status",
    "/incidents": "/api/v1/incidents",
    "/incidents, fallido, a week": "/api/v1/incidents?estado=fallido&since={week}",
    "/incidents of a machine": "/api/v1/incidents?machine={name}",
    "/summary, a week": "/api/v1/summary?since={week}",
    "/series, a day": "/api/v1/series",
    "/series, 30 days": "/api/v1/series?step=day",
    "/records": "/api/v1/records",
    "/metrics": "/metrics",
}
COMMANDS = {
    "hub status": ("hub", "status"),
    "hub machines": ("hub", "machines"),
    "hub machines --state silent": ("hub", "machines", "--state", "silent"),
    "hub machines --json": ("hub", "machines", "--json"),
}


def rows(machines: int, records: int, seconds: float) -> Iterator[Row]:
    """Returns the figures of a hub of 50 machines that live for `seconds`, of which 40 then fall silent, and those of
    one of `machines` machines with so many records."""
    with _running() as (server, bot, hub):
        living = asyncio.run(_live(server, bot, hub, seconds))
        yield from living
        names = [f"m{n:03}" for n in range(50)]
        small = _asked(server, hub, names[0])
    with _running(lambda server: _filled(server, machines, records)) as (server, _, hub):
        yield from asyncio.run(_large(server, hub, machines, small))


@contextlib.contextmanager
def _running(
    prepare: Callable[[Cluster], None] = lambda server: asyncio.run(
        fleet_living.invite(Endpoint(server.url, "postgres"), [f"m{n:03}" for n in range(50)])
    ),
) -> Iterator[tuple[Cluster, BotApiServer, RunningHub]]:
    with tempfile.TemporaryDirectory() as folder, cluster() as server, BotApiServer(Path(folder) / "files") as bot:
        bot.api.add_chat({"id": ADMIN})
        prepare(server)
        with RunningHub(Path(folder), write_config(Path(folder), server, bot, SILENT_AFTER)) as hub:
            yield server, bot, hub


def _filled(server: Cluster, machines: int, records: int) -> None:
    asyncio.run(fleet_rows.fill(Endpoint(server.url, "postgres"), machines, records, time.time()))


async def _live(server: Cluster, bot: BotApiServer, hub: RunningHub, seconds: float) -> list[Row]:
    machines = fleet_living.Machines(Endpoint(server.url, "postgres"), [f"m{n:03}" for n in range(50)])
    delays: list[float] = []
    tasks = [
        asyncio.create_task(machines.run()),
        asyncio.create_task(fleet_living.follow(_socket(hub), machines, delays)),
    ]
    try:
        await asyncio.sleep(SETTLING)
        cpu, largest = await _usage(hub.process.pid, seconds)
        shown, commit = percentile(delays, 0.95), median(machines.commits)
        told = await _silence(machines, bot)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [
        Row("record → hub's page, p95", shown, "s", bar="≤ 2 s", met=shown <= 2, note=f"{len(delays)} records of 50"
            f" machines; median {median(delays):.2g} s, worst {max(delays):.2g} s; commit {1000 * commit:.2g} ms"),
        Row("hub of 50 machines", 100 * cpu, "% of a core", bar="≤ 10 %", met=cpu <= 0.1,
            note=f"over {seconds:.0f} s, a reader of the page connected"),
        Row("the same, memory", largest, "MiB", bar="≤ 120 MiB", met=largest <= 120),
        *told,
    ]  # fmt: skip


async def _usage(pid: int, seconds: float) -> tuple[float, float]:
    """Share of a core and largest resident MiB of a process during so many seconds."""
    process, begun, largest = psutil.Process(pid), time.monotonic(), 0.0
    before = sum(process.cpu_times()[:2])
    while time.monotonic() - begun < seconds:
        await asyncio.sleep(1)
        largest = max(largest, process.memory_info().rss / 2**20)
    return (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - begun), largest


async def _silence(machines: fleet_living.Machines, bot: BotApiServer) -> list[Row]:
    """40 of 50 fall silent at once."""
    machines.alive = 10
    await asyncio.sleep(1)  # one that was about to send has sent
    gone = [machines.heard[name] for name in machines.names[10:]]
    rung = [0.0]
    while time.monotonic() - max(gone) < LATEST + SETTLING:
        if not rung[0] and _rings(bot):
            rung[0] = time.monotonic()
        await asyncio.sleep(0.1)
    told, number = rung[0] - min(gone), len(_rings(bot))
    return [
        Row("the first of 40 machines gone at once: told after", told, "s", bar=f"{SILENT_AFTER:g}–{LATEST:g} s",
            met=SILENT_AFTER <= told <= LATEST, note="since its last heartbeat"),
        Row("the same, messages that ring", float(number), "", bar="1", met=number == 1),
    ]  # fmt: skip


def _rings(bot: BotApiServer) -> list[object]:
    return [one for one in bot.api.messages if one["method"] == "sendMessage" and "Silent" in one["rendered"]]


async def _large(server: Cluster, hub: RunningHub, machines: int, small: dict[str, float]) -> list[Row]:
    owner, name = Endpoint(server.url, "postgres"), fleet_rows.name_of(42)
    alive = [fleet_rows.name_of(n) for n in range(machines) if n % 97 != 5]
    beating = asyncio.create_task(fleet_living.keep_beating(owner, alive))
    try:
        await asyncio.to_thread(_counted, hub)
        cpu, largest = await _usage(hub.process.pid, SETTLING)
        asked = await asyncio.to_thread(_asked, server, hub, name)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    made = [Row(f"hub of {machines:,} machines", 100 * cpu, "% of a core", note=f"{largest:.0f} MiB")]
    for what, took in asked.items():
        peer = small[what]
        made.append(Row(f"{machines:,} machines: {what}, p95", 1000 * took, "ms", "50 machines", 1000 * peer,
                        peer / took, "≤ 200 ms", took <= 0.2))  # fmt: skip
    return made


def _counted(hub: RunningHub) -> None:
    """Wait until every hour of the records has been counted: the same bytes twice, some seconds apart."""
    path, before = _filled_in("/api/v1/summary?since={week}", ""), b""
    while (found := _get(_socket(hub), path)) != before:
        before = found
        time.sleep(SETTLING)


def _asked(server: Cluster, hub: RunningHub, name: str) -> dict[str, float]:
    """The p95 of each page and command, in seconds of the processor."""

    began, before = time.monotonic(), _spent(server, hub)
    time.sleep(SETTLING)
    idle = (_spent(server, hub) - before) / (time.monotonic() - began)

    def p95(ask: Callable[[], object], turns: int) -> float:
        took = []
        for _ in range(turns):
            began, before = time.monotonic(), _spent(server, hub)
            ask()
            took.append(_spent(server, hub) - before - idle * (time.monotonic() - began))
        return percentile(took, 0.95)

    took = {
        f"GET {what}": p95(lambda path=path: _get(_socket(hub), _filled_in(path, name)), TURNS)  # type: ignore[misc]
        for what, path in PAGES.items()
    }
    return took | {
        what: p95(lambda words=words: hub.command(*words), COMMAND_TURNS)  # type: ignore[misc]
        for what, words in COMMANDS.items()
    }


def _spent(server: Cluster, hub: RunningHub) -> float:
    """Seconds of the processor, so far: the hub, the sessions of PostgreSQL, and commands that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = (hub.process.pid, *(one.pid for one in psutil.Process(server.pid).children()))
    threads = (thread for pid in ours for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return ended.ru_utime + ended.ru_stime + sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def _filled_in(path: str, name: str) -> str:
    return path.format(name=name, week=int(time.time()) - WEEK)


def _socket(hub: RunningHub) -> Path:
    return hub.home / "state" / "api.sock"


def _get(place: Path, path: str) -> bytes:
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(60)
    connection.sock.connect(os.fspath(place))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == 200, (path, answer.status, body[:200])
    return body
