"""A commit is checked by the commands of `make lint`, and by no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_hooks_of_a_commit_are_the_commands_of_make_lint() -> None:
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    commands = [line.strip() for line in recipe[1].splitlines()]
    hooks = re.findall(r"^ +entry: (.+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hooks == commands


def test_every_tool_is_pinned() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    tools = [line for line in lines if line and not line.startswith("#")]
    assert [tool for tool in tools if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\d.]+", tool)] == []
