"""`status` says how the bot's downloads are known, also after a restart of the monitor."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until

from .running import RunningService

pytestmark = pytest.mark.slow

ACTIVE = [
    ("MESSAGE", "👀 Descargas observadas: telegram 22.5"), ("PRIORITY", "6"), ("TRAFICO_EVENTO", "activo"),
    ("SYSLOG_IDENTIFIER", "trafico-instrument"), ("TRAFICO_CONTRATO", "1"), ("TRAFICO_BIBLIOTECA", "telegram 22.5"),
]  # fmt: skip


@pytest.fixture
def home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="trafico-exact-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"exact{os.getpid()}") as running:
        yield running


def test_exact_or_from_text_only(home: Path, journald: PrivateJournald) -> None:
    with BotProcess(journald) as bot:
        with RunningService(home, journald.name) as service:
            assert service.status()["reporting"] == {"exact": False, "library": None, "foreign": None}
            assert "solo por el texto" in service.command("status")
            bot.say("INFO:__main__:TRAFICO_EVENTO=activo TRAFICO_CONTRATO=1")
            bot.send(ACTIVE)
            known = {"exact": True, "library": "telegram 22.5", "foreign": None}
            wait_until(lambda: service.status()["reporting"] == known, "it is exact", 30)
            assert "exacto: informa el bot (telegram 22.5)" in service.command("status")
        with RunningService(home, journald.name) as service:
            wait_until(lambda: service.status()["reporting"] == known, "it still is", 30)
