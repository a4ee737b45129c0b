"""A download that says nothing any more, as the running service finds it: once, restarts or not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.journal_fixtures import Line, wait_until, write_journal

from .running import RunningService

pytestmark = pytest.mark.slow

COPYING = "INFO:__main__:📥 Copiando desde: /var/lib/telegram-bot-api/videos/file_3.mp4"
DONE = "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"
POLL = 'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getUpdates "HTTP/1.1 200 OK"'


def timeouts(home: Path) -> set[str]:
    file = home / "logs" / "descarga_errors.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return {one["incidente"] for one in found if one["error_type"] == "timeout"}


def test_it_is_found_once_over_restarts(tmp_path: Path) -> None:
    journal, now = tmp_path / "journal", time.time()
    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", now - 7200)])
    with RunningService(tmp_path, directory=journal):
        pass
    write_journal(journal / "b.journal", [Line(COPYING, now - 3600)], boot="d" * 32)
    with RunningService(tmp_path, directory=journal) as service:
        wait_until(lambda: timeouts(tmp_path), "its silence is an incident")
        wait_until(lambda: "file_3.mp4" in (tmp_path / "logs/descarga_errors.json").read_text(), "with its last line")
        assert "sin terminar ni fallar" in (tmp_path / "logs/descarga_errors.json").read_text()
    with RunningService(tmp_path, directory=journal) as service:
        wait_until(lambda: service.status()["running"], "it runs again")
        assert len(timeouts(tmp_path)) == 1


def test_no_silence_is_found_before_the_backlog_is_read(tmp_path: Path) -> None:
    """Stopped before a download, started again an hour after it has ended well: several batches
    lie between its beginning and its end."""
    journal, then = tmp_path / "journal", time.time() - 3600
    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", then - 1)])
    with RunningService(tmp_path, directory=journal):
        pass
    polls = [Line(POLL, then + n / 100) for n in range(1, 9000)]
    write_journal(journal / "b.journal", [Line(COPYING, then), *polls, Line(DONE, then + 100)], boot="d" * 32)
    with RunningService(tmp_path, directory=journal) as service:
        wait_until(lambda: "Descarga exitosa" in service.log, "the end is read")
        assert not timeouts(tmp_path)
