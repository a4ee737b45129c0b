"""The journal turns, shrinks, breaks and restarts under the monitor: nothing that it still has is lost."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator

import pytest

from ..system.clock import false_clock
from ..system.machine import Machine
from .bot_central import failure, video_name
from .conftest import Note, scaled
from .field import Field
from .test_kills import NOTHING

_numbers = itertools.count(10_000, 1_000)


@pytest.fixture
def first(field: Field) -> Iterator[int]:
    """The number of the first video of this experiment; the monitor runs before and after."""
    field.machine.sh("systemctl start systemd-journald trafico-monitor", seconds=40)
    yield next(_numbers)


def fail_while(field: Field, first: int, failures: int, disturb: Callable[[], object], pace: float = 100.0) -> None:
    """Let the bot fail so often while `disturb` is called again and again."""
    field.videos(first, failures)
    field.speak(failures * 40, failures, pace, first)
    while not field.has_spoken():
        disturb()
    field.machine.wait_for("every incident has ended", lambda: field.settled(first, failures), 300)


def test_rotation_and_vacuum_in_a_loop(field: Field, note: Note, first: int) -> None:
    failures, turns = scaled(50, 5), itertools.count()

    def turn() -> None:
        next(turns)
        field.machine.sh("journalctl -q --rotate; journalctl -q --vacuum-files=30")

    fail_while(field, first, failures, turn)
    story = field.story(first, failures)
    note("rotation and vacuum in a loop", rotations=next(turns), failures=failures, **story)
    assert story == NOTHING


@pytest.mark.parametrize("how", ["systemctl restart", "systemctl kill --kill-whom=main -s KILL"])
def test_journald_itself_restarts(field: Field, note: Note, first: int, how: str) -> None:
    failures, restarts = scaled(30, 5), itertools.count()

    def restart() -> None:
        next(restarts)
        field.machine.sh(f"{how} systemd-journald", seconds=40)
        time.sleep(1.0)  # a life between two deaths: systemd gives up a unit that dies too often

    field.machine.sh("mkdir -p /etc/systemd/system/systemd-journald.service.d")
    field.machine.path("/etc/systemd/system/systemd-journald.service.d/often.conf").write_text(
        "[Unit]\nStartLimitIntervalSec=0\n"
    )
    field.machine.sh("systemctl daemon-reload")
    field.videos(first, failures)
    field.speak(failures * 40, failures, 100.0, first)
    for _ in range(scaled(10, 3)):
        restart()
    field.machine.wait_for("the bot has said all", field.has_spoken, 120)
    # A journald that is killed may drop what it had not written yet: that is not for us to find.
    kept = [n for n in range(first, first + failures) if kept_whole(field.machine, n)]
    field.machine.wait_for("what was kept has ended", lambda: set(map(video_name, kept)) <= ended(field), 300)
    note(f"journald: {how}", restarts=next(restarts), failures=failures, still_in_the_journal=len(kept), lost=0)


def kept_whole(machine: Machine, number: int) -> bool:
    """The journal has every line of this failure."""
    said = machine.sh("journalctl -q -o cat -u trafico-main")
    return "\n".join(failure(number)) in said


def ended(field: Field) -> set[str]:
    return {i["video"] for i in field.incidents() if i["estado"] in ("solucionado", "fallido")}


def test_a_backlog_of_hours_is_caught_up(field: Field, note: Note, first: int) -> None:
    failures = scaled(200, 20)
    field.videos(first, failures)
    field.machine.sh("systemctl stop trafico-monitor", seconds=20)
    field.speak(scaled(100_000, 4_000), failures, 20_000.0, first)
    field.machine.wait_for("the bot has said all", field.has_spoken, 300)
    field.machine.sh("journalctl -q --rotate")
    begun = time.monotonic()
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    ready = time.monotonic() - begun
    field.machine.wait_for("every incident has ended", lambda: field.settled(first, failures), 300)
    story = field.story(first, failures)
    note("hours of backlog", lines=scaled(100_000, 4_000), failures=failures, ready_seconds=round(ready, 2), **story)
    assert story == NOTHING


def test_what_the_journal_has_thrown_away_is_told_as_a_gap(field: Field, note: Note, first: int) -> None:
    field.videos(first, 3)
    field.machine.sh("systemctl stop trafico-monitor", seconds=20)
    field.speak(300, 3, 5_000.0, first)
    field.machine.wait_for("the bot has said all", field.has_spoken, 60)
    field.machine.sh("journalctl -q --rotate; journalctl -q --vacuum-time=1s; sleep 2; journalctl -q --vacuum-time=1s")
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    told = "ya no tiene la última línea leída"
    field.machine.wait_for(
        "the gap is told", lambda: told in field.machine.path("/var/log/trafico-monitor/monitor.log").read_text()
    )
    field.machine.wait_for(
        "on Telegram too", lambda: any(told in str(m["text"]) for m in field.telegram.messages(4242))
    )
    again = first + 500
    fail_while(field, again, 3, lambda: time.sleep(0.2))
    note("lines thrown away before they were read", told_as_gap=True, seen_afterwards=3)


def test_a_damaged_journal_file_costs_only_itself(field: Field, note: Note, first: int) -> None:
    fail_while(field, first, 5, lambda: time.sleep(0.2))
    field.machine.sh("journalctl -q --rotate; systemctl stop trafico-monitor", seconds=20)
    damage(field.machine, "system@*.journal")
    damage(field.machine, "system.journal")
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    again = first + 500
    fail_while(field, again, 5, lambda: time.sleep(0.2))
    story = field.story(again, 5)
    note("bytes of journal files overwritten", failures_afterwards=5, **story)
    assert story == NOTHING


def damage(machine: Machine, pattern: str) -> None:
    dice = random.Random(5)
    for file in machine.path("/var/log/journal").rglob(pattern):
        with file.open("r+b") as content:
            for _ in range(50):
                content.seek(dice.randrange(4096, file.stat().st_size - 64))
                content.write(dice.randbytes(64))


def test_two_boots(field: Field, note: Note, first: int) -> None:
    failures = 10
    field.videos(first, failures)
    field.machine.sh("systemctl stop trafico-monitor", seconds=20)
    field.speak(200, failures, 5_000.0, first)
    field.machine.wait_for("the bot has said all", field.has_spoken, 60)
    boot = field.machine.sh("cat /proc/sys/kernel/random/boot_id")
    field.reboot()
    assert field.machine.sh("cat /proc/sys/kernel/random/boot_id") != boot
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    field.machine.wait_for("every incident has ended", lambda: field.settled(first, failures), 300)
    again = first + 500
    fail_while(field, again, 5, lambda: time.sleep(0.2))
    story = field.story(first, failures)
    note("two boots", failures=failures, **story)
    assert story == NOTHING


def test_the_clock_is_set_back_and_forth(field: Field, note: Note, first: int) -> None:
    """Back and forth while the bot fails, and right again in the end."""
    failures, settings = scaled(40, 10), 0
    hours = itertools.cycle((-3, 26, 0, -50, 1))
    with false_clock(field.machine) as set_off:
        field.videos(first, failures)
        field.speak(failures * 40, failures, 100.0, first)
        while not field.has_spoken():
            set_off(3600 * next(hours))
            settings += 1
            time.sleep(0.5)
        set_off(0)
        field.machine.wait_for("every incident has ended", lambda: field.settled(first, failures), 300)
    story = field.story(first, failures)
    note("the monitor's clock set back and forth by hours", settings=settings, failures=failures, **story)
    assert story == NOTHING
