"""The overview follows the fleet's database: machines, their states, and each new record once."""

from __future__ import annotations

from typing import Any

from tests.component.fleet.hub.machines import BASE, beat, record, run
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.hub import overview
from trafico_monitor.fleet.hub.overview import Overview
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.fleet import Heartbeat, MachineState
from trafico_monitor.model.incident import Estado, Event, Incident


def incident(name: str, error_type: ErrorType = ErrorType.TIMEOUT, **more: Any) -> Incident:
    return Incident(name, error_type, 0.0, 0.0, download=Download(modelo="anna"), exception="x.Y", **more)


async def refreshed(view: Overview, owner: Endpoint) -> list[Event]:
    connection = await connect(owner)
    try:
        async with transaction(connection, owner) as cursor:
            return list(await view.refresh(cursor))
    finally:
        await connection.close()


async def test_machines_and_their_states(owner: Endpoint, old_server: None) -> None:
    view = Overview(lambda: 180.0)
    assert not view.refreshed and not view.machines()
    await run(owner, "INSERT INTO trafico.machines (machine, revoked_at) VALUES ('gone', now()), ('new', NULL)")
    await beat(owner, "gone")
    await beat(owner, "m01", heartbeat=Heartbeat(sent_at=1.0, version="2.0.0", started_at=0.0, open=3), skew=90.0)
    await beat(owner, "m02", heartbeat=Heartbeat(sent_at=1.0, version="2.0.0", started_at=0.0, unanswered=1))
    await refreshed(view, owner)
    assert {one.name: one.state for one in view.machines()} == {
        "gone": MachineState.REVOKED,
        "m01": MachineState.OK,
        "m02": MachineState.TROUBLED,
        "new": MachineState.INVITED,
    }
    first = view.machine("m01")
    assert first is not None and first.heartbeat is not None and first.heartbeat.open == 3
    assert 85.0 < first.skew < 95.0 and first.hosts == ("h",) and first.invited_at is not None
    assert view.machine("m99") is None


async def test_a_machine_is_silent_by_the_databases_clock(owner: Endpoint, old_server: None) -> None:
    view = Overview(lambda: 180.0)
    await beat(owner, "m01", ago=179.0)
    await beat(owner, "m02", ago=182.0)
    await refreshed(view, owner)
    assert [one.state for one in view.machines()] == [MachineState.OK, MachineState.SILENT]
    await beat(owner, "m02")
    await refreshed(view, owner)
    assert [one.state for one in view.machines()] == [MachineState.OK, MachineState.OK]


async def test_a_server_that_has_just_come_back_silences_nobody(owner: Endpoint) -> None:
    """Its machines could not reach it: the time counts from its start, or from when the hub reaches it again."""
    view = Overview(lambda: 600.0)  # the test's server is younger
    await beat(owner, "m01", ago=700.0)
    await refreshed(view, owner)
    assert view.machine("m01").state is MachineState.OK  # type: ignore[union-attr]


async def test_a_hub_that_could_not_reach_the_server_silences_nobody(owner: Endpoint, old_server: None) -> None:
    view = Overview(lambda: 180.0)
    await beat(owner, "m01", ago=700.0)
    await refreshed(view, owner)
    view.returned()
    await refreshed(view, owner)
    assert view.machine("m01").state is MachineState.OK  # type: ignore[union-attr]


async def test_each_new_record_comes_once_and_in_its_machines_order(owner: Endpoint) -> None:
    await record(owner, "m01", 1)
    view = Overview(lambda: 180.0)
    assert await refreshed(view, owner) == []  # of before the start: none is news
    assert [one.machine for _, one in view.latest_records(10)] == ["m01"]
    for seq in (2, 3):
        await record(owner, "m01", seq, f"event_{seq}")
        await record(owner, "m02", seq, f"event_{seq}")
    new = await refreshed(view, owner)
    assert [one.event for one in new if one.machine == "m01"] == ["event_2", "event_3"]
    assert [one.event for one in new if one.machine == "m02"] == ["event_2", "event_3"]
    assert await refreshed(view, owner) == []
    numbers = [seq for seq, _ in view.records_after(0, 100)]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert [seq for seq, _ in view.records_after(numbers[1], 2)] == numbers[2:4]
    assert [seq for seq, _ in view.records_after(numbers[-1], 2)] == []
    assert [seq for seq, _ in view.latest_records(2)] == numbers[-2:]


async def test_numbers_are_higher_after_a_restart(owner: Endpoint) -> None:
    await record(owner, "m01", 1)
    before, after = Overview(lambda: 180.0), Overview(lambda: 180.0)
    await refreshed(before, owner)
    await refreshed(after, owner)
    assert after.latest_records(1)[0][0] > before.latest_records(1)[0][0]


async def test_a_machine_that_catches_up_keeps_no_other_waiting(owner: Endpoint) -> None:
    view = Overview(lambda: 180.0)
    await record(owner, "m01", 1)
    await refreshed(view, owner)
    many = (
        "INSERT INTO trafico.records (machine, base, seq, at, event, text, body)"
        " SELECT 'm01', %s, n, now(), 'e', 'x', '{}' FROM generate_series(2, 5000) n"
    )
    await run(owner, many, BASE)
    await record(owner, "m02", 1, "wanted")
    assert "wanted" in [one.event for one in await refreshed(view, owner)]
    for _ in range(5000 // (overview.PAGE * overview.PAGES) + 1):
        await refreshed(view, owner)
    assert view._positions["m01", str(BASE)][0] == 5000
    await run(owner, many.replace("2, 5000", "5001, 5100"), BASE)
    await run(owner, "DELETE FROM trafico.records WHERE seq > 5000")  # retention, or a person
    await refreshed(view, owner)
    assert view._positions["m01", str(BASE)][0] == 5100  # not asked for again and again


async def test_holes_are_counted_and_unused_numbers_are_none(owner: Endpoint) -> None:
    view = Overview(lambda: 180.0)
    await beat(owner, "m01", "m02")
    for seq, prev in ((5, 4), (9, 5), (12, 9)):  # 1 to 4 were of before the fleet; 6 to 8 were never used
        await record(owner, "m01", seq, prev=prev)
    for seq, prev in ((1, 0), (4, 2), (9, 4), (12, 11)):
        await record(owner, "m02", seq, prev=prev)
    await refreshed(view, owner)
    assert [one.missing for one in view.machines()] == [0, 2]
    await record(owner, "m01", 14, prev=13)
    await refreshed(view, owner)
    assert [one.missing for one in view.machines()] == [1, 2]


async def test_openings_are_placed_by_the_databases_clock(owner: Endpoint) -> None:
    """A clock that is wrong by a day puts no incident into another day."""
    view = Overview(lambda: 180.0)
    await beat(owner, "m01", skew=86400.0)
    await record(owner, "m01", 1, "incident_detected", incident=incident("T1"), ago=60.0 - 86400.0, received_ago=58.0)
    await refreshed(view, owner)
    await record(owner, "m02", 1, "incident_detected", incident=incident("T2"), ago=7000.0, received_ago=0.0)
    await record(owner, "m02", 2, "incident_solved", incident=incident("T2", estado=Estado.SOLUCIONADO))
    await refreshed(view, owner)
    found = view.openings(view.now - 100.0)
    assert [(one.machine, one.error_type, one.modelo, one.exception) for one in found] == [
        ("m01", "timeout", "anna", "x.Y")
    ]
    assert len(view.openings(0.0)) == 2
    assert view.machine("m01").open_types == (("timeout", 1),)  # type: ignore[union-attr]


async def test_what_a_stranger_writes_stays_small_and_breaks_nothing(owner: Endpoint, old_server: None) -> None:
    view = Overview(lambda: 180.0)
    await refreshed(view, owner)
    await beat(owner, "m01", "m02")
    await run(owner, "UPDATE trafico.heartbeats SET body = '[1, {\"a\": null}]' WHERE machine = 'm01'")
    await run(owner, "UPDATE trafico.heartbeats SET body = to_jsonb(repeat('x', 60000)) WHERE machine = 'm02'")
    row = (
        "INSERT INTO trafico.records (machine, base, seq, at, event, text, body)"
        " VALUES ('m01', %s, %s, now(), %s, %s, %s::jsonb)"
    )
    await run(owner, row, BASE, 1, "a", "x" * 16000, '{"incident": 5}')
    await run(
        owner, row, BASE, 2, "b\x1b[2J", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", '"' + "y" * 200000 + '"'
    )
    new = await refreshed(view, owner)
    assert [one.incident for one in new] == [None, None]
    assert all(len(one.text) <= 4096 for one in new)
    assert "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" not in new[1].text
    assert [one.state for one in view.machines()] == [MachineState.TROUBLED, MachineState.TROUBLED]
    assert all(one.heartbeat is None for one in view.machines())


async def test_the_hub_reads_as_its_own_role(server: Cluster, owner: Endpoint) -> None:
    await beat(owner, "m01")
    view = Overview(lambda: 180.0)
    await refreshed(view, Endpoint(server.url, "trafico_hub"))
    assert [one.name for one in view.machines()] == ["m01", "m02"]
