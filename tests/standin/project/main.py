"""Stand-in of the user's main.py: starts the bot and the poster, all on one stdout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

PROGRAMS = Path(__file__).resolve().parent / "src" / "project"
CHILD_DEADLINE = 5.0  # seconds from SIGTERM to SIGKILL


class Stopped(Exception):
    """Somebody asked for the end: systemctl stop, Ctrl+C."""


def stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def start(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAMS / program)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(CHILD_DEADLINE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(CHILD_DEADLINE)


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children: list[subprocess.Popen[bytes]] = []
    try:
        print("🤖 Iniciando Bot Central...", flush=True)
        children.append(start("bot_central.py"))
        print("📅 Iniciando Poster...", flush=True)
        children.append(start("poster_prd.py"))
        while True:
            time.sleep(0.2)
            for child, name in zip(children, ("Bot Central", "Poster"), strict=True):
                if child.poll() is not None:
                    print(f"❌ {name} se detuvo inesperadamente.", flush=True)
                    return 1
    except Stopped:
        print("🛑 Deteniendo servicios...", flush=True)
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        end(children)


if __name__ == "__main__":
    sys.exit(main())
