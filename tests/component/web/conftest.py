from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from .opened import Opened, opened


@pytest_asyncio.fixture
async def window(tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(tmp_path) as there:
        yield there
