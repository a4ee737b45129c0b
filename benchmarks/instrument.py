"""What the instrumentation costs a bot: `python benchmarks/instrument.py [ROUNDS]`.

Two measurements, with each of the versions of python-telegram-bot that the tests have. Hooks alone: CPU time
around one call, beside that of joining two paths twice on the same machine. Whole downloads: the same bot with
and without, turn by turn, against the stand-in server on loopback (getFile, a copy of 1 MB, two replies).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.component.instrument.conftest import BOTS, PTB, TOKEN, Ear, instrumented, run, venv  # noqa: E402
from tests.standin.bot_api import BotApiServer  # noqa: E402
from tests.standin.control import Control  # noqa: E402

TURNS = 4
SIZE = 1_000_000
SHOWN = ("getFile", "getFile, CPU", "copy2", "copy2, CPU", "update", "update, CPU")


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="instrument-") as folder, Ear() as ear:
        ground = Path(folder)
        for version in PTB:
            python = venv(f"telegram-{version}", f"python-telegram-bot=={version}")
            models = ground / version / "modelos"
            alone = run([python, str(BOTS / "overhead.py"), str(models)], ear, instrumented(ear.path, models))
            print(version, "hooks alone, µs of CPU:", alone.out.strip(), flush=True)
            with BotApiServer(ground / version / "server") as server:
                compare(python, models, server, ear, rounds)


def compare(python: str, models: Path, server: BotApiServer, ear: Ear, rounds: int) -> None:
    control = Control(server.control_url)
    video = models.parent / "video.mp4"
    video.write_bytes(bytes(SIZE))
    control.file("paired", video)
    rows: dict[bool, list[list[float]]] = {True: [], False: []}
    for turn in range(2 * TURNS):
        with_it = turn % 2 == 0
        control.video("paired", 77, "Ana", token=TOKEN)
        command = [python, str(BOTS / "paired_bot.py"), server.url, TOKEN, str(models)]
        command += [str(server.api.files.directory), str(rounds)]
        done = run(command, ear, instrumented(ear.path, models) if with_it else {})
        rows[with_it] += json.loads(done.out)
    for number, name in enumerate(SHOWN):
        told, plain = (sorted(row[number] for row in rows[with_it]) for with_it in (True, False))
        quarters = [tuple(round(s[len(s) * q // 4] * 1e6) for q in (1, 2, 3)) for s in (told, plain)]
        ratio = told[len(told) // 2] / plain[len(plain) // 2]
        print(f"  {name:13} quartiles in µs with {quarters[0]}, without {quarters[1]}: {ratio:.3f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
