"""What is read out of the frames of callers, on every Python from 3.9 to 3.13 that is here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import BOTS, Ear, instrumented, interpreters, run

pytestmark = pytest.mark.slow

ONE = ["yic/a.mp4"]
FOUND = {
    "text": ONE,
    "path": ["yic", "yic/a.mp4"],
    "of_bytes": ["yic/a\\udcff.mp4"],
    "relative": ["eva/a.mp4"],
    "words": [],
    "outside": [],
    "in_a_closure": ONE,
    "of_a_caller": ONE,
    "the_nearest": ["near/a.mp4"],
    "of_a_class_body": [],
    "of_a_coroutine": ONE,
    "of_a_generator": ONE,
    "deleted": [],
    "lets_go": [ONE, 1],
    "follows_locals": [ONE, "/yic/a.mp4"],
    "deep": [ONE, []],
    "long_and_strange": [],
    "of_the_module": [],
    "roots": 1,
}


@pytest.mark.parametrize("version", interpreters())
def test_paths_and_nothing_else_are_read_out(version: str, ear: Ear, tmp_path: Path) -> None:
    models = tmp_path / "modelos"
    models.mkdir()
    command = [interpreters()[version], "-bb", "-W", "error", str(BOTS / "frames.py"), str(models)]
    done = run(command, ear, instrumented(ear.path, models), tmp_path)
    assert done.err == ""
    found = json.loads(done.out)
    view = tuple(map(int, version.split("."))) >= (3, 13)
    assert found.pop("keeps_locals") == [ONE if view else [], ["before"], "x"]
    assert found.pop("under_a_debugger") == [ONE if view else [], "/yic/a.mp4"]
    assert found == FOUND
