"""What a batch says about the end of the journal, and about the bot's own lines."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.journal_fixtures import Line, manager_line, wait_until, write_journal
from trafico_monitor.journal import follower
from trafico_monitor.journal.follower import BATCH_ENTRIES, Batch, JournalThread
from trafico_monitor.journal.reader import EntryReader

UNIT = "trafico-main.service"
POSTER = "/home/victor/.venv/bin/python /home/victor/poster_prd.py"


def follow(directory: Path, enough: int) -> list[Batch]:
    taken: list[Batch] = []
    thread = JournalThread(
        unit=UNIT, process="bot_central.py", directory=str(directory), deliver=taken.append, start_at=0.0
    )
    thread.start()
    wait_until(lambda: sum(batch.seen for batch in taken) >= enough and not taken[-1].more, "the end is told")
    assert thread.stop(1.0)
    return taken


def test_whoever_heard_that_more_is_waiting_hears_of_the_end(tmp_path: Path) -> None:
    """A full batch that is by chance the last one: nothing comes after it, and that is said."""
    write_journal(tmp_path / "a.journal", [Line(f"{n}", 1766700000.0 + n) for n in range(BATCH_ENTRIES)])
    taken = follow(tmp_path, BATCH_ENTRIES)
    assert sum(len(batch.entries) for batch in taken) == BATCH_ENTRIES
    assert not taken[-1].more


def test_only_the_bots_own_lines_are_the_bots_voice(tmp_path: Path) -> None:
    lines = [
        Line("the bot", 1766700000.0),
        Line("the poster", 1766700010.0, pid=1302, cmdline=POSTER),
        manager_line("Stopping trafico-main.service", 1766700020.0),
    ]
    write_journal(tmp_path / "a.journal", lines)
    taken = follow(tmp_path, 3)
    assert max(batch.heard for batch in taken) == 1766700000.0
    assert max(batch.at for batch in taken) == 1766700020.0


class Unlinked(EntryReader):
    """sd-journal that looks between the moments at which journald counts an entry and links it to its fields: the
    line «late» is passed over, and found only by who seeks again."""

    hidden = sought = False

    def next(self) -> bool | None:
        there = super().next()
        if there and not self.sought and self.raw._get("MESSAGE") == b"late":
            Unlinked.hidden = True
            return False
        return there

    def seek_after(self, cursor: str) -> bool:
        Unlinked.sought = self.hidden
        return super().seek_after(cursor)

    def seek_time(self, at: float | None) -> None:
        Unlinked.sought = self.hidden
        super().seek_time(at)


@pytest.mark.parametrize("unit", [UNIT, "another.service"])
def test_a_line_that_a_look_came_too_early_for_is_seen_though_nobody_logs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    monkeypatch.setattr(follower, "EntryReader", Unlinked)
    monkeypatch.setattr(Unlinked, "hidden", False)
    monkeypatch.setattr(Unlinked, "sought", False)
    write_journal(tmp_path / "a.journal", [Line("first", 1766700000.0, unit=unit)])
    taken: list[Batch] = []
    thread = JournalThread(
        unit=UNIT, process="bot_central.py", directory=str(tmp_path), deliver=taken.append, start_at=0.0
    )
    thread.start()
    wait_until(lambda: bool(thread.cursor) == (unit == UNIT) and thread._settle_at == math.inf, "at rest", 60)
    write_journal(tmp_path / "b.journal", [Line("late", 1766700001.0)])
    try:
        wait_until(lambda: "late" in [one.message for batch in taken for one in batch.entries], "it is seen", 60)
        assert Unlinked.hidden
    finally:
        assert thread.stop(5.0)
