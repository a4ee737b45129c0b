"""With a real journald: what a reader finds there, with the sender that journald itself attests."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from systemd import journal

from tests.journal_fixtures import private_journald
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control

from .conftest import BOTS, DEADLINE, TOKEN, instrumented, venv

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("journalctl") is None, reason="no journald here")]


def test_a_download_in_the_journal(server: BotApiServer, control: Control, tmp_path: Path) -> None:
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    models, video = tmp_path / "modelos", tmp_path / "video.mp4"
    video.write_bytes(b"v" * 5000)
    control.file("name_of_bytes", video, number=950)
    control.video("name_of_bytes", 77, "Ana", token=TOKEN)
    with private_journald("instrument") as journald:
        env = {**instrumented(journald.run_dir / "socket", models), "LOCAL": "1", "PATH": "/usr/bin:/bin"}
        command = [python, str(BOTS / "ptb_bot.py"), server.url, TOKEN, str(models), str(server.api.files.directory)]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as bot:
            assert bot.wait(DEADLINE) == 0
        with journal.Reader(namespace="instrument") as reader:
            reader.add_match(_PID=str(bot.pid))
            found = _wait(reader, 3)
    assert [entry["TRAFICO_EVENTO"] for entry in found] == ["activo", "inicio", "fin"]
    assert all(entry["_TRANSPORT"] == "journal" and entry["TRAFICO_CONTRATO"] == "1" for entry in found)
    place = bytes(models) + b"/yic/a\xff\nTRAFICO_MODELO=otra.mp4"
    assert {bytes(entry["TRAFICO_DESTINO"]) for entry in found[1:]} == {place}
    assert {entry["TRAFICO_MODELO"] for entry in found[1:]} == {"yic"}
    assert found[2]["TRAFICO_ORIGEN"].endswith("/<TOKEN>/videos/file_950.mp4")


def _wait(reader: journal.Reader, count: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    end = time.monotonic() + 20
    while len(found) < count:
        assert time.monotonic() < end, found
        found += list(reader)
        reader.wait(0.1)
    return found
