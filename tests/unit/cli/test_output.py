"""What is printed fits: nothing is lost by folding, a cut is shown, and a stranger's text is only text."""

from __future__ import annotations

import io
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.cli.output import COMMAND, counting, say, table

LETTERS = st.text(st.sampled_from("aé \u0301模🎬⚠\ufe0f\u200d漢�·"), max_size=120)
HOSTILE = "[red]x[/red] :warning: \x1b[31m\x07\x9b5n\u202e\r\u2028[link=file:///etc/passwd]y[/link] \\[b]"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def columns(line: str) -> int:
    """As terminals count them."""
    wide = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)
    return wide - sum(unicodedata.category(one) in ("Mn", "Me", "Cf") for one in line)


def shown(patch: pytest.MonkeyPatch, width: int, do: object, *, colours: bool = False) -> list[str]:
    """The lines that `do` prints on a terminal of so many columns."""
    screen = Screen()
    patch.setenv("COLUMNS", str(width))
    patch.setattr(sys, "stdout", screen)
    do()  # type: ignore[operator]
    said = screen.getvalue()
    return (said if colours else re.sub(r"\x1b\[[\d;]*m", "", said)).splitlines()


def cells(lines: list[str]) -> str:
    return "".join("".join(lines).split()).replace("\ufe0f", "").replace("\u200d", "�")


@given(LETTERS, st.integers(25, 90), st.sampled_from(["", "    "]))
def test_folding_fits_and_loses_nothing_but_blanks_where_it_breaks(said: str, width: int, below: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lines = shown(patch, width, lambda: say(said, below))
    assert all(columns(line) < min(width, 80) for line in lines)
    assert cells(lines) == cells([said])


def test_words_stay_whole_where_they_can_and_go_on_below(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 30, lambda: say("  uno dos tres cuatro cinco seis", "      "))
    assert lines == ["  uno dos tres cuatro cinco", "      seis"]
    assert shown(monkeypatch, 80, lambda: say("a  b")) == ["a  b"] and shown(monkeypatch, 80, lambda: say("")) == [""]


def test_what_is_to_be_copied_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    line = COMMAND + "sudo " + "x" * 300
    assert shown(monkeypatch, 40, lambda: say(line)) == [line]


@given(st.lists(st.tuples(LETTERS, LETTERS, LETTERS), min_size=1, max_size=5), st.integers(40, 120))
def test_a_table_fits_whatever_is_in_it(rows: list[tuple[str, str, str]], width: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        lines = shown(patch, width, lambda: table(rows, (5, 5, 0), right=(1,), cuttable=(0, 1)))
    assert all(columns(line) < width for line in lines)


def test_the_columns_of_a_table_stand_below_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("ID", "MODELO", "VIDEO"), ("1", "模特", "a.mp4"), ("22", "v" * 90, "b.mp4")]
    head, first, second = shown(monkeypatch, 80, lambda: table(rows, (10, 10, 0), cuttable=(1,)))
    assert first.startswith("1  模特 ") and second.startswith("22 vvv") and "…" in second
    assert columns(head.partition("VIDEO")[0]) == columns(first.partition("a.mp4")[0])
    assert columns(second) <= 79 and second.endswith(" b.mp4")


def test_a_last_column_without_room_goes_below_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("A" * 75, "MOTIVO"), ("b" * 70, "palabra " * 30), ("c" * 70, "")]
    lines = shown(monkeypatch, 80, lambda: table(rows, (70, 0)))
    assert lines[:2] == ["A" * 75, "    MOTIVO"] and lines[-1] == "c" * 70
    assert "".join(lines[3:-1]).split() == ["palabra"] * 30


def test_a_strangers_text_is_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the terminal nor rich obeys it: no escape, no direction, no markup, no emoji code."""
    told = shown(monkeypatch, 400, lambda: say(HOSTILE, most=None), colours=True)
    told += shown(monkeypatch, 400, lambda: table([("A", "B"), (HOSTILE, HOSTILE)], (1, 0)), colours=True)[1:]
    assert len(told) == 2
    for line in told:
        assert line.isprintable()
        assert "[red]x[/red] :warning: " in line and "[link=file:///etc/passwd]y[/link]" in line and "\\[b]" in line


def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("ID", "ESTADO"), ("1", "fallido")]
    with monkeypatch.context() as patch:
        assert any("\x1b[31mfallido" in line for line in shown(patch, 80, lambda: table(rows, (2, 0)), colours=True))
    with monkeypatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        assert not any("\x1b[3" in line for line in shown(patch, 80, lambda: table(rows, (2, 0)), colours=True))
    monkeypatch.setenv("FORCE_COLOR", "1")
    table(rows, (4, 0))
    assert capsys.readouterr().out == "ID   ESTADO\n1    fallido\n"


def test_what_is_no_terminal_gets_everything_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("x" * 300)
    table([("a", "b" * 99, "c")], (3, 3, 0), right=(0,), cuttable=(1,))
    assert capsys.readouterr().out == "x" * 300 + "\n  a " + "b" * 99 + " c\n"


def test_a_counter_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Screen(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with counting("replay.progress", "es") as seen:
            seen(12_345, 1_766_660_400.0)
        assert ("12,345 entradas leídas" in stream.getvalue()) is shown
