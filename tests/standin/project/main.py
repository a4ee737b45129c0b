"""Stand-in of the user's main.py: starts the bot and the poster, and ends with the first of them.

As the real one it writes to a buffered stdout, ends with status 0 when a child has died, and knows
nothing of SIGTERM: that ends it at once, its buffer is lost, its children live on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "src" / "project"
CHILDREN = {"Bot Central": "bot_central.py", "Poster Scheduler": "poster_prd.py"}
LOOK_INTERVAL = 1.0  # seconds
CHILD_DEADLINE = 5.0  # seconds from SIGTERM to SIGKILL


def end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(CHILD_DEADLINE)
    except subprocess.TimeoutExpired:
        child.kill()


def watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        time.sleep(LOOK_INTERVAL)
        for name, child in children.items():
            if child.poll() is not None:
                print(f"❌ {name} se detuvo inesperadamente.")
                return


def main() -> None:
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, program in CHILDREN.items():
            print(f"🤖 Iniciando {name}...")
            children[name] = subprocess.Popen([sys.executable, str(PROGRAMS / program)])
        watch(children)
    except KeyboardInterrupt:
        print("🛑 Deteniendo servicios...")
    finally:
        for child in children.values():
            end(child)
        print("👋 Adiós.")


if __name__ == "__main__":
    main()
