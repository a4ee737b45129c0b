"""For all tests: Hypothesis' profiles; nothing is left behind; and secrets that one test has made known are none
of the next one's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import examples, leftovers  # noqa: F401 - `examples` loads the profile of Hypothesis
from tests.leftovers import Resources
from trafico_monitor.host import secret_shapes

leftovers.note_cancelled_tasks()

# Trees whose tests play with real processes, machines and their clocks. On a machine that is busy with other
# work a deadline may pass there once; a second failure is the code's. Each rerun is listed (`-rR`) at the end.
REAL_PROCESSES = {"component", "browser", "system", "chaos"}

# What fixtures hold until the end of their scope, by scope. A narrower scope must not take it for its own.
_HELD: dict[str, Resources] = {"module": Resources(), "session": Resources()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in REAL_PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
    before = leftovers.held() if fixturedef.scope in _HELD else Resources()
    made = yield
    if fixturedef.scope in _HELD:
        _HELD[fixturedef.scope] |= leftovers.held() - before
    return made


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_by_the_session() -> Iterator[None]:
    yield from leftovers.watched(Resources)


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_by_a_module() -> Iterator[None]:
    yield from leftovers.watched(lambda: _HELD["session"])


@pytest.fixture(autouse=True)
def _nothing_is_left_by_a_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("leaves"):
        yield
    else:
        yield from leftovers.watched(lambda: _HELD["session"] | _HELD["module"])


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    yield
    secret_shapes.forget()
