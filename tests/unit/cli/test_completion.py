"""Completion of the three shells, by the files that the package installs and the program as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "packaging" / "completion"
SECONDS = 60
BASH = """
source {folder}/trafico-monitor
COMP_WORDS=(trafico-monitor {words}); COMP_CWORD={count}
_trafico_monitor_completion trafico-monitor; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = "source {folder}/trafico-monitor.fish; complete -C 'trafico-monitor {words}'"
# A terminal of zsh's own, in which the line is typed and TAB is pressed: what it then holds is printed.
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; bindkey "^I" complete-word'
zpty -w shell 'show() {{ print -r -- "<<$BUFFER>>"; exit }}; zle -N show; bindkey "^X^X" show; print re""ady'
zpty -r shell said '*ready*'
zpty -n -w shell 'trafico-monitor {words}'$'\\t\\x18\\x18'
zpty -r shell said '*<<*>>*'
print -r -- $said
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`trafico-monitor` on the PATH, as installed."""
    file = tmp_path / "trafico-monitor"
    file.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m trafico_monitor "$@"\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


def offered(shell: str, script: str, *words: str) -> str:
    typed = " ".join(repr(word) if shell == "bash" else word for word in words)
    command = script.format(folder=FOLDER, words=typed, count=len(words))
    environment = {**os.environ, "HOME": "/nonexistent", "TERM": "dumb"}
    done = subprocess.run(
        [shell, *(["-f"] if shell == "zsh" else []), "-c", command],
        capture_output=True, text=True, timeout=SECONDS, check=True, env=environment,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (("se",), {"setup"}),
        (("rules", "l"), {"list", "lint"}),
        (("incidents", "--estado", "f"), {"fallido"}),
        (("incidents", "--type", "disco"), {"disco_lleno"}),
        (("rules", "list", "--config", "x", "--ru"), {"--rules"}),
        (("setup", "--un"), {"--unit", "--undo"}),
        (("setup", "--user", ""), set()),
    ],
)
def test_bash_offers_what_fits(words: tuple[str, ...], fits: set[str]) -> None:
    assert set(offered("bash", BASH, *words).split()) == fits


def test_fish_offers_a_command_with_its_words_and_an_option() -> None:
    lines = offered("fish", FISH, "rules", "l").splitlines()
    assert {line.split("\t")[0] for line in lines} == {"list", "lint"}
    assert "the rules" in lines[0] + lines[1]
    assert [line.split("\t")[0] for line in offered("fish", FISH, "setup", "--und").splitlines()] == ["--undo"]


def test_zsh_completes_a_command_and_an_option() -> None:
    assert "<<trafico-monitor setup" in offered("zsh", ZSH, "se")
    assert "<<trafico-monitor setup --undo" in offered("zsh", ZSH, "setup", "--und")


@pytest.mark.parametrize(("shell", "file"), [("bash", "trafico-monitor"), ("zsh", "_trafico-monitor")])
def test_it_is_good_shell(shell: str, file: str) -> None:
    subprocess.run([shell, "-n", str(FOLDER / file)], check=True, timeout=SECONDS)
