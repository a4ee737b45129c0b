"""What a hub's API says: machines, whose an incident is, totals, metrics; and what a stranger's text does to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from tests.component.web.opened import EVENTS, SECONDS
from tests.component.web.samples import HOSTILE, sample
from tests.postgresql import Cluster
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.model.fleet import Disk, Heartbeat
from trafico_monitor.model.incident import Event, Incident

from .opened import Hub, body, opened_hub
from .sending import beat, send

GB = 1000**3


@pytest_asyncio.fixture
async def hub(server: Cluster, owner: Endpoint, tmp_path: Path) -> AsyncIterator[Hub]:
    async with opened_hub(tmp_path, server.url, time.time) as made:
        yield made


def event(one: Incident, text: str = "⚠️ línea") -> Event:
    return Event(one.updated_at, EVENTS[one.estado], text, 4, "", one)


def healthy(**more: object) -> Heartbeat:
    now = time.time()
    said = Heartbeat(now, "2.0.0", now - 3600, disks=(Disk("/home", 200 * GB, 500 * GB),), bot_active=True,
                     server_up=True, solved=9, failed=1)  # fmt: skip
    return replace(said, **more)  # type: ignore[arg-type]


async def checked(hub: Hub, path: str, name: str, **options: Any) -> dict[str, Any]:
    """The answer, after it has been held against its schema in the document."""
    document = (await hub.ask("GET", "/api/v1/openapi.json")).json
    said = body(await hub.told(path, **options))
    jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    ).validate(said)
    return said


async def test_machines_are_listed_worst_first_with_what_is_wrong(server: Cluster, hub: Hub) -> None:
    bad = Disk("/home", 5 * GB, 500 * GB, time.time() + 3600, 0.9)
    await beat(server, "m01", healthy())
    await beat(
        server, "m02", healthy(bot_active=False, healthy=False, unhealthy=("algo",), disks=(bad,), unanswered=2)
    )
    await hub.seen(lambda machines: [one.state for one in machines] == ["ok", "troubled"])
    said = await checked(hub, "/machines", "MachinePage")
    assert [one["name"] for one in said["machines"]] == ["m02", "m01"]
    assert [one["code"] for one in said["machines"][0]["problems"]] == ["bot", "full", "unhealthy", "unanswered"]
    assert said["machines"][1]["problems"] == [] and said["states"]["ok"] == 1 and said["next"] is None
    only = await checked(hub, "/machines?state=ok&search=m0&limit=1", "MachinePage")
    assert [one["name"] for one in only["machines"]] == ["m01"] and only["total"] == 1
    first = await checked(hub, "/machines?limit=1", "MachinePage")
    assert first["next"] == 1 and first["total"] == 2
    one = await checked(hub, "/machines/m02", "MachineDetails", language="en")
    assert "The bot is stopped" in [each["text"] for each in one["problems"]]
    assert "sudo trafico-monitor retry ID" in one["commands"]
    assert (await hub.told("/machines/nobody", 404)).json["code"] == "unknown_machine"
    assert (await hub.told("/texts/es")).json["ui.door.command"] == "sudo trafico-monitor hub dashboard"
    assert (await hub.told("/machines?state=x", 422)).json["code"] == "invalid"


async def test_totals_name_the_worst_and_a_silent_machine_counts_as_unknown(server: Cluster, hub: Hub) -> None:
    await beat(server, "m01", healthy(disks=(Disk("/", 5 * GB, 500 * GB),), server_up=False))
    await beat(server, "m02", healthy())
    await send(server, "m02", [event(sample(3, estado=sample(0).estado, closed_at=None))])
    await hub.seen(lambda machines: len([one for one in machines if one.heartbeat]) == 2 and machines[1].open_types)
    status = await checked(hub, "/status", "Status")
    found = status["hub"]
    assert found["machines"] == 2 and found["bots"] == {"up": 2, "down": 0, "unknown": 0, "worst": []}
    assert found["servers"] == {"up": 1, "down": 1, "unknown": 0, "worst": ["m01"]}
    assert [one["machine"] for one in found["disks"]] == ["m01", "m02"] and found["database"] == ""
    assert found["open"] == status["open"] == 1 and found["success_rate"] == 0.9
    await checked(hub, "/health", "Health")


async def test_an_incident_says_whose_it_is_and_two_of_one_id_are_asked_for_by_machine(
    server: Cluster, hub: Hub
) -> None:
    one = sample(1)
    for name in ("m01", "m02"):
        await send(server, name, [event(one), event(sample(2))])
    page = await checked(hub, "/incidents?limit=3", "IncidentPage")
    rest = await checked(hub, f"/incidents?limit=3&cursor={page['next']}", "IncidentPage")
    both = [(each["machine"], each["id"]) for each in (*page["incidents"], *rest["incidents"])]
    assert sorted(both) == [(name, each.id) for name in ("m01", "m02") for each in (one, sample(2))]
    only = await checked(hub, "/incidents?machine=m02", "IncidentPage")
    assert {each["machine"] for each in only["incidents"]} == {"m02"}
    several = (await hub.told(f"/incidents/{one.id}", 409)).json
    assert several["code"] == "ambiguous_incident" and several["fields"] == {"machine": "m01, m02"}
    story = await checked(hub, f"/incidents/{one.id}?machine=m02", "IncidentStory")
    assert story["machine"] == "m02" and len(story["history"]) == 1
    assert (await hub.told("/incidents?machine=M%0A", 422)).json["fields"].keys() == {"machine"}  # type: ignore[attr-defined]


async def test_trends_are_counted_by_machine(server: Cluster, hub: Hub) -> None:
    now = time.time()
    for name, number in (("m01", 3), ("m02", 1)):
        found = [sample(n, opened_at=now - 100 * n, updated_at=now - 100 * n) for n in range(1, number + 1)]
        await send(server, name, [event(one) for one in found])
    await hub.counted()
    summary = await checked(hub, "/summary", "Summary")
    assert summary["by_machine"] == [{"machine": "m01", "total": 3}, {"machine": "m02", "total": 1}]
    assert summary["total"] == 4
    series = await checked(hub, "/series", "Series")
    assert [(one["machine"], sum(one["values"])) for one in series["machines"]] == [("m01", 3), ("m02", 1)]
    # What changes afterwards is counted anew, and nothing twice.
    later = sample(5, opened_at=now - 50, updated_at=now)
    await send(server, "m02", [event(later)], first=2)
    await hub.counted()
    assert (await checked(hub, "/summary", "Summary"))["total"] == 5


async def test_each_machine_has_twelve_series_at_most_and_no_label_of_a_stranger(server: Cluster, hub: Hub) -> None:
    await beat(server, "m01", healthy(container=HOSTILE, unhealthy=(HOSTILE,)))
    await beat(server, "m02", healthy(bot_active=None))
    await send(server, "m01", [event(sample(1))])
    await hub.seen(lambda machines: len([one for one in machines if one.heartbeat]) == 2)
    exposed = (await hub.ask("GET", "/metrics")).body.decode()
    samples = [one for family in text_string_to_metric_families(exposed) for one in family.samples]
    for name in ("m01", "m02"):
        own = [one for one in samples if one.labels.get("machine") == name]
        assert 8 <= len(own) <= 12
    assert not [one for one in samples if one.labels.keys() & {"modelo", "video"}]
    assert HOSTILE not in exposed and "victor" not in exposed
    assert [one.value for one in samples if one.name == "trafico_hub_machines" and one.labels["state"] == "ok"] == [2]


HEARTBEATS: dict[str, object] = {
    "no object": [1, 2],
    "wrong types": {"sent_at": "x", "version": 7, "started_at": {}},
    "beyond all measure": {"sent_at": 1e300, "version": "2", "started_at": 0},
    "huge and negative": {
        "sent_at": 8e18, "version": "v" * 9000, "started_at": -8e18, "open": -5, "failed": 9 * 10**18,
        "success_rate": -3.5, "lag": -1.0, "certificate_until": 8e18,
        "disks": [{"path": HOSTILE, "free": -1, "total": 0, "full_at": 8e18}],
        "unhealthy": [HOSTILE] * 50, "container": "c" * 900, "set_aside": [-1], "address": "javascript:alert(1)",
    },
}  # fmt: skip


@pytest.mark.parametrize("said", HEARTBEATS.values(), ids=HEARTBEATS)
async def test_a_strangers_heartbeat_breaks_no_page(server: Cluster, hub: Hub, said: object) -> None:
    await beat(server, "m01", said)
    await beat(server, "m02", healthy())
    await hub.seen(lambda machines: len([one for one in machines if one.received_at]) == 2)
    page = await checked(hub, "/machines", "MachinePage")
    assert {one["name"] for one in page["machines"]} == {"m01", "m02"}
    await checked(hub, "/machines/m01", "MachineDetails")
    await checked(hub, "/status", "Status")
    exposed = (await hub.ask("GET", "/metrics")).body.decode()
    assert list(text_string_to_metric_families(exposed))


async def test_the_stream_says_new_records_of_every_machine(server: Cluster, hub: Hub) -> None:
    await send(server, "m01", [event(sample(1))])
    await hub.seen(lambda _: hub.overview.latest_records(1))
    reader, writer = await hub.connect()
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: monitor\r\n\r\n")
            said = await reader.readuntil(b"event: hello")
            await send(server, "m02", [event(sample(4), "una línea nueva")])
            while "una línea nueva".encode() not in said or b'"machine":"m02"' not in said:
                said += await reader.read(65536)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_database_that_is_away_is_said_in_the_totals(server: Cluster, hub: Hub) -> None:
    await beat(server, "m01", healthy())
    await hub.seen(lambda machines: machines and machines[0].heartbeat)
    server.stop("immediate")
    try:
        async with asyncio.timeout(SECONDS):
            while not (await checked(hub, "/status", "Status"))["hub"]["database"]:
                await asyncio.sleep(0.05)
        assert (await hub.told("/incidents", 503)).json["code"] == "store"
    finally:
        server.start()
