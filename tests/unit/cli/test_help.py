"""`--help` teaches: in both languages, on 80 columns, each option with its words, each command with an example."""

from __future__ import annotations

import inspect
import io
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from trafico_monitor.cli import command_table, main
from trafico_monitor.cli.command_table import COMMANDS
from trafico_monitor.cli.parser import build
from trafico_monitor.messages import LANGUAGES
from trafico_monitor.model.fleet import MachineState
from trafico_monitor.model.incident import Estado

SERVICE = """
import sys
from trafico_monitor.cli import main
from trafico_monitor.host import hardening
def begin_log():  # called when the service has been imported, before it begins
    assert "trafico_monitor.daemon.service" in sys.modules
    print(*sorted({"rich", "rich_click", "jinja2"} & sys.modules.keys()), "end")
    sys.exit(0)
hardening.begin_log = begin_log
main.main(["run"])
"""


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LC_ALL", f"{request.param}.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    return str(request.param)


def test_the_words_that_are_offered_are_those_of_the_model() -> None:
    assert tuple(each.value for each in Estado) == command_table.ESTADOS
    assert {each.value for each in MachineState} == set(command_table.STATES)


def family(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command with those below it, each with its path."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from family(below, (*path, name))


def columns(line: str) -> int:
    """How wide a terminal shows it: a pictograph takes two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def helped(monkeypatch: pytest.MonkeyPatch, *path: str) -> str:
    """What `--help` shows on a terminal."""
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    assert main.main([*path, "--help"]) == 0
    return re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())


def test_it_fits_80_columns(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {path: helped(monkeypatch, *path) for path, _ in family(build())}
    assert {
        path: wide for path, said in shown.items() if (wide := [x for x in said.splitlines() if columns(x) > 80])
    } == {}


def test_every_command_and_parameter_says_what_it_is_for(language: str) -> None:
    silent = [path for path, each in family(build()) if not each.help or each.help.startswith("cli.")]
    silent += [
        (*path, str(one.name))
        for path, each in family(build())
        for one in each.params
        if re.fullmatch(r"|[\w.]*option\.[\w.]+", getattr(one, "help", None) or "")
    ]
    assert silent == []


def test_it_shows_how_each_command_is_called(language: str) -> None:
    shown = {name: each.epilog or "" for name, each in build().commands.items()}
    assert [name for name, said in shown.items() if "trafico-monitor" not in said and "0" not in said] == []


def test_spanish_is_spanish_throughout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "es_ES.UTF-8")
    english = re.compile("usage:|options:|arguments|show this message|commands:|required", re.IGNORECASE)
    for path, _ in family(build()):
        assert main.main([*path, "--help"]) == 0
        piped = capsys.readouterr().out
        with monkeypatch.context() as patch:
            assert english.search(piped + helped(patch, *path)) is None


def test_a_pipe_gets_neither_frames_nor_colours(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["incidents", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--estado ESTADO" in said and not re.search("[╭│\x1b]", said)
    assert [line for line in said.splitlines() if line.endswith(" ")] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("status --nope", "--nope"),
        ("staus", "status"),
        ("incidents --estado triste", "solucionado"),
        ("incidents --limit pocos", "--limit"),
        ("incidents --since", "--since"),
        ("retry", "ID"),
        ("retry A B", "B"),
        ("rules", "unknown"),
        ("notify prueba", "test"),
        ("silence --list --end X", "--list, --end"),
        ("setup --dry-run --undo", "--dry-run, --undo"),
    ],
)
def test_a_mistake_is_told_with_the_help_that_explains(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(words.split()) == 64
    said = capsys.readouterr()
    assert told in said.err and "--help" in said.err and said.out == ""


def test_without_words_it_teaches_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == 64
    assert "incidents" in capsys.readouterr().out


def test_every_function_of_the_table_takes_its_parameters() -> None:
    wrong = {}
    for path, entry in COMMANDS.items():
        module, _, function = entry.function.partition(":")
        called = getattr(import_module(f"trafico_monitor.cli.commands.{module}"), function)
        given = {str(each().name): None for each in entry.parameters}
        try:
            inspect.signature(called).bind(**given)
        except TypeError as error:
            wrong[path] = str(error)
    assert wrong == {}


def test_the_service_imports_nothing_that_is_made_for_people() -> None:
    done = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "end\n"


def test_what_is_asked_often_imports_little(tmp_path: Path) -> None:
    """`status` into a pipe needs neither rich nor what only the service or a page of help does."""
    config = tmp_path / "config.toml"
    config.write_text(f'[paths]\nstate = "{tmp_path}"\n')
    script = (
        f"import sys; from trafico_monitor.cli.main import main; main(['status', '--config', {str(config)!r}]);"
        "print(*sorted({'rich', 'jinja2', 'http.client', 'trafico_monitor.notify', 'trafico_monitor.daemon',"
        " 'trafico_monitor.prediction'}"
        " & sys.modules.keys()), 'end')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "end\n"
