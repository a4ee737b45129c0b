"""For all tests: no example has a deadline of its own, for the machine may be busy; and secrets that one
test has made known are none of the next one's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from trafico_monitor.host import secret_shapes

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    yield
    secret_shapes.forget()
