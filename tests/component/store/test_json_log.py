"""`descarga_errors.json`: a valid array whoever looks, whenever, whatever was killed."""

from __future__ import annotations

import contextlib
import json
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.store.conftest import incident, record
from trafico_monitor.model.download import Download
from trafico_monitor.model.task import Evidence
from trafico_monitor.store.json_array_log import JsonLog
from trafico_monitor.store.repository import NumberedRecord

MISSION_KEYS = [
    "timestamp",
    "modelo",
    "video",
    "error_type",
    "error_message",
    "accion",
    "estado",
    "intento",
    "max_intentos",
]


def numbered(*numbers: int, text: str = "TimedOut") -> list[NumberedRecord]:
    return [
        NumberedRecord(n, record(replace(incident(f"i{n}"), error_message=text), 1766672220.123456)) for n in numbers
    ]


def read(log: JsonLog) -> list[dict[str, object]]:
    found = json.loads(log.path.read_text())
    assert isinstance(found, list)
    return found


def numbers(log: JsonLog) -> list[object]:
    return [held["registro"] for held in read(log)]


def test_objects_begin_with_the_missions_keys_in_its_order(tmp_path: Path) -> None:
    log = JsonLog(tmp_path)
    assert log.open() is None and read(log) == []
    bare = replace(incident("i1"), download=Download(), evidence=(Evidence("file", "/x"),))
    log.append([NumberedRecord(7, record(bare, 1766672220.123456)), NumberedRecord(8, record(None))])
    [held] = read(log)
    assert list(held)[:9] == MISSION_KEYS
    assert held["timestamp"] == "2025-12-25T14:17:00.123456+00:00"
    assert held["modelo"] == held["video"] == "desconocido"
    assert (held["incidente"], held["registro"]) == ("i1", 7)
    assert held["evidencia"] == [{"que": "file", "valor": "/x", "correcto": True}]
    assert None not in held.values()
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


def test_appends_over_restarts_and_tells_the_last_number(tmp_path: Path) -> None:
    for start in range(1, 40, 4):
        log = JsonLog(tmp_path)
        assert log.open() == (start - 1 or None)
        log.append(numbered(start))
        log.append(numbered(start + 1, start + 2))
        log.append(numbered(start + 3))
    assert numbers(log) == list(range(1, 41))
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "text", ['"', "\n]\n", "},\n{", "\u2028 \0 \\", "\ud800", "ñ" * 20_000], ids=lambda t: repr(t)[:12]
)
def test_no_message_can_break_the_array(tmp_path: Path, text: str) -> None:
    log = JsonLog(tmp_path)
    log.append(numbered(1, text=text))
    log.append(numbered(2))
    again = JsonLog(tmp_path)
    assert again.open() == 2 and numbers(again) == [1, 2]


def test_a_cut_file_keeps_its_whole_objects(tmp_path: Path) -> None:
    log = JsonLog(tmp_path)
    log.append(numbered(1, 2, 3))
    whole = log.path.read_bytes()
    for length in range(len(whole)):
        log.path.write_bytes(whole[:length])
        cut = JsonLog(tmp_path)
        last = cut.open()
        kept = numbers(cut)
        assert kept == list(range(1, len(kept) + 1)) and last == (kept[-1] if kept else None)
        cut.append(numbered(9))
        assert numbers(cut) == [*kept, 9]


def test_the_first_monitors_file_is_taken_over(tmp_path: Path) -> None:
    old = [{"timestamp": "2025-12-25T14:30:20+00:00", "modelo": "unknown", "estado": "solucionado"}] * 2
    (tmp_path / "descarga_errors.json").write_text(json.dumps(old, indent=2))
    log = JsonLog(tmp_path)
    assert log.open() is None
    log.append(numbered(1))
    assert read(log)[:2] == old and len(read(log)) == 3


def test_deleted_emptied_or_changed_by_somebody_while_running(tmp_path: Path) -> None:
    log = JsonLog(tmp_path / "logs")
    log.append(numbered(1, 2))
    log.path.unlink()
    log.append(numbered(3))
    assert numbers(log) == [3]
    log.path.write_text("")
    log.append(numbered(4))
    assert numbers(log) == [4]
    log.path.write_text('[\n{"registro": 1}\n]\n')
    log.append(numbered(5))
    assert numbers(log) == [1, 5]
    for file in (tmp_path / "logs").iterdir():
        file.unlink()
    (tmp_path / "logs").rmdir()
    log.append(numbered(6))
    assert numbers(log) == [6]


def test_rotates_by_size(tmp_path: Path) -> None:
    log = JsonLog(tmp_path, rotate_bytes=3000, keep=2)
    for number in range(1, 41):
        log.append(numbered(number))
    files = sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("."))
    assert files == ["descarga_errors.1.json", "descarga_errors.2.json", "descarga_errors.json"]
    held = [json.loads((tmp_path / name).read_text()) for name in (files[1], files[0], files[2])]
    in_order = [one["registro"] for part in held for one in part]
    assert in_order == list(range(in_order[0], 41)) and in_order[0] > 1
    assert JsonLog(tmp_path).open() == 40


def test_an_append_costs_the_same_however_long_the_file_is(tmp_path: Path) -> None:
    def cost(folder: Path, before: int) -> float:
        log = JsonLog(folder, rotate_bytes=10**9)
        log.append(numbered(*range(1, before + 1)))
        log.append(numbered(before + 1))  # the first copies
        best = 1.0
        for number in range(before + 2, before + 40):
            begin = time.perf_counter()
            log.append(numbered(number))
            best = min(best, time.perf_counter() - begin)
        return best

    small, large = cost(tmp_path / "a", 10), cost(tmp_path / "b", 20_000)
    print(f"append: {small * 1e6:.0f} us to 10 objects, {large * 1e6:.0f} us to 20,000")
    assert large < 3 * small + 0.001


def test_an_error_half_way_shows_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0750", "tmpfs", tmp_path], check=True, timeout=10)
    try:
        log = JsonLog(tmp_path)
        log.append(numbered(1))
        log.append(numbered(2))
        ballast = tmp_path / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(512))
        for _ in range(3):
            with pytest.raises(OSError, match="No space left"):
                log.append(numbered(3, text="x" * 9000))
            assert numbers(log) == [1, 2]
        ballast.unlink()
        log.append(numbered(3, text="x" * 9000))
        assert numbers(log) == [1, 2, 3]
        assert sorted(p.name for p in tmp_path.iterdir() if p.name[0] != ".") == ["descarga_errors.json"]
        assert len(list(tmp_path.iterdir())) == 2  # the twin, and nothing that was left behind
    finally:
        subprocess.run(["umount", tmp_path], check=True, timeout=10)


def test_a_twin_that_was_taken_away_is_made_anew(tmp_path: Path) -> None:
    log = JsonLog(tmp_path)
    log.append(numbered(1))
    log.append(numbered(2))
    [twin] = tmp_path.glob(".descarga_errors.json.*")
    twin.unlink()
    twin.mkdir()  # cannot be opened as a file, nor replaced by one
    log.append(numbered(3))
    log.append(numbered(4))
    assert numbers(log) == [1, 2, 3, 4]


_WRITER = """
import sys
from pathlib import Path
from tests.component.store.test_json_log import numbered
from trafico_monitor.store.json_array_log import JsonLog

log = JsonLog(Path(sys.argv[1]), rotate_bytes=200_000)
number = log.open() or 0
while True:
    log.append(numbered(number + 1, number + 2, text="x" * (number % 9000)))
    number += 2
    sys.stdout.write(".")
    sys.stdout.flush()
    if sys.stdin.readline() == "":
        break
"""


@pytest.mark.slow
def test_jq_reads_it_while_its_writer_is_killed_again_and_again(tmp_path: Path) -> None:
    log = JsonLog(tmp_path)
    log.open()
    failures: list[str] = []
    reads = [0]
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            done = subprocess.run(
                ["jq", "-r", ".[].error_type", str(log.path)], capture_output=True, text=True, timeout=30
            )
            reads[0] += 1
            if done.returncode or set(done.stdout.split()) - {"timeout"}:
                failures.append(done.stderr)

    reader = threading.Thread(target=look)
    reader.start()
    last = 0
    for turn in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert child.stdin is not None and child.stdout is not None
        for _ in range(5 + turn):
            assert child.stdout.read(1) == b"."
            time.sleep(0.02)  # the pace that Exports keeps
            child.stdin.write(b"\n")
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        child.stdin.close()
        child.stdout.close()
        now = JsonLog(tmp_path).open()
        assert now is not None and now >= last
        last = now
    stop.set()
    reader.join(30)
    assert failures == [] and reads[0] > 20
    held: list[int] = []
    names = [f"descarga_errors.{n}.json" for n in (5, 4, 3, 2, 1)] + ["descarga_errors.json"]
    for name in names:
        if (tmp_path / name).exists():
            held += [one["registro"] for one in json.loads((tmp_path / name).read_text())]
    assert held == list(range(held[0], last + 1))
