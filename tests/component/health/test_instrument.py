"""What `check` finds of the bot's own telling in a real journal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.journal_fixtures import Line, write_journal
from trafico_monitor.config import Config
from trafico_monitor.config.schema import settle
from trafico_monitor.host.accounts import Account
from trafico_monitor.preflight import instrument
from trafico_monitor.preflight.base import CheckContext
from trafico_monitor.preflight.instrument import Heard

UNIT, NOW, BEFORE = "trafico-main.service", "a" * 32, "b" * 32
OF = [f"_SYSTEMD_UNIT={UNIT}", f"_SYSTEMD_INVOCATION_ID={NOW}"]
POSTER = "/usr/bin/python3 poster_prd.py"


def told(event: str, library: str = "telegram 22.5", run: str = NOW, **more: str) -> Line:
    said = {"TRAFICO_EVENTO": event, "TRAFICO_CONTRATO": "1", "TRAFICO_BIBLIOTECA": library}
    fields = {**said, "_SYSTEMD_INVOCATION_ID": run}
    return Line("…", 1_700_000_000.0, fields=fields, **more)  # type: ignore[arg-type]


def context(folder: Path, lines: list[Line]) -> CheckContext:
    write_journal(folder / "system.journal", lines)
    config = settle(Config(), {"journal.directory": str(folder)})
    return CheckContext(config, None, Account("root", os.geteuid(), os.getegid(), "/root"))


@pytest.mark.parametrize(
    ("lines", "heard"),
    [
        ([], Heard()),
        ([told("activo")], Heard(("telegram 22.5",))),
        ([told("activo"), told("activo", "telethon 1.42"), told("activo")], Heard(("telegram 22.5", "telethon 1.42"))),
        ([told("ajeno", "telegram 30.0")], Heard((), ("telegram 30.0",))),
        ([told("activo", run=BEFORE)], Heard()),  # of another start
        ([told("activo", unit="other.service")], Heard()),
        ([told("activo", cmdline=POSTER)], Heard()),  # not the bot's process
        ([Line("TRAFICO_EVENTO=activo TRAFICO_CONTRATO=1", 1_700_000_000.0)], Heard()),  # a text
        ([told("activo", run=BEFORE), told("inicio", "telegram")], Heard(events=True)),  # its beginning is gone
        ([told("inicio", cmdline=POSTER)], Heard()),
    ],
)
async def test_what_the_bot_has_told_since_its_start(tmp_path: Path, lines: list[Line], heard: Heard) -> None:
    assert await instrument._heard(context(tmp_path, [Line("x", 1_700_000_000.0), *lines]), OF) == heard


async def test_a_beginning_behind_many_downloads_is_found(tmp_path: Path) -> None:
    lines = [told("activo"), *(told("fin", "telegram") for _ in range(200))]
    assert await instrument._heard(context(tmp_path, lines), OF) == Heard(("telegram 22.5",))


async def test_a_journal_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    there = settle(Config(), {"journal.directory": str(tmp_path / "absent")})
    assert await instrument._heard(CheckContext(there, None, Account("root", 0, 0, "/root")), OF) is None


async def test_without_a_unit_only_a_process_that_lives_counts(tmp_path: Path) -> None:
    for pid, heard in ((os.getpid(), Heard(("telegram 22.5",))), (2**22 + 1, Heard())):
        there = context(tmp_path / str(pid), [told("activo", pid=pid)])  # type: ignore[arg-type]
        assert await instrument._heard(there, [], alive=True) == heard
