"""The trial's timeline is the mission's: its marks, its clock, and nothing of the bot's chatter."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from trafico_monitor.host.journal_writer import MESSAGE_IDS
from trafico_monitor.trial.timeline import Counted, line_of

UNIT = "trafico-main.service"
AT = datetime(2025, 12, 25, 14, 30, 20).astimezone()
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"


def entry(message: object, **fields: object) -> bytes:
    stamp = str(int(AT.timestamp() * 1_000_000))
    return json.dumps({"__REALTIME_TIMESTAMP": stamp, "MESSAGE": message, **fields}).encode()


def bots(message: object) -> str | None:
    line = line_of(entry(message, _SYSTEMD_UNIT=UNIT), UNIT)
    return None if line is None else line.shown()


def test_the_bots_line_as_the_mission_shows_it() -> None:
    assert bots("🤖 Iniciando Bot Central...") == "[14:30:20] [MAIN] 🤖 Iniciando Bot Central..."
    assert bots("INFO:__main__:✅ Video recibido: x.mp4") == "[14:30:20] [MAIN] ✅ Video recibido: x.mp4"


def test_the_monitors_line_has_no_mark() -> None:
    line = line_of(entry("✅ Descarga exitosa: 250 MB", SYSLOG_IDENTIFIER="trafico-monitor"), UNIT)
    assert line is not None
    assert line.shown() == "[14:30:20] ✅ Descarga exitosa: 250 MB"


@pytest.mark.parametrize(
    "message", [f"INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates", "", "  ", "INFO:x:"]
)
def test_chatter_and_emptiness_are_left_out(message: str) -> None:
    assert bots(message) is None


def test_a_warning_of_httpx_is_news() -> None:
    assert bots("WARNING:httpx:slow") == "[14:30:20] [MAIN] slow"


def test_no_token_and_no_terminal_sequence_is_shown() -> None:
    shown = bots(f"ERROR:__main__:\x1b[31m{TOKEN}\x07")
    assert shown is not None
    assert TOKEN not in shown
    assert shown.isprintable()


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    assert bots([0xC3, 0x28, ord("a")]) == "[14:30:20] [MAIN] \N{REPLACEMENT CHARACTER}(a"


def test_a_line_without_an_end_is_cut() -> None:
    assert len(bots("x" * 100_000) or "") < 600


@pytest.mark.parametrize(
    "raw", [b"", b"nonsense", b"[]", b'{"MESSAGE": "x"}', entry("x", _SYSTEMD_UNIT="cron.service")]
)
def test_what_is_nobodys_is_passed_over(raw: bytes) -> None:
    assert line_of(raw, UNIT) is None


def test_the_monitors_events_are_counted() -> None:
    counted = Counted()
    for event in ("download_done", "download_done", "service_stopping"):
        line = line_of(entry("x", SYSLOG_IDENTIFIER="trafico-monitor", MESSAGE_ID=MESSAGE_IDS[event]), UNIT)
        assert line is not None
        counted.take(line)
    assert (counted.of("download_done"), counted.of("incident_failed")) == (2, 0)
