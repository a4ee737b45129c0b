"""Text files and journalctl's short format as entries."""

from __future__ import annotations

from trafico_monitor.journal.parser import PLAIN_PID, entries
from trafico_monitor.model.journal_entry import Origin


def test_a_plain_file_is_one_process() -> None:
    first, second = entries(["uno\r\n", "", "-- No entries --", "dos"])
    assert (first.message, first.pid, first.cursor) == ("uno", PLAIN_PID, "line:1")
    assert (second.cursor, second.pid) == ("line:4", PLAIN_PID) and second.at > first.at


def test_the_short_format_carries_process_time_and_author() -> None:
    bot, manager, lost = entries(
        [
            "Dec 26 12:05:00 servidor python3[3101]: ERROR:__main__:❌ algo: malo",
            "Dec 26 12:05:02 servidor systemd[1]: x.service: Failed with result 'exit-code'.",
            "Dec 26 12:05:02 servidor systemd-journald[9]: Suppressed 7 messages from x.service",
        ]
    )
    assert (bot.message, bot.pid, bot.origin) == ("ERROR:__main__:❌ algo: malo", 3101, Origin.BOT)
    assert manager.origin is Origin.MANAGER and manager.at - bot.at == 2.0
    assert lost.origin is Origin.JOURNALD


def test_tokens_do_not_come_in() -> None:
    [entry] = entries(["GET /bot1234567890:AAExampleExampleExampleExampleExampl/getMe"])
    assert entry.message == "GET /bot<TOKEN>/getMe"


def test_nonsense_dates_are_no_error() -> None:
    [entry] = entries(["Feb 31 25:61:99 servidor python3[1]: x"])
    assert entry.pid == 1
