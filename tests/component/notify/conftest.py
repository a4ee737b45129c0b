from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# `tests.standin` must be found also when pytest is not started as a module from the root.
sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.standin.bot_api import BotApiServer

ADMIN = 123456789


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BotApiServer]:
    """A Bot API server on loopback in which the administrator's chat exists."""
    with BotApiServer(tmp_path / "files", control_port=0) as running:
        running.api.add_chat({"id": ADMIN})
        yield running
