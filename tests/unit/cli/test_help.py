"""`--help` teaches: in both languages, on 80 columns, each option with its words, each command with an example."""

from __future__ import annotations

import argparse
import unicodedata
from collections.abc import Iterator

import pytest

from trafico_monitor.cli import main
from trafico_monitor.messages import LANGUAGES

CASES = [(language, command) for language in LANGUAGES for command in ("", *main.COMMANDS)]


@pytest.fixture
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    language, command = request.param
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    whole = main._parser([command])
    return commands(whole)[command] if command else whole


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands (or of a command's own commands), by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def family(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for inner in commands(parser).values():
        yield from family(inner)


def columns(line: str) -> int:
    """How wide a terminal shows it: a pictograph takes two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.mark.parametrize("parser", CASES, indirect=True, ids=lambda case: "-".join(case))
def test_it_fits_80_columns(parser: argparse.ArgumentParser) -> None:
    assert [line for each in family(parser) for line in each.format_help().splitlines() if columns(line) > 80] == []


@pytest.mark.parametrize("parser", CASES, indirect=True, ids=lambda case: "-".join(case))
def test_every_option_says_what_it_is_for(parser: argparse.ArgumentParser) -> None:
    silent = [
        (each.prog, action.option_strings or action.dest)
        for each in family(parser)
        for action in each._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert silent == []


@pytest.mark.parametrize("parser", CASES, indirect=True, ids=lambda case: "-".join(case))
def test_it_shows_how_it_is_called(parser: argparse.ArgumentParser) -> None:
    assert "trafico-monitor" in (parser.epilog or "") or "0" in (parser.epilog or "")


@pytest.mark.parametrize("parser", [case for case in CASES if case[0] == "es"], indirect=True, ids=lambda c: c[1])
def test_spanish_is_spanish_throughout(parser: argparse.ArgumentParser) -> None:
    shown = parser.format_help()
    for word in ("usage:", "options:", "positional arguments", "show this help"):
        assert word not in shown


def test_a_mistake_names_the_help_that_explains(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["status", "--nope"])
    assert ended.value.code == 64
    assert "--help" in capsys.readouterr().err
