"""A machine whose fleet's database is away, with 30,000 records waiting, beside one without a fleet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.component.fleet.sending import Machine, ask
from tests.component.service.running import RunningService, write_config
from tests.component.service.test_alerts import ADMIN, TOKEN
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from tests.postgresql import Cluster, cluster
from tests.standin.bot_api import BotApiServer
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.migrations import MACHINE_ROLE, migrate
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Event, Incident
from trafico_monitor.store.repository import Store

from .rows import Row, median, percentile

WAITING = 30_000
PAIRS = 40  # of one message so often edited the Bot API server takes some 45
MOST_FOLDERS = 15  # a machine's budget for this order has an hour
Pair = tuple[float, float]  # without a fleet, with one
MEBIBYTE = 1024 * 1024
LINES = tuple(f'  File "/srv/bot/bot_central.py", line {one}, in descargar' for one in range(6))


def rows(pairs: int = PAIRS) -> Iterator[Row]:
    with (
        cluster() as server,
        private_journald(f"sink{os.getpid()}") as journald,
        contextlib.ExitStack() as open_until_the_end,
    ):
        asyncio.run(_prepare(server))
        fleet = f'interval = 30\n[fleet]\nurl = "{server.url}"\nname = "m01"\nevery = 60'
        made = [_machine(journald, checks, open_until_the_end) for checks in ("interval = 30", fleet)]
        server.stop()
        alone, member = (open_until_the_end.enter_context(one) for one in made)
        wait_until(lambda: member.service.status()["fleet"]["code"] == "unreachable", "the database is away")
        yield from latency(journald, alone, member, pairs)
        yield from memory_and_return(server, alone.service, member.service)
    with cluster() as server:
        asyncio.run(_prepare(server))
        yield from asyncio.run(_all(behind_poison(server)))


@dataclass
class Running:
    """A service with 30,000 records, and the Bot API server that has its messages."""

    home: Path
    journald: PrivateJournald
    checks: str
    server: BotApiServer

    def __enter__(self) -> Running:
        self.service = RunningService(self.home, self.journald.name, checks=self.checks, url=self.server.url)
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()

    def has_folder(self, modelo: str) -> bool:
        return (self.home / "project/modelos" / modelo).exists()

    def has_recorded(self, word: str) -> bool:
        """By the end of monitor.log."""
        with (self.home / "logs/monitor.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            return word in file.read().decode(errors="replace")

    def has_told(self, word: str) -> bool:
        return any(word in message["rendered"] for message in self.server.api.messages)


def _machine(journald: PrivateJournald, checks: str, until_the_end: contextlib.ExitStack) -> Running:
    home = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    home.chmod(0o755)
    server = until_the_end.enter_context(BotApiServer(home / "files", control_port=0))
    server.api.add_chat({"id": ADMIN})
    (home / "conf.d").mkdir()
    (home / "conf.d/bench.toml").write_text(
        f'[project]\nowner = "root"\n[telegram]\ntoken = "{TOKEN}"\nadmin_id = {ADMIN}\n'
    )
    asyncio.run(_fill(home))
    return Running(home, journald, checks, server)


async def _prepare(server: Cluster) -> None:
    for sql in ("", f"CREATE ROLE m01 LOGIN IN ROLE {MACHINE_ROLE}"):
        await _ask(server, sql)


async def _ask(server: Cluster, sql: str) -> list[Any]:
    """The rows of a statement of the owner; without one the schema is made."""
    endpoint = Endpoint(server.url, "postgres")
    connection = await connect(endpoint)
    try:
        async with transaction(connection, endpoint) as cursor:
            if not sql:
                await migrate(cursor)
            else:
                await cursor.execute(sql.encode())
            return await cursor.fetchall() if cursor.description else []
    finally:
        await connection.close()


async def _fill(home: Path) -> None:
    """A machine's database with records that the logs have."""
    write_config(home)
    store = await Store.open(home / "state")
    now = time.time()
    for begin in range(0, WAITING, 500):
        await store.commit(ChangeSet(records=tuple(_record(number, now) for number in range(begin, begin + 500))))
    for name in ("json", "log", "journal"):
        await store.keep(f"exported.{name}", str(WAITING))
    await store.close()


def _record(number: int, now: float) -> Event:
    download = Download("luna", f"20260101_{number:06}_abcdef.mp4", f"BQACAgQAAxk{number:020}", 88_000_000)
    incident = Incident(
        f"T{number // 5:06}", ErrorType.TIMEOUT, now, now, download=download, error_message=LINES[0], lines=LINES
    )
    return Event(now, "incident_retrying", f"🔁 luna · 20260101_{number:06}_abcdef.mp4", 5, "reintento 1/3", incident)


def latency(journald: PrivateJournald, alone: Running, member: Running, pairs: int) -> Iterator[Row]:
    """Of one line and two services: until it is recorded, until the missing folder is there, and from the death of the
    bot until the message."""
    chance, machines = random.Random(7), (alone, member)
    recorded: list[Pair] = []
    repaired: list[Pair] = []
    told: list[Pair] = []
    for number in range(pairs):
        time.sleep(chance.uniform(0.2, 0.5))
        modelo = f"m{number:03}"
        with BotProcess(journald) as bot:
            bot.say(f"INFO:__main__:📥 Video recibido de {modelo}", f"INFO:__main__:✅ Video recibido: {modelo}.mp4")
            time.sleep(0.2)
            place = machines[number % 2].home / "project/modelos" / modelo / f"{modelo}.mp4"
            began = time.monotonic()
            bot.say(f"ERROR:__main__:❌ Error: [Errno 2] No such file or directory: '{place}'")
            if number < MOST_FOLDERS:
                repaired.append(_both(machines, began, partial(Running.has_folder, modelo=modelo)))
            else:
                recorded.append(_both(machines, began, partial(Running.has_recorded, word=f"{modelo}.mp4")))
            time.sleep(0.5)  # both know whose process it is
        began = time.monotonic()
        told.append(_both(machines, began, partial(Running.has_told, word=f"el proceso {bot.pid} del bot")))
    yield from _compared("line written → incident recorded with the fleet away", recorded)
    yield from _compared("line written → order carried out with the fleet away", repaired)
    yield from _compared("death of the bot → message delivered with the fleet away", told)


def _both(machines: tuple[Running, Running], began: float, is_done: Callable[[Running], bool]) -> Pair:
    """Seconds until it is so without, and with a fleet."""
    took: dict[int, float] = {}
    while len(took) < len(machines):
        assert time.monotonic() < began + 60, machines[0].service.log[-2000:]
        for at in random.sample((0, 1), 2):
            if at not in took and is_done(machines[at]):
                took[at] = time.monotonic() - began
        time.sleep(0.0005)
    return took[0], took[1]


def _compared(what: str, took: Sequence[Pair]) -> Iterator[Row]:
    """Each service polls the journal for itself, every 10 to 20 ms: a single difference is of that size."""
    difference = 1000 * median([ours - theirs for theirs, ours in took])
    for share in (0.5, 0.95):
        theirs, ours = (percentile([pair[at] for pair in took], share) for at in (0, 1))
        yield Row(
            f"{what}, p{share * 100:.0f}",
            ours * 1000,
            "ms",
            "without a fleet, of the same lines",
            theirs * 1000,
            theirs / ours,
            "difference ≤ 5 ms" if share == 0.5 else "≥ 0.9 ×",
            difference <= 5.0 if share == 0.5 else theirs / ours >= 0.9,
            f"{len(took)} pairs; median of the differences {difference:+.1f} ms" if share == 0.5 else "",
        )


def memory_and_return(server: Cluster, alone: RunningService, member: RunningService) -> Iterator[Row]:
    """What the fleet costs while it is away, and how the waiting records arrive once it is back."""
    without, away = _private(alone), _private(member)
    yield Row(
        "memory of a machine with its fleet away",
        away / MEBIBYTE,
        "MiB private",
        "without a fleet",
        without / MEBIBYTE,
        without / away,
        note=f"psycopg with libpq, and the sender: {(away - without) / MEBIBYTE:+.1f} MiB",
    )
    server.start()
    began, most, processor = time.monotonic(), away, _processor(member)
    while asyncio.run(_ask(server, "SELECT coalesce(sum(received), 0) FROM trafico.positions"))[0][0] < WAITING:
        assert time.monotonic() < began + 300
        most = max(most, _private(member))
        time.sleep(0.2)
    took, processor = time.monotonic() - began, _processor(member) - processor
    rows = asyncio.run(_ask(server, "SELECT count(*), count(DISTINCT (base, seq)) FROM trafico.records"))
    yield Row(
        f"{WAITING:,} waiting records after the return of the database",
        took,
        "s",
        "the bar",
        30.0,
        30.0 / took,
        "≤ 30 s",
        took <= 30.0,
        f"{processor:.1f} s of CPU; {rows[0][0]} rows, {rows[0][1]} distinct",
    )
    yield Row(
        "growth of the machine's memory meanwhile, at most",
        (most - away) / MEBIBYTE,
        "MiB private",
        "the bar",
        5.0,
        5.0 / max(0.01, (most - away) / MEBIBYTE),
        "≤ 5 MiB",
        most - away <= 5 * MEBIBYTE,
        f"afterwards {(_private(member) - away) / MEBIBYTE:+.1f} MiB",
    )


async def _all(made: AsyncIterator[Row]) -> list[Row]:
    return [row async for row in made]


async def behind_poison(server: Cluster) -> AsyncIterator[Row]:
    """How long a record waits that stands behind others which the server would refuse, or does refuse."""
    owner = Endpoint(server.url, "postgres")
    await ask(owner, "ALTER TABLE trafico.records ADD CONSTRAINT poison CHECK (text NOT LIKE '%%poison%%')")
    strange = ("x" * 1_000_000, "a\0b", "\ud800", "\x1b[31m", "é" * 500_000)
    plain, cleaned, refused = [
        [await _behind(server, owner, texts) for _ in range(5)] for texts in (("",) * 8, strange, ("poison",) * 8)
    ]
    yield _waited("1 MB, NUL, invalid UTF-8, far future", cleaned, plain)
    yield _waited("8 that the server refuses", refused, plain)


def _waited(what: str, took: list[float], plain: list[float]) -> Row:
    worst, usual = max(took), median(plain)
    return Row(
        f"a record behind {what}",
        worst * 1000,
        "ms",
        "behind ordinary ones, median",
        usual * 1000,
        usual / worst,
        "≤ 5,000 ms",
        worst <= 5.0,
        "worst of 5; 480 others in front of it",
    )


async def _behind(server: Cluster, owner: Endpoint, texts: Sequence[str]) -> float:
    """Seconds until the last of some 490 records is there, `texts` among them, one of them far in the future."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        machine = Machine(Path(folder) / "state", Endpoint(server.url, "m01"), every=60.0)
        async with machine.on():
            await machine.write(1)
            await machine.sent()
            others = [f"record {one}" for one in range(480 // len(texts))]
            spread = [word for text in texts for word in (text, *others)]
            records = [_said(word, 1e300 if one == 1 else time.time()) for one, word in enumerate(spread)]
            began = time.monotonic()
            await machine.store.commit(ChangeSet(records=(*records, _said("the last", time.time()))))
            machine.sender.wake()
            while not await ask(owner, "SELECT 1 FROM trafico.records WHERE text = 'the last'"):
                assert time.monotonic() < began + 60, machine.sender.state
                await asyncio.sleep(0.02)
            took = time.monotonic() - began
        await ask(owner, "TRUNCATE trafico.records, trafico.positions, trafico.incidents, trafico.heartbeats")
        return took


def _said(words: str, at: float) -> Event:
    return Event(at, "incident_detected", words)


def _private(service: RunningService) -> int:
    """Bytes that are of this process alone."""
    return int(psutil.Process(service.process.pid).memory_full_info().uss)


def _processor(service: RunningService) -> float:
    used = psutil.Process(service.process.pid).cpu_times()
    return float(used.user + used.system)
