"""The real service in a fleet: its records and heartbeat in a real PostgreSQL, and its status."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.component.fleet.sending import ask, until
from tests.component.service.running import RunningService, write_config
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint

pytestmark = pytest.mark.slow

FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"fleet{os.getpid()}") as running:
        yield running


def fleet(server: Cluster, more: str = "") -> str:
    return f'interval = 1\n[fleet]\nurl = "{server.url}"\nname = "m01"\nevery = 1\n{more}'


def local(home: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(f"file:{home}/state/monitor.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT seq, json_extract(body, '$.text') FROM records ORDER BY seq").fetchall()
    database.close()
    return rows


async def all_sent(home: Path, owner: Endpoint) -> None:
    """Wait until the fleet has what the machine has; each once."""

    async def same() -> bool:
        there = await ask(owner, "SELECT seq, text FROM trafico.records WHERE machine = 'm01' ORDER BY seq, at")
        return there == local(home)

    await until(same, f"the same records: {len(local(home))} here")


async def test_every_record_of_the_service_arrives_once_whenever_it_is_killed(
    journald: PrivateJournald, server: Cluster, owner: Endpoint, tmp_path: Path
) -> None:
    for turn in range(3):
        with RunningService(tmp_path, journald.name, checks=fleet(server)) as run:
            with BotProcess(journald) as bot:
                bot.say(*(FULL.format(f"v{turn}-{one}") for one in range(40)))
            await until(lambda least=40 * (turn + 1): len(local(tmp_path)) > least, "they are recorded")
            run.process.kill()
            run.process.wait(10)
    with RunningService(tmp_path, journald.name, checks=fleet(server)) as run:
        await all_sent(tmp_path, owner)
        # The status that was stored last may be that of the run before.
        await until(lambda: run.status().get("fleet", {}).get("seq", 0) >= 120, "the status says so")
        said = run.status()["fleet"]
        assert (said["code"], said["name"], said["text"], said["refused"]) == ("connected", "m01", "", 0)
    # The last record, of the stop, too.
    await all_sent(tmp_path, owner)
    (body,) = (row[0] for row in await ask(owner, "SELECT body FROM trafico.heartbeats"))
    assert body["open"] >= 1 and body["version"]


async def test_a_reload_takes_the_fleet_and_its_keys_and_none_waits_for_a_restart(
    journald: PrivateJournald, server: Cluster, owner: Endpoint, tmp_path: Path
) -> None:
    conf_d = tmp_path / "conf.d"
    conf_d.mkdir()

    async def beats(name: str) -> int:
        (row,) = await ask(owner, f"SELECT count(*) FROM trafico.heartbeats WHERE machine = '{name}'")
        return int(row[0])

    with RunningService(tmp_path, journald.name) as run:
        for name in ("m01", "m02"):
            (conf_d / "fleet.toml").write_text(fleet(server).partition("\n")[2].replace("m01", name))
            run.process.send_signal(signal.SIGHUP)
            await until(partial(beats, name), f"{name} is in the fleet")
        (conf_d / "fleet.toml").unlink()
        run.process.send_signal(signal.SIGHUP)
        await until(lambda: "fleet" not in run.status(), "it has left the fleet")
        await until(lambda: run.log.count("recargadas") == 3, "each reload is logged")
        assert "esperan a un reinicio" not in run.log


_RUN = """
import asyncio, os, signal, sys
from pathlib import Path
from trafico_monitor.daemon.service import Service

async def main(home):
    running = asyncio.create_task(Service(home / "config.toml").run())
    log = home / "logs" / "monitor.log"
    while not running.done() and not (log.exists() and "👀" in log.read_text()):
        await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    await running

asyncio.run(main(Path(sys.argv[1])))
print([name for name in sys.modules if name.startswith(("psycopg", "trafico_monitor.fleet"))])
"""


def test_without_a_fleet_nothing_of_it_is_imported(tmp_path: Path) -> None:
    write_config(tmp_path, directory=quiet(tmp_path))
    argv = [sys.executable, "-c", _RUN, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
