"""`assign` from the request to the proof: once, beside nothing, through a kill."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.component.repair.conftest import snapshot
from trafico_monitor.daemon.executor import tools_for
from trafico_monitor.model.control import RequestKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import RepairTask, TaskKind
from trafico_monitor.repair.actions import assign as action

from .conftest import ANA, FAILED, SECONDS, Office
from .test_requests import until


async def test_a_rescued_video_is_put_to_its_modelo_and_proven(office: Office, video: Path) -> None:
    place = office.rescued(video)
    reply = await office.assign(place.name, "luna")
    there = office.site.models / "luna" / "a.mp4"
    assert (reply.ok, reply.code, reply.fields["ruta"]) == (True, "assigned", str(there))
    assert there.read_bytes() == video.read_bytes() and list(place.parent.iterdir()) == []
    assert there.stat().st_uid == office.site.uid
    incident = await office.incident()
    assert (incident.estado, incident.download.modelo) == (Estado.SOLUCIONADO, "luna")
    assert [(e.what, e.ok) for e in incident.evidence] == [
        ("file", True), ("size", True), ("media", True), ("owner", True),
    ]  # fmt: skip
    records = await office.records()
    assert [record.event for record in records] == ["request_assign", "assigned", "incident_solved"]
    assert ANA in records[0].text and records[0].incident is not None


async def test_without_a_note_nobodys_incident_is_touched(office: Office, video: Path) -> None:
    place = office.rescued(video)
    place.with_name(f"{place.name}.json").unlink()
    assert (await office.assign(str(place), "luna")).code == "assigned"
    assert (await office.incident()).estado is Estado.FALLIDO
    assert await office.events() == ["request_assign", "assigned"]


async def test_asked_twice_at_once_it_is_moved_once_and_both_hear_of_it(office: Office, video: Path) -> None:
    place = office.rescued(video)
    replies = await asyncio.gather(*(office.assign(place.name, "luna") for _ in range(5)))
    assert [reply.code for reply in replies] == ["assigned"] * 5
    assert (await office.events()).count("request_assign") == 1
    again = await office.assign(place.name, "luna")
    assert (again.ok, again.code) == (False, "unknown_file")


class Held:
    """The monitor between two of its steps: `reached` once it is there, on from there with `go`."""

    def __init__(self) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, order: RepairTask) -> None:
        self.reached.set()
        await self.go.wait()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_like_request_hears_what_became_of_the_first(office: Office, video: Path, when: str) -> None:
    """Others ask while the repair runs, and between the move and its record: the file is gone then."""
    place, held = office.rescued(video), Held()
    setattr(office, when, held)
    first = asyncio.create_task(office.assign(place.name, "luna"))
    async with asyncio.timeout(SECONDS):
        await held.reached.wait()
    assert place.exists() is (when == "before")
    others = [
        asyncio.create_task(office.assign(name, "luna"))
        for name in (place.name, str(place), f"_rescatados/{place.name}", f"modelos/_rescatados/{place.name}")
    ]
    other = await office.assign(place.name, "noa")
    assert (other.ok, other.code) == (False, "assign_taken")
    await asked(office, 5)
    held.go.set()
    assert [(await one).code for one in (first, *others)] == ["assigned"] * 5
    assert [event for event in await office.events() if event == "assigned"] == ["assigned"]


async def test_one_that_waits_for_its_turn_while_it_is_recorded_hears_it_too(office: Office, video: Path) -> None:
    place, held = office.rescued(video), Held()
    office.after = held
    first = asyncio.create_task(office.assign(place.name, "luna"))
    async with asyncio.timeout(SECONDS):
        await held.reached.wait()
    office.blocked = asyncio.Event()
    held.go.set()  # the record is being stored: whoever asks now finds neither the order nor the file
    await until(lambda: office.desk._lock.locked())
    late = [asyncio.create_task(office.assign(place.name, modelo)) for modelo in ("luna", "noa")]
    await asked(office, 3)
    assert not any(one.done() for one in (first, *late))
    office.blocked.set()
    assert [(await one).code for one in (first, *late)] == ["assigned", "assigned", "assign_taken"]
    again = await office.assign(place.name, "luna")
    assert (again.ok, again.code) == (False, "unknown_file"), "who asks afterwards asks anew"


async def asked(office: Office, number: int) -> None:
    """So many requests are being answered, and each has got as far as it can."""
    await until(lambda: len(office.desk._tasks) == number)
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("../victor/b.mp4", "invalid_file"),
        ("/etc/passwd", "invalid_file"),
        ("..", "invalid_file"),
        ("", "invalid_file"),
        ("file_1.mp4\n", "invalid_file"),
        ("file_1\0.mp4", "invalid_file"),
        ("\ud800.mp4", "invalid_file"),
        ("x" * 4096, "invalid_file"),
        ("../" * 1365 + "x", "invalid_file"),
        ("link.mp4", "invalid_file"),
        ("hard.mp4", "invalid_file"),
        ("fifo.mp4", "invalid_file"),
        ("folder", "invalid_file"),
        ("nothing.mp4", "unknown_file"),
    ],
)
async def test_hostile_files_are_refused_and_nothing_moves(office: Office, video: Path, file: str, code: str) -> None:
    place = office.rescued(video)
    outside = office.site.models.parent / "secret.mp4"
    outside.write_bytes(b"not yours")
    place.with_name("link.mp4").symlink_to(outside)
    os.link(outside, place.with_name("hard.mp4"))
    place.with_name("folder").mkdir()
    if file == "fifo.mp4":
        os.mkfifo(place.with_name(file))
    before = {path: seen for path, seen in snapshot(office.site.models).items() if "fifo" not in path}
    reply = await office.assign(file, "luna")
    assert (reply.ok, reply.code) == (False, code)
    assert all(value.isprintable() and len(value) <= 200 for value in reply.fields.values())
    assert {path: seen for path, seen in snapshot(office.site.models).items() if "fifo" not in path} == before
    (record,) = await office.records()
    assert record.event == "request_refused" and record.text.isprintable() and len(record.text) < 500


@pytest.mark.parametrize("modelo", ["", "..", "../x", "a/b", "_rescatados", ".x", "x\n", "x\0", "x" * 256, " x"])
async def test_hostile_modelos_are_refused(office: Office, video: Path, modelo: str) -> None:
    place = office.rescued(video)
    before = snapshot(office.site.models)
    assert (await office.assign(place.name, modelo)).code == "invalid_modelo"
    assert snapshot(office.site.models) == before


async def test_a_video_that_is_not_whole_stays_and_the_reason_is_said(office: Office, video: Path) -> None:
    place = office.rescued(video)
    place.write_bytes(video.read_bytes()[:2000])
    reply = await office.assign(place.name, "luna")
    assert (reply.ok, reply.code, reply.fields["reason"]) == (False, "assign_failed", "source_corrupt")
    assert place.exists() and (await office.incident()).estado is Estado.FALLIDO
    assert await office.events() == ["request_assign", "assign_failed"]


async def test_it_never_runs_beside_a_repair_of_the_same_file(office: Office, video: Path) -> None:
    """The incident `victor/a.mp4` is being repaired: what is assigned to that place waits."""
    gate, running = asyncio.Event(), []

    async def before(order: RepairTask) -> None:
        running.append(order.kind)
        if order.kind is TaskKind.RETRY_DOWNLOAD:
            await gate.wait()

    office.before = before  # type: ignore[assignment]
    assert (await office.ask(RequestKind.RETRY, incident=FAILED.id)).code == "retry_begun"
    await until(lambda: bool(running))
    refused = await office.assign(office.rescued(video).name, "victor")
    assert (refused.ok, refused.code) == (False, "assign_repairing")
    other = office.rescued(video, "file_2.mp4", incidente="", video="a.mp4")
    asking = asyncio.create_task(office.assign(other.name, "victor"))
    await until(lambda: any(order.kind is TaskKind.ASSIGN for order in office.pipeline.orders.values()))
    for _ in range(50):
        await asyncio.sleep(0)
    assert running == [TaskKind.RETRY_DOWNLOAD] and other.exists()
    gate.set()
    assert (await asking).code == "assigned"
    assert TaskKind.ASSIGN in running


async def stored_and_killed(office: Office, place: Path, modelo: str) -> RepairTask:
    """The order is stored; then the monitor is gone before it carries it out."""

    async def never(order: RepairTask) -> None:
        await asyncio.Event().wait()

    office.before = never  # type: ignore[assignment]
    asking = asyncio.create_task(office.assign(place.name, modelo))
    async with asyncio.timeout(SECONDS):
        while not (orders := (await office.store.load()).orders):
            await asyncio.sleep(0.01)
    await office.dispatcher.stop(SECONDS)
    asking.cancel()
    await asyncio.wait([asking])
    await office.desk.stop(SECONDS)
    office.before = None
    return orders[0]


async def test_killed_before_it_was_moved_it_is_moved_at_the_next_start(office: Office, video: Path) -> None:
    place = office.rescued(video)
    await stored_and_killed(office, place, "luna")
    assert place.exists()
    await office.begin()
    await until(lambda: not office.pipeline.orders)
    assert (office.site.models / "luna" / "a.mp4").exists()
    assert (await office.incident()).estado is Estado.SOLUCIONADO
    assert (await office.events()).count("assigned") == 1


async def test_killed_after_it_was_moved_the_proof_is_still_recorded(office: Office, video: Path) -> None:
    place = office.rescued(video)
    note = place.with_name(f"{place.name}.json")
    known = note.read_bytes()
    (office.site.models / "luna").mkdir()
    (office.site.models / "luna" / "a.mp4").write_bytes(video.read_bytes() + b"\0" * 8)  # another, with its name
    order = await stored_and_killed(office, place, "luna")
    await action.carry_out(order, office.site, tools_for(office.site))
    note.write_bytes(known)  # it had not come to this yet
    assert not place.exists()
    await office.begin()
    await until(lambda: not office.pipeline.orders)
    incident = await office.incident()
    assert incident.estado is Estado.SOLUCIONADO
    there = Path(incident.evidence[0].value)
    assert there.name == "a-2.mp4" and there.read_bytes() == video.read_bytes()
    assert list(place.parent.iterdir()) == []


async def test_killed_and_then_taken_away_by_somebody_it_is_no_success(office: Office, video: Path) -> None:
    place = office.rescued(video)
    await stored_and_killed(office, place, "luna")
    place.unlink()
    await office.begin()
    await until(lambda: not office.pipeline.orders)
    assert (await office.incident()).estado is Estado.FALLIDO
    assert (await office.events())[-1] == "assign_failed"
