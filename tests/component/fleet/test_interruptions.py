"""Random sequences of kills, cuts and restarts: in the end the fleet has every record of the machine exactly once."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.fleet.proxy import Proxy
from tests.component.fleet.sending import Machine, ask, expected, texts, until
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint

ROOT = Path(__file__).parents[3]
SECONDS = 90.0
STEPS = 12
NETWORK = ("cut", "swallow", "heal")
MACHINE = ("kill_machine", "kill_machine", "stand_in", "come_back")
SERVER = ("stop_server", "kill_server", "start_server")


class Disturbed:
    """A machine as a process, behind a proxy."""

    def __init__(self, folder: Path, proxy: Proxy, server: Cluster) -> None:
        self.folder, self.proxy, self.server = folder, proxy, server
        self.up = True
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.component.fleet.machine_process", str(self.folder), self.proxy.url]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, text=True, cwd=ROOT)

    async def do(self, action: str) -> None:
        if action in NETWORK:
            getattr(self.proxy, action)()
        elif action == "kill_machine":
            self.process.kill()
            self.process.communicate()
            self.process = self._started()
        elif action in ("stand_in", "come_back"):
            self._say(action)
        else:
            await asyncio.to_thread(self._server, action)

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def _server(self, action: str) -> None:
        if self.up and action == "stop_server":
            self.server.stop("immediate")
        elif self.up and action == "kill_server":
            self.server.kill()
        elif not self.up and action == "start_server":
            self.server.start()
        self.up = action == "start_server"

    async def finish(self) -> None:
        """Bring all back, and wait until the machine has sent everything."""
        for action in ("start_server", "heal"):
            await self.do(action)
        self._say("finish")
        await asyncio.to_thread(self.process.wait, SECONDS)
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_every_record_arrives_once_after_any_sequence_of_disturbances(
    server: Cluster, owner: Endpoint, tmp_path: Path, seed: int
) -> None:
    chosen = random.Random(seed)
    actions = [chosen.choice((*NETWORK, *MACHINE, *SERVER)) for _ in range(STEPS)]
    async with Proxy(tmp_path, server.folder).running() as proxy:
        machine = Disturbed(tmp_path / "state", proxy, server)
        try:
            for action in actions:
                await machine.do(action)
                await asyncio.sleep(chosen.uniform(0, 0.8))
            await machine.finish()
        finally:
            machine.process.kill()
            machine.process.communicate()
            if not machine.up:
                await machine.do("start_server")
    here = _local(tmp_path / "state")
    there = await ask(owner, "SELECT seq, text FROM trafico.records ORDER BY seq, text")
    assert here and there == here, f"{actions}: {len(here)} here, {len(there)} there"
    assert await ask(owner, "SELECT count(*), sum(missing) FROM trafico.positions") == [(1, 0)]


def _local(folder: Path) -> list[tuple[int, str]]:
    database = sqlite3.connect(f"file:{folder}/monitor.db?mode=ro", uri=True)
    try:
        return database.execute("SELECT seq, json_extract(body, '$.text') FROM records ORDER BY seq, 2").fetchall()
    finally:
        database.close()


async def test_a_network_that_swallows_everything_is_noticed_and_nothing_is_lost(
    server: Cluster, owner: Endpoint, tmp_path: Path
) -> None:
    async with Proxy(tmp_path, server.folder).running() as proxy:
        machine = Machine(tmp_path / "state", Endpoint(proxy.url, "m01"), seconds=0.5)
        async with machine.on():
            await machine.write(5)
            await machine.sent()
            proxy.swallow()
            await machine.write(5)
            await until(lambda: machine.sender.state.error is not None, "the silence is noticed")
            assert machine.sender.state.error is not None and machine.sender.state.error.code == "timeout"
            proxy.heal()
            await machine.sent()
    assert await texts(owner) == expected(10)
