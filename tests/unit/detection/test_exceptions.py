"""The exception that ended a download decides, by class, errno, text and chain, of which type its failure is."""

from __future__ import annotations

import pytest

from tests.cases import each
from trafico_monitor.detection.reported_downloads import LONGEST_WAIT, classify
from trafico_monitor.detection.ruleset.engine import RuleSet

from .test_lines import rules  # noqa: F401


# As python-telegram-bot 20.8 to 22.5, aiogram 3 and pyrogram 2 raise them, named as the instrumentation does.
@each(
    ("name", "text", "more", "kind", "cause"),
    [
        ("telegram.error.TimedOut", "TimedOut: Timed out", {}, "timeout", ""),
        (
            "telegram.error.TimedOut",
            "TimedOut: Timed out",
            {"TRAFICO_CADENA": "telegram.error.TimedOut < httpx.ReadTimeout < httpcore.ReadTimeout < TimeoutError"},
            "timeout",
            "",
        ),
        ("asyncio.exceptions.TimeoutError", "TimeoutError: ", {}, "timeout", ""),
        ("TimeoutError", "TimeoutError: ", {}, "timeout", ""),
        (
            "telegram.error.NetworkError",
            "NetworkError: httpx.ConnectError: All connection attempts failed",
            {
                "TRAFICO_ERRNO": "111",
                "TRAFICO_CADENA": "telegram.error.NetworkError < httpx.ConnectError < ConnectionRefusedError",
            },
            "servidor_caido",
            "",
        ),
        (
            "telegram.error.NetworkError",
            "NetworkError: httpx.RemoteProtocolError: Server disconnected without sending a response.",
            {"TRAFICO_CADENA": "telegram.error.NetworkError < httpx.RemoteProtocolError"},
            "servidor_caido",
            "",
        ),
        (
            "PermissionError",
            "PermissionError: [Errno 13] Permission denied: '/x'",
            {"TRAFICO_ERRNO": "13"},
            "permisos",
            "",
        ),
        (
            "FileNotFoundError",
            "FileNotFoundError: [Errno 2] No such file",
            {"TRAFICO_ERRNO": "2"},
            "ruta_inexistente",
            "",
        ),
        ("OSError", "OSError: [Errno 28] No space left on device", {"TRAFICO_ERRNO": "28"}, "disco_lleno", ""),
        ("OSError", "OSError: [Errno 122] Disk quota exceeded", {"TRAFICO_ERRNO": "122"}, "disco_lleno", ""),
        (
            "shutil.Error",
            "Error: cannot copy",
            {"TRAFICO_ERRNO": "28", "TRAFICO_CADENA": "shutil.Error < OSError"},
            "disco_lleno",
            "",
        ),
        ("telegram.error.BadRequest", "BadRequest: File is too big", {}, "otro", "too_big"),
        (
            "aiogram.exceptions.TelegramEntityTooLarge",
            "TelegramEntityTooLarge: Request Entity Too Large",
            {},
            "otro",
            "too_big",
        ),
        (
            "telegram.error.BadRequest",
            "BadRequest: Wrong file_id or the file is temporarily unavailable",
            {},
            "otro",
            "temporary",
        ),
        ("telegram.error.BadRequest", "BadRequest: Invalid file_id", {}, "otro", "not_available"),
        ("telegram.error.InvalidToken", "InvalidToken: Unauthorized", {}, "otro", "not_available"),
        ("telegram.error.NetworkError", "NetworkError: Bad Gateway", {}, "otro", "server_error"),
        (
            "telegram.error.NetworkError",
            "NetworkError: Internal Server Error: no space left on device (500)",
            {},
            "disco_lleno",
            "",
        ),
        ("telegram.error.NetworkError", "NetworkError: Internal Server Error (500)", {}, "otro", "server_error"),
        (
            "telegram.error.RetryAfter",
            "RetryAfter: Flood control exceeded.",
            {"TRAFICO_ESPERA": "7"},
            "otro",
            "rate_limited",
        ),
        (
            "pyrogram.errors.exceptions.flood_420.FloodWait",
            "FloodWait: …",
            {"TRAFICO_ESPERA": "33"},
            "otro",
            "rate_limited",
        ),
        ("asyncio.exceptions.CancelledError", "CancelledError: ", {}, "otro", "temporary"),
        ("mybot.VideoStrange", "VideoStrange: el dado salió 3", {}, "otro", "unknown"),
        ("KeyError", "KeyError: 'file is too big'", {}, "otro", "unknown"),
        ("RuntimeError", "", {"TRAFICO_ERRNO": "-1"}, "otro", "unknown"),
    ],
)
def test_class_errno_text_and_chain_decide(
    rules: RuleSet,  # noqa: F811
    name: str,
    text: str,
    more: dict[str, str],
    kind: str,
    cause: str,
) -> None:
    verdict = classify({"TRAFICO_EXCEPCION": name, "TRAFICO_TEXTO": text, **more}, rules)
    assert (verdict.error_type.value, verdict.cause.value) == (kind, cause)


@pytest.mark.parametrize(("said", "wait"), [("7", 7.0), ("999999999", LONGEST_WAIT)])
def test_what_a_flood_says_is_waited_for_within_reason(rules: RuleSet, said: str, wait: float) -> None:  # noqa: F811
    assert classify({"TRAFICO_ESPERA": said}, rules).wait == wait


def test_an_entry_that_names_nothing_is_no_type_of_the_table(rules: RuleSet) -> None:  # noqa: F811
    assert classify({}, rules).error_type.value == "otro"
