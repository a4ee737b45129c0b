"""What stands in for the database: every change made in it reaches the database once, whatever happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.store.conftest import incident, record, step
from trafico_monitor.errors import StoreError
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Estado
from trafico_monitor.store.database import Database
from trafico_monitor.store.fallback_database import FallbackDatabase
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store


def notice(key: str, words: str = "") -> Notification:
    return Notification(
        key, NotificationCode.DETECTED, Severity.RECOVERABLE, 1.0, 0, incident(key), {"texto": words}, to=("admin",)
    )


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database, but what says that a stopgap was poured into it."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: database.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables}
    found["state"] = [row for row in found["state"] if not str(row[0]).startswith("stopgap")]
    found["tallies"] = [row for row in found["tallies"] if row[-1]]
    return found


async def story(store: Store, directory: Path, *, aside: bool) -> None:
    """Some steps; those in the middle are taken by a stopgap if `aside`."""
    await store.commit(step("a", cursor="1", notices=(notice("a"),)))
    await store.commit(step("b", cursor="2"))
    await store.mailbox("admin").sent(1, 1, "77", 2.0)
    if aside:
        await store.database.stand_in()
        assert store.database.standing_in
    solved = incident("a", Estado.SOLUCIONADO)
    await store.commit(ChangeSet(incidents=(solved,), records=(record(solved),), notices=(notice("a", "solved"),)))
    await store.commit(step("c", cursor="3", notices=(notice("c"),), memory={"x": 1}))
    await store.mailbox("admin").sent(1, 2, "77", 3.0)
    assert [item.notice.key for item in await store.mailbox("admin").due(9.0, 9)] == ["c"]
    await store.keep("exported.log", "1")
    if aside:
        assert rows(directory / "monitor.db")["incidents"][-1][0] == "b"
        await store.database.come_back()
        assert not store.database.standing_in
    await store.commit(step("d", cursor="4"))


@pytest.mark.parametrize("kept", [False, True])
async def test_it_ends_as_if_nothing_had_happened(tmp_path: Path, kept: bool) -> None:
    for name, aside in (("plain", False), ("aside", True)):
        store = await Store.open(tmp_path / name, tmp_path / "spare" if kept else None)
        await story(store, tmp_path / name, aside=aside)
        await store.close()
    assert rows(tmp_path / "aside/monitor.db") == rows(tmp_path / "plain/monitor.db")
    with Queries(tmp_path / "aside") as queries:
        assert queries.summary().types == {("timeout", "detectado"): 3, ("timeout", "solucionado"): 1}
    assert not (tmp_path / "spare").exists()


async def test_the_records_that_the_logs_lack_are_there_and_numbers_go_on(tmp_path: Path, store: Store) -> None:
    for name in "abc":
        await store.commit(step(name))
    for log in ("json", "log"):
        await store.keep(f"exported.{log}", "1")
    await store.database.stand_in()
    await store.commit(step("d"))
    assert [item.seq for item in await store.records_after(1)] == [2, 3, 4]


@pytest.fixture
def left(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A database, and the stopgap that a kill has left beside it."""
    yield tmp_path / "state", tmp_path / "spare"


async def test_one_that_was_left_by_a_kill_is_poured_once(left: tuple[Path, Path]) -> None:
    state, spare = left
    store = await Store.open(state, spare)
    await store.commit(step("a", cursor="1"))
    await store.database.stand_in()
    await store.commit(step("b", cursor="2"))
    copy = spare.read_bytes()
    await store.close()
    for _ in range(3):  # killed again and again between the pouring and the end of what was poured
        spare.write_bytes(copy)
        store = await Store.open(state, spare)
        saved = await store.load()
        assert not store.database.standing_in and saved.cursor == "2"
        assert [i.id for i in saved.incidents] == ["a", "b"]
        assert [item.seq for item in await store.records_after(0)] == [1, 2]
        await store.close()
    with Queries(state) as queries:
        assert queries.summary().total == 2


async def test_one_that_was_left_is_gone_on_with_where_all_else_is_lost(left: tuple[Path, Path]) -> None:
    """As after «rm -rf» of the directory and `systemctl restart`, which makes an empty one."""
    state, spare = left
    store = await Store.open(state, spare)
    await store.commit(step("a", cursor="1"))
    await store.database.stand_in()
    await store.commit(step("b", cursor="2"))
    copy = spare.read_bytes()
    await store.close()
    for file in state.iterdir():
        file.unlink()
    spare.write_bytes(copy)
    store = await Store.open(state, spare)
    saved = await store.load()
    assert [i.id for i in saved.incidents] == ["a", "b"] and saved.cursor == "2"
    await store.close()
    with Queries(state) as queries:
        assert queries.summary().total == 2


async def test_half_a_stopgap_is_not_taken_for_one(left: tuple[Path, Path]) -> None:
    state, spare = left
    for content in (b"", b"no database at all" * 100):
        spare.parent.mkdir(exist_ok=True)
        spare.write_bytes(content)
        store = await Store.open(state, spare)
        assert not store.database.standing_in
        await store.commit(step("a"))
        await store.close()


async def test_it_takes_only_so_much_and_keeps_whole_steps(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "state")
    await store.commit(step("a"))
    await store.database.stand_in()
    number = 0
    with pytest.raises(StoreError, match="full"):
        for number in range(1000):
            big = replace(incident(f"i{number}"), error_message="x" * 100_000)
            await store.commit(ChangeSet(incidents=(big,), cursor=str(number)))
    assert (await store.load()).cursor == str(number - 1) and number > 50
    await store.database.come_back()
    assert len((await store.load()).incidents) == number + 1
    await store.close()


async def test_a_table_of_a_later_version_goes_through_it_too(tmp_path: Path) -> None:
    """A table that nothing here names, with a key of two columns and deletions."""
    database = await Database.open(tmp_path / "monitor.db")

    def later(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE later (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
        connection.executemany("INSERT INTO later VALUES (?, ?, ?)", [("x", 1, "1"), ("x", 2, "2"), ("y", 1, None)])

    await database.transaction(later)
    await database.close()
    real = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
    stopgap = FallbackDatabase(None)
    stopgap.connection.execute("CREATE TABLE later (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID")
    stopgap._seed(real)
    stopgap.connection.execute("DELETE FROM later WHERE a = 'x' AND b = 1")
    stopgap.connection.execute("INSERT OR REPLACE INTO later VALUES ('x', 2, 'two')")
    stopgap.connection.execute("UPDATE later SET b = 9 WHERE a = 'y'")
    stopgap.pour(real)
    assert real.execute("SELECT * FROM later ORDER BY a, b").fetchall() == [("x", 2, "two"), ("y", 9, None)]
    stopgap.discard()
    real.close()


async def test_downloads_which_have_no_key_are_carried_and_poured_once(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    first, second = (1796070403.630414, 812286.0, 1.25, "done"), (1796070404.5, None, 3.0, "failed")

    async def download(row: tuple[object, ...]) -> None:
        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO downloads VALUES (?, ?, ?, ?)", row)

        await store.database.transaction(insert)

    await download(first)
    await store.database.stand_in()
    await download(second)
    await store.database.come_back()
    assert not store.database.standing_in
    await store.close()
    assert rows(tmp_path / "monitor.db")["downloads"] == [first, second]
