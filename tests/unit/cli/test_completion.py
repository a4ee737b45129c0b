"""Shell completion is that of the command line as it is now."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "packaging" / "completion"


def test_it_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # put back afterwards: the script sets it
    written = runpy.run_path(str(ROOT / "packaging/completion.py"))["written"]()
    stale = [path.name for path, content in written.items() if path.read_text() != content]
    assert stale == [], "call: make completion"


def complete(*words: str) -> set[str]:
    script = (
        f"source {FOLDER}/trafico-monitor; COMP_WORDS=(trafico-monitor {' '.join(repr(word) for word in words)});"
        f" COMP_CWORD={len(words)}; _trafico_monitor; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=True)
    return set(said.stdout.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("se",), {"setup"}),
        (("rules", "l"), {"list", "lint"}),
        (("incidents", "--estado", "f"), {"fallido"}),
        (("incidents", "--type", "disco"), {"disco_lleno"}),
        (("--config", "x", "setup", "--un"), {"--unit", "--undo"}),
        (("setup", "--user", ""), set()),
    ],
)
def test_bash_offers_what_fits(words: tuple[str, ...], offered: set[str]) -> None:
    assert complete(*words) == offered


def test_fish_offers_the_same() -> None:
    source = f"source {FOLDER}/trafico-monitor.fish; complete -C 'trafico-monitor rules l'"
    said = subprocess.run(["fish", "-c", source], capture_output=True, text=True, timeout=30, check=True,
                          env={"PATH": "/usr/bin:/bin", "LANG": "en_GB.UTF-8", "HOME": "/nonexistent"})  # fmt: skip
    assert {line.split("\t")[0] for line in said.stdout.splitlines()} == {"list", "lint"}
    assert "the rules" in said.stdout


@pytest.mark.parametrize(("shell", "file"), [("bash", "trafico-monitor"), ("zsh", "_trafico-monitor")])
def test_it_is_good_shell(shell: str, file: str) -> None:
    subprocess.run([shell, "-n", str(FOLDER / file)], check=True, timeout=30)
