"""`make audit` never says that all is well when nobody was asked. pip-audit itself is played: it needs a network."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[2] / "packaging/audit"
FOUND = """{"dependencies": [{"name": "h11", "vulns": [{"id": "GHSA", "aliases": ["CVE-2025-43859"]}]}]}"""
NOTHING = """{"dependencies": [{"name": "h11", "vulns": []}]}"""
SKIPPED = """{"dependencies": [{"name": "h11", "skip_reason": "could not be audited"}]}"""


def run(folder: Path, first: tuple[str, int], then: int) -> tuple[int, str]:
    """The exit status, and what was said on standard error. `first` is what the question about the known version
    gets, `then` the exit status of the one about the list."""
    player = folder / "pip-audit"
    answer, status = first
    player.write_text(
        f'#!/bin/sh\ncase "$*" in *vendor.txt) exit {then};; esac\nprintf %s {shlex.quote(answer)}\nexit {status}\n'
    )
    player.chmod(0o755)
    done = subprocess.run([AUDIT, player, "vendor.txt"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@pytest.mark.parametrize("then", [0, 1])
def test_where_advisories_are_known_the_list_decides(tmp_path: Path, then: int) -> None:
    assert run(tmp_path, (FOUND, 1), then) == (then, "")


@pytest.mark.parametrize(
    "first", [(NOTHING, 0), (SKIPPED, 0), ("", 1)], ids=["a mirror without advisories", "not found", "no network"]
)
def test_without_advisories_it_fails_and_says_so(tmp_path: Path, first: tuple[str, int]) -> None:
    status, said = run(tmp_path, first, 0)
    assert status == 1
    assert "no advisories to be had" in said


def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    done = subprocess.run([AUDIT, tmp_path / "none", "vendor.txt"], capture_output=True, timeout=60)
    assert done.returncode == 1
