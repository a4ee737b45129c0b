"""JournalThread on a real private journald: nothing missed, nothing twice, soon, and cheaply."""

from __future__ import annotations

import os
import random
import resource
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import UNIT, BotProcess, Line, PrivateJournald, private_journald, wait_until, write_journal
from trafico_monitor.journal.follower import Batch, JournalThread
from trafico_monitor.model.journal_entry import JournalEntry, Origin

pytestmark = pytest.mark.slow

NAME = f"tmfollow{os.getpid()}"


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


class Follower:
    """A JournalThread and what it delivered."""

    def __init__(
        self,
        cursor: str = "",
        start_at: float | None = None,
        directory: str = "",
        *,
        unit: str = UNIT,
        uid: int | None = None,
        container: str = "",
        of_user: bool = False,
    ) -> None:
        self.batches: list[Batch] = []
        self.arrived: dict[str, float] = {}
        self.thread = JournalThread(
            unit=unit,
            process="bot_central.py",
            uid=uid,
            container=container,
            of_user=of_user,
            namespace="" if directory else NAME,
            directory=directory,
            cursor=cursor,
            deliver=self._take,
            start_at=start_at,
        )
        self.thread.start()

    def _take(self, batch: Batch) -> None:
        now = time.time()
        self.batches.append(batch)
        for entry in batch.entries:
            self.arrived.setdefault(entry.message, now)

    @property
    def entries(self) -> list[JournalEntry]:
        return [entry for batch in list(self.batches) for entry in batch.entries]

    @property
    def messages(self) -> list[str]:
        return [entry.message for entry in self.entries]

    @property
    def gaps(self) -> list[str]:
        return [batch.gap for batch in list(self.batches) if batch.gap]

    def wait_for(self, message: str) -> None:
        wait_until(lambda: message in self.arrived, f"{message!r} is delivered; have {self.messages[-3:]}")

    def ready(self) -> Follower:
        """Wait until it has its place in the journal."""
        wait_until(lambda: self.batches, "the first batch tells the place")
        return self

    def stop(self) -> str:
        """Stop within a second; returns the cursor that a service would have kept."""
        assert self.thread.stop(1.0)
        assert self.thread.failure is None
        return self.batches[-1].cursor if self.batches else ""


def test_the_first_start_begins_at_the_end_and_before_the_first_line(journald: PrivateJournald) -> None:
    follower = Follower().ready()  # no entry matches yet: a reader must not become deaf by that
    cursor = follower.stop()
    with BotProcess(journald) as bot:
        bot.say("while stopped")
        follower = Follower(cursor)
        follower.wait_for("while stopped")
        bot.say("live")
        follower.wait_for("live")
        follower.stop()
        follower = Follower().ready()
        bot.say("new")
        follower.wait_for("new")
        assert follower.messages == ["new"] and follower.gaps == []
        follower.stop()


def test_attribution_and_odd_lines(journald: PrivateJournald) -> None:
    follower = Follower().ready()
    with BotProcess(journald) as bot, BotProcess(journald, process="poster_prd.py") as poster:
        bot.say("uno", b"bad \xff utf", "")
        poster.say("Timeout 30000ms exceeded.")
        bot.say(b"m " * 500_000, "cola")
        follower.wait_for("cola")
        bot.send([("MESSAGE", "primera"), ("MESSAGE", "segunda"), ("TRAFICO_EVENTO", "inicio")])
        follower.wait_for("primera\nsegunda")
        bot.say("fin")
        follower.wait_for("fin")
    follower.stop()
    of_bot = [e for e in follower.entries if e.origin is Origin.BOT]
    short = [e.message for e in of_bot if not e.message.startswith("m")]
    assert short == ["uno", "bad � utf", "cola", "primera\nsegunda", "fin"]
    assert sum(m.startswith("m") for m in follower.messages) >= 20  # journald breaks lines at 48 K
    structured = next(e for e in follower.entries if e.fields)
    assert structured.fields == {"TRAFICO_EVENTO": "inicio"} and structured.origin is Origin.BOT
    assert {e.pid for e in of_bot} == {bot.pid}
    [other] = [e for e in follower.entries if e.origin is Origin.CHILD]
    assert (other.message, other.pid) == ("Timeout 30000ms exceeded.", poster.pid)


def test_stops_and_starts_at_any_moment_lose_nothing_and_read_nothing_twice(journald: PrivateJournald) -> None:
    total = 4000
    chance = random.Random(7)
    with BotProcess(journald) as bot:

        def write() -> None:
            for n in range(total):
                bot.say(f"{n}")
                time.sleep(0.0004)  # so that it lasts over many restarts

        writer = threading.Thread(target=write)
        follower = Follower().ready()
        read: list[str] = []
        restarts = 0
        cursor = follower.stop()
        writer.start()
        for _ in range(1000):
            follower = Follower(cursor)
            wait_until(lambda f=follower: f.batches, "something is read")  # type: ignore[misc]
            deadline = time.monotonic() + chance.random() * 0.05
            wait_until(lambda d=deadline: time.monotonic() > d, "a random moment")  # type: ignore[misc]
            cursor = follower.stop()
            assert follower.gaps == []
            read += follower.messages
            if str(total - 1) in follower.arrived:
                break
            restarts += 1
        writer.join(10)
    assert restarts > 20
    assert read == [str(n) for n in range(total)]


def test_rotation_in_a_loop(journald: PrivateJournald) -> None:
    follower = Follower().ready()
    with BotProcess(journald) as bot:
        for turn in range(15):
            bot.say(*(f"{turn}-{n}" for n in range(20)))
            journald.rotate()
        bot.say("last")
        follower.wait_for("last")
        descriptors = _journal_descriptors()
        for turn in range(5):
            journald.vacuum()
            bot.say(f"after vacuum {turn}")
            follower.wait_for(f"after vacuum {turn}")
        bot.say("end")
        follower.wait_for("end")
        wait_until(lambda: _journal_descriptors() <= max(3, descriptors - 10), "deleted files are let go")
    follower.stop()
    expected = [f"{turn}-{n}" for turn in range(15) for n in range(20)]
    expected += ["last", *(f"after vacuum {turn}" for turn in range(5)), "end"]
    assert follower.messages == expected and follower.gaps == []


def test_journald_restarted_and_its_directory_replaced(journald: PrivateJournald) -> None:
    follower = Follower().ready()
    with BotProcess(journald) as bot:
        bot.say("one")
        follower.wait_for("one")
        journald.restart()
        bot.say("two")
        follower.wait_for("two")
        for folder in journald.folders:
            shutil.rmtree(folder)
        journald.restart()
        bot.say("three")
        follower.wait_for("three")
    follower.stop()
    assert follower.messages == ["one", "two", "three"]
    assert follower.gaps == ["cursor_gap"]  # the place where reading had ended is gone, and this is said


def test_a_place_that_is_gone_is_told_as_a_gap(journald: PrivateJournald) -> None:
    with BotProcess(journald) as bot:
        follower = Follower().ready()
        bot.say("kept")
        follower.wait_for("kept")
        cursor = follower.stop()
        bot.say("lost")
        journald.vacuum()
        bot.say("there")
        follower = Follower(cursor)
        follower.wait_for("there")
        follower.stop()
        assert follower.gaps == ["cursor_gap"] and follower.messages == ["there"]
        garbage = Follower("no cursor at all").ready()
        bot.say("after garbage")
        garbage.wait_for("after garbage")
        garbage.stop()
        assert garbage.gaps == ["cursor_gap"]


def test_suppressed_lines_are_told() -> None:
    with private_journald(NAME, rate_limit=50) as journald, BotProcess(journald) as bot:
        follower = Follower().ready()
        bot.say(*(f"{n}" for n in range(3000)))
        wait_until(lambda: len(follower.entries) >= 50, "the burst is read")

        def told() -> bool:  # journald says it with the first line after the interval
            bot.say("later")
            return any(e.origin is Origin.JOURNALD for e in follower.entries)

        wait_until(told, "journald tells of the lines that it dropped")
        follower.stop()
        [said] = [e for e in follower.entries if e.origin is Origin.JOURNALD]
        assert said.message.startswith("Suppressed ") and int(said.fields["N_DROPPED"]) > 0


def test_a_slow_taker_pauses_reading_and_hears_everything(journald: PrivateJournald) -> None:
    gate = threading.Event()
    taken: list[Batch] = []

    def deliver(batch: Batch) -> None:
        gate.wait(10)
        taken.append(batch)

    thread = JournalThread(unit=UNIT, process="bot_central.py", namespace=NAME, deliver=deliver, start_at=0.0)
    with BotProcess(journald) as bot:
        bot.say(*(f"{n}" for n in range(4500)))
        journald.sync()
        thread.start()
        gate.set()
        wait_until(lambda: sum(len(b.entries) for b in taken) == 4500, "all are taken")
        assert max(len(b.entries) for b in taken) <= 1000
        assert any(b.more for b in taken) and not taken[-1].more
    assert thread.stop(1.0)


def test_a_taker_that_fails_ends_the_thread_and_says_why(journald: PrivateJournald) -> None:
    def deliver(batch: Batch) -> None:
        raise OSError("disk on fire")

    thread = JournalThread(unit=UNIT, process="bot_central.py", namespace=NAME, deliver=deliver)
    thread.start()
    wait_until(lambda: not thread.alive, "it ends")
    assert "disk on fire" in str(thread.failure) and thread.stop()


def test_a_damaged_journal_file_does_not_end_the_reading(tmp_path: Path) -> None:
    start = 1766700000.0
    good = write_journal(tmp_path / "good.journal", [Line(f"good {n}", start + n) for n in range(50)])
    bad = write_journal(
        tmp_path / "bad.journal", [Line(f"bad {n} " + "z" * 600, start + n + 0.5) for n in range(50)], boot="d" * 32
    )
    data = bytearray(bad.read_bytes())
    chance = random.Random(3)
    for _ in range(400):  # behind the header: objects
        data[chance.randrange(272, len(data))] = chance.randrange(256)
    bad.write_bytes(data)
    follower = Follower(directory=str(tmp_path), start_at=0.0)
    follower.wait_for("good 49")
    follower.stop()
    assert [m for m in follower.messages if m.startswith("good")] == [f"good {n}" for n in range(50)]
    assert good.exists()


def test_lines_arrive_soon_while_the_bot_is_chatting(journald: PrivateJournald) -> None:
    follower = Follower().ready()
    sent: dict[str, float] = {}
    with BotProcess(journald) as bot:
        bot.say("warm")
        follower.wait_for("warm")
        for n in range(200):
            sent[str(n)] = time.time()
            bot.say(str(n))
            time.sleep(0.013)  # the pace of a chatting bot, not a wait for anything
        follower.wait_for("199")
    follower.stop()
    delays = sorted(follower.arrived[n] - sent[n] for n in sent)
    median, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    print(f"latency p50 {median * 1000:.1f} ms p99 {p99 * 1000:.1f} ms")
    # Measured here: 9 and 19 ms. Notification alone gives 250–430 ms (facts): that is the border, and
    # all that a machine may be asked which does much else; the figures are the benchmark's.
    assert median < 0.200


def test_idle_costs_next_to_nothing(journald: PrivateJournald) -> None:
    follower = Follower().ready()
    quiet = time.monotonic() + 2.2
    wait_until(lambda: time.monotonic() > quiet, "it has become quiet")
    begin, cpu = time.monotonic(), _cpu()
    end = begin + 5
    time.sleep(5)
    share = (_cpu() - cpu) / (end - begin)
    follower.stop()
    print(f"idle: {share * 100:.3f} % of a core")
    # Ten times what it costs here; the bar itself is the benchmark's, on a quiet machine.
    assert share < 0.01


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _journal_descriptors() -> int:
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += f".{NAME}/" in str(link.readlink())
        except OSError:
            continue
    return count
