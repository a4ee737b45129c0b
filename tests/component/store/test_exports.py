"""Exports: every record in every log, in order, once; a log that fails holds up nobody."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.component.store.conftest import step
from trafico_monitor.host.journal_writer import JournalWriter
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Event
from trafico_monitor.store.exporters import Exports, MonitorLog
from trafico_monitor.store.repository import NumberedRecord, Store


def exports(store: Store, logs: Path) -> tuple[Exports, io.StringIO]:
    said = io.StringIO()
    return Exports(store, logs, JournalWriter("/nonexistent/socket", said)), said


def texts(said: str) -> list[str]:
    return re.findall(r"^\[\d\d:\d\d:\d\d\] ⚠️ (.*)$", said, re.MULTILINE)


def written(logs: Path) -> tuple[list[str], list[str]]:
    held = json.loads((logs / "descarga_errors.json").read_text())
    return [one["incidente"] for one in held], texts((logs / "monitor.log").read_text())


async def test_all_logs_get_every_record_once_over_restarts(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    names = [f"i{n}" for n in range(12)]
    heard = []
    for start in range(0, 12, 3):
        out, said = exports(store, logs)
        for name in names[start : start + 3]:
            await store.commit(step(name))
        assert await out.drain() and await out.drain()
        heard += texts(said.getvalue())
    assert written(logs) == (names, names) and heard == names


async def test_a_folder_that_cannot_be_written_delays_only_its_logs(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    logs.write_text("not a folder")
    out, said = exports(store, logs)
    await store.commit(step("a"))
    assert not await out.drain() and set(out.failing) == {"json", "log"}
    await store.commit(step("b"))
    assert not await out.drain()
    assert texts(said.getvalue()) == ["a", "b"]
    logs.unlink()
    assert await out.drain() and out.failing == {}
    assert written(logs) == (["a", "b"], ["a", "b"]) and texts(said.getvalue()) == ["a", "b"]


async def test_a_log_that_fails_in_a_way_nobody_foresaw_delays_only_itself(tmp_path: Path, store: Store) -> None:
    """Its place in the database is no number: neither the disk nor the database is at fault."""
    logs = tmp_path / "logs"
    out, said = exports(store, logs)
    await store.keep("exported.json", "spoilt")
    await store.commit(step("a"))
    assert not await out.drain()
    assert set(out.failing) == {"json"} and "spoilt" in out.failing["json"]
    assert texts(said.getvalue()) == texts((logs / "monitor.log").read_text()) == ["a"]
    await store.keep("exported.json", "0")
    assert await out.drain() and out.failing == {}
    assert written(logs) == (["a"], ["a"])


async def test_a_terminal_that_cannot_show_a_record_holds_up_no_file(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    logs = tmp_path / "logs"
    screen, terminal = pty.openpty()
    with os.fdopen(screen, "rb", 0), os.fdopen(terminal, "w", encoding="latin-1") as shown:
        out = Exports(store, logs, JournalWriter("/nonexistent/socket", shown))
        task = asyncio.create_task(out.run())
        for name in "abc":
            await store.commit(step(name))
            out.wake()
            async with asyncio.timeout(10):
                # Both: the second log may get a record that was committed after the first one's turn.
                while not (logs / "monitor.log").exists() or {log[-1] for log in written(logs)} != {name}:
                    await asyncio.sleep(0.02)
        assert not task.done() and set(out.failing) == {"journal"}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert written(logs) == (["a", "b", "c"], ["a", "b", "c"])
    assert caplog.text.count("Traceback") == 1  # said once


async def test_deleted_logs_are_begun_again(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    out, _ = exports(store, logs)
    await store.commit(step("a"))
    await out.drain()
    for file in logs.iterdir():
        file.unlink()
    await store.commit(step("b"))
    assert await out.drain()
    assert written(logs) == (["b"], ["b"])


async def test_a_file_that_lost_its_end_gets_it_again(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    out, _ = exports(store, logs)
    for name in "abc":
        await store.commit(step(name))
    await out.drain()
    file = logs / "descarga_errors.json"
    file.write_bytes(file.read_bytes()[:-200])
    out, _ = exports(store, logs)
    assert await out.drain()
    assert written(logs)[0] == ["a", "b", "c"]


async def test_a_new_database_beside_an_old_file(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    out, _ = exports(store, logs)
    for name in "abc":
        await store.commit(step(name))
    await out.drain()
    new = await Store.open(tmp_path / "other")
    await new.commit(step("d"))
    out, _ = exports(new, logs)
    await out.drain()
    await new.commit(step("e"))
    await out.drain()
    assert written(logs)[0] == ["a", "b", "c", "d", "e"]
    await new.close()


async def test_service_events_go_to_the_log_and_not_into_the_json(tmp_path: Path, store: Store) -> None:
    out, said = exports(store, tmp_path / "logs")
    await store.commit(ChangeSet(records=(Event(time.time(), "service_started", "👀 uno\ndos\x1b[31m"),)))
    await out.drain()
    assert json.loads((tmp_path / "logs/descarga_errors.json").read_text()) == []
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] 👀 uno dos \[31m\n", said.getvalue())


def test_monitor_log_rotates_and_completes_a_torn_line(tmp_path: Path) -> None:
    log = MonitorLog(tmp_path, rotate_bytes=400, keep=2)
    log.path.write_text("half a li")
    for number in range(60):
        log.append([NumberedRecord(number, Event(0.0, "x", f"línea {number}"))])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["monitor.log", "monitor.log.1", "monitor.log.2"]
    lines = "".join((tmp_path / n).read_text() for n in ("monitor.log.2", "monitor.log.1", "monitor.log"))
    shown = [int(n) for n in re.findall(r"línea (\d+)$", lines, re.MULTILINE)]
    assert shown == list(range(shown[0], 60)) and log.path.stat().st_mode & 0o777 == 0o640


_KILLED = """
import asyncio, io, sys
from pathlib import Path
from tests.component.store.conftest import step
from tests.component.store.test_exports import exports
from trafico_monitor.store.repository import Store

async def main():
    store = await Store.open(Path(sys.argv[1]) / "state")
    out, _ = exports(store, Path(sys.argv[1]) / "logs")
    number = int((await store.load()).cursor or 0)
    await out.drain()
    while True:
        number += 1
        await store.commit(step(f"i{number}", cursor=str(number)))
        await out.drain()
        print(".", flush=True)

asyncio.run(main())
"""


async def test_kill_9_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for turn in range(8):
        child = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        for _ in range(3 + 2 * turn):
            child.stdout.readline()
        time.sleep(0.003 * turn)  # kills in different places of a turn
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdout.close()
    store = await Store.open(tmp_path / "state")
    out, _ = exports(store, tmp_path / "logs")
    assert await out.drain()
    expected = [f"i{n}" for n in range(1, int((await store.load()).cursor) + 1)]
    assert written(tmp_path / "logs") == (expected, expected)
    await store.close()
