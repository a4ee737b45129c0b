"""Catching up with a backlog of a million entries: from the journal's file to the decision about each incident.

Everything here is CPU-bound, so CPU seconds are compared; they are valid even if other programs load the machine. All
sides take turns; the best of the rounds counts.
"""

from __future__ import annotations

import queue
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from trafico_monitor.config.schema import Retry
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.journal.follower import Batch, JournalThread
from trafico_monitor.pipeline.pipeline import Pipeline

from .journals import BEGIN, PROCESS, UNIT, lines, made, printed
from .rows import Row

ROUNDS = 5
OURS, CAT, LOOP = "trafico-monitor", "journalctl -o cat", "C loop over sd_journal"
SLOW = ("SEC", "fail2ban")  # one round of them is enough
BARS = {CAT: 1.0, "fail2ban": 8.0, LOOP: 0.3}
ROOT = Path(__file__).resolve().parents[1]
RULES = {file.name: file.read_text() for file in (ROOT / "trafico_monitor/detection/rules").glob("*.toml")}
WORDS = r"timed out|timeout|permission denied|corrupt|moov atom|no such file|no space left|connection refused"


def rows(work: Path, entries: int) -> Iterator[Row]:
    """Returns the table's row with its peers and the floor, and the same for other shares of failures."""
    place = made(work, entries, 0.01)
    sides: dict[str, Callable[[], int]] = {
        OURS: lambda: ours(place, entries),
        CAT: lambda: shell(f"journalctl --directory={place} -o cat"),
        LOOP: lambda: shell(f"{loop(work)} {place} _SYSTEMD_UNIT={UNIT}"),
        "journalctl | grep": lambda: shell(f"journalctl --directory={place} -o cat | grep -Ei '{WORDS}'"),
        "SEC": lambda: sec(work, place),
        "fail2ban": lambda: fail2ban(work, place),
    }
    best, found = fastest(sides, entries)
    what = f"catching up, {entries:,} entries, 1 % errors, to the decision"
    note = f"each error line another video's: {found} incidents"
    for name in (CAT, "fail2ban", LOOP, "SEC", "journalctl | grep"):
        yield _row(what, best, name, note)
    for what, share, write in (
        ("the same, the 1 % as a bot prints it", 0.01, printed),
        ("the same, 0.01 % errors", 0.0001, lines),
    ):
        other = made(work, entries, share, write)
        sides = {
            OURS: partial(ours, other, entries),
            CAT: partial(shell, f"journalctl --directory={other} -o cat"),
            LOOP: partial(shell, f"{loop(work)} {other} _SYSTEMD_UNIT={UNIT}"),
        }
        best, found = fastest(sides, entries)
        for name in (CAT, LOOP):
            yield _row(what, best, name, f"{found} incidents")


def fastest(sides: Mapping[str, Callable[[], int]], entries: int) -> tuple[dict[str, float], int]:
    """Returns entries per CPU second of each side, the best of the rounds; and our number of incidents."""
    best: dict[str, float] = {}
    found = 0
    for turn in range(ROUNDS):
        for name, run in sides.items():
            if turn and name in SLOW:
                continue
            took, value = processor_seconds(run)
            best[name] = max(best.get(name, 0.0), entries / took)
            found = value if name == OURS else found
    return best, found


def _row(what: str, best: Mapping[str, float], name: str, note: str) -> Row:
    ratio, least = best[OURS] / best[name], BARS.get(name)
    bar, met = (f"≥ {least:g} ×", ratio >= least) if least is not None else ("", None)
    return Row(what, best[OURS], "entries/s", name, best[name], ratio, bar, met, note)


def ours(place: Path, entries: int) -> int:
    """Reads, detects and decides; returns the number of incidents."""
    retry = Retry()
    pipeline = Pipeline(Detector(load(RULES)), Tracker(), Limits(retry.max_attempts, retry.backoff, 3, 10.0), "es")
    batches: queue.Queue[Batch] = queue.Queue(4)
    reader = JournalThread(
        unit=UNIT,
        process=PROCESS,
        directory=str(place),
        deliver=batches.put,
        start_at=0.0,
        skip=pipeline.detector.passing(),
    )
    reader.start()
    seen = found = 0
    while seen < entries:
        batch = batches.get(timeout=60)
        seen += batch.seen
        changes = pipeline.consume(batch.entries, batch.cursor, BEGIN + 10_000_000)
        found += sum(record.event == "incident_detected" for record in changes.records)
    reader.stop()
    return found


def shell(command: str) -> int:
    return subprocess.run(["/bin/sh", "-c", f"{command} >/dev/null"], check=True, timeout=600).returncode


def loop(work: Path) -> Path:
    program = work / "sd_loop"
    source = Path(__file__).with_name("sd_loop.c")
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["gcc", "-O2", "-o", str(program), str(source), "-lsystemd"], check=True, timeout=120)
    return program


def sec(work: Path, place: Path) -> int:
    rules = work / "sec.conf"
    patterns = WORDS.split("|")
    rules.write_text(
        "\n".join(
            f"type=Single\nptype=RegExp\npattern=(?i){pattern}\ndesc=error\naction=none\n" for pattern in patterns
        )
    )
    return shell(f"journalctl --directory={place} -o cat | sec --conf={rules} --input=- --notail 2>/dev/null")


def fail2ban(work: Path, place: Path) -> int:
    expression = rf"(?i)^(?=.*(?:{WORDS})).*<F-ID>[^\s']+\.mp4</F-ID>"
    program = shutil.which("fail2ban-regex")
    if program is None:
        raise RuntimeError("fail2ban is not installed")
    match = f"_SYSTEMD_UNIT={UNIT}"
    return subprocess.run(
        [program, "-m", match, f"systemd-journal[journalpath='{place}']", expression],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=900,
    ).returncode


def processor_seconds(run: Callable[[], int]) -> tuple[float, int]:
    """CPU seconds of this process and its children."""
    before = _used()
    value = run()
    return max(1e-9, _used() - before), value


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    sys.exit("run benchmarks/bench.py")
