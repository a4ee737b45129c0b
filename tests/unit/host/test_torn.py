"""A secret that a console has broken over lines: no piece of it stays, and no other line loses a word."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cases import each
from tests.unit.host.secrets import JWT, KEY_BLOCK
from trafico_monitor.host.redact import redact_raw, remember
from trafico_monitor.host.torn import LineRedactor, redact_alone

DIGITS, SECRET = "1234567890", "AAExampleForTests-NobodysToken-0009"
TOKEN = f"{DIGITS}:{SECRET}"
WIDTH = 80
# How consoles lay a column of 44 characters out in 80: rich's log handler without and with the source's place
# beside the first line, its panels, a panel within one, plain wrapping, and coloured.
LAYOUTS: dict[str, Callable[[str, int], str]] = {
    "rich's column": lambda text, _: f"{'':20}{text:60}",
    "with the source beside": lambda text, row: f"{'':20}{text:45}{'' if row else '_client.py:1740':>15}",
    "panel": lambda text, _: f"│ {text:76} │",
    "panel in a panel": lambda text, _: f"│ │ {text:72} │ │",
    "ascii panel": lambda text, _: f"| {text} |",
    "plain": lambda text, _: text,
    "coloured": lambda text, _: f"{'':20}\x1b[4;94m{text}\x1b[0m{'':8}",
}


def broken(text: str, at: int, layout: Callable[[str, int], str], width: int = 44) -> list[str]:
    """`text` broken behind `at` characters and then every `width`."""
    pieces = [text[:at], *(text[place : place + width] for place in range(at, len(text), width))]
    return [layout(piece, row) for row, piece in enumerate(pieces)]


def taken(lines: list[str], process: int = 7) -> list[str]:
    door = LineRedactor()
    return [door.line(line, process) for line in lines]


def shown(lines: list[str], secret: str, size: int = 9) -> list[str]:
    """The pieces of `secret` that `lines` show, or would show if they were put together again."""
    text = re.sub(
        r"[^A-Za-z0-9_.+/=-]", "", "".join(re.sub(r"\x1b\[[0-9;]*m|_client.py:1740", "", line) for line in lines)
    )
    return [secret[at : at + size] for at in range(len(secret) - size + 1) if secret[at : at + size] in text]


@each("known", [False, True])
@each("layout", LAYOUTS.values())
@each("at", range(1, len(TOKEN)))
def test_a_token_broken_anywhere(at: int, layout: Callable[[str, int], str], known: bool) -> None:
    if known:
        remember([], TOKEN)
    lines = taken(broken(f"bot{TOKEN}/getFile", 3 + at, layout, 60))
    assert not shown(lines, SECRET), lines
    assert "/getFile" in lines[-1]


@pytest.mark.parametrize("width", [12, 16, 20, 24, 30])
def test_a_token_in_more_than_two_lines(width: int) -> None:
    for known in (False, True):
        if known:
            remember([], TOKEN)
        for at in range(len(DIGITS) + 2, width + 3):
            lines = taken(broken(f"{TOKEN}/getFile", at, LAYOUTS["rich's column"], width))
            assert not shown(lines, SECRET, 12), (at, lines)


def test_both_halves_of_a_place_put_together_are_the_place() -> None:
    """Whoever joins the lines again reads one path."""
    for known in (False, True):
        if known:
            remember([], TOKEN)
        lines = taken(broken(f"/srv/{TOKEN}/videos/file_1.mp4", 5 + 11 + 9, LAYOUTS["rich's column"]))
        assert "".join(line.strip() for line in lines) == "/srv/<TOKEN>/videos/file_1.mp4"


def test_a_half_that_anybody_could_have_written_is_no_place() -> None:
    remember([], TOKEN)
    lines = taken([f"💬 hola {DIGITS}:AAHx", "/videos/file_1.mp4", f"💬 hola {DIGITS}:AA", "/videos/file_1.mp4"])
    assert "<TOKEN>" not in "".join(lines)


def test_each_process_has_lines_of_its_own() -> None:
    door = LineRedactor()
    first = door.line(f"bot{TOKEN[:20]}", 1)
    other = door.line("ThisIsNoPieceOfIt12345/x", 2)
    last = door.line(f"{TOKEN[20:]}/getFile", 1)
    assert (first, other, last) == ("bot<TOKEN>", "ThisIsNoPieceOfIt12345/x", "/getFile")
    assert not door.waiting


def test_lines_within_one_entry_are_no_other_than_lines() -> None:
    [told] = taken([f"a\n  http://h/bot{TOKEN[:20]}      \n  {TOKEN[20:]}/getFile   \nTraceback (most"])
    assert told == "a\n  http://h/bot<TOKEN>      \n  /getFile   \nTraceback (most"


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("at", [12, 20, 40])
def test_a_jwt_over_many_lines(known: bool, at: int) -> None:
    if known:
        remember([JWT])
    lines = taken([*broken(f"{JWT}&select=id", at, LAYOUTS["rich's column"], 40), "ERROR:x:algo"])
    assert not shown(lines, JWT, 16), lines
    assert lines[-1] == "ERROR:x:algo"


def test_a_key_block_over_many_lines() -> None:
    block = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        *[KEY_BLOCK] * 3,
        "-----END RSA PRIVATE KEY-----",
    ]
    lines = taken(["antes", *block, "INFO:x:después"])
    assert not shown(lines, KEY_BLOCK) and lines[0] == "antes" and lines[-1] == "INFO:x:después"


@each("line", [
        "ERROR:__main__:❌ Error al copiar: [Errno 28]", "2026-01-01 10:10:10,123 - x - ERROR - algo",
        "10:10:10 ERROR algo",
        "[10:10:10] ERROR algo", "❌ Error al copiar", "Traceback (most recent call last):", '{"level": "error"}',
        "error: no",
        '  File "/x/y.py", line 1, in z', "telegram.error.TimedOut: Timed out", "OSError: [Errno 28] No space",
        "WARNING algo",
        "During handling of the above exception, another", "    await coroutine", "", "algo sin nada",
    ])  # fmt: skip
def test_half_a_token_of_a_strangers_silences_no_line(line: str) -> None:
    for size in range(len(SECRET)):
        said = taken([f"INFO:__main__:💬 hola {DIGITS}:{'Ab1_' * 9}"[: 29 + len(DIGITS) + size], line])
        assert said[1] == line


def test_ordinary_ends_are_left_alone() -> None:
    for line in (
        "listening on 127.0.0.1:8081",
        "at 2026-01-01 10:10:10",
        "ID: 1234567",
        "pid 12345678",
        "x.py:12345678",
    ):
        assert taken([line]) == [line] and redact_alone(line) == (line, False)


def test_what_never_goes_on_is_forgotten() -> None:
    door = LineRedactor()
    for process in range(5000):
        door.line(f"bot{TOKEN[:20]}", process)
    assert len(door._torn) <= 256
    for _ in range(300 * 1001):
        if not door.waiting:
            break
        door.line("algo", 9_999)
    assert not door.waiting


def test_no_neighbour_no_difference() -> None:
    for line in ("INFO:x:algo", f"bot{TOKEN}/x", "<TOKEN>", "password=hunter22"):
        assert taken([line]) == [redact_raw(line)]


def test_a_half_that_looks_like_a_place_in_a_source() -> None:
    lines = taken([f"{'':20}bot{DIGITS}:5    ", f"{'':20}{'8Sbq2wLiAYqVEF7RZRl57n9B-vbEvwmB6q'}/getFile    "])
    assert lines == [f"{'':20}bot<TOKEN>    ", f"{'':20}/getFile    "]
