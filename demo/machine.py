"""One machine of the fleet's demo: the other demo's world in a mount namespace of its own, with a bot and a monitor
that sends to the fleet. Obeys one word a line on standard input, and answers each with a line `=word`."""

from __future__ import annotations

import os
import shutil
import signal
import sys

from . import world
from .enter import STAGE
from .play import open_stage
from .programs import Monitor
from .stage import Stage, until

_SECONDS = 30.0
CONFIG = """
[web]
listen = ""
[predict]
enabled = false
[fleet]
url = "{url}"
name = "{name}"
every = {every}
"""
EVERY = 2  # seconds between heartbeats; 60 in reality


def main(name: str, url: str) -> int:
    """Run the machine until `stop` or the end of standard input."""
    with open_stage(quiet=True) as stage:
        with world.CONFIG.open("a", encoding="utf-8") as file:
            file.write(CONFIG.format(url=url, name=name, every=EVERY))
        monitor = _monitor()
        stage.run_bot()
        _answer("ready" if until(lambda: (world.LOGS / "monitor.log").exists(), _SECONDS) else "not_ready")
        try:
            for line in sys.stdin:
                word = line.strip()
                if word == "stop":
                    break
                monitor = _obey(word, stage, monitor)
                _answer(word)
        finally:
            monitor.stop()
            # Closed by now: whoever judges the demo reads the machine's own records.
            shutil.copyfile(world.STATE / "monitor.db", STAGE / f"{name}.db")
    _answer("stop")
    return 0


def _obey(word: str, stage: Stage, monitor: Monitor) -> Monitor:
    match word:
        case "fill":
            stage.fill_disk()
            stage.send("victor")
        case "free":
            stage.free_disk()
        case "die":  # as in a power cut: no last words
            os.kill(monitor.pid, signal.SIGKILL)
            monitor.stop()
        case "revive":
            return _monitor()
    return monitor


def _monitor() -> Monitor:
    return Monitor(lambda line: print(line, flush=True))


def _answer(word: str) -> None:
    print(f"={word}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(*sys.argv[1:3]))
