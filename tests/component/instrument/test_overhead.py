"""What a hooked call costs. The figures are benchmarks/instrument.py's; here is only that they stay in their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import BOTS, Ear, instrumented, run

pytestmark = pytest.mark.slow

MOST = 250.0  # microseconds of CPU on a machine that does five other things: the bar is 50 on a quiet one


def test_a_call_costs_little(ptb: str, ear: Ear, tmp_path: Path) -> None:
    models = tmp_path / "modelos"
    done = run([ptb, str(BOTS / "overhead.py"), str(models)], ear, instrumented(ear.path, models))
    assert done.err == ""
    taken = json.loads(done.out)
    assert taken["get_file"] < MOST
    assert taken["copy2"] < MOST
    assert taken["another_copy"] < MOST / 10
    assert {event["TRAFICO_EVENTO"] for event in done.events} == {"activo", "inicio", "copiando", "fin"}
