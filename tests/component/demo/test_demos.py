"""The demos, as `make demo` and `make demo-fleet` play them, end as they promise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
SECONDS = 180  # what is promised


@pytest.mark.parametrize("play", [[], ["demo.fleet"]], ids=["demo", "demo-fleet"])
def test_a_demo_ends_well(play: list[str]) -> None:
    command = ["/usr/bin/python3", "-B", "-m", "demo", *play]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "❌" not in done.stdout.splitlines()[-1]
