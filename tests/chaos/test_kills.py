"""kill -9 at random moments while the bot goes on failing: nothing lost, nothing done twice."""

from __future__ import annotations

import json
import random
import time

from ..system.machine import Machine
from .bot_central import video_name
from .conftest import Note, scaled
from .field import Field, counted_arrivals

KILLS, LINES, FAILURES = scaled(500, 20), scaled(50_000, 2_000), scaled(500, 20)
PACE = 85.0  # lines a second: a busy bot, and as long as the kills take
FIRST = 1
SEED = 20261123
NOTHING = {"lost": 0, "doubled": 0, "not_repaired": 0, "solved_without_the_file": 0, "told_twice": 0}


def kill(machine: Machine) -> bool:
    """SIGKILL the monitor wherever it is; False when it was just not running."""
    pid = machine.sh("systemctl show -p MainPID --value trafico-monitor")
    return pid != "0" and machine.run("kill", "-KILL", pid, check=False).code == 0


def test_nothing_is_lost_or_done_twice_by_kills(field: Field, note: Note) -> None:
    dice, kills, torn = random.Random(SEED), 0, 0
    field.videos(FIRST, FAILURES)
    with counted_arrivals(field.machine) as arrivals:
        field.speak(LINES, FAILURES, PACE, FIRST)
        while kills < KILLS:
            # The experiment itself: from the middle of starting to well after READY.
            time.sleep(dice.uniform(0.02, 2.0))
            kills += kill(field.machine)
            torn += not whole(field)
        field.machine.wait_for("the bot has said all", field.has_spoken, 900)
        field.machine.wait_for("every incident has ended", lambda: field.settled(FIRST, FAILURES), 300)
    story = field.story(FIRST, FAILURES)
    twice = sum(arrivals[video_name(n)] > 1 for n in range(FIRST, FIRST + FAILURES))
    note("kill -9 while the bot fails", kills=kills, lines=LINES, failures=FAILURES, json_torn=torn,
         downloads_repaired_twice=twice, integrity=field.integrity(), **story)  # fmt: skip
    assert story == NOTHING
    assert (torn, twice, field.integrity()) == (0, 0, "('ok',)")


def whole(field: Field) -> bool:
    try:
        field.records()
    except FileNotFoundError:
        return True  # not begun yet
    except json.JSONDecodeError:
        return False
    return True
