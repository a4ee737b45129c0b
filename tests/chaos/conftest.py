"""Chaos at its full size by `make chaos`, or scaled down: CHAOS_SCALE=0.04 is what `make test` runs.

Every experiment writes what it saw to build/chaos.json (a short run to build/chaos-short.json: it proves
less, and must not replace what a full one has shown); report.py makes docs/reliability.md of it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..system.conftest import package, workshop  # noqa: F401  (fixtures)
from ..system.machine import REPOSITORY, booted
from .field import Field, build

SCALE = float(os.environ.get("CHAOS_SCALE", "1"))
RESULTS = REPOSITORY / "build" / ("chaos.json" if SCALE >= 1 else "chaos-short.json")
RELEASE = os.environ.get("CHAOS_RELEASE", "trixie")

Note = Callable[..., None]


def scaled(number: int, least: int = 1) -> int:
    """`number` in a full run, less in a short one."""
    return max(least, round(number * SCALE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.machine)


@pytest.fixture(scope="module")
def field(package: Path) -> Iterator[Field]:  # noqa: F811
    with booted(RELEASE) as machine:
        yield build(machine, package)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Write down what an experiment was, what had to hold, and what was seen."""

    began = time.monotonic()

    def write(what: str, **seen: Any) -> None:
        RESULTS.parent.mkdir(exist_ok=True)
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[f"{RELEASE} {request.path.name} {request.node.name}"] = {
            "what": what,
            "release": RELEASE,
            "scale": SCALE,
            "at": time.strftime("%Y-%m-%d %H:%M"),
            "took": round(time.monotonic() - began),
            "load": round(os.getloadavg()[0], 1),
            "seen": seen,
        }
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")

    return write
