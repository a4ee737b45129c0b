"""No line of the bot stops the service, whatever escapes of it become text that nothing can store or send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from trafico_monitor.store.read_repository import Queries

from .running import RunningService

pytestmark = pytest.mark.slow

FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"
ESCAPES = (r"\ud800", r"\udfff", r"\udc00\ud800", r"\ud83d\ude00", r"\u0000", r"\u001b[31m", r"\u2028", r"\\ud800")
TRACE = r"Traceback (most recent call last):\n  File \"a.py\", line 1, in b\nhttpx.ReadTimeout: "
WORDS = "❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/lu{0}na/{0}{1}.mp4'"


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"hostile{os.getpid()}") as running:
        yield running


def records(escape: str, number: int) -> list[str]:
    said = WORDS.format(escape, number)
    head = f'"level": "error", "logger": "{escape}", "timestamp": "2026-01-01T00:00:00Z", "{escape}": "{escape}"'
    return [
        f'{{{head}, "event": "{said}", "exc_info": "{TRACE}{escape}"}}',
        f'{{{head}, "message": "{said}", "modelo": "{escape}", "error": ["{escape}"], "lineno": {"9" * 3000}}}',
        f'{{{head}, "message": "{said}',  # cut off
        f'level=error logger="{escape}" msg="{said}" modelo="{escape}" error="{escape}"',
        f"ERROR:__main__:{said}",
    ]


def test_the_service_goes_on(tmp_path: Path, journald: PrivateJournald) -> None:
    with BotProcess(journald) as bot, RunningService(tmp_path, journald.name) as service:
        for number, escape in enumerate(ESCAPES):
            bot.say(*records(escape, number))
        for size in ("9" * 3000, "1e999", "-1", "\u0664", "NaN"):
            fields = {
                "TRAFICO_EVENTO": b"error",
                "TRAFICO_FILE_SIZE": size.encode(),
                "TRAFICO_VIDEO": b"\xed\xa0\x80.mp4",
            }
            bot.send(
                [
                    ("MESSAGE", b"\xff\xed\xa0\x80"),
                    ("TRAFICO_MODELO", b"\xff"),
                    ("TRAFICO_DESTINO", b"\xed\xa0\x80"),
                    *fields.items(),
                ]
            )
        bot.say(FULL.format("last"))
        wait_until(lambda: "last.mp4" in service.log or service.process.poll() is not None, "it goes on", 60)
        assert service.process.poll() is None, (tmp_path / "output").read_text()[-3000:]
        with Queries(tmp_path / "state") as stored:
            assert len(stored.incidents(limit=100)) > len(ESCAPES)
        assert "Traceback" not in service.command("incidents") and service.status()["running"] is True
        assert "Traceback" not in service.command("report")
    assert service.process.returncode == 0
    assert "Traceback" not in (tmp_path / "output").read_text()
