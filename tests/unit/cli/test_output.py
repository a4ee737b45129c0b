"""What is printed fits: nothing is lost by folding, a cut is shown, columns are counted as terminals do."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.cli import output
from trafico_monitor.cli.output import columns, cut, fold, say, table

LETTERS = st.text(st.sampled_from("aé \u0301模🎬⚠\ufe0f\u200d漢�·"), max_size=120)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", Screen())


@pytest.mark.parametrize(
    ("said", "wide"),
    [("", 0), ("año", 3), ("an\u0303o", 3), ("模特", 4), ("🎬", 2), ("⚠️", 2), ("✅ ya", 5), ("a\u200db", 2), ("ﾊ", 1)],
)
def test_columns_are_those_of_a_terminal(said: str, wide: int) -> None:
    assert columns(said) == wide


@given(LETTERS, st.integers(10, 80), st.sampled_from(["", "    "]))
def test_folding_fits_and_loses_nothing_but_blanks_where_it_breaks(said: str, width: int, below: str) -> None:
    lines = fold(said, width, below)
    assert all(columns(line) <= width for line in lines) and lines
    assert "".join("".join(lines).split()) == "".join(said.split())


@given(LETTERS, st.integers(2, 80))
def test_a_cut_fits_and_is_shown(said: str, width: int) -> None:
    short = cut(said, width)
    assert columns(short) <= width
    assert short == said or (short.endswith("…") and said.startswith(short[:-1]))


def test_words_stay_whole_where_they_can_and_go_on_below() -> None:
    assert fold("  uno dos tres", 9, "    ") == ["  uno dos", "    tres"]
    assert fold("a  b", 80) == ["a  b"] and fold("", 80) == [""]
    assert fold("abcdefgh", 4, "  ") == ["abcd", "  ef", "  gh"]


@given(st.lists(st.tuples(LETTERS, LETTERS, LETTERS), min_size=1, max_size=5))
def test_a_table_fits_whatever_is_in_it(rows: list[tuple[str, str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        on_80_columns(patch)
        lines = table(rows, (5, 5, 0), right=(1,), cuttable=(0, 1))
    assert all(columns(line) < 80 for line in lines)


def test_the_columns_of_a_table_stand_below_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    on_80_columns(monkeypatch)
    rows = [("ID", "MODELO", "VIDEO"), ("1", "模特", "a.mp4"), ("22", "v" * 90, "b.mp4")]
    head, first, second = table(rows, (10, 10, 0), cuttable=(1,))
    assert first.startswith("1  模特 ") and second.startswith("22 vvv") and "…" in second
    assert columns(head.partition("VIDEO")[0]) == columns(first.partition("a.mp4")[0])
    assert columns(second) <= 79 and second.endswith(" b.mp4")


def test_a_last_column_without_room_goes_below_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    on_80_columns(monkeypatch)
    rows = [("A" * 75, "MOTIVO"), ("b" * 70, "palabra " * 30), ("c" * 70, "")]
    lines = table(rows, (70, 0))
    assert lines[:2] == ["A" * 75, "    MOTIVO"] and lines[-1] == "c" * 70
    assert "".join(lines[3:-1]).split() == ["palabra"] * 30


def test_what_is_no_terminal_gets_everything_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("x" * 300)
    assert capsys.readouterr().out == "x" * 300 + "\n"
    assert table([("a", "b" * 99, "c")], (3, 3, 0), right=(0,), cuttable=(1,)) == ["  a " + "b" * 99 + " c"]
    assert output.width_of() is None
