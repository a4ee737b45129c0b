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
# work a deadline may pass there; a third failure is the code's. Each rerun is listed (`-rR`) at the end. The same
# holds for a module that measures time by `tests/growth`.
REAL_PROCESSES = {"component", "browser", "system", "chaos"}

# Trees whose tests must leave nothing behind in this process. The others drive a browser or machines, which serve
# a whole session.
WATCHED = {"unit", "component", "fuzz"}

# What fixtures hold until the end of their scope, by scope. A narrower scope must not take it for its own.
_HELD: dict[str, Resources] = {"module": Resources(), "session": Resources()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        measures = isinstance(item, pytest.Function) and hasattr(item.module, "assert_linear")
        if measures or item.path.relative_to(here).parts[0] in REAL_PROCESSES:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
    before = leftovers.held() if fixturedef.scope in _HELD else Resources()
    made = yield
    if fixturedef.scope in _HELD:
        _HELD[fixturedef.scope] |= leftovers.held() - before
    return made


def _watched(request: pytest.FixtureRequest) -> bool:
    return request.path.relative_to(Path(__file__).parent).parts[0] in WATCHED


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_by_a_module(request: pytest.FixtureRequest) -> Iterator[None]:
    if _watched(request):
        yield from leftovers.watched(lambda: _HELD["session"])
    else:
        yield


@pytest.fixture(autouse=True)
def _nothing_is_left_by_a_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if _watched(request) and not request.node.get_closest_marker("leaves"):
        yield from leftovers.watched(lambda: _HELD["session"] | _HELD["module"])
    else:
        yield


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    yield
    secret_shapes.forget()
