"""The answer to «whose is it» by a button: once, for that very file, and its message says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from trafico_monitor.model.alert import Notification, NotificationCode
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlResponse, RequestKind
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.installation import conversation, mark_of
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult
from trafico_monitor.pipeline.handlers.rescued import notice_of

from .conftest import FAILED, NOW, Office

RESCUED = NotificationCode.RESCUED
PLACED = NotificationCode.RESCUED_PLACED
LEFT = NotificationCode.RESCUED_LEFT


async def told(office: Office, place: Path) -> Notification:
    """The message about `place` as it stands."""
    found = await office.store.told(conversation(mark_of(place.name, FAILED.id)))
    assert found is not None
    return found


async def rescued(office: Office, video: Path, name: str = "file_1.mp4", asked: int = 0) -> Path:
    """As a repair leaves it: the file, its note, and its message."""
    place = office.rescued(video, name)
    order = RepairTask(f"{FAILED.id}/1", FAILED.id, TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, NOW)
    done = TaskResult(order.id, Outcome.DONE, "rescued", path=str(place), rescued=True)
    incident = await office.incident()
    assert incident.asked == asked
    notice = notice_of(incident, order, done, NOW)
    assert notice is not None
    await office.store.commit(ChangeSet(notices=(notice,)))
    return place


async def press(office: Office, place: Path, modelo: str) -> ControlResponse:
    return await office.ask(RequestKind.ASSIGN, incident=FAILED.id, file=place.name, modelo=modelo)


async def outbox(office: Office) -> Sequence[tuple[str, int]]:
    mailbox = office.store.mailbox("admin")
    return [(item.notice.code, item.version) for item in await mailbox.due(NOW, 100) if item.notice.code in _OURS]


_OURS = (RESCUED, PLACED, LEFT)


async def test_one_press_moves_it_and_the_message_says_where_to(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    assert (await press(office, place, "luna")).code == "assigned"
    there = await told(office, place)
    assert (there.code, there.fields["modelo"]) == (PLACED, "luna")
    assert there.fields["ruta"] == str(office.site.models / "luna/a.mp4")
    assert await outbox(office) == [(PLACED, 2)], "one message, edited"


async def test_two_people_at_once_move_it_once_and_both_hear_of_it(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    one, other = await asyncio.gather(press(office, place, "luna"), press(office, place, "luna"))
    assert (one.code, other.code) == ("assigned", "assigned")
    for modelo, ok in (("luna", True), ("noa", False)):
        again = await press(office, place, modelo)
        assert (again.ok, again.code, again.fields["modelo"]) == (ok, "assigned_before", "luna")
    assert (await office.events()).count("assigned") == 1
    assert not (office.site.models / "noa").exists() and (await told(office, place)).code == PLACED


async def test_two_people_who_differ_are_both_told(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    replies = await asyncio.gather(press(office, place, "luna"), press(office, place, "noa"))
    assert sorted(reply.code for reply in replies) == ["assign_taken", "assigned"]
    assert len(list(office.site.models.rglob("a.mp4"))) == 1


async def test_assigned_by_command_the_message_says_so(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    assert (await office.assign(str(place), "luna")).code == "assigned"
    assert (await told(office, place)).code == PLACED


async def test_taken_away_by_hand_the_press_finds_out_and_the_message_says_so(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    place.unlink()
    assert (await press(office, place, "luna")).code == "unknown_file"
    assert (await told(office, place)).code == LEFT and not (office.site.models / "luna").exists()
    assert await outbox(office) == [(LEFT, 2)]


async def test_another_file_that_got_its_name_is_not_moved(office: Office, video: Path) -> None:
    """The one of the message was taken away; by its name lies what another incident has rescued."""
    place = await rescued(office, video)
    place.unlink()
    other = office.rescued(video, place.name, incidente="OTHERONE")
    reply = await press(office, place, "luna")
    assert (reply.ok, reply.code) == (False, "other_file")
    assert other.exists() and (await told(office, place)).code == LEFT
    assert (await office.assign(place.name, "luna")).code == "assigned", "by its name a person means what lies there"


async def test_one_that_cannot_be_moved_keeps_its_buttons(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    place.write_bytes(video.read_bytes()[:2000])
    assert (await press(office, place, "luna")).code == "assign_failed"
    assert (await told(office, place)).code == RESCUED and await outbox(office) == [(RESCUED, 1)]


async def test_rescued_again_for_a_person_both_messages_say_where_it_went(office: Office, video: Path) -> None:
    place = await rescued(office, video)
    source = office.site.bot_api / "x/f.mp4" if office.site.bot_api else place
    assert (await office.ask(RequestKind.RETRY, incident=FAILED.id)).code == "retry_begun" and not source.exists()
    async with asyncio.timeout(60):
        while office.pipeline.orders:
            await asyncio.sleep(0.01)
    assert (await office.incident()).asked == 1
    await rescued(office, video, asked=1)
    assert await outbox(office) == [(RESCUED, 1), (RESCUED, 1)]
    assert (await press(office, place, "luna")).code == "assigned"
    assert await outbox(office) == [(PLACED, 2), (PLACED, 2)]
