"""Nothing of the tests may land in the directories of an installed package: another test would find it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

PLACES = tuple(Path(base) / "trafico-monitor" for base in ("/var/lib", "/var/log", "/run"))


@pytest.fixture(autouse=True)
def _no_directory_of_an_installation_is_made() -> Iterator[None]:
    before = [place for place in PLACES if place.exists()]
    yield
    assert [place for place in PLACES if place.exists()] == before
