"""Ten million lines, as a bot prints them in weeks: what is kept open, in memory and on disk stays
bounded, and every failure among them is repaired, once.

They are written as fast as journald takes them, so the first ten million, which fill the caches and what
is kept of the last hour, are a warm-up; the ten million after them are judged. Logs are rotated all the
time; the database keeps whatever was closed within the hour, so it is let grow old afterwards and has to
be small again then.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from ..system.world import ADMIN, LOGS, STATE
from .bot_central import DAYS, video_name
from .conftest import Note, scaled
from .field import Field, counted_arrivals
from .test_servers import outer_pid

LINES = scaled(10_000_000, 200_000)
WARMING = LINES
FAILURES = scaled(200, 20)  # in both
PACE = 100_000.0  # lines a second: more than journald takes; it holds the bot up
FIRST = 1
SLACK, ENOUGH = 2.0, 5_000_000  # MiB; lines
MOST_DATABASE, LOG_SIZE, LOG_FILES = 2, 0.25, 2  # MB
GAP = "ya no tiene la última línea leída"


@dataclass(frozen=True)
class Sample:
    """Seconds since the begin, MiB resident and of that anonymous, open files, MB of the two directories."""

    at: float
    resident: float
    anonymous: float
    files: int
    database: float
    logs: float


def sample(field: Field, pid: int, began: float) -> Sample:
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    resident, anonymous = (int(told[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(time.monotonic() - began, resident, anonymous, files, size(field, STATE), size(field, LOGS))


def size(field: Field, place: str) -> float:
    total = 0
    for file in field.seen(place).iterdir():
        with contextlib.suppress(FileNotFoundError):  # rotated away meanwhile
            total += file.stat().st_size
    return total / 1e6


def bound(field: Field) -> None:
    """Small limits, so that rotation and retention have to act."""
    field.machine.path("/etc/trafico-monitor/conf.d/60-soak.toml").write_text(
        f'[retention]\ndays = 1\ndatabase = "{MOST_DATABASE}MB"\n'
        f'log_size = "{LOG_SIZE * 1000:g}KB"\nlog_files = {LOG_FILES}\n'
    )
    journal = field.machine.path("/etc/systemd/journald.conf.d")
    journal.mkdir(parents=True, exist_ok=True)
    (journal / "soak.conf").write_text("[Journal]\nSystemMaxUse=192M\nSystemMaxFileSize=16M\n")


def test_ten_million_lines(field: Field, note: Note) -> None:
    bound(field)
    field.videos(FIRST, FAILURES)
    samples: list[Sample] = []
    names = [video_name(n) for n in range(FIRST, FIRST + FAILURES)]
    field.machine.sh("systemctl restart systemd-journald; systemctl restart trafico-monitor", seconds=60)
    with counted_arrivals(field.machine) as arrivals:
        inner = field.main_pid()
        pid, began = outer_pid(field, int(inner)), time.monotonic()

        def look() -> bool:
            samples.append(sample(field, pid, began))
            time.sleep(1.0)  # the pace of sampling
            return field.has_spoken()

        field.speak(WARMING + LINES, FAILURES, PACE, FIRST, DAYS)
        field.machine.wait_for("the bot has said all", look, 3600)
        seconds = time.monotonic() - began
        field.machine.wait_for("every download is repaired", lambda: field.arrived(FIRST, FAILURES), 600)
        assert field.main_pid() == inner
    judged = samples[len(samples) * WARMING // (WARMING + LINES) :]
    tenth = max(1, len(judged) // 10)
    first, last = judged[:tenth], judged[-tenth:]
    seen = {
        "lines_to_warm_up": WARMING,
        "lines": LINES,
        "failures": FAILURES,
        "lines_a_second": round((WARMING + LINES) / seconds),
        "minutes": round(seconds / 60, 1),
        "resident_when_started_MiB": samples[0].resident,
        **{f"{what}_first_tenth_MiB": median(first, what) for what in ("resident", "anonymous")},
        **{f"{what}_last_tenth_MiB": median(last, what) for what in ("resident", "anonymous")},
        "anonymous_by_tenths_of_all_MiB": by_tenths(samples),
        "open_files_first_tenth": max(one.files for one in first),
        "open_files_last_tenth": max(one.files for one in last),
        "database_at_most_MB": round(max(one.database for one in samples), 1),
        "database_two_days_later_MB": round(two_days_later(field), 1),
        "logs_at_most_MB": round(max(one.logs for one in samples), 1),
        "not_repaired": field.digests_missing(FIRST, FAILURES),
        "repaired_twice": sum(arrivals[name] > 1 for name in names),
        "gaps_told": sum(GAP in str(one["text"]) for one in field.telegram.messages(ADMIN)),
        "integrity": field.integrity(),
    }
    note("soak: ten million lines, after as many to warm up", **seen)
    assert (seen["not_repaired"], seen["repaired_twice"], seen["gaps_told"], seen["integrity"]) == (0, 0, 0, "('ok',)")
    # In a short run nothing is warm yet.
    for what in ("resident", "anonymous") if LINES >= ENOUGH else ():
        assert median(last, what) - median(first, what) <= SLACK, seen
    assert seen["open_files_last_tenth"] - seen["open_files_first_tenth"] <= 5, seen  # a message or a repair under way
    # The array has a twin, and each log its older ones; the database has a log of its own.
    assert seen["logs_at_most_MB"] <= LOG_SIZE * (2 * (LOG_FILES + 1) + 2), seen
    assert seen["database_two_days_later_MB"] <= MOST_DATABASE, seen


def two_days_later(field: Field) -> float:
    """The database's size when retention has had to do with rows that are two days old."""
    field.machine.sh("systemctl stop trafico-monitor", seconds=40)
    columns = (("incidents", "closed_at"), ("records", "at"), ("outbox", "created_at"))
    script = f"import sqlite3; c = sqlite3.connect('{STATE}/monitor.db'); " + "; ".join(
        f"c.execute('UPDATE {table} SET {column} = {column} - 172800')" for table, column in columns
    )
    field.machine.run("runuser", "-u", "trafico-monitor", "--", "python3", "-c", f"{script}; c.commit()", seconds=60)
    field.machine.sh("systemctl start trafico-monitor", seconds=60)
    left = f"import sqlite3; print(*sqlite3.connect('{STATE}/monitor.db').execute('SELECT count(*) FROM incidents'))"
    field.machine.wait_for(
        "retention has acted", lambda: field.machine.run("python3", "-c", left).output == "(0,)\n", 300
    )
    # What is freed goes back to the file system with the next checkpoint of the database's log.
    field.machine.wait_for("the file is small", lambda: checkpointed(field) <= MOST_DATABASE, 120)
    return checkpointed(field)


def checkpointed(field: Field) -> float:
    field.machine.sh("systemctl restart trafico-monitor", seconds=60)
    return size(field, STATE)


def by_tenths(samples: list[Sample]) -> str:
    tenth = max(1, len(samples) // 10)
    return " ".join(str(median(samples[at : at + tenth], "anonymous")) for at in range(0, len(samples), tenth))


def median(samples: list[Sample], what: str) -> float:
    return round(statistics.median(getattr(one, what) for one in samples), 1)
