"""What one test has made known as a secret is none of the next one's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trafico_monitor.host import secret_shapes


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    yield
    secret_shapes.forget()
