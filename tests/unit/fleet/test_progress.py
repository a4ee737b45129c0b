"""The position in the records over starts, rewinds and lost records."""

from __future__ import annotations

from trafico_monitor.fleet.progress import MOST_NAMED, begun, resumed
from trafico_monitor.model.serialization import encode


def test_a_first_start_begins_with_the_oldest_record() -> None:
    for kept in ("", "null", "{", '{"host": "h"}'):
        progress = resumed(kept, "h", 40)
        assert (progress.after, progress.seq, progress.sent, progress.host) == (0, 0, 0, "h")


def test_a_start_goes_on_and_remembers_the_lowest_last_number_until_the_server_is_heard() -> None:
    kept = encode(begun("h").taken(30))
    once = resumed(kept, "h", 40)
    again = resumed(encode(once), "h", 60)
    assert (again.base, again.seq, again.lowest) == (once.base, 30, 40)
    assert again.confirmed(30).lowest is None


def test_an_answer_that_was_lost_changes_nothing() -> None:
    progress = resumed(encode(begun("h").taken(30)), "h", 40)
    heard = progress.confirmed(38)
    assert (heard.base, heard.seq, heard.sent) == (progress.base, 30, 30)


def test_a_copy_on_another_machine_begins_behind_what_was_copied() -> None:
    original = begun("h").taken(30)
    copy = resumed(encode(original), "other", 40)
    assert copy.base != original.base
    assert (copy.after, copy.seq, copy.sent) == (40, 40, 0)
    assert copy.confirmed(0) == copy


def test_a_server_that_has_more_than_the_machine_had_gets_a_new_base() -> None:
    progress = resumed(encode(begun("h").taken(30)), "h", 40)
    anew = progress.confirmed(41)
    assert anew.base != progress.base and (anew.after, anew.seq, anew.sent) == (40, 40, 0)


def test_a_server_that_has_less_than_was_sent_gets_the_rest_again_and_no_more_than_the_base_has() -> None:
    progress = begun("h", 10).taken(30)
    assert (progress.confirmed(20).seq, progress.confirmed(20).sent) == (20, 20)
    assert (progress.confirmed(0).seq, progress.confirmed(0).sent) == (10, 0)


def test_records_that_were_set_aside_at_the_end_are_no_reason_for_a_rewind() -> None:
    progress = begun("h").taken(30).refusing(31).refusing(32)
    assert progress.confirmed(30) == progress
    assert (progress.refused, progress.set_aside, progress.sent) == (2, (31, 32), 30)


def test_a_record_that_is_refused_again_counts_once_and_the_newest_are_named() -> None:
    progress = begun("h")
    for seq in (*range(1, 31), 30, 29):
        progress = progress.refusing(seq)
    assert progress.refused == 30 and progress.set_aside == tuple(range(31 - MOST_NAMED, 31))
