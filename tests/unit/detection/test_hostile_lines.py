"""However a line is made, taking it in and deciding about it costs no more than its length."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

import trafico_monitor.detection
from tests.cases import each
from tests.growth import Work, assert_linear
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.host.torn import LineRedactor
from trafico_monitor.journal.parser import bot_entry

SIZES = (1024, 4096, 16 * 1024)  # characters; a message of Telegram has 4096, the reader takes MESSAGE_LIMIT
MOST = 200  # references that the longest may take. None takes 70; of a phrase, far from what it is about, 500 once
PREFIXES = ("", "ERROR:__main__:❌ Error al copiar archivo: ", "INFO:__main__:💬 Mensaje: ", "Timed out file_path=")
PIECES = (
    "/telegram-bot-api/", "/telegram-bot-api/a.mp4 ", "/<TOKEN>/", "/1234567890:AAExampleExampleExampleExampleExamp",
    ".mp4", ".mp4 ", "a.mp4,", "'a.mp4' ", "'", '"', "[", "[]", "(", "{\"a\":", "1", "12345:", ".", "/", "\\", "-",
    ":",
    "=", " ", "\t", "a\n", "a", "error ", "timed out ", "[Errno 13] ", "Permission denied: '", "bytes ", "modelos/",
    "modelos/a ", "modelos/a/b.mp4 ", "Traceback ", "2026-01-01 10:10:10 ", "%41", "%", "%25", "\\u0041", "\\x41",
    "&#65;",
    "&amp;", "\x1b[31m", "\x1b", "\x1b]", "\x9b", "⚠️", "\u200b", "│ ", "╭", "1234567890:", "password=", "token: ",
    "eyJ",
    "a@", "://", "<", "<tok", "%3C", "cookie:a=", "authorization: ", "Bearer ", "-----BEGIN PRIVATE KEY-----", "é",
    "❌ ", "password:", "token={", "pass:;", "12345:" + "A" * 35 + "\x1b[31m", "not up ", "no existe ",
)  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Detector:
    folder = Path(trafico_monitor.detection.__file__).parent / "rules"
    return Detector(load({file.name: file.read_text() for file in folder.glob("*.toml")}))


@each("piece", PIECES)
def test_a_hostile_line(piece: str, detector: Detector) -> None:
    def work(prefix: str, size: int) -> Work:
        raw = (prefix + piece * size)[:size].encode("utf-8", "surrogatepass")
        detector.restore({})
        door = LineRedactor()
        return lambda: detector.feed(bot_entry(raw, 7, 1000.0, "c", door=door.line))

    for prefix in PREFIXES:
        assert_linear(partial(work, prefix), *SIZES, most=MOST)
