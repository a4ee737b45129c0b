"""The outbox on a real SQLite file: what is due where, edits, and who tells it when a channel cannot."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

from tests.component.store.conftest import incident
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.store import migrations
from trafico_monitor.store.repository import Store


def notice(
    key: str, at: float = 1.0, thread: int = 0, to: tuple[str, ...] = ("admin",), **fields: str
) -> Notification:
    return Notification(key, NotificationCode.DETECTED, Severity.RECOVERABLE, at, thread, incident(key), fields, to=to)


async def told(store: Store, channel: str, now: float = 1e6) -> list[tuple[str, int, str | None]]:
    """(key, version, message) of what is due on `channel`."""
    return [(item.notice.key, item.version, item.message_id) for item in await store.mailbox(channel).due(now, 99)]


async def send_all(store: Store, channel: str) -> None:
    box = store.mailbox(channel)
    for item in await box.due(1e6, 99):
        await box.sent(item.id, item.version, f"{channel}{item.id}", 2.0)


async def test_messages_are_due_in_the_order_of_their_creation_and_once(store: Store) -> None:
    box = store.mailbox("admin")
    await store.commit(ChangeSet(notices=(notice("a"), notice("b"), notice("a", thread=1))))
    due = await box.due(10.0, 2)
    assert [(item.notice.key, item.notice.thread, item.version) for item in due] == [("a", 0, 1), ("b", 0, 1)]
    assert due[0].notice == notice("a") and due[0].message_id is None
    await box.sent(due[0].id, 1, "77", 11.0)
    assert [item.notice.key for item in await box.due(12.0, 9)] == ["b", "a"]
    assert await box.waiting() == 2


async def test_a_newer_notice_edits_the_message_also_while_it_is_being_sent(store: Store) -> None:
    box = store.mailbox("admin")
    await store.commit(ChangeSet(notices=(notice("a", 1.0),)))
    [being_sent] = await box.due(2.0, 9)
    await store.commit(ChangeSet(notices=(notice("a", 3.0, estado="solucionado"),)))
    await box.sent(being_sent.id, being_sent.version, "77", 4.0)
    [edit] = await box.due(5.0, 9)
    assert (edit.version, edit.message_id) == (2, "77") and edit.notice.fields == {"estado": "solucionado"}
    await box.sent(edit.id, edit.version, "77", 6.0)
    await store.commit(ChangeSet(notices=(notice("a", 3.0, estado="solucionado"),)))  # nothing new to say
    assert await box.due(7.0, 9) == [] and await box.waiting() == 0


async def test_postponed_and_dropped(store: Store) -> None:
    box = store.mailbox("admin")
    await store.commit(ChangeSet(notices=(notice("a"), notice("b"))))
    first, second = await box.due(1.0, 9)
    await box.postponed(first.id, "429", 50.0)
    await box.dropped(second.id, second.version, "chat not found", 2.0)
    assert await box.due(49.0, 9) == [] and await box.waiting() == 1
    [again] = await box.due(50.0, 9)
    assert again.id == first.id and again.attempts == 1
    await store.commit(ChangeSet(notices=(notice("b", 3.0),)))
    assert {item.notice.key for item in await box.due(50.0, 9)} == {"a", "b"}


async def test_when_a_channel_last_took_a_message_outlives_the_row_and_a_restart(store: Store, tmp_path: Path) -> None:
    box = store.mailbox("admin")
    assert await box.last_success() is None
    await store.commit(ChangeSet(notices=(notice("a"), notice("b", to=("dev",)))))
    [item] = await box.due(1.0, 9)
    await box.sent(item.id, item.version, "77", 1_766_664_000.25)
    [other] = await store.mailbox("dev").due(1.0, 9)
    await store.mailbox("dev").dropped(other.id, other.version, "chat not found", 9.0)
    await store.close()
    with contextlib.closing(sqlite3.connect(next(tmp_path.rglob("monitor.db")))) as database, database:
        database.execute("DELETE FROM outbox")
    again = await Store.open(next(tmp_path.rglob("monitor.db")).parent)
    assert await again.mailbox("admin").last_success() == 1_766_664_000.25
    assert await again.mailbox("dev").last_success() is None, "what was given up was not taken"
    await again.close()


async def test_each_channel_has_its_own_row_and_is_told_the_rest_of_what_it_was_told(store: Store) -> None:
    await store.commit(ChangeSet(notices=(notice("a", to=("admin", "dev")), notice("b"))))
    assert (await told(store, "admin"), await told(store, "dev")) == (
        [("a", 1, None), ("b", 1, None)],
        [("a", 1, None)],
    )
    await send_all(store, "dev")
    # The modelo was found out, and the route to `dev` does not take it any more.
    await store.commit(ChangeSet(notices=(notice("a", 3.0, estado="solucionado"),)))
    assert await told(store, "dev") == [("a", 2, "dev2")]
    (item,) = await store.mailbox("dev").due(9.0, 9)
    assert item.notice == notice("a", 3.0, estado="solucionado")  # where it goes is no part of it


async def test_what_must_only_edit_makes_no_message(store: Store) -> None:
    await store.commit(ChangeSet(notices=(replace(notice("a"), only_edit=True),)))
    assert await told(store, "admin") == []
    await store.commit(ChangeSet(notices=(notice("a"),)))
    await send_all(store, "admin")
    await store.commit(ChangeSet(notices=(replace(notice("a", 5.0), only_edit=True),)))
    (item,) = await store.mailbox("admin").due(9.0, 9)
    assert item.only_edit and item.message_id is not None


async def test_what_is_held_is_due_at_its_time_and_an_edit_at_once(store: Store) -> None:
    held = replace(notice("a"), hold=100.0)
    await store.commit(ChangeSet(notices=(held,)))
    assert await told(store, "admin", 99.0) == []
    assert [one[0] for one in await told(store, "admin", 100.0)] == ["a"]
    await send_all(store, "admin")
    await store.commit(ChangeSet(notices=(replace(held, at=5.0, hold=900.0),)))
    assert [one[0] for one in await told(store, "admin", 101.0)] == ["a"]


async def test_urgent_messages_are_not_behind_the_limit_of_a_batch(store: Store) -> None:
    alarm = replace(notice("alarm"), severity=Severity.CRITICAL)
    await store.commit(ChangeSet(notices=(*(notice(f"n{n}") for n in range(50)), alarm)))
    keys = [item.notice.key for item in await store.mailbox("admin").due(9.0, 10)]
    assert keys == [*(f"n{n}" for n in range(9)), "alarm"]


async def test_what_is_handed_over_is_told_once_and_stays_there(store: Store) -> None:
    await store.commit(ChangeSet(notices=(notice("a"), notice("b", to=("admin", "dev")))))
    assert await store.hand_over("admin", "dev") == 2
    assert await told(store, "admin") == []
    waiting = await store.mailbox("dev").due(9.0, 9)
    assert [(item.notice.key, item.instead_of) for item in waiting] == [("b", ""), ("a", "admin")]
    await send_all(store, "dev")
    await store.commit(ChangeSet(notices=(notice("a", 3.0, estado="solucionado"),)))
    assert await told(store, "admin") == []
    assert [one[:2] for one in await told(store, "dev")] == [("a", 2)]
    await store.commit(ChangeSet(notices=(notice("a", 4.0, thread=1),)))  # a new message: where it belongs
    assert [one[0] for one in await told(store, "admin")] == ["a"]


async def test_what_comes_back_is_told_where_it_began(store: Store) -> None:
    await store.commit(ChangeSet(notices=(notice("a"),)))
    await store.hand_over("admin", "dev")
    await store.hand_over("dev", "admin")
    assert [one[0] for one in await told(store, "admin")] == ["a"] and await told(store, "dev") == []


async def test_a_channel_that_is_gone_leaves_what_waits_to_the_heir(store: Store) -> None:
    await store.commit(ChangeSet(notices=(notice("told", to=("old",)), notice("also", to=("old", "admin")))))
    await send_all(store, "old")
    await send_all(store, "admin")
    await store.commit(ChangeSet(notices=(notice("new", to=("old",)),)))
    await store.adopt(("admin", "dev"), "admin")
    assert [one[0] for one in await told(store, "admin")] == ["new"]
    await store.commit(ChangeSet(notices=(notice("told", 5.0), notice("also", 5.0))))
    assert await told(store, "old") == []
    assert [one[0] for one in await told(store, "admin")] == ["also", "new", "told"]


async def test_an_outbox_of_one_channel_becomes_that_of_the_administrator(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "monitor.db")
    for step in migrations.STEPS[:2]:
        for statement in step:
            old.execute(statement)
    body = '{"key":"a","code":"detected","severity":1,"at":1.0}'
    old.execute("INSERT INTO outbox (key, thread, created_at, body, message_id) VALUES ('a', 0, 1.0, ?, '7')", (body,))
    old.execute("PRAGMA user_version = 2")
    old.commit()
    old.close()
    store = await Store.open(tmp_path)
    assert await told(store, "admin") == [("a", 1, "7")]
    await store.close()
