"""read_all on real journal files, as a replay reads them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import UNIT, Line, manager_line, write_journal
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.errors import JournalError
from trafico_monitor.journal.origin import SUPPRESSED
from trafico_monitor.journal.reader import read_all
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.pipeline.dry_run import Rehearsal

START = 1766700000.0
SHIPPED = Path(__file__).parents[3] / "trafico_monitor" / "detection" / "rules"
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
VIDEO = "20251225_143020_a3f2b1.mp4"
TRACEBACK = "Traceback (most recent call last):"
POSTER = "/x/.venv/bin/python /x/poster_prd.py"


def entries_of(folder: Path, since: float | None = None, until: float | None = None) -> list[JournalEntry]:
    found = read_all(directory=str(folder), unit=UNIT, process="bot_central.py", since=since, until=until)
    return list(found)


def test_the_bot_its_unit_the_manager_and_dropped_lines_in_order(tmp_path: Path) -> None:
    dropped = {"N_DROPPED": "9", "MESSAGE_ID": SUPPRESSED}
    write_journal(
        tmp_path / "a.journal",
        [
            Line("uno", START),
            Line("poster", START + 0.001, 1302, cmdline=POSTER),
            Line("otra unidad", START + 0.002, 9, unit="cron.service"),
            Line(b"dos \xff", START + 0.003),
            manager_line(f"{UNIT}: Failed", START + 0.004, UNIT_RESULT="exit-code"),
            manager_line("cron.service: Failed", START + 0.005, unit="cron.service"),
            Line(f"Suppressed 9 messages from {UNIT}", START + 0.006, 300, "systemd-journald.service", "x", dropped),
            Line("x" * 1_000_000, START + 0.007),
            Line("fin", START + 0.008, fields={"TRAFICO_EVENTO": "fin", "TRAFICO_VIDEO": "a\nb"}),
        ],
    )
    read = entries_of(tmp_path)
    assert [(e.message[:10], e.origin) for e in read] == [
        ("uno", Origin.BOT),
        ("poster", Origin.CHILD),
        ("dos �", Origin.BOT),
        (f"{UNIT}: Failed"[:10], Origin.MANAGER),
        ("Suppressed", Origin.JOURNALD),
        ("x" * 10, Origin.BOT),
        ("fin", Origin.BOT),
    ]
    assert read[0].at == START and read[0].pid == 1301
    assert read[-1].fields == {"TRAFICO_EVENTO": "fin", "TRAFICO_VIDEO": "a\nb"}
    assert len({e.cursor for e in read}) == len(read)


def test_a_process_id_that_comes_back_as_another_process(tmp_path: Path) -> None:
    lines = [
        Line(f"{n}", START + n / 1000, 1301, cmdline=POSTER if n % 3 else "python bot_central.py") for n in range(30)
    ]
    write_journal(tmp_path / "a.journal", lines)
    read = [e.message for e in entries_of(tmp_path) if e.origin is Origin.BOT]
    assert read == [str(n) for n in range(0, 30, 3)]


def test_since_until_and_several_files(tmp_path: Path) -> None:
    for part in range(3):
        lines = [Line(f"{part}-{n}", START + part * 10 + n) for n in range(10)]
        write_journal(tmp_path / f"{part}.journal", lines, boot=f"{part + 1}" * 32)
    assert len(entries_of(tmp_path)) == 30
    read = entries_of(tmp_path, since=START + 5, until=START + 14)
    assert [e.at for e in read] == [START + n for n in range(5, 15)]


class SkipInfo:
    """Passes over `INFO …` lines, but not of process 7."""

    calm = False
    answered = (b"INFO", b"")  # not looked at while something is open

    def __init__(self) -> None:
        self.seen: list[str] = []

    def dull(self, message: bytes) -> bool:
        return message.startswith(b"INFO")

    def may_pass(self, message: bytes, pid: int) -> bool:
        return pid != 7

    def kept(self, entry: JournalEntry) -> None:
        self.seen.append(entry.message)


def test_skip_passes_over_lines_that_nobody_needs(tmp_path: Path) -> None:
    lines = [
        Line(
            f"{'INFO' if n % 2 else 'ERROR'} {n}",
            START + n,
            pid=7 if n in (3, 4) else 8,
            fields={"TRAFICO_X": "1"} if n == 9 else {},
        )
        for n in range(10)
    ]
    write_journal(tmp_path / "a.journal", lines)
    skip = SkipInfo()
    read = read_all(directory=str(tmp_path), unit=UNIT, process="bot_central.py", skip=skip)
    expected = ["ERROR 0", "ERROR 2", "INFO 3", "ERROR 4", "ERROR 6", "ERROR 8", "INFO 9"]
    assert [e.message for e in read] == expected and skip.seen == expected


class _SkipsX:
    """A skip that takes every line of x for dull."""

    calm = True
    answered = (b"?", b"?")

    def dull(self, message: bytes) -> bool:
        return message.startswith(b"INFO:x")

    def may_pass(self, message: bytes, pid: int) -> bool:
        return True

    def kept(self, entry: JournalEntry) -> None: ...


class _Calm(_SkipsX):
    answered = (b"INFO:httpx:", b"200 OK")


def test_while_calm_an_answer_is_passed_over_however_it_came_and_other_dull_lines_if_by_stdout(tmp_path: Path) -> None:
    native = {"_TRANSPORT": "journal"}
    lines = [Line(f"the longest of the lines {'o' * 30}", START)]
    lines += [Line(f"INFO:httpx: {n} 200 OK", START + 1 + n, fields=native if n % 2 else {}) for n in range(600)]
    lines += [Line("INFO:x", START + 700), Line("INFO:x, natively", START + 701, fields=native)]
    write_journal(tmp_path / "a.journal", lines)
    read = read_all(directory=str(tmp_path), unit=UNIT, process="bot_central.py", skip=_Calm())
    assert [e.message for e in read] == [lines[0].message, "INFO:x, natively"]


def test_nothing_to_read_is_an_error_and_not_silence(tmp_path: Path) -> None:
    for missing in (tmp_path / "none", tmp_path):
        with pytest.raises(JournalError, match="no journal"):
            entries_of(missing)


_AS_NOBODY = """
import os, sys
from trafico_monitor.errors import JournalError
from trafico_monitor.journal.reader import check_access
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    check_access(directory=sys.argv[1])
except JournalError as error:
    print(error)
"""


def test_a_journal_that_may_not_be_read_is_an_error() -> None:
    # In a process of its own, for privileges cannot be taken back; outside tmp_path, whose
    # parents only root may pass.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = write_journal(folder / "a.journal", [Line("uno", START)])
        file.chmod(0o640)
        command = [sys.executable, "-c", _AS_NOBODY, name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert str(file) in done.stdout and "systemd-journal" in done.stdout, done.stderr
        file.chmod(0o644)
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.stdout == "" and done.returncode == 0, done.stderr


@pytest.mark.parametrize("line_max", [79, 2048, 49152])
@pytest.mark.parametrize("skipped", [False, True])
def test_a_token_that_journald_has_cut_in_two_is_in_neither_piece(
    tmp_path: Path, line_max: int, skipped: bool
) -> None:
    """LineMax= is the operator's to set. A skipped piece counts too."""
    token = "1234567890:AAExampleExampleExampleExampleExampl"
    for cut in (3, 9, 12, 20, 40):
        line = f"INFO:{'x' * (line_max - cut - 6)} {token}/getFile: timed out"
        pieces = [Line(line[:line_max], START, fields={"_LINE_BREAK": "line-max", "_TRANSPORT": "stdout"})]
        pieces.append(Line(line[line_max:], START + 0.001))
        folder = tmp_path / str(cut)
        write_journal(folder / "a.journal", [Line("INFO:bot", START - 1), *pieces, Line("INFO:bot", START + 1)])
        skip = _SkipsX() if skipped else None
        read = list(read_all(directory=str(folder), unit=UNIT, process="bot_central.py", skip=skip))
        told = "".join(entry.message for entry in read)
        assert "ampleEx" not in told and "getFile: timed out" in told


def test_a_dry_run_by_the_quick_path_comes_to_the_same_incidents_and_tells_how_far_it_is(tmp_path: Path) -> None:
    rules = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
    poll = f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates "HTTP/1.1 200 OK"'
    said = [*[poll, "INFO:__main__:🔍 Cargando mapeo", poll] * 40, f"✅ Video recibido: {VIDEO}"]
    failing = [f"ERROR:__main__:❌ Error descargando modelos/luna/{VIDEO}: Timed out", TRACEBACK, poll] * 2
    stalled = ["INFO:__main__:📥 Video recibido: 20251225_143021_a3f2b2.mp4", *[poll] * 20]
    lines = [*said, *failing, *said, *stalled]
    write_journal(tmp_path / "a.journal", [Line(line, START + 10 * n) for n, line in enumerate(lines)])
    seen: list[tuple[int, float]] = []
    every, quick = Rehearsal(rules, "modelos"), Rehearsal(rules, "modelos")
    fed = [*read_all(directory=str(tmp_path), unit=UNIT, process="bot_central.py")]
    kept: list[JournalEntry] = []

    def read() -> Iterator[JournalEntry]:
        for entry in read_all(
            directory=str(tmp_path), unit=UNIT, process="bot_central.py", skip=quick.passing,
            progress=lambda number, at: seen.append((number, at)),
        ):  # fmt: skip
            kept.append(entry)
            yield entry

    found = every.run(fed)
    assert found and quick.run(read()) == found
    assert len(kept) < len(fed) / 2
    assert seen == sorted(seen) and seen[-1][1] > START
