"""Where the bot's process prints, by what the kernel says of processes in a real control group."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import PrivateJournald, cgroup_of, private_journald
from trafico_monitor.config import Config
from trafico_monitor.config.schema import settle
from trafico_monitor.host.accounts import Account
from trafico_monitor.preflight.base import CheckContext, CheckResult, Level
from trafico_monitor.preflight.bot_output import output

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes control groups")
ROOT = Account("root", 0, 0)
SECONDS = 60.0
UNIT = f"output-{os.getpid()}.service"
WAITS = "import time\ntime.sleep(300)\n"


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    script = tmp_path / "bot_central.py"
    script.write_text(WAITS)
    return script


@contextlib.contextmanager
def started(line: str, journald: PrivateJournald) -> Iterator[None]:
    """`sh -c line` in the bot's unit, with its streams in the journal as systemd gives them."""
    group = cgroup_of(UNIT)
    group.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.connect(str(journald.run_dir / "stdout"))
        stream.sendall(b"bot\n\n6\n0\n0\n0\n0\n")
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"echo $$ > {group}/cgroup.procs; {line}"],
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(SECONDS)
        with contextlib.suppress(OSError):
            group.rmdir()


async def judged(language: str = "es") -> CheckResult:
    """The result once the bot's process is there."""
    config = settle(Config(), {"bot.unit": UNIT, "language": language})
    context = CheckContext(config, None, ROOT)
    end = time.monotonic() + SECONDS
    while not (found := await output(context)):
        assert time.monotonic() < end, "the bot's process is not seen"
    return found[0]


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(f"output{os.getpid()}") as running:
        yield running


async def test_a_bot_that_writes_into_the_journal_is_fine(bot: Path, journald: PrivateJournald) -> None:
    with started(f"exec {sys.executable} {bot}", journald):
        assert (await judged()).level is Level.OK


@pytest.mark.parametrize("language", ["es", "en"])
async def test_a_pipe_that_hides_the_bot_is_critical(bot: Path, journald: PrivateJournald, language: str) -> None:
    with started(f"{sys.executable} {bot} 2>&1 | tee {bot}.log", journald):
        found = await judged(language)
        assert (found.level, found.code) == (Level.CRITICAL, "check.output_stderr")
        assert "«tee»" in found.text(language)
        assert found.remedy(language).startswith(f"sudo systemctl edit --full {UNIT} ")


async def test_a_script_that_reads_the_bot_by_a_pipe_of_its_own_is_named(bot: Path, journald: PrivateJournald) -> None:
    """As the mission's own start script reads main.py."""
    start = bot.with_name("start_prueba.py")
    start.write_text(
        "import subprocess, sys\n"
        "bot = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)\n"
        "for line in bot.stdout: open(sys.argv[1] + '.log', 'ab').write(line)\n"
    )
    with started(f"exec {sys.executable} {start} {bot}", journald):
        found = await judged()
        assert found.code == "check.output_stderr" and "una tubería que lee «start_prueba.py»" in found.text("es")


async def test_a_file_is_named_and_print_alone_is_a_warning(bot: Path, journald: PrivateJournald) -> None:
    with started(f"exec {sys.executable} {bot} >> {bot}.log 2>&1", journald):
        found = await judged()
        assert found.code == "check.output_stderr" and f"{bot}.log" in found.text("es")
    with started(f"{sys.executable} {bot} | cat", journald):
        found = await judged()
        assert (found.level, found.code) == (Level.WARNING, "check.output_stdout")
