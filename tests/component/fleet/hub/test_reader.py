"""The hub's questions on a real PostgreSQL: pages, stories, counts, and what strangers have written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.component.web.opened import EVENTS
from tests.component.web.samples import sample
from tests.postgresql import Cluster
from trafico_monitor.errors import AmbiguousIncident, StoreError
from trafico_monitor.fleet.database import Endpoint, connect
from trafico_monitor.fleet.hub.connections import Connections
from trafico_monitor.fleet.hub.reader import FleetReader, Numbered
from trafico_monitor.model.incident import Estado, Event, Incident, IncidentFilter

from .sending import send

NOW = 1_766_700_000.0


class NothingNew:
    def records_after(self, seq: int, limit: int) -> list[Numbered]:
        return []

    def latest_records(self, limit: int) -> list[Numbered]:
        return []


async def silences() -> list[object]:
    return []


def read(server: Cluster) -> FleetReader:
    connections = Connections(Endpoint(server.url, "trafico_hub"))
    return FleetReader(connections, NothingNew(), silences, lambda: "es")  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def reader(server: Cluster, owner: Endpoint) -> AsyncIterator[FleetReader]:
    made = read(server)
    yield made
    await made.close()


def event(one: Incident, text: str = "⚠️ línea") -> Event:
    return Event(one.updated_at, EVENTS[one.estado], text, 4, "", one)


async def test_the_pages_of_two_machines_hold_every_incident_once_and_say_whose_it_is(
    server: Cluster, reader: FleetReader
) -> None:
    """The same ids at the same times in both, as of a machine that was cloned."""
    found = [sample(number) for number in range(40)]
    for name in ("m01", "m02"):
        await send(server, name, [event(one) for one in found])
    seen: list[Incident] = []
    wanted = IncidentFilter()
    while page := await reader.page(wanted, 7):
        seen += page
        last = page[-1]
        wanted = replace(wanted, after=(last.opened_at, last.id), after_machine=last.machine)
    assert len(seen) == 80 and len({(one.machine, one.id) for one in seen}) == 80
    assert [(one.opened_at, one.id, one.machine) for one in seen] == sorted(
        ((one.opened_at, one.id, one.machine) for one in seen), reverse=True
    )
    for one in seen:
        stored = replace(found[int(one.id, 16)], lines=(), evidence=(), error_message="", machine=one.machine)
        assert one == stored


@pytest.mark.parametrize(
    "wanted",
    [
        IncidentFilter(machine="m02"),
        IncidentFilter(error_type="timeout", estado="fallido"),
        IncidentFilter(modelo="ana", open=True),
        IncidentFilter(modelo="", open=False),
        IncidentFilter(since=NOW - 3000, until=NOW - 1200, machine="m01"),
    ],
)
async def test_each_filter_selects_what_it_says(server: Cluster, reader: FleetReader, wanted: IncidentFilter) -> None:
    for shift, name in enumerate(("m01", "m02")):
        await send(server, name, [event(sample(number)) for number in range(shift, 40, 2)])
    every = await reader.page(IncidentFilter(), 200)
    expected = [
        one.id
        for one in every
        if (wanted.machine is None or one.machine == wanted.machine)
        and (wanted.error_type is None or one.error_type.value == wanted.error_type)
        and (wanted.estado is None or one.estado.value == wanted.estado)
        and (wanted.modelo is None or (one.download.modelo or "") == wanted.modelo)
        and (wanted.open is None or one.open == wanted.open)
        and (wanted.since is None or one.opened_at >= wanted.since)
        and (wanted.until is None or one.opened_at <= wanted.until)
    ]
    assert [one.id for one in await reader.page(wanted, 200)] == expected and expected


async def test_a_story_has_its_records_and_an_id_of_two_machines_is_asked_for_by_machine(
    server: Cluster, reader: FleetReader
) -> None:
    begun = sample(3, estado=Estado.DETECTADO, closed_at=None)
    ended = replace(begun, estado=Estado.SOLUCIONADO, updated_at=begun.updated_at + 5, closed_at=begun.updated_at + 5)
    await send(server, "m01", [event(begun, "uno"), event(ended, "dos")])
    found = await reader.story(begun.id)
    assert found is not None
    incident, records = found
    assert incident == replace(ended, machine="m01")
    assert [(seq, one.text, one.incident.estado) for seq, one in records if one.incident] == [
        (1, "uno", Estado.DETECTADO),
        (2, "dos", Estado.SOLUCIONADO),
    ]
    await send(server, "m02", [event(begun)])
    with pytest.raises(AmbiguousIncident) as several:
        await reader.story(begun.id)
    assert several.value.machines == ("m01", "m02")
    of_the_other = await reader.story(begun.id, "m02")
    assert of_the_other is not None and of_the_other[0].machine == "m02" and of_the_other[0].open
    assert await reader.story("NOBODYS0") is None


BODIES = {
    "nothing": "{}",
    "no object": '{"incident": 7}',
    "a text for a number": '{"incident": {"id": "X", "error_type": "otro", "opened_at": "soon", "updated_at": 1}}',
    "an object for a text": '{"incident": {"id": "X", "error_type": "otro", "opened_at": 1, "updated_at": 1,'
    ' "accion": {"a": 1}}}',
    "beyond all measure": '{"incident": {"id": "X", "error_type": "otro", "opened_at": 1e300, "updated_at": 1}}',
    "too deep": '{"incident": ' + "[" * 200 + "]" * 200 + "}",
    "too long": '{"incident": {"id": "X", "error_type": "otro", "opened_at": 1, "updated_at": 1, "accion": "'
    + "x" * 200_000
    + '"}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_cannot_be_read_leaves_what_its_columns_say(
    server: Cluster, reader: FleetReader, body: str
) -> None:
    one = sample(4)
    await send(server, "m01", [event(one)], body=body)
    await send(server, "m02", [event(sample(5))])
    found = {each.machine: each for each in await reader.page(IncidentFilter(), 10)}
    assert set(found) == {"m01", "m02"}
    broken = found["m01"]
    assert (broken.id, broken.error_type, broken.estado) == (one.id, one.error_type, one.estado)
    assert (broken.opened_at, broken.download.modelo) == (one.opened_at, one.download.modelo)
    assert len(broken.accion) <= 4096
    assert await reader.story(one.id) is not None


async def test_a_clock_that_is_ahead_does_not_stand_above_all_others(server: Cluster, reader: FleetReader) -> None:
    ahead = sample(1, opened_at=3_000_000_000.0, updated_at=3_000_000_000.0)
    await send(server, "m01", [event(ahead)])
    await send(server, "m02", [event(sample(2, opened_at=time.time(), updated_at=time.time()))])
    page = await reader.page(IncidentFilter(), 10)
    assert [one.machine for one in page] == ["m02", "m01"] and page[1].opened_at <= time.time()


async def test_counts_by_hour_are_those_of_the_incidents(server: Cluster, reader: FleetReader) -> None:
    found = [sample(number) for number in range(60)]
    for name in ("m01", "m02"):
        await send(server, name, [event(one) for one in found])
    while await reader.roll_up():
        pass
    hours = await reader.hours(NOW - 86400, NOW + 86400, 3600, 0)
    by_type = {(hour, value): number for hour, name, value, number in hours if name == "type"}
    expected = Counter(
        (int(one.opened_at // 3600) * 3600, f"{one.error_type.value}/{one.estado.value}") for one in found
    )
    assert by_type == {key: 2 * number for key, number in expected.items()}
    by_machine = Counter[str]()
    for _, name, value, number in hours:
        by_machine[value] += number if name == "machine" else 0
    assert {name: n for name, n in by_machine.items() if n} == {"m01": 60, "m02": 60}
    solved = [one for one in found if one.estado is Estado.SOLUCIONADO]
    assert sum(number for _, name, _, number in hours if name == "seconds") == 2 * len(solved)


async def test_a_change_is_counted_once_whatever_the_machine_says_of_the_time(
    server: Cluster, reader: FleetReader
) -> None:
    """The same incident goes on, and its later records give another time of its beginning."""
    begun = sample(3, estado=Estado.DETECTADO, closed_at=None)
    await send(server, "m01", [event(begun)])
    while await reader.roll_up():
        pass
    ended = replace(begun, estado=Estado.SOLUCIONADO, opened_at=begun.opened_at - 9000, closed_at=begun.updated_at + 9)
    await send(server, "m01", [event(ended)], first=2)
    while await reader.roll_up():
        pass
    hours = await reader.hours(NOW - 86400, NOW + 86400, 2**40, 0)
    assert [(value, number) for _, name, value, number in hours if name == "type"] == [
        (f"{begun.error_type.value}/solucionado", 1)
    ]


async def test_an_unreachable_database_is_said_in_one_sentence_and_back_it_answers(
    server: Cluster, reader: FleetReader
) -> None:
    assert await reader.page(IncidentFilter(), 5) == []
    server.stop("immediate")
    try:
        with pytest.raises(StoreError, match="No hay respuesta"):
            await reader.page(IncidentFilter(), 5)
    finally:
        server.start()
    assert await reader.page(IncidentFilter(), 5) == []
    connection = await connect(Endpoint(server.url, "postgres"))
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'trafico_hub'")
    await connection.close()
    assert await reader.page(IncidentFilter(), 5) == [], "a connection that was cut is made anew"
