from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.samples import NOON, item
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.changeset import OutboxItem
from trafico_monitor.notify.delivery.batching import DIGESTED, edits, next_batch

C = Severity.CRITICAL


def ids(items: tuple[OutboxItem, ...]) -> list[int]:
    return [i.id for i in items]


def test_a_few_go_one_by_one_in_their_order() -> None:
    turn = next_batch([item(3), item(1, C), item(2)], NOON + 5)
    assert ids(turn.items) == [1] and not turn.digest


def test_more_than_five_become_one_digest() -> None:
    turn = next_batch([item(n) for n in range(1, 7)], NOON + 10)
    assert ids(turn.items) == [1, 2, 3, 4, 5, 6] and turn.digest
    assert not next_batch([item(n) for n in range(1, 6)], NOON + 10).digest


def test_old_ones_become_one_digest() -> None:
    assert next_batch([item(1), item(2)], NOON + 700).digest
    assert not next_batch([item(1)], NOON + 700).digest


def test_in_a_storm_critical_ones_go_first_each_on_its_own() -> None:
    stormy = [item(n, C if n in (4, 7) else Severity.RECOVERABLE) for n in range(1, 12)]
    turn = next_batch(stormy, NOON + 20)
    assert ids(turn.items) == [4] and not turn.digest
    assert ids(next_batch([i for i in stormy if i.id != 4], NOON + 20).items) == [7]


def test_while_gathering_only_critical_ones_and_edits_go() -> None:
    assert next_batch([item(1), item(2)], NOON + 5, gathering=True).items == ()
    assert ids(next_batch([item(1), item(2, C)], NOON + 5, gathering=True).items) == [2]
    assert ids(next_batch([item(1), item(2, message_id="77")], NOON + 5, gathering=True).items) == [2]


def test_what_was_told_in_a_digest_is_not_edited() -> None:
    assert edits(item(1, message_id="77")) == "77"
    assert edits(item(1, message_id=f"{DIGESTED}77")) is None
    assert edits(item(1)) is None


def test_see_the_other_message_is_pointless_where_nobody_saw_the_first() -> None:
    turn = next_batch([item(1, code="moved"), item(2)], NOON + 5)
    assert ids(turn.superseded) == [1] and ids(turn.items) == [2]
    assert ids(next_batch([item(1, code="moved", message_id="5")], NOON + 5).items) == [1]


def test_a_stubborn_item_goes_last() -> None:
    assert ids(next_batch([item(1, C), item(2, C)], NOON, last={1}).items) == [2]


rows = st.lists(
    st.builds(
        lambda number, severity, code, message_id: item(number, severity, code=code, message_id=message_id),
        st.integers(1, 1000),
        st.sampled_from(Severity),
        st.sampled_from(["detected", "moved", "solved"]),
        st.sampled_from([None, "7", f"{DIGESTED}7"]),
    ),
    max_size=30,
    unique_by=lambda i: i.id,
)


@given(rows, st.floats(0, 2000), st.booleans())
def test_no_row_is_in_two_places_and_a_digest_never_has_a_critical_one(
    items: list[OutboxItem], later: float, gathering: bool
) -> None:
    turn = next_batch(items, NOON + later, gathering=gathering)
    assert not set(ids(turn.items)) & set(ids(turn.superseded))
    assert turn.digest or len(turn.items) <= 1
    if turn.digest:
        assert all(i.notice.severity is not C and edits(i) is None for i in turn.items)
    pending = [i for i in items if i not in turn.superseded]
    if pending and not gathering:
        assert turn.items  # something always goes: nothing blocks for ever


def reminder(number: int, at: float) -> OutboxItem:
    return OutboxItem(number, Notification("reminder", NotificationCode.REMINDER, C, at, number))


def test_of_several_reminders_only_the_last_is_sent_and_none_that_is_late() -> None:
    turn = next_batch([reminder(1, NOON), item(2), reminder(3, NOON + 60)], NOON + 61)
    assert (ids(turn.items), ids(turn.superseded)) == ([2], [1])
    late = next_batch([reminder(1, NOON)], NOON + 300)
    assert (ids(late.items), ids(late.superseded)) == ([], [1])


def test_a_reminder_is_no_part_of_a_digest() -> None:
    turn = next_batch([*(item(n) for n in range(1, 9)), reminder(9, NOON + 9)], NOON + 10)
    assert ids(turn.items) == [9]


def test_a_channel_that_cannot_edit_is_told_the_beginning_and_the_end() -> None:
    told = [item(1, message_id="7", code="retrying"), item(2, message_id="8", code="solved"), item(3)]
    turn = next_batch(told, NOON + 5, can_edit=False)
    assert (ids(turn.superseded), ids(turn.items)) == ([1], [2])
    moved = next_batch([item(1, message_id="7", code="moved")], NOON + 5, can_edit=False)
    assert (ids(moved.superseded), ids(moved.items)) == ([1], [])
    ends = [item(n, message_id="7", code="solved") for n in range(1, 9)]
    assert next_batch(ends, NOON + 9, can_edit=False).digest


def test_what_must_only_edit_is_no_message_of_its_own_once_it_has_been_told() -> None:
    for told, can_edit in ((f"{DIGESTED}7", True), ("7", False)):
        turn = next_batch([item(1, message_id=told, code="solved", only_edit=True)], NOON + 5, can_edit=can_edit)
        assert (ids(turn.superseded), ids(turn.items)) == ([1], [])
    assert ids(next_batch([item(1, message_id="7", only_edit=True)], NOON + 5).items) == [1]
    assert ids(next_batch([item(1, only_edit=True)], NOON + 5).items) == [1]  # nobody has been told of it yet


def test_what_would_ring_before_its_time_stays_where_it_is() -> None:
    held = item(1, message_id="7", code="solved", hold=NOON + 900)
    assert ids(next_batch([held, item(2)], NOON + 5).items) == [1]
    turn = next_batch([held, item(2)], NOON + 5, can_edit=False)
    assert (ids(turn.items), ids(turn.superseded)) == ([2], [])
