"""For all tests: no example has a deadline of its own, for the machine may be busy; and secrets that one
test has made known are none of the next one's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from trafico_monitor.host import secret_shapes

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


# Trees whose tests play with real processes, machines and their clocks. On a machine that is busy with other
# work a deadline may pass there once; a second failure is the code's. Each rerun is listed (`-rR`) at the end.
REAL_PROCESSES = {"component", "browser", "system", "chaos"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in REAL_PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    yield
    secret_shapes.forget()
