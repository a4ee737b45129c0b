"""Records that a server refuses, and two machines with one name: what is sent, what waits, and what is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.component.fleet.sending import Machine, ask, expected, record, texts, until
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Event

POISON = "ALTER TABLE trafico.records ADD CONSTRAINT poison CHECK (text NOT LIKE '%%poison%%')"


@pytest.fixture
def machine(server: Cluster, owner: Endpoint, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "state", Endpoint(server.url, "m01"))


async def test_any_text_and_any_time_is_taken(machine: Machine, owner: Endpoint) -> None:
    strange = ("x" * 1_000_000, "a\0b", "\ud800", "\x1b[31m", "é" * 200_000, "", "%s %% \\u0000 \\\\")
    times = (float("inf"), -1e300, 1e300, 0.0)  # SQLite itself takes no NaN
    records = [*(record(one, text) for one, text in enumerate(strange)), *(Event(at, "x", "y") for at in times)]
    async with machine.on():
        for one in records:
            await machine.store.commit(ChangeSet(records=(one,)))
        machine.sender.wake()
        await machine.sent()
        assert machine.sender.progress is not None and machine.sender.progress.refused == 0
    assert await ask(owner, "SELECT count(*) FROM trafico.records") == [(len(records),)]


async def test_refused_records_are_set_aside_named_and_counted_and_the_rest_arrives(
    machine: Machine, owner: Endpoint
) -> None:
    await ask(owner, POISON)
    async with machine.on():
        await machine.write_at_once(200)
        await machine.write(1, "poison")
        await machine.write_at_once(200)
        await machine.write(2, "poison")
        await machine.write_at_once(100)
        await machine.sent()
        progress = machine.sender.progress
        assert progress is not None and (progress.refused, progress.set_aside) == (3, (201, 402, 403))
        await until(lambda: _refused_in_heartbeat(owner, 3), "the heartbeat tells")
    assert [(code, said["n"]) for code, said in machine.notes] == [("refused", n) for n in ("201", "402", "403")]
    assert "poison" in machine.notes[0][1]["detail"]  # the constraint's name
    assert await texts(owner) == [text for text in expected(503) if text.split()[1] not in ("201", "402", "403")]
    # Set aside is not missing: the chain of predecessors leaves them out.
    assert await ask(owner, "SELECT missing FROM trafico.positions") == [(0,)]
    async with machine.on():
        await machine.write(1)
        await machine.sent()
        assert machine.sender.progress is not None and machine.sender.progress.refused == 3
    assert len(machine.notes) == 3


async def _refused_in_heartbeat(owner: Endpoint, number: int) -> bool:
    return await ask(owner, "SELECT body->>'refused' FROM trafico.heartbeats") == [(str(number),)]


async def test_nothing_is_set_aside_while_the_server_takes_no_heartbeat(machine: Machine, owner: Endpoint) -> None:
    async with machine.on():
        await machine.write(1)
        await machine.sent()
        await ask(owner, POISON)
        await ask(owner, "ALTER TABLE trafico.heartbeats ADD CONSTRAINT nothing CHECK (false) NOT VALID")
        await machine.write(1, "poison")
        await until(lambda: machine.sender.state.error is not None, "it is told")
        assert machine.sender.progress is not None and machine.sender.progress.refused == 0
        await ask(owner, "ALTER TABLE trafico.heartbeats DROP CONSTRAINT nothing")
        await machine.sent()
        assert machine.sender.progress.refused == 1


async def test_two_machines_with_one_name_wait_and_the_one_that_stays_goes_on(
    machine: Machine, owner: Endpoint, tmp_path: Path
) -> None:
    async with machine.on():
        await machine.write(5)
        await machine.sent()
    clone = machine.copied(tmp_path / "clone")  # with its identity: the same host and base
    async with machine.on():
        async with clone.on():
            for one in (machine, clone):
                await until(lambda one=one: _is_duplicate(one), "both see it")
            # Heartbeats go on, or neither would know when the other has gone.
            await machine.write(5)
        await until(lambda: machine.sender.state.error is None, "alone again")
        await machine.sent()
    assert await texts(owner) == expected(10)


def _is_duplicate(machine: Machine) -> bool:
    error = machine.sender.state.error
    return error is not None and error.code == "duplicate" and bool(error.fields["ago"])


async def test_a_restart_is_no_second_machine(machine: Machine, owner: Endpoint) -> None:
    from uuid import uuid4

    for _ in range(4):
        machine.instance = str(uuid4())
        async with machine.on():
            await machine.write(1)
            await machine.sent()
            await asyncio.sleep(0)
            assert machine.sender.state.error is None
    assert await ask(owner, "SELECT flips FROM trafico.heartbeats") == [(0,)]
