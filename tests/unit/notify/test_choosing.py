"""Whose a rescued video is, asked by buttons: pages of them, and what a press says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from trafico_monitor.notify.chatops.keyboard import LONGEST_DATA, Button
from trafico_monitor.notify.choosing import LONGEST_NAME, PAGE, Choice, chosen, offered, rows, sign_of, signed

MARK = "T7F3K2AB"
MANY = [f"modelo {number:03}" for number in range(200, 0, -1)]  # the last used first


def flat(page: tuple[tuple[Button, ...], ...]) -> list[Button]:
    return [button for row in page for button in row]


def test_few_modelos_stand_on_one_page_the_last_used_first() -> None:
    page = flat(rows(MARK, ["noa", "ana", "luna"], "es"))
    assert [button.label for button in page] == ["noa", "ana", "luna"]
    assert [chosen(button.data) for button in page] == [Choice(MARK, sign_of(n)) for n in ("noa", "ana", "luna")]


@pytest.mark.parametrize("language", ["es", "en"])
def test_two_hundred_are_walked_through_and_none_is_missing(language: str) -> None:
    first = flat(rows(MARK, MANY[:PAGE], language, total=200))
    assert [button.label for button in first[:PAGE]] == MANY[:PAGE]
    (onward,) = first[PAGE:]
    assert "200" in onward.label
    seen: list[str] = []
    page = chosen(onward.data)
    while page is not None and page.page not in (0, 11):
        assert len(seen) == (page.page - 1) * PAGE
        shown = flat(rows(MARK, MANY, language, page=page.page))
        assert len(shown) <= 100 and all(len(button.data.encode()) <= LONGEST_DATA for button in shown)
        names = [one for one in shown if (choice := chosen(one.data)) and choice.sign]
        seen += [one.label for one in names]
        turns = [choice for one in shown if (choice := chosen(one.data)) and not choice.sign]
        assert turns[0].page == page.page - 1, "back"
        page = next((one for one in turns if one.page == page.page + 1), None)
    assert seen == sorted(MANY)


def test_a_page_that_is_not_there_any_more_is_the_last_one() -> None:
    assert rows(MARK, MANY, "es", page=9999) == rows(MARK, MANY, "es", page=10)
    assert flat(rows(MARK, ["ana"], "es", page=7))[0].label == "ana"


def test_long_names_stand_one_in_a_row() -> None:
    assert [len(row) for row in rows(MARK, ["x" * 17, "ana", "noa"], "es")] == [1, 1, 1]
    assert [len(row) for row in rows(MARK, ["x" * 16, "ana", "noa"], "es")] == [2, 1]


@pytest.mark.parametrize(
    "name",
    ["", "x" * (LONGEST_NAME + 1), "lu\u200bna", "a  b", " a", "a\nb", "\u202eana",
     "1234567890:AAExampleExampleExampleExampleExampl"],
)  # fmt: skip
def test_what_a_button_would_not_show_as_it_is_is_not_offered(name: str) -> None:
    assert not offered(name)


@pytest.mark.parametrize("name", ["victor", "año", "<b>x</b>", "a&b", "😀", "'; DROP", "שלום", "x" * LONGEST_NAME])
def test_other_names_are(name: str) -> None:
    assert offered(name) and signed(sign_of(name), ["ana", name]) == name


def test_a_modelo_that_is_gone_is_none() -> None:
    assert signed(sign_of("luna"), ["ana", "noa"]) == ""


@each("data", [
        None, 7, "", "assign:T7F3K2AB:" + "A" * 16, "2:assign:T7F3K2AB:" + "A" * 16, "1:assign:T7F3K2AB:luna",
        "1:assign:T7F3K2AB:" + "A" * 15, "1:assign:T7F3K2AB:" + "A" * 17, "1:assign:T7F3K2AB:" + "A" * 16 + "\n",
        "1:page:T7F3K2AB:-1", "1:page:T7F3K2AB:01", "1:page:T7F3K2AB:99999", "1:page:T7F3K2AB:١", "1:page:../../..:1",
        "1:retry:T7F3K2AB",
    ])  # fmt: skip
def test_a_forged_press_is_none(data: object) -> None:
    assert chosen(data) is None


@given(st.text(max_size=80))
def test_any_text_is_a_press_of_ours_or_none(data: str) -> None:
    found = chosen(data)
    said = (
        f"assign:{found.mark}:{found.sign}"
        if found and found.sign
        else f"page:{found.mark}:{found.page}"
        if found
        else ""
    )
    assert found is None or data == f"1:{said}"
