"""What the stand-in's own tests share: a server with a control port, and small videos."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:  # `tests` is no installed package
    sys.path.insert(0, str(ROOT))

from tests.standin import media  # noqa: E402
from tests.standin.bot_api import BotApiServer  # noqa: E402
from tests.standin.control import Control  # noqa: E402


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A directory that another user can enter too (pytest's own are 0700)."""
    directory = Path(tempfile.mkdtemp(prefix="standin-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def video(ground: Path) -> Path:
    return media.video(ground / "media", seconds=1)


@pytest.fixture(scope="module")
def server(ground: Path) -> Iterator[BotApiServer]:
    with BotApiServer(ground / "telegram-bot-api", control_port=0) as server:
        yield server


@pytest.fixture
def control(server: BotApiServer) -> Iterator[Control]:
    control = Control(server.control_url)
    yield control
    control.up()
    control.clear()
