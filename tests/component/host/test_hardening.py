"""A process of our own that has set itself up as the service does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
BEGIN = "from trafico_monitor.host import hardening as secrecy; secrecy.begin_log(); secrecy.close_memory()\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "code",
    [
        "import logging; logging.getLogger('httpx').warning('POST /bot%s/x', '{}')",
        "import logging\ntry: raise ValueError('{}')\nexcept ValueError: logging.exception('broke')",
        "raise RuntimeError('/bot{}/getMe')",
        "import threading; t = threading.Thread(target=lambda: open('/x/{}')); t.start(); t.join()",
        "import asyncio\nasync def f(): raise OSError('{}')\n"
        "async def g():\n t = asyncio.create_task(f()); await asyncio.sleep(0.01); del t\nasyncio.run(g())",
    ],
)
def test_whatever_is_logged_or_never_caught_holds_no_token(code: str) -> None:
    ended = run(code.replace("{}", TOKEN))
    assert "<TOKEN>" in ended.stderr, ended.stderr
    assert TOKEN.split(":")[1] not in ended.stderr + ended.stdout
    assert ended.returncode in (0, 1)


def test_a_crash_leaves_no_core_file_even_where_the_limit_allows_one(tmp_path: Path) -> None:
    limits = "import os, resource; most = resource.getrlimit(resource.RLIMIT_CORE)[1]\n"
    limits += f"resource.setrlimit(resource.RLIMIT_CORE, (most, most)); os.chdir({str(tmp_path)!r})\n"
    ended = run(limits + "os.kill(os.getpid(), 11)")
    assert ended.returncode == -signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []


def test_another_process_of_the_same_user_cannot_look_inside() -> None:
    """Not even its own child, such as the ffprobe that reads a stranger's video."""
    looks = "import subprocess, sys, os\nfor name in ('environ', 'mem', 'maps', 'cwd/.'):\n"
    looks += " look = ['head', '-c1', f'/proc/{os.getpid()}/{name}']\n"
    looks += " print(name, 'Permission' in subprocess.run(look, capture_output=True, text=True).stderr)\n"
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
    command = [*powerless, sys.executable, "-c", BEGIN + looks]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert [line.split()[1] for line in ended.stdout.splitlines()] == ["True"] * 4, ended.stdout
