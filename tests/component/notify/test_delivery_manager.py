"""Several channels on the real store: who tells what when one of them takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.notify.conftest import ADMIN
from tests.component.notify.outbox import Clock, ScriptedChannel
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, TOKEN, failed, incident
from trafico_monitor.config.schema import Alerts
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado
from trafico_monitor.notify.channels.telegram import NoChannel, TelegramChannel
from trafico_monitor.notify.delivery import worker as couriers
from trafico_monitor.notify.delivery.manager import DeliveryManager
from trafico_monitor.notify.routing import RoutingConfig
from trafico_monitor.notify.triggers import notifications_for
from trafico_monitor.store.repository import Store

BLOCKED = DeliveryError("blocked by the user", retry_after=300, unusable=True)
SUPERVISOR = 555
DEADLINE = 60.0


class Office:
    """A store, channels by name, and a clock that the test moves."""

    def __init__(self, store: Store, channels: Iterable[ScriptedChannel], alerts: Alerts | None = None) -> None:
        self.store, self.clock = store, Clock(NOON)
        self.alerts = alerts or Alerts()
        self.channels = {channel.name: channel for channel in channels}
        self.office = DeliveryManager(store, self.clock)
        self.use(*self.channels.values())

    def use(self, *channels: ScriptedChannel) -> None:
        self.channels = {channel.name: channel for channel in channels}
        self.office.use(channels, RoutingConfig(self.alerts, tuple(self.channels)), "es")

    async def tell(self, *notices: Notification) -> None:
        await self.store.commit(ChangeSet(notices=notices))
        self.office.wake()

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Let the couriers work, and their clock go on, until it is so."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds():
                    self.clock.now += 0.2
                    self.office.wake()
                    await asyncio.sleep(0.005)
        except TimeoutError:
            shown = {name: channel.shown for name, channel in self.channels.items()}
            raise AssertionError(f"{what}: {shown} {self.office.status}") from None

    async def drained(self) -> None:
        """Let the couriers work until nothing waits."""
        async with asyncio.timeout(DEADLINE):
            while any([await self.store.mailbox(name).waiting() for name in self.channels]):
                self.clock.now += 0.2
                self.office.wake()
                await asyncio.sleep(0.005)

    def texts(self, name: str) -> list[str]:
        return list(self.channels[name].shown.values())


@asynccontextmanager
async def working(office: Office) -> AsyncIterator[Office]:
    running = asyncio.create_task(office.office.run())
    try:
        yield office
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path)
    yield opened
    await opened.close()


def alarm(key: str, *to: str) -> Notification:
    told = incident(ErrorType.DISCO_LLENO, id=key)
    return Notification(key, NotificationCode.CRITICAL, Severity.CRITICAL, NOON, 1, told, to=to or ("admin",))


async def test_each_channel_is_told_its_own(store: Store) -> None:
    async with working(Office(store, (ScriptedChannel("admin"), ScriptedChannel("dev")))) as desk:
        await desk.tell(alarm("A"), alarm("B", "dev"), alarm("C", "admin", "dev"))
        await desk.until(lambda: len(desk.texts("admin")) == len(desk.texts("dev")) == 2, "all told")
        assert ["#A" in desk.texts("admin")[0], "#C" in desk.texts("admin")[1]] == [True, True]
        assert ["#B" in desk.texts("dev")[0], "#C" in desk.texts("dev")[1]] == [True, True]


async def test_one_channel_that_hangs_does_not_hold_up_another(store: Store) -> None:
    admin, dev = ScriptedChannel("admin"), ScriptedChannel("dev")
    admin.down = DeliveryError("no network")
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(*(alarm(f"A{n}", "admin", "dev") for n in range(4)))
        await desk.until(lambda: len(desk.texts("dev")) == 4, "the other is told")
        assert desk.texts("admin") == []
        status = desk.office.status
        assert (status["admin"].waiting, status["dev"].waiting) == (4, 0)
        assert not status["admin"].unusable  # out of reach: its messages wait for it


async def test_what_a_blocked_channel_cannot_take_is_told_by_another_once(store: Store) -> None:
    admin, dev = ScriptedChannel("admin", down=BLOCKED), ScriptedChannel("dev")
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(alarm("A"), alarm("B"), alarm("C", "admin", "dev"))
        await desk.until(lambda: len(desk.texts("dev")) == 3, "told by the other")
        told = desk.texts("dev")
        assert sorted("no está disponible" in text for text in told) == [False, True, True]
        assert [sum(f"#{key}" in text for text in told) for key in "ABC"] == [1, 1, 1]
        status = desk.office.status["admin"]
        assert (status.unusable, status.stand_in, status.waiting) == (True, "dev", 0)
        assert "blocked" in status.last_error
        await desk.tell(alarm("D"))  # known to be blocked: no need to wait for the next try
        await desk.until(lambda: len(desk.texts("dev")) == 4, "told at once")
        assert len(admin.calls) == 1
        admin.down = None
        desk.clock.now += 301
        await desk.tell(alarm("E"))
        await desk.until(lambda: len(desk.texts("admin")) == 1, "used again")
        assert "#E" in desk.texts("admin")[0] and len(desk.texts("dev")) == 4
        assert not desk.office.status["admin"].unusable


async def test_the_end_of_a_story_is_told_where_it_began(store: Store) -> None:
    admin, dev = ScriptedChannel("admin", down=BLOCKED), ScriptedChannel("dev")
    new = incident(ErrorType.CORRUPTO)
    done = replace(new, estado=Estado.SOLUCIONADO, closed_at=NOON + 7)
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(*notifications_for(None, new, NOON))
        await desk.until(lambda: len(desk.texts("dev")) == 1, "its beginning")
        admin.down = None
        desk.clock.now += 301
        await desk.tell(*notifications_for(new, done, NOON + 7))
        await desk.until(lambda: "✅ solucionado" in desk.texts("dev")[0], "its end")
        assert len(desk.texts("dev")) == 1 and desk.texts("admin") == []


async def test_the_configured_stand_in_is_the_first_choice_and_another_the_next(store: Store) -> None:
    admin, dev = ScriptedChannel("admin", down=BLOCKED), ScriptedChannel("dev")
    mail = ScriptedChannel("mail", down=BLOCKED, edits=False)
    async with working(Office(store, (admin, dev, mail), Alerts(fallback="mail"))) as desk:
        await desk.tell(alarm("A"))
        await desk.until(lambda: len(desk.texts("dev")) == 1, "told by the last that works")
        assert len(mail.calls) == 1 and desk.office.status["admin"].stand_in == "mail"


async def test_when_none_is_left_it_waits_and_whoever_works_first_tells_it(store: Store) -> None:
    admin, dev = ScriptedChannel("admin", down=BLOCKED), ScriptedChannel("dev", down=BLOCKED)
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(alarm("A"))
        await desk.until(lambda: desk.office.status["dev"].unusable and desk.office.status["admin"].unusable, "all")
        dev.down = None
        desk.clock.now += 301
        await desk.until(lambda: len(desk.texts("dev")) == 1, "told at the next try")
        assert desk.texts("admin") == []


async def test_what_waits_for_a_channel_that_is_taken_away_goes_to_the_administrator(store: Store) -> None:
    admin, dev = ScriptedChannel("admin"), ScriptedChannel("dev", down=DeliveryError("no network"))
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(alarm("A", "dev"))
        await desk.until(lambda: len(dev.calls) > 0, "tried")
        desk.use(admin)
        await desk.until(lambda: len(desk.texts("admin")) == 1, "told")
        assert "«dev» no está disponible" in desk.texts("admin")[0]
        await desk.until(lambda: dev.closed, "closed")
        new = ScriptedChannel("new")
        desk.use(admin, new)
        await desk.tell(alarm("B", "new"))
        await desk.until(lambda: len(desk.texts("new")) == 1, "a new one works at once")


async def test_a_channel_that_is_not_configured_leaves_its_messages_to_one_that_is(store: Store) -> None:
    dev = ScriptedChannel("dev")
    office = Office(store, (dev,))
    office.office.use((NoChannel("ADMIN_ID", name="admin"), dev), RoutingConfig(Alerts(), ("admin", "dev")), "es")
    async with working(office) as desk:
        await desk.tell(alarm("A"))
        await desk.until(lambda: len(desk.texts("dev")) == 1, "told")


async def test_mail_gets_the_beginning_and_the_end_and_telegram_one_message(store: Store) -> None:
    admin, mail = ScriptedChannel("admin"), ScriptedChannel("mail", edits=False)
    before = None
    async with working(Office(store, (admin, mail))) as desk:
        for after in (
            incident(ErrorType.CORRUPTO),
            incident(ErrorType.CORRUPTO, estado=Estado.REINTENTANDO, attempt=2),
            incident(ErrorType.CORRUPTO, estado=Estado.REINTENTANDO, attempt=3),
            incident(ErrorType.CORRUPTO, estado=Estado.SOLUCIONADO, attempt=3, closed_at=NOON + 7),
        ):
            told = notifications_for(before, after, NOON)
            await desk.tell(*(replace(one, to=("admin", "mail")) for one in told))
            await desk.drained()
            before = after
        (told,), (begun, ended) = desk.texts("admin"), desk.texts("mail")
        assert "✅ solucionado" in told and "✅ solucionado" in ended and "(reintento" not in begun
        assert {given for given, _ in mail.calls} == {None} and len(admin.calls) == 4


async def test_a_stop_finishes_what_is_under_way_and_closes_every_channel(store: Store) -> None:
    admin, dev = ScriptedChannel("admin"), ScriptedChannel("dev")
    async with working(Office(store, (admin, dev))) as desk:
        await desk.tell(alarm("A", "admin", "dev"))
        assert await desk.office.settled(DEADLINE)
        assert len(desk.texts("admin")) == len(desk.texts("dev")) == 1
    assert admin.closed and dev.closed


async def test_the_real_client_and_two_chats(
    store: Store, server: BotApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator blocks the bot: what is for him arrives at the supervisor, said so."""
    monkeypatch.setattr(couriers, "SPACING", 0.0)
    server.api.add_chat({"id": SUPERVISOR})
    where = {"chat_id": str(ADMIN)}
    server.api.add_fault({"method": "sendMessage", "kind": "status", "status": 403, "where": where})
    channels = (
        TelegramChannel(TOKEN, str(ADMIN), server.url, name="admin"),
        TelegramChannel(TOKEN, str(SUPERVISOR), server.url, name="supervisor"),
    )
    office = DeliveryManager(store, lambda: NOON)
    office.use(channels, RoutingConfig(Alerts(), ("admin", "supervisor")), "es")
    running = asyncio.create_task(office.run())
    ended = failed(error_type=ErrorType.TIMEOUT)
    await store.commit(ChangeSet(notices=(*notifications_for(incident(), ended, NOON), alarm("B", "supervisor"))))
    office.wake()
    async with asyncio.timeout(DEADLINE):
        while len(server.api.messages) < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {message["chat_id"] for message in server.api.messages} == {SUPERVISOR}
    shown = "\n".join(message["rendered"] for message in server.api.messages)
    assert shown.count("«admin» no está disponible") == 1
    status = office.status["admin"]
    assert status.unusable and status.stand_in == "supervisor"
