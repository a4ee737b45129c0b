"""Store on a real SQLite file: whole steps or nothing, through kills, damage and full disks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.store.conftest import incident, record, step
from trafico_monitor.errors import StoreError
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import RepairTask, TaskKind
from trafico_monitor.store.database import StoreUnavailable
from trafico_monitor.store.repository import Store

ORDER = RepairTask("i1/1", "i1", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, 5.0)


async def test_a_step_comes_back_after_a_restart(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    assert await store.load() == Snapshot()
    other = replace(ORDER, id="i1/2", due_at=3.0)
    await store.commit(
        ChangeSet(
            incidents=(incident("i1"),),
            records=(record(incident("i1")),),
            orders=(ORDER, other),
            cursor="s=1",
            memory={"detector": {"x": [1, "ñ"]}},
        )
    )
    await store.commit(ChangeSet(finished=("i1/2",), cursor="s=2"))
    await store.close()
    store = await Store.open(tmp_path)
    assert await store.load() == Snapshot((incident("i1"),), (ORDER,), "s=2", {"detector": {"x": [1, "ñ"]}})
    await store.close()


async def test_an_order_of_1_0_0_to_empty_the_quarantine_is_passed_over(tmp_path: Path) -> None:
    """It deleted what was put aside at once, after the proof. The file named stays for its time."""
    store = await Store.open(tmp_path)
    await store.commit(ChangeSet(incidents=(incident("i1"),), orders=(ORDER,), cursor="s=1"))
    await store.close()
    body = (
        '{"id":"i1/drop","incident_id":"i1","kind":"drop_quarantine","error_type":"corrupto","due_at":1.0,'
        '"download":{"modelo":"a","video":"b.mp4"},"quarantined":"/m/_cuarentena/a__b.mp4.i1"}'
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "monitor.db")) as database, database:
        database.execute(
            "INSERT INTO orders (id, incident_id, due_at, body) VALUES ('i1/drop', 'i1', 1.0, ?)", (body,)
        )
    store = await Store.open(tmp_path)
    assert (await store.load()).orders == (ORDER,)
    await store.commit(ChangeSet(finished=("i1/1",), cursor="s=2"))
    assert (await store.load()).orders == ()
    await store.close()


async def test_incidents_closed_within_the_hour_are_loaded_and_older_ones_not(store: Store) -> None:
    now = time.time()
    old = incident("old", Estado.SOLUCIONADO, now - 7200)
    fresh = incident("fresh", Estado.FALLIDO, now - 60)
    await store.commit(ChangeSet(incidents=(old, fresh, incident("open", at=now - 9000))))
    assert [i.id for i in (await store.load()).incidents] == ["open", "fresh"]


async def test_a_newer_state_replaces_the_older_and_records_stay(store: Store) -> None:
    await store.commit(step("i1"))
    solved = incident("i1", Estado.SOLUCIONADO, time.time())
    await store.commit(ChangeSet(incidents=(solved,), records=(record(solved, text="✅"),)))
    assert (await store.load()).incidents == (solved,)
    assert [(item.seq, item.record.text) for item in await store.records_after(0)] == [(1, "⚠️ i1"), (2, "✅")]
    assert [item.seq for item in await store.records_after(1)] == [2]


async def test_a_step_that_fails_leaves_nothing(store: Store) -> None:
    await store.commit(step("i1", cursor="s=1"))
    unstorable = replace(record(incident("i2")), at=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        await store.commit(ChangeSet(incidents=(incident("i2"),), records=(unstorable,), cursor="s=2"))
    saved = await store.load()
    assert [i.id for i in saved.incidents] == ["i1"] and saved.cursor == "s=1"


async def test_files_are_not_for_everybody(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "state")
    await store.commit(step("i1"))
    for file in (tmp_path / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o640, file
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) & 0o007 == 0
    await store.close()


async def test_a_damaged_file_is_put_aside_and_what_can_be_read_is_taken_over(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    for number in range(300):
        await store.commit(step(f"i{number:03}", cursor=f"s={number}"))
    await store.close()
    file = tmp_path / "monitor.db"
    data = bytearray(file.read_bytes())
    end = len(data) - 4096
    data[end:] = os.urandom(4096)
    data[end // 2 : end // 2 + 8192] = os.urandom(8192)
    file.write_bytes(data)
    store = await Store.open(tmp_path)
    assert store.damaged and Path(store.damaged).exists()
    saved = await store.load()
    assert saved.cursor == "s=299"
    await store.commit(step("new"))
    assert "new" in {i.id for i in (await store.load()).incidents}
    await store.close()


async def test_a_file_that_is_no_database_does_not_keep_the_service_from_starting(tmp_path: Path) -> None:
    (tmp_path / "monitor.db").write_bytes(b"this is not a database" * 100)
    store = await Store.open(tmp_path)
    await store.commit(step("i1"))
    assert store.damaged and [i.id for i in (await store.load()).incidents] == ["i1"]
    await store.close()


async def test_a_database_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "monitor.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="schema 99"):
        await Store.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["monitor.db"]


async def test_a_deleted_directory_is_made_again_with_all_that_was_in_it(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "state")
    await store.commit(step("i1"))
    for file in (tmp_path / "state").iterdir():
        file.unlink()
    (tmp_path / "state").rmdir()
    await store.commit(step("i2", cursor="s=2"))
    saved = await store.load()
    assert [i.id for i in saved.incidents] == ["i1", "i2"] and saved.cursor == "s=2"
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=True, timeout=10)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=10)


async def test_a_full_disk_tears_nothing_and_the_same_step_works_when_there_is_space(small_disk: Path) -> None:
    store = await Store.open(small_disk / "state")
    await store.commit(step("i1", cursor="s=1"))
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    big = replace(incident("i2"), error_message="x" * 100_000)
    changes = ChangeSet(incidents=(big,), records=(record(big),), cursor="s=2")
    with pytest.raises(StoreUnavailable):
        for _ in range(20):
            await store.commit(changes)
    before = await store.load()
    assert before.cursor in ("s=1", "s=2")
    ballast.unlink()
    await store.commit(changes)
    saved = await store.load()
    assert saved.cursor == "s=2" and {i.id for i in saved.incidents} == {"i1", "i2"}
    await store.close()


async def test_status_is_kept(store: Store) -> None:
    await store.save_status({"line": "vigilando ñ", "open": 3})
    assert await store.kept("status") == '{"line": "vigilando ñ", "open": 3}'


_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.component.store.conftest import step
from trafico_monitor.store.repository import Store

async def main():
    store = await Store.open(Path(sys.argv[1]))
    number = int((await store.load()).cursor or 0)
    while True:
        number += 1
        await store.commit(step(f"i{number}", cursor=str(number)))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_kill_9_at_any_moment_leaves_whole_steps(tmp_path: Path) -> None:
    told = 0
    for turn in range(8):
        child = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            told = int(line)
            if told >= (turn + 1) * 37:
                break
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:
            told = int(line)
        child.wait(10)
        child.stdout.close()
        store = await Store.open(tmp_path)
        cursor = int((await store.load()).cursor)
        numbers = [item.seq for item in await store.records_after(0, 100_000)]
        assert cursor >= told and numbers == list(range(1, cursor + 1))
        assert len((await store.load()).incidents) == cursor and not store.damaged
        await store.close()


# The outbox.


async def test_a_cancelled_waiter_does_not_tear_a_step(store: Store) -> None:
    waiter = asyncio.create_task(store.commit(step("i1", cursor="s=1")))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await store.commit(step("i2", cursor="s=2"))
    assert {i.id for i in (await store.load()).incidents} in ({"i1", "i2"}, {"i2"})


async def test_half_a_pair_of_surrogates_is_stored_as_something_else(store: Store) -> None:
    """A step that cannot be stored would be taken again and again."""
    odd = "a\ud800b"
    one = incident("i1")
    one = replace(one, error_message=odd, lines=(odd,), download=replace(one.download, modelo=odd, video=odd))
    notice = Notification(
        "i1", NotificationCode.TEST, Severity.CRITICAL, 1.0, incident=one, fields={odd: odd}, to=("admin",)
    )
    told = replace(record(one), text=odd)
    await store.commit(
        ChangeSet(incidents=(one,), records=(told,), notices=(notice,), memory={odd: odd}, cursor="s=1")
    )
    await store.save_status({"line": odd})
    saved = await store.load()
    assert [i.download.modelo for i in saved.incidents] == ["a?b"] and saved.memory == {"a?b": "a?b"}
    await store.commit(ChangeSet(incidents=(replace(one, estado=Estado.FALLIDO, closed_at=2.0),)))
