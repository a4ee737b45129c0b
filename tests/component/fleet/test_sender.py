"""The sender against a real PostgreSQL: each record once, whatever happens to server, database and machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.component.fleet.sending import Machine, ask, expected, texts, until
from tests.postgresql import Cluster
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet.database import Endpoint


@pytest.fixture
def machine(server: Cluster, owner: Endpoint, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "state", Endpoint(server.url, "m01"))


async def test_records_and_heartbeat_arrive_and_new_ones_follow_within_seconds(
    machine: Machine, owner: Endpoint
) -> None:
    async with machine.on():
        await machine.write_at_once(1200)
        await machine.sent()
        await machine.write(3)
        await machine.sent()
        await until(lambda: machine.sender.state.pending == 0, "the heartbeat tells that nothing waits")
    assert await texts(owner) == expected(1203)
    assert await ask(owner, "SELECT count(*) FROM trafico.records WHERE prev <> seq - 1") == [(0,)]
    (beat,) = await ask(owner, "SELECT machine, base::text, host, body->>'version' FROM trafico.heartbeats")
    assert machine.sender.progress is not None
    assert beat == ("m01", machine.sender.progress.base, "host-1", "2.0.0")
    assert len(await ask(owner, "SELECT id FROM trafico.incidents")) == 7


async def test_what_is_sent_does_not_wait_until_the_next_heartbeat_says_so(machine: Machine, owner: Endpoint) -> None:
    machine.more["every"] = 3600.0
    async with machine.on():
        await machine.write_at_once(30)
        await machine.sent()
        await until(lambda: machine.sender.state.pending == 0, "nothing waits")


@pytest.mark.parametrize("end", ["immediate", "kill"])
async def test_a_server_that_dies_while_records_arrive_has_each_once(
    machine: Machine, owner: Endpoint, server: Cluster, end: str
) -> None:
    async with machine.on():
        await machine.write_at_once(3000)
        await until(lambda: machine.sender.progress is not None and machine.sender.progress.seq > 0, "some are sent")
        await asyncio.to_thread(server.kill if end == "kill" else lambda: server.stop("immediate"))
        await machine.write(5)
        await until(lambda: machine.sender.state.error is not None, "the loss is noticed")
        await asyncio.to_thread(server.start)
        await machine.sent()
        assert machine.sender.state.error is None
    assert await texts(owner) == expected(3005)


async def test_a_restart_goes_on_behind_what_was_sent(machine: Machine, owner: Endpoint) -> None:
    for _ in range(3):
        async with machine.on():
            await machine.write(10)
            await machine.sent()
    assert await texts(owner) == expected(30)
    assert await ask(owner, "SELECT count(*) FROM trafico.positions") == [(1,)]


async def test_a_restored_server_gets_the_rest_again(machine: Machine, owner: Endpoint) -> None:
    async with machine.on():
        await machine.write(20)
        await machine.sent()
        # As a backup from before: neither the records nor the position behind 12.
        await ask(owner, "DELETE FROM trafico.records WHERE seq > 12")
        await ask(owner, "UPDATE trafico.positions SET last_seq = 12, received = 12")
        await until(lambda: machine.notes, "the machine tells of it")
        await machine.sent()
    assert machine.notes == [("rewound", {"n": "13"})]
    assert await texts(owner) == expected(20)


async def test_a_database_copied_to_another_machine_sends_what_is_new_there(
    machine: Machine, owner: Endpoint, server: Cluster, tmp_path: Path
) -> None:
    async with machine.on():
        await machine.write(10)
        await machine.sent()
    other = machine.copied(tmp_path / "copy", "host-2", Endpoint(server.url, "m02"))
    async with other.on():
        await other.write(5)
        await other.sent()
    async with machine.on():
        await machine.write(5)
        await machine.sent()
    assert await texts(owner) == expected(15)
    assert await texts(owner, "m02") == expected(15)[10:]
    assert len(await ask(owner, "SELECT DISTINCT base FROM trafico.positions")) == 2


async def test_a_machine_that_has_lost_its_last_records_numbers_new_ones_anew(
    machine: Machine, owner: Endpoint, tmp_path: Path
) -> None:
    async with machine.on():
        await machine.write(10)
        await machine.sent()
    image = machine.copied(tmp_path / "image")
    async with machine.on():
        await machine.write(10)
        await machine.sent()
    async with image.on():  # as after a power cut, or from an older image of the disk
        image.written = 100
        await image.write(5)
        await image.sent()
    assert image.notes == [("new_base", {})]
    assert await texts(owner) == expected(20) + expected(105)[100:]


async def test_records_that_the_fallback_database_lacks_wait_for_the_real_one(
    machine: Machine, owner: Endpoint, server: Cluster
) -> None:
    async with machine.on():
        await machine.write(10)
        await machine.sent()
        await asyncio.to_thread(server.stop)
        await machine.write_at_once(2500)  # more than it carries
        await machine.store.keep("exported.json", str(machine.written))
        await machine.store.database.stand_in()
        await machine.write(10)
        await asyncio.to_thread(server.start)
        await until(lambda: machine.sender.state.error is None, "the server is back")
        assert machine.sender.progress is not None and machine.sender.progress.seq == 10
        await machine.store.database.come_back()
        await machine.sent()
    assert await texts(owner) == expected(2520)


async def test_records_go_on_from_the_fallback_database(machine: Machine, owner: Endpoint) -> None:
    async with machine.on():
        await machine.write(10)
        await machine.store.keep("exported.json", "10")
        await machine.store.database.stand_in()
        await machine.write(10)
        await machine.sent()
        assert await texts(owner) == expected(20)
        await machine.store.database.come_back()
        await machine.write(10)
        await machine.sent()
    assert await texts(owner) == expected(30)


async def test_another_schema_is_named_and_nothing_is_sent(machine: Machine, owner: Endpoint) -> None:
    await ask(owner, "INSERT INTO trafico.schema_version (version, package) VALUES (9999, 'x')")
    async with machine.on():
        await machine.write(1)
        await until(lambda: machine.sender.state.error is not None, "the reason is known")
        error = machine.sender.state.error
        assert isinstance(error, FleetError) and error.code == "schema_newer"
    assert await texts(owner) == []
