"""Buttons and presses: a press is taken only in the form in which it was given out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.notify.chatops.keyboard import LONGEST_DATA, Action, Press, buttons, pressed

ID = "T7F3K2AB"


def test_what_is_given_out_comes_back() -> None:
    rows = buttons((f"silence:{ID}", f"retry:{ID}", f"acknowledge:{ID}"), "es")
    back = [pressed(button.data) for row in rows for button in row]
    assert back == [Press(action, ID) for action in Action]
    assert all(len(button.data.encode()) <= LONGEST_DATA for row in rows for button in row)


@pytest.mark.parametrize(
    "action",
    ["", "retry", "retry:", "retry:short", "explode:T7F3K2AB", "retry:T7F3K2AB:x", "retry:../../AB", "retry:t7f3k2ab"],
)
def test_no_button_is_made_of_anything_else(action: str) -> None:
    assert buttons((action,), "es") == ()


def test_an_alarm_without_an_incident_can_only_be_acknowledged() -> None:
    rows = buttons(("retry:unit-59", "acknowledge:unit-59", "silence:unit-59"), "es")
    assert [[button.data for button in row] for row in rows] == [["1:acknowledge:unit-59"]]
    assert pressed("1:acknowledge:unit-59") == Press(Action.ACKNOWLEDGE, "unit-59")


@pytest.mark.parametrize("name", ["unit", "unit-", "UNIT-5", "unit--5", "unit-5x", "other-5", "unit-" + "9" * 13])
def test_an_alarm_has_a_name_of_exactly_one_form(name: str) -> None:
    assert pressed(f"1:acknowledge:{name}") is None


def test_a_row_without_buttons_is_no_row() -> None:
    assert len(buttons((f"silence:{ID}",), "en")) == 1


@each("data", [
        None, 7, b"1:retry:T7F3K2AB", "", "retry:T7F3K2AB", "0:retry:T7F3K2AB", "2:retry:T7F3K2AB",
        "1:retry:T7F3K2AB\n", " 1:retry:T7F3K2AB", "1:retry:T7F3K2A1", "1:retry:T7F3K2ÁB", "1:retry:'; DROP",
        "1:retry:" + "A" * 500, "1:Action.RETRY:T7F3K2AB", "1:retry:T7F3K2AB;silence:T7F3K2AB",
    ])  # fmt: skip
def test_a_forged_press_is_none(data: object) -> None:
    assert pressed(data) is None


@given(st.text(max_size=80))
def test_any_text_is_a_press_of_ours_or_none(data: str) -> None:
    press = pressed(data)
    assert press is None or data == f"1:{press.action.value}:{press.incident}"
