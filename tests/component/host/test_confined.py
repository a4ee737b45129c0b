"""A program that reads a stranger's file can open that file and the system's, and nothing else."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.host.subprocesses import Finished, run_confined


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "video").write_text("what it may read")
    descriptor = os.open(tmp_path / "video", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


async def run(file: int, script: str, **more: float) -> Finished:
    argv = ("python3", "-I", "-c", script)
    return await run_confined(argv, file, **{"seconds": 20.0, "most": 10_000, **more})  # type: ignore[arg-type]


async def test_it_reads_the_one_file_also_by_its_name(file: int) -> None:
    done = await run(file, f"print(open('/proc/self/fd/{file}').read())")
    assert (done.code, done.output.strip()) == (0, "what it may read")


@pytest.mark.parametrize(
    "attempt",
    [
        "open('{folder}/secret').read()",
        "open('/etc/passwd').read()",
        "open('/proc/1/environ').read()",
        "open('{folder}/new', 'w')",
        "open('/proc/self/fd/{file}', 'r+')",
        "os.listdir('{folder}')",
        "os.unlink('{folder}/secret')",
        "os.rename('{folder}/secret', '{folder}/other')",
        "os.mkdir('{folder}/folder')",
        "subprocess.run(['{folder}/program'], check=True)",
        "socket.create_connection(('127.0.0.1', {port}))",
        "os.kill({parent}, 0)",
    ],
)
async def test_it_can_do_nothing_else(attempt: str, file: int, tmp_path: Path) -> None:
    """Tried here as root, whom permissions do not hold back."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "program").write_text("#!/bin/sh\ntrue\n")
    (tmp_path / "program").chmod(0o755)
    before = sorted(tmp_path.iterdir())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        tried = attempt.format(folder=tmp_path, file=file, port=listening.getsockname()[1], parent=os.getpid())
        script = f"import os, socket, subprocess\ntry:\n    {tried}\nexcept PermissionError:\n    print('held back')"
        done = await run(file, script)
    assert (done.output.strip(), done.errors) == ("held back", "")
    assert sorted(tmp_path.iterdir()) == before


async def test_it_can_gain_no_privileges_and_this_process_keeps_its_own(file: int, tmp_path: Path) -> None:
    done = await run(file, "print(open('/proc/self/fd/0').read(), end='')")
    status = await run_confined(("grep", "NoNewPrivs", "/proc/self/status"), file, seconds=20, most=1000)
    assert done.code == 0 and status.code == 2  # not even that may be read
    assert "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()
    (tmp_path / "own").write_text("this process is not confined")
    assert subprocess.run(["cat", tmp_path / "own"], timeout=20).returncode == 0


async def test_a_hang_is_killed_with_all_that_it_started(file: int) -> None:
    begun = time.monotonic()
    done = await run(file, "import subprocess; subprocess.run(['sleep', '4711'])", seconds=1.0)
    assert done.code is None and time.monotonic() - begun < 15
    assert subprocess.run(["pgrep", "-f", "sleep 4711"], timeout=20, capture_output=True).returncode == 1


async def test_whoever_stops_waiting_ends_it(file: int) -> None:
    waiting = asyncio.create_task(run(file, "import time; time.sleep(4712)"))
    async with asyncio.timeout(20):
        while subprocess.run(["pgrep", "-f", "time.sleep.4712"], capture_output=True).returncode:
            await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        while not subprocess.run(["pgrep", "-f", "time.sleep.4712"], capture_output=True).returncode:
            await asyncio.sleep(0.05)


async def test_more_than_it_may_say_ends_it(file: int) -> None:
    done = await run(file, "while True: print('x' * 1000)", most=5000)
    assert done.code is None
    noisy = await run(file, "import sys; sys.stderr.write('x' * 10_000_000); print('said')")
    assert (noisy.code, noisy.output.strip()) == (0, "said") and len(noisy.errors) < 200_000


async def test_a_program_that_is_not_there_is_said(file: int) -> None:
    assert (await run_confined(("no-such-program",), file, seconds=5, most=10)).code == 127


async def test_where_the_kernel_does_not_confine_it_may_not_run_at_all(
    file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trafico_monitor.host.subprocesses._confine", lambda file: False)
    done = await run_confined(("true",), file, seconds=5, most=10, or_not_at_all=True)
    assert done.code == 127
    assert (await run_confined(("true",), file, seconds=5, most=10)).code == 0
