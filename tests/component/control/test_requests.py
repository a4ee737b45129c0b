"""What people ask is carried out once, on record with who asked, whatever they write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.repair.conftest import TOKEN
from trafico_monitor.control import processor
from trafico_monitor.model.alert import Notification, NotificationCode, Scope, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlRequest, RequestKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store

from .conftest import ANA, FAILED, NOW, SECONDS, Office

RETRY, ACK, SILENCE, END = (
    RequestKind.RETRY, RequestKind.ACKNOWLEDGE, RequestKind.SILENCE, RequestKind.END_SILENCE,
)  # fmt: skip


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_failed_incident_of_long_ago_is_tried_again_and_solved_by_its_proof(
    office: Office, video: Path
) -> None:
    place = office.site.bot_api
    assert place is not None
    (place / "x").mkdir()
    (place / "x" / "f.mp4").write_bytes(video.read_bytes())
    reply = await office.ask(RETRY, incident=f"#{FAILED.id.lower()[:5]}")
    assert (reply.ok, reply.code, reply.fields["id"]) == (True, "retry_begun", FAILED.id)
    await until(lambda: not office.pipeline.orders)
    incident = await office.incident()
    assert (incident.estado, incident.asked, incident.asked_by) == (Estado.SOLUCIONADO, 1, ANA)
    assert (office.site.models / "victor" / "a.mp4").read_bytes() == video.read_bytes()
    assert (await office.events())[:2] == ["request_retry", "incident_retrying"]


async def test_ten_people_at_once_begin_one_retry_and_one_acknowledgement(office: Office) -> None:
    replies = await asyncio.gather(*(office.ask(ACK, incident=FAILED.id) for _ in range(10)))
    assert sorted(reply.code for reply in replies) == ["acknowledged"] + ["acknowledged_already"] * 9
    assert all(reply.ok for reply in replies)
    replies = await asyncio.gather(*(office.ask(RETRY, incident=FAILED.id) for _ in range(10)))
    assert [reply.code for reply in replies].count("retry_begun") == 1
    events = await office.events()
    assert (events.count("request_ack"), events.count("request_retry")) == (1, 1)
    assert (await office.incident()).acknowledged_by == "", "a new try is a new story"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ZZZZZZZZ", "unknown_incident"),
        ("", "invalid_incident"),
        ("../../etc/passwd", "invalid_incident"),
        ("ABCDEF23\n", "retry_begun"),  # what surrounds it is white space
        ("ABCDEF2\n3", "invalid_incident"),
        ("ABCD\0EF23", "invalid_incident"),
        ("A" * 4096, "invalid_incident"),
        ("%", "invalid_incident"),
        ("A' OR 1=1 --", "invalid_incident"),
        ("\U0010ffff", "invalid_incident"),
        (TOKEN, "invalid_incident"),
    ],
)
async def test_hostile_names_of_incidents(office: Office, name: str, code: str) -> None:
    reply = await office.ask(RETRY, incident=name)
    assert (reply.code, reply.ok) == (code, code == "retry_begun")
    assert all(len(value) < 200 and value.isprintable() for value in reply.fields.values())
    if not reply.ok:
        (record,) = await office.records()
        assert record.event == "request_refused" and ANA in record.text
        assert record.text.isprintable() and TOKEN not in record.text


async def test_an_alarm_without_an_incident_is_acknowledged_once_and_over_a_restart(office: Office) -> None:
    for name in ("unit", "unit-2", "#SPACE", "own_logs"):
        assert (await office.ask(ACK, incident=name)).code == "unknown_alarm"
    died = Notification("unit", NotificationCode.UNIT_DIED, Severity.CRITICAL, NOW, 2)
    await office.keep(office.pipeline.notify([died], NOW))
    assert (await office.ask(ACK, incident="unit-0")).code == "unknown_alarm", "the button of an older one"
    replies = await asyncio.gather(*(office.ask(ACK, incident=name) for name in ("unit", "UNIT-2", "#unit")))
    assert [reply.code for reply in replies] == ["alarm_acknowledged"] + ["alarm_acknowledged_already"] * 2
    assert (await office.events()).count("request_ack_alarm") == 1
    await office.end()
    await office.begin()
    reply = await office.ask(ACK, incident="unit")
    assert (reply.ok, reply.code, reply.fields["por"]) == (True, "alarm_acknowledged_already", ANA)


async def test_an_incident_whose_id_begins_like_an_alarm_is_found_while_no_alarm_stands(office: Office) -> None:
    await office.store.commit(ChangeSet(incidents=(replace(FAILED, id="UNIT2345"),)))
    reply = await office.ask(ACK, incident="unit")
    assert (reply.code, reply.fields["id"]) == ("acknowledged", "UNIT2345")


async def test_two_that_begin_alike_have_to_be_told_apart(office: Office) -> None:
    await office.store.commit(ChangeSet(incidents=(replace(FAILED, id="ABCDEF24"),)))
    assert (await office.ask(ACK, incident="ABC")).code == "ambiguous_incident"
    assert (await office.ask(ACK, incident="ABCDEF2")).code == "ambiguous_incident"
    assert (await office.ask(ACK, incident="ABCDEF24")).code == "acknowledged"


async def test_silences_begin_are_listed_and_end(office: Office, tmp_path: Path) -> None:
    asked = {"seconds": 3600.0, "reason": "cambio\nde <b>disco</b> " + TOKEN}
    begun = await office.ask(SILENCE, scope=Scope.MODELO, value="victor", **asked)
    assert (await office.ask(SILENCE, scope=Scope.MODELO, value="victor", **asked)).code == "silenced_already"
    (one,) = await office.store.silences(NOW)
    assert (one.id, one.value, one.by) == (begun.fields["silencio"], "victor", ANA)
    assert one.reason == "cambio de <b>disco</b> <TOKEN>"
    with Queries(tmp_path / "state") as queries:
        assert queries.silences(NOW) == (one,)
    assert (await office.ask(END, value=one.id)).code == "silence_ended"
    assert (await office.ask(END, value=one.id)).code == "silence_ended_already"
    assert await office.store.silences(NOW) == ()
    assert (await office.ask(END, value="S\n" + "x" * 4000)).code == "unknown_silence"
    assert await office.events() == ["request_silence", "request_silence_ended", "request_refused"]


async def test_a_silence_for_an_incident_or_a_modelo_must_be_about_one(office: Office) -> None:
    more = {"seconds": 60.0, "reason": "r"}
    assert (await office.ask(SILENCE, scope=Scope.INCIDENT, value="ZZZZ", **more)).code == "unknown_incident"
    assert (await office.ask(SILENCE, scope=Scope.MODELO, value="../x", **more)).code == "invalid_modelo"
    await office.ask(SILENCE, scope=Scope.INCIDENT, value="#abcd", **more)
    (one,) = await office.store.silences(NOW)
    assert one.value == FAILED.id


ASKED: dict[RequestKind, dict[str, object]] = {
    RETRY: {"incident": FAILED.id},
    ACK: {"incident": FAILED.id},
    SILENCE: {"scope": Scope.ALL, "seconds": 60.0},
    RequestKind.END_SILENCE: {"value": "SAAAAA"},
    RequestKind.ASSIGN: {"file": "nada.mp4", "modelo": "luna"},
    RequestKind.TEST: {},
}


@pytest.mark.parametrize("kind", list(RequestKind))
async def test_who_asked_through_a_panel_and_why_is_recorded(office: Office, kind: RequestKind) -> None:
    """Beside the user that the kernel names, never instead; for what is done and for what is refused."""
    before = len(await office.records())
    await office.ask(kind, on_behalf_of="ana  pérez", reason="lo pidió el modelo", **ASKED[kind])
    record = next(one for one in (await office.records())[before:] if one.event.startswith("request_"))
    assert record.fields["por"] == f"{ANA} por ana pérez"
    assert f"{ANA} por ana pérez" in record.text and "lo pidió el modelo" in record.text
    given = "motivo" if record.event == "request_silence" else "motivo_dado"
    assert record.fields[given] == "lo pidió el modelo"


async def test_the_history_of_an_incident_says_who_asked_through_a_panel(office: Office) -> None:
    await office.ask(RETRY, incident=FAILED.id, on_behalf_of="ana", reason="otra vez")
    asked = await office.incident()
    assert asked.asked_by == f"{ANA} por ana"
    record = next(one for one in await office.records() if one.event == "request_retry")
    assert record.incident is not None and record.accion == f"reintento pedido por {ANA} por ana · «otra vez»"


async def test_no_token_is_ever_stored(office: Office, tmp_path: Path) -> None:
    for kind in RequestKind:
        await office.desk.ask(
            ControlRequest(
                kind, f"cli:{TOKEN}", NOW, TOKEN, Scope.MODELO, TOKEN, 60.0, TOKEN, f"{TOKEN}.mp4", TOKEN, TOKEN
            )
        )
    await office.end()
    await office.store.close()
    for file in (tmp_path / "state").iterdir():
        assert TOKEN.encode() not in file.read_bytes(), file


async def test_who_does_not_wait_changes_nothing(office: Office) -> None:
    office.blocked = asyncio.Event()
    asking = asyncio.create_task(office.ask(ACK, incident=FAILED.id))
    await until(lambda: bool(office.desk._tasks))
    asking.cancel()
    await asyncio.wait([asking])
    office.blocked.set()
    async with asyncio.timeout(SECONDS):
        while not (await office.incident()).acknowledged_by:
            await asyncio.sleep(0.01)


async def test_what_cannot_be_stored_now_is_not_said_to_be_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "ANSWER_SECONDS", 0.2)
    office.blocked = asyncio.Event()
    reply = await office.ask(ACK, incident=FAILED.id)
    assert (reply.ok, reply.code) == (False, "unconfirmed")
    assert (await office.incident()).acknowledged_by == ""
    office.blocked.set()
    monkeypatch.setattr(processor, "ANSWER_SECONDS", SECONDS)
    assert (await office.ask(ACK, incident=FAILED.id)).code == "acknowledged_already"


async def test_a_desk_that_closes_says_so(office: Office) -> None:
    office.blocked = asyncio.Event()
    asking = asyncio.create_task(office.ask(ACK, incident=FAILED.id))
    await until(lambda: bool(office.desk._tasks))
    await office.desk.stop(0.1)
    assert (await asking).code == "stopping"
    assert (await office.ask(RETRY, incident=FAILED.id)).code == "stopping"


async def test_too_many_at_once_are_sent_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "MOST_AT_ONCE", 3)
    office.blocked = asyncio.Event()
    asking = [asyncio.create_task(office.ask(RequestKind.TEST)) for _ in range(3)]
    await until(lambda: len(office.desk._tasks) == 3)
    assert (await office.ask(RequestKind.TEST)).code == "busy"
    office.blocked.set()
    await asyncio.wait(asking)


async def test_a_test_goes_out_once_however_many_ask_meanwhile(office: Office) -> None:
    office.blocked, office.told = asyncio.Event(), (("admin", 0.2, ""), ("dev", 3.0, "no se puede conectar con slack"))
    asking = [asyncio.create_task(office.ask(RequestKind.TEST)) for _ in range(3)]
    await until(lambda: len(office.heard) == 1 and len(office.desk._tasks) == 3)
    office.blocked.set()
    replies = await asyncio.gather(*asking)
    assert {reply.code for reply in replies} == {"tested_with_trouble"} and len(office.heard) == 1
    fields = replies[0].fields
    assert (fields["total"], fields["fallos"], fields["canal.admin"]) == ("2", "1", "ok")
    assert "no se puede conectar con slack" in fields["lista"] and fields["segundos.dev"] == "3.000"
    assert await office.events() == ["request_test"]
    office.told = ()
    assert (await office.ask(RequestKind.TEST)).code == "no_channel"


async def test_the_store_knows_incidents_by_their_beginning(tmp_path: Path, office: Office) -> None:
    store: Store = office.store
    assert [one.id for one in await store.named("ABC")] == [FAILED.id]
    assert await store.named("B") == []
