"""Two machines with one name, and a machine that was cloned with its identity: both say so, and lose nothing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.component.fleet.sending import ask, until
from tests.component.fleet.test_service import fleet, local
from tests.component.service.running import RunningService
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import wait_until
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint

pytestmark = pytest.mark.slow
SECONDS = 90.0


def running(home: Path, server: Cluster) -> RunningService:
    return RunningService(home, directory=quiet(home), checks=fleet(server))


@pytest.mark.parametrize("cloned", [False, True])
async def test_both_say_so_and_each_sends_the_rest_once_it_is_alone(
    server: Cluster, owner: Endpoint, tmp_path: Path, cloned: bool
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for home in (one, other):
        home.mkdir()
    with running(one, server) as run:
        wait_until(lambda: run.status().get("fleet", {}).get("code") == "connected", "the first sends", SECONDS)
    if cloned:
        shutil.copytree(one / "state", other / "state", ignore=shutil.ignore_patterns("*.sock"))
    with running(one, server) as run:
        with running(other, server) as second:
            for service in (run, second):
                wait_until(
                    lambda service=service: service.status().get("fleet", {}).get("code") == "duplicate",
                    "seen",
                    SECONDS,
                )
                for command in (("fleet", "status"), ("status",)):
                    said = " ".join(service.command(*command).split())
                    assert "Otra máquina envía con el nombre «m01»" in said, said
        wait_until(lambda: run.status().get("fleet", {}).get("code") == "connected", "alone again", SECONDS)
        await has_all(one, owner)
    with running(other, server):
        await has_all(other, owner)


async def has_all(home: Path, owner: Endpoint) -> None:
    """Wait until the fleet has every record of that machine, among those of the other."""

    async def there() -> bool:
        rows = await ask(owner, "SELECT seq, extract(epoch FROM at)::float8, text FROM trafico.records")
        found = {(seq, round(at, 3), text) for seq, at, text in rows}
        return timed(home) <= found

    await until(there, f"{len(local(home))} records of {home.name}", SECONDS)


def timed(home: Path) -> set[tuple[int, float, str]]:
    with sqlite3.connect(f"file:{home}/state/monitor.db?mode=ro", uri=True) as database:
        sql = "SELECT seq, round(json_extract(body, '$.at'), 3), json_extract(body, '$.text') FROM records"
        found = set(database.execute(sql))
    database.close()
    return found
