"""A short walk through every door, the same each time, and the kept cases. The long one is `make fuzz`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples

from .places import CORPUS
from .targets import NAMES, target

EXAMPLES = {"bot_api": 25, "http": 60, "rules": 40}


def kept(name: str) -> list[bytes]:
    """The cases that lead far inside."""
    return [case.read_bytes() for case in sorted((CORPUS / name).glob("*"))]


@pytest.fixture(scope="module", autouse=True)
def _doors() -> Iterator[None]:
    """Servers and loops that a door opens at its first use stay until the end of the module."""
    for name in NAMES:
        for case in kept(name):
            target(name).fuzz(case)
    yield
    for name in NAMES:
        with contextlib.suppress(AttributeError):
            target(name).close()


@pytest.mark.parametrize("name", NAMES)
def test_kept_cases_stay_solved(name: str) -> None:
    assert kept(name), "every door has cases"
    for case in kept(name):
        target(name).fuzz(case)


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes(name: str) -> None:
    door = target(name)

    @settings(
        max_examples=examples(EXAMPLES.get(name, 150)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(max_size=min(door.LONGEST, 600)))
    def walk(data: bytes) -> None:
        door.fuzz(data)

    walk()
